"""The time line of the cases that wait for the server's clock: each wait, drawn against the limit."""

from collections.abc import Sequence
from dataclasses import dataclass

from reports.results import Case, Results, Wait

PROMPT = 2.0
"""Seconds after the limit within which a time-out should come."""


@dataclass(frozen=True)
class Bar:
    """One wait: its length as a part of the line, and whether the server ended it."""

    share: float
    ended: bool


@dataclass(frozen=True)
class Row:
    """The waits of one case."""

    case: Case
    bars: tuple[Bar, ...]
    told: str


@dataclass(frozen=True)
class Timeline:
    """What is drawn; places are parts of the line, from 0 to 1.

    Attributes:
        limit, prompt, latest: where the limit is, up to where a time-out is prompt, and up to where it is in time.
        seconds: the same three in seconds.
    """

    limit: float
    prompt: float
    latest: float
    seconds: tuple[float, float, float]
    rows: tuple[Row, ...]


def timeline(results: Results) -> Timeline | None:
    """Lay out the waits of a run.

    Args:
        results: the run.

    Returns:
        The time line, or None if no case waited.
    """
    waited = [case for case in results.cases if case.waits]
    if not waited:
        return None
    limit = results.time_limit
    marks = (limit, limit + PROMPT, max(2 * limit, limit + PROMPT))
    # Whatever a file says, the limit stays visible.
    longest = min(max(wait.seconds for case in waited for wait in case.waits), 3 * marks[2])
    whole = max(longest, marks[2]) * 1.02 or 1.0
    rows = tuple(Row(case, tuple(_bar(wait, whole) for wait in case.waits), _told(case.waits)) for case in waited)
    return Timeline(marks[0] / whole, marks[1] / whole, marks[2] / whole, marks, rows)


def _bar(wait: Wait, whole: float) -> Bar:
    return Bar(min(max(wait.seconds / whole, 0.0), 1.0), wait.end == "timeout")


def _told(waits: Sequence[Wait]) -> str:
    shown = [f"{wait.seconds:.2f}" for wait in waits]
    if len(set(shown)) == 1 and len(shown) > 1:
        return f"{len(shown)} \N{MULTIPLICATION SIGN} {shown[0]} s"
    return ", ".join(shown) + " s"
