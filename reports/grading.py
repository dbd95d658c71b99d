"""The points of a run by a rubric, and Gradescope's results.json with a message for each point that was lost."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reports import terminal
from reports.escape import sentence, typed
from reports.results import VERDICTS, Requirement, Results, ResultsError
from reports.rubric import Item, Rubric
from reports.summary import Breach, breach_of, counted

COMPLETE = (0, 1, 5)
"""Exit statuses of a run that can be graded: it went through, though nothing may have been judged."""
WIDTH = 100
_LONGEST_OUTPUT = 60_000


@dataclass(frozen=True)
class Lost:
    """A requirement that lost points: how many, and the case that shows why."""

    points: float
    breach: Breach


@dataclass(frozen=True)
class Graded:
    """An item with its points.

    Attributes:
        lost: what lost points, most first.
        unjudged: the requirements that were left out, because they were not judged.
        judged: how many were judged.
    """

    item: Item
    score: float
    lost: tuple[Lost, ...]
    unjudged: tuple[Requirement, ...]
    judged: int


def grade(results: Results, rubric: Rubric) -> list[Graded]:
    """Give points.

    Args:
        results: the run.
        rubric: what is worth how much.

    Returns:
        Each item with its points, rounded to a hundredth.

    Raises:
        ResultsError: the run did not go through, or the rubric is of another assignment.
    """
    if results.outcome.exit not in COMPLETE:
        raise ResultsError(f"the run did not go through ({sentence(results.outcome.line)}); grade a complete run")
    rules = rubric.shared_out(results.requirements)
    passing = _passing(results)
    return [_graded(item, rules[item.name], rubric.credit, passing, results) for item in rubric.items]


def total(graded: Sequence[Graded]) -> float:
    """The sum of the items' points."""
    return round(math.fsum(one.score for one in graded), 2)


def gradescope(results: Results, rubric: Rubric) -> dict[str, Any]:
    """Write Gradescope's results.json, as its documentation of autograders describes it.

    Args:
        results: the run.
        rubric: what is worth how much.

    Returns:
        The document: a test for each item, with a message for each requirement that lost points.

    Raises:
        ResultsError: as for `grade`.
    """
    graded = grade(results, rubric)
    return {
        "score": total(graded),
        "execution_time": round(results.seconds),
        "output": _head(results, graded, rubric),
        "output_format": "text",
        "visibility": rubric.visibility,
        "stdout_visibility": "hidden",
        "tests": [_test(one, str(number)) for number, one in enumerate(graded, 1)],
    }


def without_run(rubric: Rubric, log: str) -> dict[str, Any]:
    """Write the same for a server that could not be tested: no points, and what the suite said.

    Args:
        rubric: the rubric that there was.
        log: what the suite printed; its end is shown.
    """
    said = "\n".join(typed(line)[:500] for line in log.splitlines()[-100:])
    return {
        "score": 0.0,
        "output": f"The server could not be tested, so there are no points. The suite said:\n\n{said}",
        "output_format": "text",
        "visibility": rubric.visibility,
        "stdout_visibility": "hidden",
        "tests": [],
    }


def _passing(results: Results) -> dict[str, float]:
    """For each requirement the part of its judged cases that kept it."""
    kept: Counter[str] = Counter()
    judged: Counter[str] = Counter()
    for case in results.cases:
        broken = {found.requirement for found in case.findings if found.verdict in ("fail", "warn")}
        for id in case.requirements:
            if id in broken or case.verdict in ("pass", "note", "warn"):
                judged[id] += 1
                kept[id] += id not in broken
            elif case.verdict == "blocked":
                judged[id] += 1
    return {id: kept[id] / judged[id] for id in judged}


def _graded(
    item: Item,
    rules: Sequence[Requirement],
    credit: Mapping[str, float],
    passing: Mapping[str, float],
    results: Results,
) -> Graded:
    judged = [rule for rule in rules if rule.verdict != "skip"]
    unjudged = tuple(rule for rule in rules if rule.verdict == "skip")
    if not judged:
        return Graded(item, 0.0, (), unjudged, 0)
    earned = {rule.id: credit[rule.verdict] for rule in judged}
    if item.partial == "cases":
        # What a verdict earns is the least; of the rest, each case that passes earns its part.
        earned = {id: least + (1 - least) * passing.get(id, 0.0) for id, least in earned.items()}
    share = item.points / len(judged)
    if item.partial == "none" and min(earned.values()) < 1:
        losing = [rule for rule in judged if earned[rule.id] < 1]
        lost = [Lost(item.points / len(losing), breach_of(results, rule)) for rule in losing]
        score = 0.0
    else:
        lost = [Lost(share * (1 - earned[rule.id]), breach_of(results, rule)) for rule in judged if earned[rule.id] < 1]
        score = item.points - math.fsum(one.points for one in lost)
    worst_first = sorted(lost, key=lambda one: (-one.points, VERDICTS.index(one.breach.requirement.verdict)))
    return Graded(item, round(max(score, 0.0), 2), tuple(worst_first), unjudged, len(judged))


def _head(results: Results, graded: Sequence[Graded], rubric: Rubric) -> str:
    unjudged = [sentence(one.item.name) for one in graded if one.item.points and one.unjudged and not one.judged]
    lines = [f"Not judged, so without points until somebody looks at it: {', '.join(unjudged)}."] if unjudged else []
    if all(item.visibility == "visible" for item in rubric.items):
        # Else it would tell what the hidden items are worth.
        lines = [
            sentence(results.outcome.line),
            f"{_points(total(graded))} of {_points(rubric.points)} points.",
            *lines,
        ]
    return "\n".join(lines)


def _test(graded: Graded, number: str) -> dict[str, Any]:
    item = graded.item
    return {
        "name": sentence(item.name),
        "number": number,
        "score": graded.score,
        "max_score": item.points,
        "status": "passed" if graded.score >= item.points else "failed",
        "output": _message(graded),
        "output_format": "text",
        "visibility": item.visibility,
    }


def _message(graded: Graded) -> str:
    blocks = []
    room = _LONGEST_OUTPUT
    for at, lost in enumerate(graded.lost):
        lines = terminal.breach_lines(lost.breach, WIDTH)
        text = "\n".join([f"-{_points(lost.points)}  {lines[0]}", *lines[1:]])
        room -= len(text)
        if room < 0:
            rest = ", ".join(f"{typed(one.breach.requirement.id)} -{_points(one.points)}" for one in graded.lost[at:])
            blocks.append(f"And without their transcripts: {sentence(rest)}")
            break
        blocks.append(text)
    if graded.unjudged:
        reasons = Counter(rule.reason.split(":")[0] or "no reason given" for rule in graded.unjudged)
        told = "; ".join(f"{counted(count, 'requirement')}: {sentence(reason)}" for reason, count in reasons.items())
        blocks.append(f"Not judged, and left out: {told}.")
    if not graded.lost and graded.judged:
        blocks.insert(0, "Every requirement that was judged is kept.")
    return "\n\n".join(blocks) or "It has no requirements."


def _points(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")
