"""What stops a case, and the record that it leaves behind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from conformance.harness.verdict.ledger import Ledger
from conformance.harness.verdict.result import VERDICT_OF_LEVEL, WORST_FIRST, CaseResult, Finding, Judged
from conformance.harness.wire.transcript import FEW, Entry, Transcript

CONTROL_BREAKS = "the same fails without what is judged here"
"""Why a case is blocked whose control fails as well, which tells that its own requirement is not to blame."""
SHOWN = 2
"""Connections that the transcript of a crowd shows, of those that its findings are about."""


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
        expected: str,
        actual: str,
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


@dataclass
class Record(Judged):
    """What one case leaves behind.

    Attributes:
        suspects: for what was found by search, the requirements that explain it where they are broken already.
        files: what else goes into the report's folder, by name.
        before: the cases that led to what was found, for it does not show on a fresh server.
        notes: lines for the reader of the report.
        about: the numbers of the connections that the findings concern, those that show them best first.
        cut_short: of a search that did not get to all that it is to judge, a clause for the verdict line; else empty.
        waits: each wait for the server's clock: seconds since the last valid command, and how it ended: `timeout`, or
            `kept` where the server was still there.
    """

    ledger: Ledger
    transcript: Transcript = field(default_factory=Transcript)
    waits: list[tuple[float, str]] = field(default_factory=list)
    seconds: float = 0.0
    suspects: dict[str, list[str]] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    before: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    about: list[int] = field(default_factory=list)
    cut_short: str = ""

    def find(
        self,
        requirement: str,
        reason: str,
        expected: str = "",
        actual: str = "",
        about: Sequence[int] = (),
        at_most: str = "fail",
    ) -> None:
        """Record a breach; the requirement's level says whether it fails, warns or is only noted.

        Args:
            requirement: its id.
            reason, expected, actual: what is wrong, what was expected, and what came instead.
            about: the numbers of the connections that it concerns.
            at_most: the worst verdict that such a breach may have: `fail`, `warn` or `note`.

        Raises:
            ValueError: the case does not say that it judges this requirement.
        """
        if requirement not in self.requirements:
            raise ValueError(f"{self.id} does not judge {requirement}")
        if waived := self.ledger[requirement].waived:
            reason = f"waived ({waived}): {reason}"
        verdict = max(VERDICT_OF_LEVEL[self.ledger[requirement].level], at_most, key=WORST_FIRST.index)
        finding = Finding(requirement, verdict, reason, expected, actual)
        if finding not in self.findings:
            self.findings.append(finding)
            self.about += about

    def conceal(self) -> None:
        """Make all secrets in the findings unreadable."""
        hide = self.transcript.without_secrets
        self.findings = [
            replace(one, reason=hide(one.reason), expected=hide(one.expected), actual=hide(one.actual))
            for one in self.findings
        ]

    def told(self) -> list[Entry]:
        """The transcript; where a case of many connections found something, only those that it is about."""
        if self.transcript.connections <= FEW or self.verdict not in ("fail", "warn", "blocked"):
            return self.transcript.entries()
        return self.transcript.entries([number for number in dict.fromkeys(self.about) if number][:SHOWN])

    def result(self, repeat: str) -> CaseResult:
        """The case as results.json holds it.

        Args:
            repeat: the command that runs it alone.
        """
        main = self.ledger[self.requirements[0]]
        return CaseResult(
            self.id,
            self.title,
            self.requirements,
            findings=self.findings,
            blocked_by=self.blocked_by,
            section=main.section,
            level=main.level,
            seconds=round(self.seconds, 3),
            waits=[(round(seconds, 3), end) for seconds, end in self.waits],
            transcript=self.told(),
            repeat=repeat,
        )
