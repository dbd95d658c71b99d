"""What a finding shows, as bounded lines of printable ASCII, for the formats that other programs read."""

from collections.abc import Sequence
from dataclasses import dataclass

from reports import transcript
from reports.escape import quotation, sentence, typed
from reports.results import Case, Finding, Results

_WIDTH = 110
_LONGEST_QUOTE = 600
BROKEN = ("fail", "warn")


@dataclass(frozen=True)
class Evidence:
    """A finding of a case, escaped and bounded: what was expected, what came, the conversation, and how to repeat it.

    Args:
        case: the case.
        finding: what it found.
    """

    case: Case
    finding: Finding

    @property
    def reason(self) -> str:
        """What is wrong, in a line; empty where what came says it."""
        return sentence(self.finding.reason)

    @property
    def expected(self) -> list[str]:
        """What should have come."""
        return quotation(self.finding.expected, _LONGEST_QUOTE)

    @property
    def came(self) -> list[str]:
        """What came."""
        return quotation(self.finding.actual, _LONGEST_QUOTE)

    @property
    def transcript(self) -> list[str]:
        """The conversation; of a long one head and tail."""
        return transcript.lines(self.case.showing(self.finding).transcript, _WIDTH)

    @property
    def repeat(self) -> str:
        """The command that runs the case alone."""
        return typed(self.case.repeat)


def is_expected(results: Results, requirement: str, cases: Sequence[str]) -> bool:
    """Whether a breach is a known failure of the run.

    Args:
        results: the run.
        requirement: the id of what is broken.
        cases: the ids of those that break it.
    """
    known = results.expected
    return requirement in known or (bool(cases) and all(case in known for case in cases))
