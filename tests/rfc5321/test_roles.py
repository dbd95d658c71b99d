"""The reference server in the other roles: LMTP, and submission inside TLS, with a login."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.suite_runs import results_in

Suite = Callable[..., subprocess.CompletedProcess[str]]
Judge = Callable[..., dict[str, Any]]


@pytest.fixture
def judge(suite: Suite, tmp_path: Path) -> Judge:
    """Judge a reference server started with some options, by some words; its verdicts by requirement.

    What was kept where it could be judged is a pass.
    """

    def run(options: str, *words: str) -> dict[str, Any]:
        (tmp_path / "password").write_text("open sesame\n")
        login = ("--user", "ali", "--password-file", str(tmp_path / "password"))
        command = [sys.executable, "-m", "reference_server", *options.split(), *login]
        known = ("--recipient", "postmaster@reference.example", "--recipient", "other@reference.example")
        bad = ("--bad-recipient", "nobody@reference.example")
        launch = ("--launch", f"{shlex.join(command)} --port {{port}}")
        done = suite("--profile", "rfc5321", *launch, *login, *known, *bad, *words, "-n", "0", "--report", "out")
        assert done.returncode == 0, done.stdout + done.stderr
        rows = results_in(tmp_path / "out")["requirements"]
        return {row["id"]: "pass" if row.get("kept") else row["verdict"] for row in rows}

    return run


def test_lmtp(judge: Judge) -> None:
    files = ("rfc5321/test_lmtp.py", "rfc5321/test_hello.py", "rfc5321/test_chunking.py", "rfc5321/test_login.py")
    rules = judge("--protocol lmtp", "--role", "lmtp", *files)
    assert {rules[id] for id in rules if id.startswith("lmtp.")} == {"pass"}
    assert (rules["ehlo.250"], rules["bdat.last"], rules["auth.received"]) == ("pass", "pass", "pass")
    assert rules["helo.250"] == "skip"


def test_submission(judge: Judge) -> None:
    words = ("--role", "submission", "--tls", "starttls")
    files = ("submission", "login", "auth", "starttls", "trace")
    rules = judge("--protocol rfc5321 --require-login", *words, *(f"rfc5321/test_{file}.py" for file in files))
    judged = {id: rules[id] for id in rules if id.startswith(("sub.", "auth.")) and rules[id] != "pass"}
    assert judged == {
        "sub.one-label": "note",
        "sub.implicit": "skip",
        "auth.no-initial": "skip",
        "auth.clear": "note",
    }
    assert rules["tls.forgets-login"] == rules["trace.with"] == "pass"


@pytest.mark.parametrize(
    ("options", "tls", "passed"),
    [
        ("--tls implicit", "implicit", ("sub.implicit", "tls.version", "sub.login")),
        ("--tls required", "starttls", ("sub.auth", "sub.login")),
    ],
)
def test_submission_by_other_ways_into_tls(judge: Judge, options: str, tls: str, passed: tuple[str, ...]) -> None:
    files = ("rfc5321/test_submission.py", "rfc5321/test_starttls.py")
    rules = judge(f"--protocol rfc5321 --require-login {options}", "--role", "submission", "--tls", tls, *files)
    assert [rules[id] for id in passed] == ["pass"] * len(passed)


def test_a_server_that_insists_on_tls(judge: Judge) -> None:
    rules = judge("--protocol rfc5321 --tls required", "--tls", "starttls", "rfc5321/test_starttls.py")
    assert rules["tls.530"] == rules["tls.injection"] == "pass"
