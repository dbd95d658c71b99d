"""Gathers the records of a run in the controller and makes results.json of them."""

from __future__ import annotations

import os
import platform
import shlex
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from conformance.harness.run import again
from conformance.harness.run.folder import NotWritten, write
from conformance.harness.run.probe import Found
from conformance.harness.run.report import CaseReport
from conformance.harness.server import complaints
from conformance.harness.settings import Settings
from conformance.harness.verdict import outcome, telling
from conformance.harness.verdict.known import NONE, Known
from conformance.harness.verdict.result import (
    CaseResult,
    RequirementResult,
    by_requirement,
    set_aside_explained,
    set_aside_resting,
)
from conformance.profile import Profile
from conformance.version import version

SCHEMA = 1


@dataclass
class Collector:
    """What the controller gathers.

    Args:
        settings: the options of the run.
        profile: what is judged by.
        found: what the first look found.
        started: when the run began, in UTC.
        began: the same in seconds of the monotonic clock.
        known: what is known to fail.

    Attributes:
        interrupted: the user stopped the run.
        stopped: something else ended it early, -x or another plugin.
        fault: the suite itself went wrong.
        whole: all cases were asked for, and none kept from being run.
        refusal: why the server could not be tested any further, however far the run had come; mostly empty.
        ledger: the requirements.
        complaints: the exceptions and crashes that servers printed, how often each.
        document: what results.json holds; empty until the run is finished.
        path: where it was written; None where that failed.
        unwritten: why it was not written; mostly empty.
        suite: the version of the suite.
    """

    settings: Settings
    profile: Profile
    found: Found
    started: datetime
    began: float
    known: Known = NONE
    interrupted: bool = False
    stopped: bool = False
    fault: bool = False
    whole: bool = True
    refusal: str = ""
    document: dict[str, Any] = field(default_factory=dict)
    path: Path | None = None
    unwritten: str = ""
    suite: str = field(default_factory=version)
    complaints: Counter[str] = field(default_factory=Counter)
    _reports: dict[int, CaseReport] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.ledger = self.profile.ledger(self.settings.own)

    def add(self, report: CaseReport) -> None:
        """Take what a case came to."""
        self._reports[report.position] = report
        self.complaints.update(report.complaints)
        self.refusal = self.refusal or report.refusal

    def header(self) -> str:
        """The line that says what is tested."""
        settings = self.settings
        told = "".join(f"{name} {value}, " for name, value in self.profile.facts(settings.own).items())
        mailbox = self.found.no_mailbox and f"\nmailbox: not read, for {self.found.no_mailbox}"
        return f"testing {self.where()}, {told}time limit {settings.time_limit:g} s, seed {settings.seed}{mailbox}"

    def where(self) -> str:
        """The server, for people."""
        return self.found.name if self.found.command is None else f"{self.found.name}, started by the suite"

    def finish(self, folder: Path, run_again: Callable[[list[str]], list[CaseResult]] | None) -> int:
        """Make results.json of what was gathered, and write it.

        Args:
            folder: where to.
            run_again: runs cases again, each alone on a fresh server, and returns what they came to; None where this
                is such a run itself.

        Returns:
            The exit status of the run.
        """
        reports = [report for _, report in sorted(self._reports.items())]
        files = {name: text for report in self._reports.values() for name, text in report.files.items()}
        cases = [report.case for report in reports]
        set_aside_explained(cases, {report.case.id: report.suspects for report in reports if report.suspects})
        for number, report in enumerate((report for report in reports if report.before), 1):
            name = f"before-{number}.txt"
            files[name] = "".join(f"{one}\n" for one in report.before)
            *words, _ = shlex.split(report.case.repeat)
            # Whoever starts it in another way has the report somewhere else as well.
            beside = name if self.settings.shown_as else folder / name
            report.case.repeat = shlex.join([*words, "-n", "0", f"@{beside}", report.case.id])
        requirements = self._by_requirement(cases)
        rules = self.profile.kind.rules
        lasting = () if self.found.command else rules.given_up
        chosen = [] if self.interrupted or self.fault else again.chosen(requirements, cases, lasting)
        if run_again and chosen:
            again.settle(self.ledger, cases, run_again(chosen), rules.unproved)
            requirements = self._by_requirement(cases)
        if run_again:
            set_aside_resting(cases, self.ledger)
            requirements = self._by_requirement(cases)
        known = self.known.breaches(requirements, cases)
        passing = self.known.passing(requirements, cases, self.whole and not self.interrupted)
        undecided = [id for id in again.undecided(requirements, cases) if id not in self.known.names]
        status = outcome.exit_status(
            requirements,
            self.settings.fail_on_warn,
            self.interrupted,
            self.fault,
            undecided,
            known,
            passing,
            self.stopped,
        )
        cut_short = [report.cut_short for report in reports if report.cut_short]
        self.document = {
            **self._about_the_run(),
            "outcome": {
                "exit": status,
                "line": outcome.verdict_line(requirements, status, undecided, cut_short, known, passing),
                "notes": [*self._surprises(passing, self.known.unseen(requirements, cases)), *self._notes()],
                "asides": again.remarks(requirements, cases),
            },
            "requirements": [row.plain() for row in requirements],
            "cases": [case.plain() for case in cases],
            **({"expected": list(self.known.names)} if self.settings.expected is not None else {}),
        }
        try:
            self.path = write(self.document, folder, files)
        except NotWritten as error:
            self.unwritten = str(error)
            return outcome.FAULT
        return status

    def _by_requirement(self, cases: Sequence[CaseResult]) -> list[RequirementResult]:
        left_out = "left out by --quick" + ("" if self.whole else ", or not asked for")
        return by_requirement(self.ledger, cases, left_out if self.settings.quick else "no case was run")

    def _about_the_run(self) -> dict[str, Any]:
        settings, found = self.settings, self.found
        facts = dict(self.profile.facts(settings.own))
        command = settings.shown_as or found.command
        host = f"[{found.host}]" if ":" in found.host else found.host
        return {
            "schema": SCHEMA,
            "profile": self.profile.name,
            "assignment": self.profile.name,  # what it was called before there were profiles
            "facts": facts,
            "suite": self.suite,
            "target": {"name": found.name, "address": f"{host}:{found.port}", "command": command},
            **facts,  # where they stood before
            "seed": settings.seed,
            "time_limit": settings.time_limit,
            "quick": settings.quick,
            "versions": {
                "python": platform.python_version(),
                "pytest": metadata.version("pytest"),
                "xdist": metadata.version("pytest-xdist"),
                "faker": metadata.version("faker"),
                "platform": f"{platform.system()} {platform.release()}, {os.cpu_count()} cores",
            },
            "started": self.started.isoformat(timespec="seconds").replace("+00:00", "Z"),
            "seconds": round(time.monotonic() - self.began, 3),
        }

    def _surprises(self, passing: Sequence[str], unseen: Sequence[str]) -> list[str]:
        file = self.settings.expected
        told = [f"expected to fail, but passes: {name}: take it from {file}" for name in passing]
        return [*told, *([f"expected to fail, but not judged: {telling.names(unseen)}"] if unseen else [])]

    def _notes(self) -> list[str]:
        notes = list(dict.fromkeys(note for report in self._reports.values() for note in report.notes))
        if self.interrupted:
            notes.insert(0, "the run was interrupted: what was not run yet is not judged")
        if self.found.no_mailbox:
            notes.append(f"the mailbox was not read: {self.found.no_mailbox}")
        notes += complaints.remarks(self.complaints)
        return notes
