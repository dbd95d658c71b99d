"""What a case came to, and what its findings come to over all cases for a requirement."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, replace
from typing import Any

from conformance.harness.verdict.ledger import Ledger, Requirement
from conformance.harness.wire.transcript import Entry

WORST_FIRST = ("void", "fail", "warn", "blocked", "skip", "note", "pass")
OF_OTHERS = "not of "
"""How the reason of a case begins that asks for what servers of this kind do not have."""
VERDICT_OF_LEVEL = {"MUST": "fail", "SHOULD": "warn", "NOTE": "note"}


@dataclass(frozen=True)
class Finding:
    """One thing found: which requirement, what it means, what was expected and what came.

    Attributes:
        transcript: the conversation that shows it; empty where that is the case's own.
    """

    requirement: str
    verdict: str
    reason: str
    expected: str = ""
    actual: str = ""
    transcript: Sequence[Entry] = ()

    def plain(self) -> dict[str, Any]:
        """The finding as docs/results.md says; with a transcript only where it has one of its own."""
        return {key: value for key, value in vars(self).items() if value or key != "transcript"}


NOTHING = Finding("", "pass", "")
"""What a case found that found nothing."""


@dataclass
class Judged:
    """A case with its findings.

    Attributes:
        id: the case's path inside the package and its name.
        requirements: what it judges, the main one first.
    """

    id: str
    title: str
    requirements: tuple[str, ...]
    findings: list[Finding] = field(default_factory=list, kw_only=True)
    blocked_by: str | None = field(default=None, kw_only=True)

    def set_aside(self, verdict: str, reason: str, by: str | None = None, expected: str = "", actual: str = "") -> None:
        """Record that the case was not judged: `skip`, or `blocked` by a requirement."""
        self.blocked_by = by
        self.findings.append(Finding(by or self.requirements[0], verdict, reason, expected, actual))

    @property
    def worst(self) -> Finding:
        """The finding that decides the verdict: of equals the first."""
        return min(self.findings, key=_rank, default=NOTHING)

    @property
    def verdict(self) -> str:
        """The worst of the findings; `pass` without any."""
        return self.worst.verdict


@dataclass(kw_only=True)
class CaseResult(Judged):
    """A case as results.json holds it.

    Attributes:
        section, level: of the main requirement.
        seconds: how long it took.
        waits: each wait for the server's clock: seconds, and how it ended.
        repeat: the command that runs it alone.
    """

    section: str
    level: str
    seconds: float
    waits: Sequence[tuple[float, str]]
    transcript: Sequence[Entry]
    repeat: str

    def plain(self) -> dict[str, Any]:
        """The case as docs/results.md says, in its order."""
        worst = self.worst
        return {
            "id": self.id,
            "title": self.title,
            "requirements": self.requirements,
            "section": self.section,
            "level": self.level,
            "verdict": worst.verdict,
            "reason": worst.reason,
            "expected": worst.expected,
            "actual": worst.actual,
            "blocked_by": self.blocked_by,
            "findings": [finding.plain() for finding in self.findings],
            "seconds": self.seconds,
            "waits": self.waits,
            "transcript": self.transcript,
            "repeat": self.repeat,
        }

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> CaseResult:
        """A case of what `plain` returned, whether or not that has been JSON meanwhile."""
        own = {one.name: plain[one.name] for one in fields(cls)}
        own["requirements"] = tuple(plain["requirements"])
        own["findings"] = [Finding(**one) for one in plain["findings"]]
        return cls(**own)


@dataclass(frozen=True)
class RequirementResult(Requirement):
    """A rule and what was found about it; `kept` says how many cases kept it where others could not judge it."""

    verdict: str
    reason: str
    kept: str = ""

    def plain(self) -> dict[str, str]:
        """The row as docs/results.md says; what has a default only where there is something to say."""
        optional = {one.name for one in fields(self) if one.default is not MISSING}
        return {key: value for key, value in vars(self).items() if value or key not in optional}


def set_aside_explained(cases: Sequence[CaseResult], suspects: Mapping[str, Mapping[str, Collection[str]]]) -> None:
    """Set aside what the search found where something that it needs is broken already: that is one bug, found twice.

    Args:
        cases: all of them; changed in place.
        suspects: of the cases that search, by id: for each requirement found broken, those that explain it.
    """
    scripted = [finding for case in cases if case.id not in suspects for finding in case.findings]
    known = {finding.requirement for finding in scripted if finding.verdict in ("fail", "warn")}
    for case in cases:
        explained = suspects.get(case.id, {})
        for finding in list(case.findings):
            by = sorted(known.intersection(explained.get(finding.requirement, ())))
            if not by:
                continue
            case.findings.remove(finding)
            case.requirements = tuple(one for one in case.requirements if one != finding.requirement)
            if not case.findings:
                case.requirements = (by[0],)
                reason = f"found as well by the search: {finding.reason}"
                case.set_aside("blocked", reason, by[0], finding.expected, finding.actual)


def set_aside_resting(cases: Sequence[CaseResult], ledger: Ledger) -> None:
    """Set aside breaches of what rests on something that is as badly broken by itself: that is to be mended first.

    Args:
        cases: all of them; changed in place.
        ledger: the requirements.
    """
    found = {(finding.requirement, finding.verdict) for case in cases for finding in case.findings}
    for case in cases:
        for at, finding in enumerate(case.findings):
            grave = ("fail", "warn")[: 1 + (finding.verdict == "warn")] if finding.verdict in ("fail", "warn") else ()
            bases = ledger[finding.requirement].rests_on.split()
            if by := next((base for base in bases if any((base, verdict) in found for verdict in grave)), ""):
                reason = f"mend {by} first: {finding.reason}"
                case.findings[at] = replace(finding, requirement=by, verdict="blocked", reason=reason)
                case.blocked_by = by if case.verdict == "blocked" else case.blocked_by


def by_requirement(
    ledger: Ledger, cases: Sequence[CaseResult], without_case: str = "no case was run"
) -> list[RequirementResult]:
    """The ledger's rules, each with the worst verdict that any case found for it.

    A breach counts for the requirement that it names, not for the others of its case; what was set aside counts for
    all that the case judges. A case that failed may not have got to its other requirements and says nothing of them.
    A requirement that no case judged is a `skip`. One that some cases kept and others could not judge says in `kept`
    how many did; cases about what servers of this kind do not have count only where there are no others.

    Args:
        ledger: the requirements.
        cases: all of them.
        without_case: why a requirement was not judged that no case was run for.
    """
    found: dict[str, list[Finding]] = {name: [] for name in ledger}
    for case in cases:
        worst = case.worst
        # Of several findings the worst counts, and of equals the first.
        own = {finding.requirement: finding for finding in reversed(sorted(case.findings, key=_rank))}
        for name in case.requirements:
            if worst.verdict in ("blocked", "skip"):
                found[name].append(worst)
            elif name in own or worst.verdict != "fail":
                found[name].append(own.get(name, NOTHING))
    tried = {name for case in cases for name in case.requirements}
    rows = []
    for name, rule in ledger.items():
        fitting = [one for one in found[name] if not (one.verdict == "skip" and one.reason.startswith(OF_OTHERS))]
        findings = (
            fitting or found[name] or [Finding(name, "skip", "no case got to it" if name in tried else without_case)]
        )
        worst = min(findings, key=_rank)
        keepers, kept, reason = sum(one.verdict in ("pass", "note") for one in findings), "", worst.reason
        if keepers and worst.verdict in ("blocked", "skip"):
            kept = f"{keepers} of {len(findings)}"
            reason = f"kept in {kept} cases, {len(findings) - keepers} not judged: {reason}"
        rows.append(RequirementResult(**vars(rule), verdict=worst.verdict, reason=reason, kept=kept))
    return rows


def _rank(finding: Finding) -> int:
    return WORST_FIRST.index(finding.verdict)
