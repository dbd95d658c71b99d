"""Known failures at the suite's own run, from outside: `--expected FILE` with both profiles."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from conformance.harness.verdict.outcome import BROKEN, CONFORMS, USAGE
from tests.suite_runs import results_in

Run = subprocess.CompletedProcess[str]
SPOILT = """
import inspect
import reference_server.session as spoilt
source = inspect.getsource(spoilt)
right = "503 5.5.1 Error: nested MAIL"
assert right in source
exec(compile(source.replace(right, "503 Error: nested MAIL"), spoilt.__file__, "exec"), vars(spoilt))
from reference_server.__main__ import main
main()
"""
"""The reference server with one bug."""
NESTED = "cs4410/test_commands.py::test_reply[sender-MAIL]"


@pytest.fixture
def judge(suite: Callable[..., Run], tmp_path: Path) -> Callable[..., Run]:
    """Judge a server whose nested MAIL is answered in other words, by the cases that see it."""

    def run(known: str, *words: str) -> Run:
        (tmp_path / "server.py").write_text(SPOILT)
        (tmp_path / "known.txt").write_text(known)
        launch = f"{shlex.quote(sys.executable)} server.py --port {{port}}"
        return suite("--launch", launch, "--report", "out", "--expected", "known.txt", *words)

    return run


def test_a_known_breach_fails_no_run(judge: Callable[..., Run], tmp_path: Path) -> None:
    run = judge("mail.nested  # known\n", "-k", "test_reply and sender", "--junitxml", "junit.xml")
    assert run.returncode == CONFORMS, run.stdout + run.stderr
    assert re.search(r"^as expected: 1 requirement of \d+ broken \(1 known\)", run.stdout, re.MULTILINE)
    assert "BROKEN" not in run.stdout
    results = results_in(tmp_path / "out")
    assert results["expected"] == ["mail.nested"]
    assert {row["verdict"] for row in results["requirements"] if row["id"] == "mail.nested"} == {"fail"}
    junit = ElementTree.parse(tmp_path / "junit.xml")
    assert not list(junit.iter("failure"))
    assert any("mail.nested" in one.get("message", "") for one in junit.iter("skipped"))
    assert "<h1>Does not conform, as expected</h1>" in (tmp_path / "out" / "report.html").read_text()


def test_what_is_not_known_fails_it(judge: Callable[..., Run]) -> None:
    run = judge("mail.first-stays\n", "-n0", NESTED)
    assert run.returncode == BROKEN, run.stdout + run.stderr
    assert "BROKEN  mail.nested" in run.stdout


def test_a_known_failure_that_passes_fails_the_run_with_a_line_of_its_own(judge: Callable[..., Run]) -> None:
    passes = "cs4410/test_commands.py::test_reply[sender-RCPT]"
    run = judge(f"mail.nested\n{passes}\n", "-n2", "cs4410/test_commands.py", "-k", "test_reply and sender")
    assert run.returncode == BROKEN, run.stdout + run.stderr
    assert f"  expected to fail, but passes: {passes}: take it" in run.stdout
    assert re.search(r"^not as expected: 1 requirement of \d+ broken \(1 known\)", run.stdout, re.MULTILINE)


def test_a_case_that_there_is_not_is_a_mistake_in_one_line(judge: Callable[..., Run]) -> None:
    for workers in ("-n0", "-n1"):
        run = judge(f"{NESTED}x\n", workers, "cs4410/test_commands.py")
        assert run.returncode == USAGE, run.stdout + run.stderr
        [line] = [line for line in run.stderr.splitlines() if line]
        assert line.startswith(f"ERROR: --expected: {NESTED}x: no such case")
    run = judge("greet.code\n")
    assert (run.returncode, run.stdout) == (USAGE, "")
    assert run.stderr.startswith("conformance: --expected known.txt: greet.code: no such requirement of this profile")


@pytest.mark.parametrize(
    ("known", "status", "line"),
    [
        ("", BROKEN, "does not conform, for warnings count"),
        ("greet.fqdn", CONFORMS, "1 warning (1 known)"),
        ("rfc5321/test_greeting.py::test_fully_qualified", CONFORMS, "1 warning (1 known)"),
        (
            "greet.fqdn\nrfc5321/test_greeting.py::test_first",
            BROKEN,
            "1 known failure passed (rfc5321/test_greeting.py::",
        ),
    ],
)
def test_it_works_by_the_standard_as_well(
    suite: Callable[..., Run], tmp_path: Path, known: str, status: int, line: str
) -> None:
    launch = f"{shlex.quote(sys.executable)} -m reference_server --protocol rfc5321 --port {{port}} --domain localhost"
    (tmp_path / "known.txt").write_text(known)
    words = ("--profile", "rfc5321", "--launch", launch, "--fail-on-warn", "--report", "out", "--expected", "known.txt")
    run = suite(*words, "-n0", "rfc5321/test_greeting.py")
    assert run.returncode == status, run.stdout + run.stderr
    assert line in run.stdout
