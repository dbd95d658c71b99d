"""Pass, fail, warn, note, skip, blocked: what a case found, and how findings become a verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from conformance.harness.verdict.ledger import Ledger
from conformance.harness.wire.transcript import FEW, Entry, Transcript

WORST_FIRST = ("void", "fail", "warn", "blocked", "skip", "note", "pass")
CONTROL_BREAKS = "the same fails without what is judged here"
"""Why a case is blocked whose control fails as well, which tells that its own requirement is not to blame."""
SHOWN = 2
"""Connections that the transcript of a crowd shows, of those that its findings are about."""
VERDICT_OF_LEVEL = {"MUST": "fail", "SHOULD": "warn", "NOTE": "note"}


class Stopped(Exception):
    """A breach that ends a case.

    `about` holds the numbers of the connections that it concerns, those that show it best first.
    """

    def __init__(
        self, requirement: str, reason: str, expected: str = "", actual: str = "", about: Sequence[int] = ()
    ) -> None:
        super().__init__(reason)
        self.finding = (requirement, reason, expected, actual)
        self.about = tuple(about)

    def count(self, others: Sequence[Stopped], clients: int) -> None:
        """Tell in the reason how many of so many clients at once met the same; those that did are what it is about.

        Args:
            others: what clients met, this included.
            clients: how many there were.
        """
        rule, reason, expected, actual = self.finding
        same = [other for other in others if other.finding[:2] == (rule, reason)]
        self.finding = (rule, f"{reason}, for {len(same)} of {clients} clients at once", expected, actual)
        self.about = tuple(number for other in same for number in other.about)


class Broken(Stopped):
    """What a case judges was broken; ends the case.

    `base` is the requirement that judges the same reply in its plainest form, where there is one.
    """

    def __init__(
        self,
        requirement: str,
        reason: str,
        expected: str = "",
        actual: str = "",
        base: str = "",
        about: Sequence[int] = (),
    ) -> None:
        super().__init__(requirement, reason, expected, actual, about)
        self.base = base


class Blocked(Stopped):
    """Something that another requirement judges kept the case from its point."""

    def __init__(self, by: str, reason: str, expected: str = "", actual: str = "", about: Sequence[int] = ()) -> None:
        super().__init__(by, reason, expected, actual, about)
        self.by = by


class Skipped(Exception):
    """The case cannot be judged here; the message says why."""


class Void(Exception):
    """The suite itself spoiled the case (it was late, or it restarted the server): it is tried again."""


@dataclass(frozen=True)
class Finding:
    """One thing found: which requirement, what it means, what was expected and what came."""

    requirement: str
    verdict: str
    reason: str
    expected: str = ""
    actual: str = ""


@dataclass
class Record:
    """What one case leaves behind.

    Attributes:
        id: the case's path inside the package and its name.
        requirements: what it judges, the main one first.
        suspects: for what was found by search, the requirements that explain it where they are broken already.
        files: what else goes into the report's folder, by name.
        before: the cases that led to what was found, for it does not show on a fresh server.
        notes: lines for the reader of the report.
        about: the numbers of the connections that the findings concern, those that show them best first.
        cut_short: of a search that did not get to all that it is to judge, a clause for the verdict line; else empty.
        waits: each wait for the server's clock: seconds since the last valid command, and how it ended: `timeout`, or
            `kept` where the server was still there.
    """

    id: str
    title: str
    requirements: tuple[str, ...]
    ledger: Ledger
    transcript: Transcript = field(default_factory=Transcript)
    findings: list[Finding] = field(default_factory=list)
    waits: list[tuple[float, str]] = field(default_factory=list)
    blocked_by: str | None = None
    seconds: float = 0.0
    suspects: dict[str, list[str]] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    before: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    about: list[int] = field(default_factory=list)
    cut_short: str = ""

    def find(
        self, requirement: str, reason: str, expected: str = "", actual: str = "", about: Sequence[int] = ()
    ) -> None:
        """Record a breach; the requirement's level says whether it fails, warns or is only noted.

        Args:
            requirement: its id.
            reason, expected, actual: what is wrong, what was expected, and what came instead.
            about: the numbers of the connections that it concerns.

        Raises:
            ValueError: the case does not say that it judges this requirement.
        """
        if requirement not in self.requirements:
            raise ValueError(f"{self.id} does not judge {requirement}")
        verdict = VERDICT_OF_LEVEL[self.ledger[requirement].level]
        finding = Finding(requirement, verdict, reason, expected, actual)
        if finding not in self.findings:
            self.findings.append(finding)
            self.about += about

    def set_aside(
        self,
        verdict: str,
        reason: str,
        by: str | None = None,
        expected: str = "",
        actual: str = "",
        about: Sequence[int] = (),
    ) -> None:
        """Record that the case was not judged: `skip`, or `blocked` by a requirement."""
        self.blocked_by = by
        self.findings.append(Finding(by or self.requirements[0], verdict, reason, expected, actual))
        self.about += about

    @property
    def worst(self) -> Finding | None:
        """The finding that decides the verdict."""
        return min(self.findings, key=lambda finding: WORST_FIRST.index(finding.verdict), default=None)

    @property
    def verdict(self) -> str:
        """The worst of the findings; `pass` without any."""
        return self.worst.verdict if self.worst else "pass"

    def told(self) -> list[Entry]:
        """The transcript; where a case of many connections found something, only those that it is about."""
        if self.transcript.connections <= FEW or self.verdict not in ("fail", "warn", "blocked"):
            return self.transcript.entries()
        return self.transcript.entries([number for number in dict.fromkeys(self.about) if number][:SHOWN])

    def plain(self, repeat: str) -> dict[str, Any]:
        """The case as results.json holds it.

        Args:
            repeat: the command that runs it alone.
        """
        main = self.ledger[self.requirements[0]]
        worst = self.worst
        return {
            "id": self.id,
            "title": self.title,
            "requirements": list(self.requirements),
            "section": main.section,
            "level": main.level,
            "verdict": self.verdict,
            "reason": worst.reason if worst else "",
            "expected": worst.expected if worst else "",
            "actual": worst.actual if worst else "",
            "blocked_by": self.blocked_by,
            "findings": [vars(finding) for finding in self.findings],
            "seconds": round(self.seconds, 3),
            "waits": [[round(seconds, 3), end] for seconds, end in self.waits],
            "transcript": [list(entry) for entry in self.told()],
            "repeat": repeat,
        }


def set_aside_explained(cases: list[dict[str, Any]], suspects: dict[str, dict[str, list[str]]]) -> None:
    """Set aside what the search found where something that it needs is broken already: that is one bug, found twice.

    Args:
        cases: the records of all cases; changed in place.
        suspects: of the cases that search, by id: for each requirement found broken, those that explain it.
    """
    known = {
        finding["requirement"]
        for case in cases
        if case["id"] not in suspects
        for finding in case["findings"]
        if finding["verdict"] in ("fail", "warn")
    }
    for case in cases:
        explained = suspects.get(case["id"], {})
        for finding in list(case["findings"]):
            by = sorted(known.intersection(explained.get(finding["requirement"], ())))
            if not by:
                continue
            case["findings"].remove(finding)
            if not case["findings"]:
                reason = f"found as well by the search: {finding['reason']}"
                case["findings"].append({**finding, "requirement": by[0], "verdict": "blocked", "reason": reason})
                case.update(verdict="blocked", reason=reason, blocked_by=by[0], requirements=by[:1])


def by_requirement(ledger: Ledger, cases: list[dict[str, Any]]) -> list[dict[str, str]]:
    """The ledger's rules, each with the worst verdict that any case found for it.

    A breach counts for the requirement that it names, not for the others of its case; what was set aside counts for
    all that the case judges. A case that failed may not have got to its other requirements and says nothing of them.
    A requirement that no case judged is a `skip`. One that some cases kept and others could not judge says in `kept`
    how many did.
    """
    found: dict[str, list[tuple[str, str]]] = {name: [] for name in ledger}
    for case in cases:
        # Of several findings the worst counts, and of equals the first.
        worst_first = sorted(case["findings"], key=lambda finding: WORST_FIRST.index(finding["verdict"]))
        own = {finding["requirement"]: finding for finding in reversed(worst_first)}
        for name in case["requirements"]:
            if case["verdict"] in ("blocked", "skip"):
                found[name].append((case["verdict"], case["reason"]))
            elif name in own:
                found[name].append((own[name]["verdict"], own[name]["reason"]))
            elif case["verdict"] != "fail":
                found[name].append(("pass", ""))
    tried = {name for case in cases for name in case["requirements"]}
    rows = []
    for name, requirement in ledger.items():
        verdicts = found[name] or [("skip", "no case was run" if name not in tried else "no case got to it")]
        verdict, reason = min(verdicts, key=lambda one: WORST_FIRST.index(one[0]))
        row = {**vars(requirement), "verdict": verdict, "reason": reason}
        kept = sum(one in ("pass", "note") for one, _ in verdicts)
        if kept and verdict in ("blocked", "skip"):
            row["kept"] = f"{kept} of {len(verdicts)}"
            row["reason"] = f"kept in {row['kept']} cases, {len(verdicts) - kept} not judged: {reason}"
        rows.append(row)
    return rows
