"""What a run says while it goes on."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance import progress
from conformance.harness import planning
from conformance.harness.probe import Found
from conformance.harness.settings import Settings
from conformance.progress import Progress, waits

Run = subprocess.CompletedProcess[str]
SETTINGS = Settings(None, None, None, None, "cs4410-2016", 10.0, "4410", 1, False, False, None)
CLOCK = "cs4410/test_clock.py::"
ORDINARY = "cs4410/test_greeting.py::test_greeting"
ALONE = "cs4410/test_pool.py::test_33rd_waits"


def test_markers_are_found_by_a_case_id() -> None:
    assert "clock" in planning.marks_of(CLOCK + "test_silent_client[body]")
    assert planning.limits_of(CLOCK + "test_silent_client[body]") == 1.2
    assert planning.marks_of(ORDINARY) >= {"judges"} and planning.limits_of(ORDINARY) == 0.0
    assert "alone" in planning.marks_of(ALONE)


def test_cases_that_wait_do_so_side_by_side_as_far_as_there_are_places(monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [f"{CLOCK}test_silent_client[{number}]" for number in range(5)] + [ORDINARY]
    assert set(waits(ids, 10.0).values()) == {12.0}
    monkeypatch.setattr(progress, "WAITING", 2)
    assert sorted(waits(ids, 10.0).values()) == [12.0, 12.0, 24.0, 24.0, 36.0]


class Terminal:
    """As much of pytest's as is written to."""

    def __init__(self, isatty: bool) -> None:
        self.isatty = isatty
        self.lines: list[str] = []
        self.width_of_current_line, self.fullwidth = 0, 80
        self._tw = self

    def write_line(self, line: str, **_: bool) -> None:
        self.lines.append(line)


class Report:
    """A case's report, with the record that hangs on it."""

    def __init__(self, id: str, requirement: str = "", verdict: str = "", reason: str = "", suspects: bool = False):
        found = [{"requirement": requirement, "verdict": verdict, "reason": reason}] if requirement else []
        self.conformance = {"case": {"id": id, "findings": found}, "suspects": {"a": []} if suspects else {}}


def begun(terminal: Terminal, *ids: str, command: str | None = "server {port}", workers: int = 2) -> Progress:
    return Progress(terminal, SETTINGS, Found("server", "127.0.0.1", 0, command), workers, ids)  # type: ignore[arg-type]


def test_it_begins_with_what_there_is_to_wait_for() -> None:
    terminal = Terminal(False)
    begun(terminal, CLOCK + "test_long_session", CLOCK + "test_silent_client[body]", ORDINARY).pytest_sessionfinish()
    [line] = terminal.lines
    assert re.fullmatch(r"3 cases, about (45|50|55) s: 2 of them wait for the 10-second clock, side by side", line)


def test_who_shares_one_server_waits_before_the_exclusive_cases() -> None:
    said = []
    for command in (None, "server {port}"):
        terminal = Terminal(False)
        begun(terminal, CLOCK + "test_long_session", *[ALONE] * 50, command=command).pytest_sessionfinish()
        [number] = re.findall(r"about (\d+) s", terminal.lines[0])
        said.append(int(number))
    assert said[0] > said[1]


def test_what_breaks_first_is_said_at_once_and_once() -> None:
    terminal = Terminal(False)
    told = begun(terminal, *[ORDINARY] * 5)
    for report in (
        Report(ORDINARY),
        Report(ORDINARY, "greeting", "fail", "it is \x1b[31mred\nand long"),
        Report(ORDINARY, "greeting", "fail", "another"),
        Report(ORDINARY, "reply.prompt", "warn", "late"),
        Report(ORDINARY, "bytes", "fail", "found by search", suspects=True),
    ):
        told.pytest_runtest_logreport(report)  # type: ignore[arg-type]
    told.pytest_sessionfinish()
    assert terminal.lines[1:] == ["BROKEN  greeting: it is \\x1b[31mred", "WARNED  reply.prompt: late"]
    assert re.fullmatch(r"after \d+ s: 5 of 5 cases, 1 broken", told.status())


@pytest.mark.parametrize("isatty", [False, True])
def test_silence_says_what_it_waits_for(isatty: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "QUIET", 0.1)
    monkeypatch.setattr(progress, "EVERY", 1000.0 if isatty else 0.1)
    terminal = Terminal(isatty)
    told = begun(terminal, ORDINARY, CLOCK + "test_long_session")
    told.pytest_runtest_logreport(Report(ORDINARY))  # type: ignore[arg-type]
    deadline = time.monotonic() + 60
    while len(terminal.lines) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    told.pytest_sessionfinish()
    assert re.fullmatch(
        r"after \d+ s: 1 of 2 cases, nothing broken; 1 wait for the 10-second clock: (\d+ s left|any moment)",
        terminal.lines[1],
    )


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
