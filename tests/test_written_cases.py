"""Mistakes of those who write cases: each is said in one line before anything is judged."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from conformance.harness.verdict.outcome import USAGE

DEADLINE = 120.0  # seconds: on however busy a machine
GETS = "a case gets `case` and its parameters only"


@pytest.mark.parametrize(
    ("judges", "asks", "said", "way"),
    [
        ("greeting.asci", "case", "test_x names greeting.asci: no such requirement; did you mean greeting?", "-n0"),
        ("mail.nestd", "case", "test_x names mail.nestd: no such requirement; did you mean mail.nested?", "-n2"),
        ("qqqq", "case", "test_x names qqqq: no such requirement", "--collect-only"),
        ("greeting", "case, tmp_path", f"test_x asks for the fixture tmp_path: {GETS}", "-n0"),
        ("greeting", "case, word, request", f"test_x asks for the fixture request: {GETS}", "--collect-only"),
        ("greeting", "word", "test_x does not ask for `case`: it could not say what it finds", "--collect-only"),
    ],
    ids=["close", "close-in-workers", "unlike", "fixture", "fixture-and-parameter", "no-case"],
)
def test_a_mistake_is_said_in_one_line(
    tmp_path: Path, environment: dict[str, str], judges: str, asks: str, said: str, way: str
) -> None:
    given = "@pytest.mark.parametrize('word', ['a', 'b'])\n" if "word" in asks else ""
    text = f"import pytest\n\n@pytest.mark.judges('{judges}')\n{given}def test_x({asks}):\n    '''It does.'''\n"
    (tmp_path / "test_written.py").write_text(text)
    words = ["-p", "conformance.plugin", "-p", "no:cacheprovider", way, "test_written.py"]
    command = [sys.executable, "-m", "pytest", *words]
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=DEADLINE)
    assert run.returncode == USAGE, run.stdout + run.stderr
    assert run.stderr.strip() == f"ERROR: {said}"
    assert "Traceback" not in run.stdout and "conforms" not in run.stdout
    assert not (tmp_path / "reports").exists()
