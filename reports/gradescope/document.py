"""Gradescope's results.json, as its documentation of autograders describes it, with a message for each lost point."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from reports import grading, terminal
from reports.escape import sentence, typed
from reports.grading import Graded, Lost, left_out, most, shown, total
from reports.results import Results
from reports.rubric import Item, Rubric
from reports.summary import counted

WIDTH = 100
_LONGEST_OUTPUT = 60_000
UNTESTED = "The server could not be tested, so there are no points. The suite said:"


def document(results: Results, graded: Sequence[Graded], rubric: Rubric) -> dict[str, Any]:
    """Write the points of a run.

    Args:
        results: the run.
        graded: what `grade` made of it.
        rubric: what is worth how much.

    Returns:
        The document: a test for each item, with a message for each requirement that lost points.
    """
    messages = _Messages()
    return {
        "score": total(graded),
        "execution_time": round(results.seconds),
        "output": _head(results, graded, rubric),
        "output_format": "text",
        "visibility": rubric.visibility,
        "stdout_visibility": "hidden",
        "tests": [_test(one, str(number), messages.of(one)) for number, one in enumerate(graded, 1)],
    }


def without_points(rubric: Rubric, why: str, log: str) -> dict[str, Any]:
    """Write the same for a server that could not be tested: no points, why, and the end of what the suite said.

    Args:
        rubric: the rubric that there was.
        why: a sentence.
        log: what the suite printed.
    """
    said = "\n".join(typed(line)[:500] for line in log.splitlines()[-100:])
    return {
        "score": 0.0,
        "output": f"{why}\n\n{said}".rstrip(),
        "output_format": "text",
        "visibility": rubric.visibility,
        "stdout_visibility": "hidden",
        "tests": [
            {
                "name": sentence(item.name),
                "number": str(number),
                "score": 0.0,
                "max_score": item.points,
                "status": "failed",
                "visibility": item.visibility,
            }
            for number, item in enumerate(rubric.items, 1)
        ],
    }


def _head(results: Results, graded: Sequence[Graded], rubric: Rubric) -> str:
    # Of the others it must not tell what they are worth.
    seen = [one for one in graded if one.item.visibility == "visible"]
    lines = [f"Left out: {out}."] if (out := left_out(seen)) else []
    if len(seen) == len(graded):
        points = f"{shown(total(graded))} of {shown(most(graded))} points."
        lines = [sentence(results.outcome.line), points, *lines]
    return "\n".join([*lines, "", grading.rule(rubric)]).strip()


def _test(graded: Graded, number: str, message: str) -> dict[str, Any]:
    item = graded.item
    name = sentence(item.name)
    status = {"status": "passed" if graded.score >= graded.points else "failed"}
    return {
        "name": name if graded.points or not item.points else f"{name} (left out)",
        "number": number,
        "score": graded.score,
        "max_score": graded.points,
        **(status if graded.points else {}),
        "output": message,
        "output_format": "text",
        "visibility": item.visibility,
    }


class _Messages:
    """The items' messages, in their order: a conversation is shown once, and later its place is named."""

    def __init__(self) -> None:
        # By who sees it: nobody is sent to a place that is hidden from them.
        self._places: dict[tuple[str, str], str] = {}

    def of(self, graded: Graded) -> str:
        """The message of an item."""
        blocks = []
        room = _LONGEST_OUTPUT
        for at, lost in enumerate(graded.lost):
            text = self._told(lost, graded.item.visibility)
            room -= len(text)
            if room < 0:
                rest = [f"{typed(one.breach.requirement.id)} -{shown(one.points)}" for one in graded.lost[at:]]
                blocks.append(f"And without their transcripts: {sentence(', '.join(rest))}")
                break
            blocks.append(text)
            self._remember(lost, graded.item)
        if graded.lost and graded.item.partial == "none":
            blocks.append("It gives all of its points or none.")
        if not graded.lost and graded.judged:
            blocks.append("Every requirement that was judged is kept.")
        if graded.left_out:
            reasons = Counter(rule.why for rule in graded.left_out)
            told = "; ".join(f"{counted(count, 'requirement')}: {sentence(why)}" for why, count in reasons.items())
            blocks.append(f"Not judged, and left out: {told}.")
        if graded.unshown:
            blocks.append(f"-{shown(graded.unshown)}  Too little of this item was judged, and so shown to work.")
        return "\n\n".join(blocks) or "It has no requirements."

    def _told(self, lost: Lost, visibility: str) -> str:
        case = lost.breach.case
        place = self._places.get((visibility, case.id)) if case else None
        lines = terminal.breach_lines(lost.breach, WIDTH, whole=place is None)
        if place is not None:
            lines.append(f"  transcript  that of {place}")
        return "\n".join([f"-{shown(lost.points)}  {lines[0]}", *lines[1:]])

    def _remember(self, lost: Lost, item: Item) -> None:
        if lost.breach.case is not None:
            place = f"{typed(lost.breach.requirement.id)} in {sentence(item.name)}"
            self._places.setdefault((item.visibility, lost.breach.case.id), place)
