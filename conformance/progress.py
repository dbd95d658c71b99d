"""What a run says while it goes on: how long it will take, what breaks, and what it waits for."""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Mapping, Sequence

import pytest

from conformance.harness.run import planning
from conformance.harness.run.probe import Found
from conformance.harness.run.report import CaseReport
from conformance.harness.run.runner import waiting_at_once
from conformance.harness.server import complaints
from conformance.harness.settings import Settings
from conformance.harness.verdict.known import NONE, Known
from conformance.profile import Profile

START, ORDINARY, ALONE, LONG, CONVERSATION = 4.0, 0.02, 0.3, 1.0, 0.04
"""Seconds that it takes to start, and for a case of each kind, of a server that answers at once."""
REPLIES = 8
"""Replies that a case waits for, about."""
QUIET = 2.0
"""Seconds without a case's end after which it is said what is waited for."""
EVERY = 10.0
"""Seconds between two lines on how far the run is."""
WIDTH = 160
"""Characters of a line at the least, for a reason to be read."""
WORDS = {"fail": "BROKEN", "warn": "WARNED"}


class Progress:
    """Tells of a run, in lines of pytest's terminal; a pytest plugin, from the moment when the cases are known.

    Args:
        terminal: where.
        settings: the options of the run.
        profile: what is judged by.
        found: what the first look found.
        workers: how many processes run cases.
        ids: of all cases.
        known: what is known to fail.
    """

    def __init__(
        self,
        terminal: pytest.TerminalReporter,
        settings: Settings,
        profile: Profile,
        found: Found,
        workers: int,
        ids: Sequence[str],
        known: Known = NONE,
    ) -> None:
        self._excuses = known.excuses
        self._manners = profile.seconds_a_case(settings)
        self._terminal = terminal
        self._settings = settings
        self._package = profile.package
        self._found = found
        self._workers = workers
        self._total = len(ids)
        self._done = 0
        at_once = waiting_at_once(profile.kind, found.command is None)
        self._waits = waits(profile.package, ids, settings.time_limit, at_once)
        self._known: dict[str, str] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._began = self._heard = self._told = time.monotonic()
        side = f": {len(self._waits)} of them wait for the {self._clock}, side by side" if self._waits else ""
        cases = f"{len(ids)} cases" if len(ids) > 1 else "1 case"
        self._takes = self._estimate(ids)
        self._line(f"{cases}, {_about(self._takes)}{side}")
        threading.Thread(target=self._tell, daemon=True).start()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take a case's record, and say at once what it is the first to find broken."""
        if not (sent := CaseReport.on(report)):
            return
        with self._lock:
            self._heard = time.monotonic()
            self._done += 1
            self._waits.pop(sent.case.id, None)
            # What a search found may yet turn out to be what another case finds.
            for finding in () if sent.suspects else sent.case.findings:
                name, word = finding.requirement, WORDS.get(finding.verdict)
                if word and name not in self._known and not self._excuses(sent.case):
                    self._known[name] = word
                    why = finding.reason.replace(":\n", ": ")
                    self._line(f"{word}  {name}: {why}", red=word == "BROKEN", yellow=word == "WARNED")

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """Tell no more."""
        with self._lock:
            self._over.set()

    def status(self) -> str:
        """How far the run is, in one line."""
        now = time.monotonic()
        broken = list(self._known.values()).count("BROKEN")
        said = f"after {now - self._began:.0f} s: {self._done} of {self._total} cases, {broken or 'nothing'} broken"
        if self._manners:  # it is the pace that takes the time
            said += f"; {_about(self._began + self._takes - now)} left"
        elif self._waits:
            left = self._began + max(self._waits.values()) - now
            soon = f"{left:.0f} s left" if left >= 1 else "any moment" if left > -EVERY else "later than expected"
            wait = "1 waits" if len(self._waits) == 1 else f"{len(self._waits)} wait"
            said += f"; {wait} for the {self._clock}: {soon}"
        return said

    def _tell(self) -> None:
        while not self._over.wait(0.5):
            with self._lock:
                now = time.monotonic()
                silent = self._terminal.isatty and now - self._heard >= QUIET and self._told < self._heard
                if not self._over.is_set() and (silent or now - self._told >= EVERY):
                    self._told = now
                    self._line(self.status())

    def _line(self, text: str, **markup: bool) -> None:
        writer = self._terminal._tw
        if writer.width_of_current_line:
            writer.line()
        first = complaints.shown(text.partition("\n")[0])
        self._terminal.write_line(first[: max(writer.fullwidth, WIDTH) - 1], **markup)

    @property
    def _clock(self) -> str:
        return f"{self._settings.time_limit:g}-second clock"

    def _estimate(self, ids: Sequence[str]) -> float:
        """Seconds that the cases take, about: side by side what can be, the others one after the other."""
        kinds = [planning.marks_of(self._package, id) for id in ids if id not in self._waits]
        alone = sum(self._cost(marks) + ALONE for marks in kinds if "alone" in marks)
        rest = sum(self._cost(marks) + ORDINARY for marks in kinds if "alone" not in marks)
        waiting = max(self._waits.values(), default=0.0)
        if self._found.command is None:
            return START + max(waiting, rest) + alone
        return START + max(waiting, (rest + alone) / max(1, self._workers - bool(waiting)))

    def _cost(self, marks: Mapping[str, pytest.Mark]) -> float:
        more = LONG if "long" in marks else 0.0
        if random := marks.get("conversations"):
            usual, quick = random.args
            more = CONVERSATION * (self._settings.examples or (quick if self._settings.quick else usual))
        return REPLIES * self._found.latency + more + self._manners


def _about(seconds: float) -> str:
    """A time that is known roughly."""
    return f"about {5 * max(1, round(seconds / 5))} s"


def waits(package: str, ids: Sequence[str], time_limit: float, at_once: int) -> dict[str, float]:
    """When each case that waits has waited, in seconds from the begin, if all goes well.

    Args:
        package: of the profile's cases.
        ids: of all of them.
        time_limit: the server's, in seconds.
        at_once: how many wait side by side.
    """
    free = [0.0] * at_once
    ends = {}
    limits = {id: limits for id in ids if (limits := planning.limits_of(package, id))}
    for id in sorted(limits, key=lambda id: -limits[id]):
        ends[id] = free[0] + limits[id] * time_limit
        heapq.heapreplace(free, ends[id])
    return ends
