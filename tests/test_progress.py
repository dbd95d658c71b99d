"""What a run says while it goes on."""

from __future__ import annotations

import io
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from pytest import TestReport

from conformance import progress
from conformance.cs4410 import ledger
from conformance.cs4410.profile import PROFILE as CS4410
from conformance.harness.run import planning
from conformance.harness.run.probe import Found
from conformance.harness.run.report import CaseReport
from conformance.harness.run.runner import waiting_at_once
from conformance.harness.verdict.result import Finding
from conformance.harness.verdict.verdict import Record
from conformance.progress import Progress, waits
from conformance.rfc5321.profile import PROFILE as RFC5321
from tests.harness.plain import PLAIN

Run = subprocess.CompletedProcess[str]
PACKAGE = "conformance.cs4410"
CLOCK = "cs4410/test_clock.py::"
ORDINARY = "cs4410/test_greeting.py::test_greeting"
ALONE = "cs4410/test_pool.py::test_33rd_waits"


def test_markers_are_found_by_a_case_id() -> None:
    assert "clock" in planning.marks_of(PACKAGE, CLOCK + "test_silent_client[body]")
    assert planning.limits_of(PACKAGE, CLOCK + "test_silent_client[body]") == 1.2
    assert "judges" in planning.marks_of(PACKAGE, ORDINARY) and planning.limits_of(PACKAGE, ORDINARY) == 0.0
    assert "alone" in planning.marks_of(PACKAGE, ALONE)


def test_cases_that_wait_do_so_side_by_side_as_far_as_there_are_places() -> None:
    ids = [f"{CLOCK}test_silent_client[{number}]" for number in range(5)] + [ORDINARY]
    assert set(waits(PACKAGE, ids, 10.0, 16).values()) == {12.0}
    assert sorted(waits(PACKAGE, ids, 10.0, 2).values()) == [12.0, 12.0, 24.0, 24.0, 36.0]
    assert [waiting_at_once(kind, shared=True) for kind in (CS4410.kind, RFC5321.kind)] == [16, 3]
    assert waiting_at_once(RFC5321.kind, shared=False) == 16


class Screen(io.StringIO):
    """What pytest's terminal is written on: a terminal, or none."""

    def __init__(self, isatty: bool = False) -> None:
        super().__init__()
        self._isatty = isatty

    def isatty(self) -> bool:
        return self._isatty

    @property
    def lines(self) -> list[str]:
        return self.getvalue().splitlines()


def report(id: str, requirement: str = "", verdict: str = "", reason: str = "", searched: bool = False) -> TestReport:
    """A case's report, with the record that hangs on it."""
    record = Record(id, "Title.", ("greeting",), ledger.load())
    if requirement:
        record.findings.append(Finding(requirement, verdict, reason))
    made = TestReport(id, ("", None, id), {}, "passed", None, "call")
    CaseReport(record.result(""), suspects={"a": []} if searched else {}).hang_on(made)
    return made


Begin = Callable[..., Progress]


@pytest.fixture
def begin(pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch) -> Begin:
    """Begin to tell of some cases on a screen."""
    monkeypatch.setenv("NO_COLOR", "1")

    def begun(screen: Screen, *ids: str, command: str | None = "server {port}") -> Progress:
        terminal = pytest.TerminalReporter(pytestconfig, screen)
        return Progress(terminal, PLAIN, CS4410, Found("server", "127.0.0.1", 0, command), 2, ids)

    return begun


def test_it_begins_with_what_there_is_to_wait_for(begin: Begin) -> None:
    screen = Screen()
    begin(screen, CLOCK + "test_long_session", CLOCK + "test_silent_client[body]", ORDINARY).pytest_sessionfinish()
    [line] = screen.lines
    assert re.fullmatch(r"3 cases, about (45|50|55) s: 2 of them wait for the 10-second clock, side by side", line)


def test_who_shares_one_server_waits_before_the_exclusive_cases(begin: Begin) -> None:
    said = []
    for command in (None, "server {port}"):
        screen = Screen()
        begin(screen, CLOCK + "test_long_session", *[ALONE] * 50, command=command).pytest_sessionfinish()
        [number] = re.findall(r"about (\d+) s", screen.lines[0])
        said.append(int(number))
    assert said[0] > said[1]


def test_what_breaks_first_is_said_at_once_and_once(begin: Begin) -> None:
    screen = Screen()
    told = begin(screen, *[ORDINARY] * 5)
    for one in (
        report(ORDINARY),
        report(ORDINARY, "greeting", "fail", "it is \x1b[31mred\nand long"),
        report(ORDINARY, "greeting", "fail", "another"),
        report(ORDINARY, "reply.prompt", "warn", "late"),
        report(ORDINARY, "bytes", "fail", "found by search", searched=True),
    ):
        told.pytest_runtest_logreport(one)
    told.pytest_sessionfinish()
    assert screen.lines[1:] == ["BROKEN  greeting: it is \\x1b[31mred", "WARNED  reply.prompt: late"]
    assert re.fullmatch(r"after \d+ s: 5 of 5 cases, 1 broken", told.status())


def test_at_another_hosts_pace_it_is_said_how_long_all_takes_still(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(CS4410), "seconds_a_case", lambda *_: 3.0)
    screen = Screen()
    told = begin(screen, CLOCK + "test_long_session", *[ORDINARY] * 500, command=None)
    told.pytest_sessionfinish()
    assert re.search(r"^501 cases, about 15\d\d s: ", screen.lines[0])
    assert re.fullmatch(r"after \d+ s: 0 of 501 cases, nothing broken; about 15\d\d s left", told.status())


@pytest.mark.parametrize("isatty", [False, True])
def test_silence_says_what_it_waits_for(begin: Begin, isatty: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "QUIET", 0.1)
    monkeypatch.setattr(progress, "EVERY", 1000.0 if isatty else 0.1)
    screen = Screen(isatty)
    told = begin(screen, ORDINARY, CLOCK + "test_long_session")
    told.pytest_runtest_logreport(report(ORDINARY))
    deadline = time.monotonic() + 60
    while len(screen.lines) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    told.pytest_sessionfinish()
    assert re.fullmatch(
        r"after \d+ s: 1 of 2 cases, nothing broken; 1 waits for the 10-second clock: (\d+ s left|any moment)",
        screen.lines[1],
    )


@pytest.mark.parametrize("workers", ["-n0", "-n2"])
def test_a_wait_is_told_of_while_it_lasts(suite: Callable[..., Run], workers: str) -> None:
    run = suite("-k", "test_silent_client and greeted", workers, "--report", "out")
    assert re.search(r"^after \d+ s: 0 of 1 cases, nothing broken", run.stdout, re.MULTILINE), run.stdout


@pytest.mark.parametrize("workers", ["-n0", "-n2"])
def test_a_run_tells(suite: Callable[..., Run], tmp_path: Path, workers: str) -> None:
    """In whichever process the cases are run; nothing with -q."""
    (tmp_path / "server.py").write_text(
        "from reference_server import session\n"
        "session.Session._unknown = None\n"
        "from reference_server.__main__ import main\n"
        "main()\n"
    )
    command = f"{shlex.quote(sys.executable)} server.py --port {{port}}"
    words = ["-k", "test_greeting", workers, "--report", "out"]
    loud, quiet = suite(*words, "--launch", command), suite(*words, "-q")
    assert re.search(r"^\d+ cases?, about 5 s$", loud.stdout, re.MULTILINE)
    assert "cases, about" not in quiet.stdout
