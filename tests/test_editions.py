"""Editions: a server of the earlier one passes with its dialect, and breaks just the differing words without."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conformance.harness.verdict.outcome import BROKEN, CONFORMS

PROJECT = Path(__file__).parent.parent
EARLIER = {
    "502 5.5.2 Error: command not recognized": "500 Error: command not recognized",
    "503 5.5.1 Error: nested MAIL command": "503 Error: nested MAIL command",
    "504 5.5.2 <%b>: Sender address rejected": "555 <%b>: Sender address rejected",
    "504 5.5.2 <%b>: Recipient address invalid": "555 <%b>: Recipient address invalid",
    "250 2.1.0 OK": "250 OK",
    "250 2.1.5 OK": "250 OK",
}
DIFFERENT = {"unknown", "mail.nested", "sender.refused", "recipient.refused", "mail", "rcpt"}
WHERE_WORDS_COUNT = "test_commands or test_errors or test_replies or test_message or test_greeting"
Run = subprocess.CompletedProcess[str]


@pytest.fixture
def earlier(tmp_path: Path) -> str:
    """The command of the reference server, made to speak the earlier edition's words."""
    package = tmp_path / "earlier" / "earlier_server"
    shutil.copytree(PROJECT / "reference_server", package)
    session = package / "session.py"
    text = session.read_text(encoding="utf-8")
    for words, others in EARLIER.items():
        assert text.count(words) == 1, f"{words} is said in one place"
        text = text.replace(words, others)
    session.write_text(text, encoding="utf-8")
    where = shlex.quote(f"PYTHONPATH={package.parent}")
    command = f"env {where} {shlex.quote(sys.executable)} -m earlier_server"
    return f"{command} --port {{port}} --time-limit {{time_limit}}"


def held(suite: Callable[..., Run], tmp_path: Path, *words: str) -> tuple[int, Any]:
    words = ("--seed", "7", "--report", "out", "-n0", "-k", WHERE_WORDS_COUNT, *words)
    run = suite(*words)
    return run.returncode, json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))


def with_verdict(results: Any, *verdicts: str) -> set[str]:
    return {row["id"] for row in results["requirements"] if row["verdict"] in verdicts}


def test_it_conforms_with_its_own_dialect(suite: Callable[..., Run], tmp_path: Path, earlier: str) -> None:
    status, results = held(suite, tmp_path, "--launch", earlier, "--dialect", "cs4410-2014")
    assert status == CONFORMS
    assert with_verdict(results, "fail", "warn", "blocked") == set()


def test_it_breaks_just_the_other_edition_s_words(suite: Callable[..., Run], tmp_path: Path, earlier: str) -> None:
    status, results = held(suite, tmp_path, "--launch", earlier)
    assert status == BROKEN
    assert with_verdict(results, "fail", "warn") == DIFFERENT
