"""The one rule of grading: what a run earns by a rubric, what it loses and for what, and what is left out."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from reports.escape import sentence, typed
from reports.results import VERDICTS, Case, Requirement, Results, ResultsError
from reports.rubric import DEFAULT_CREDIT, Item, Rubric
from reports.summary import Breach, breach_of, counted

RULE = (
    "A point is lost for what is broken. An item's points are spread evenly over its requirements: one that is kept "
    "earns its share, a broken MUST loses it, a broken SHOULD loses half of it. What was not judged is left out, and "
    "its share goes to the others of its item: what was skipped, and what was blocked by a requirement that is broken "
    "itself, for that was paid for. What was blocked by something that no case found broken earns nothing. A quarter "
    "of an item has to be judged: what is blocked beyond that earns nothing, for too little was shown to work. An "
    "item of which all was skipped is left out of the total."
)
"""The rule as every output says it; `rule` adds what a rubric changes."""
LEAST = 1 / 4
"""The part of an item that has to be judged; else a server that dies of all that it cannot do would be excused."""
COMPLETE = (0, 1, 5)
"""Exit statuses of a run that can be graded: it went through, though nothing may have been judged."""


@dataclass(frozen=True)
class Lost:
    """A requirement that lost points: how many, and the case that shows why."""

    points: float
    breach: Breach


@dataclass(frozen=True)
class LeftOut:
    """A requirement that neither earns nor loses anything, and why: it was skipped, or blocked by what was paid for."""

    requirement: Requirement
    why: str


@dataclass(frozen=True)
class Graded:
    """An item with its points.

    Attributes:
        points: what it can earn in this run: the item's, or 0 where it is left out of the total.
        score: what it earned, rounded to a hundredth.
        lost: what lost points, most first.
        left_out: its requirements that were left out.
        judged: how many were not.
        unshown: the points that it did not earn because too little of it was judged.
    """

    item: Item
    points: float
    score: float
    lost: tuple[Lost, ...]
    left_out: tuple[LeftOut, ...]
    judged: int
    unshown: float = 0.0


def grade(results: Results, rubric: Rubric) -> list[Graded]:
    """Give points by the RULE.

    Args:
        results: the run.
        rubric: what is worth how much.

    Returns:
        Each item with its points.

    Raises:
        ResultsError: the run did not go through, or the rubric is of another assignment.
    """
    if results.outcome.exit not in COMPLETE:
        raise ResultsError(f"the run did not go through ({sentence(results.outcome.line)}); grade a complete run")
    rules = rubric.shared_out(results.requirements)
    judge = _Judge(results, rubric.credit)
    return [_graded(item, rules[item.name], judge) for item in rubric.items]


def rule(rubric: Rubric) -> str:
    """The RULE, and what the rubric's credit changes of it."""
    changed = [
        f"{verdict} earns {shown(part)} of its share"
        for verdict, part in rubric.credit.items()
        if part != DEFAULT_CREDIT[verdict]
    ]
    return f"{RULE} But here {', '.join(changed)}." if changed else RULE


def total(graded: Sequence[Graded]) -> float:
    """The points that were earned."""
    return round(math.fsum(one.score for one in graded), 2)


def most(graded: Sequence[Graded]) -> float:
    """The points that a server without a fault would have earned in this run: those of what was judged."""
    return round(math.fsum(one.points for one in graded), 2)


def left_out(graded: Sequence[Graded]) -> str:
    """Say in one line what was left out: of the total, items with their points, and how many requirements of others."""
    return "; ".join(
        f"{_what(one)} ({', '.join(dict.fromkeys(sentence(rule.why) for rule in one.left_out))})"
        for one in graded
        if one.left_out
    )


def line(graded: Sequence[Graded]) -> str:
    """The points in one line for a terminal, with what was left out."""
    out = left_out(graded)
    return f"{shown(total(graded))} of {shown(most(graded))} points" + (f"; left out: {out}" if out else "")


def shown(points: float) -> str:
    """Write points as people do: at most two decimals, none that say nothing."""
    return f"{points:.2f}".rstrip("0").rstrip(".")


def _what(graded: Graded) -> str:
    name, every = sentence(graded.item.name), len(graded.left_out) + graded.judged
    if graded.judged:
        return f"{name}, {len(graded.left_out)} of {counted(every, 'requirement')}"
    if graded.points:
        return f"{name}, all of {counted(every, 'requirement')}"
    return f"{name}, {shown(graded.item.points)} point{'' if graded.item.points == 1 else 's'}"


class _Judge:
    """What each requirement of a run earns.

    Args:
        results: the run.
        credit: what each verdict earns.
    """

    def __init__(self, results: Results, credit: Mapping[str, float]) -> None:
        self.results = results
        self.credit = credit
        self._broken = {rule.id for rule in results.requirements if rule.verdict in ("fail", "warn")}
        self._undecided = _undecided(results, self._broken)
        self._cases: dict[str, list[Case]] = {}
        for case in results.cases:
            for id in case.requirements:
                self._cases.setdefault(id, []).append(case)

    def earned(self, rule: Requirement, by_cases: bool) -> float | None:
        """The part of its share, from 0 to 1; None where it is left out.

        Args:
            rule: the requirement.
            by_cases: whether the cases that it passes earn something where others break it.
        """
        if rule.verdict not in ("blocked", "skip"):
            least = self.credit[rule.verdict]
            return least + (1 - least) * (self._part(rule) or 0.0) if by_cases else least
        # The cases that could be judged speak for the requirement.
        part = self._part(rule)
        if part is None and rule.verdict == "blocked" and not self._blockers(rule):
            return self.credit["blocked"]
        return part

    def tried(self, rule: Requirement) -> bool:
        """Whether it was left out because of the server: its cases were blocked, or failed before they got to it."""
        return rule.verdict == "blocked" or any(case.verdict == "fail" for case in self._cases.get(rule.id, ()))

    def why(self, rule: Requirement) -> str:
        """Why it was left out."""
        if rule.verdict == "blocked":
            blockers = self._blockers(rule)
            return f"blocked by {', '.join(map(typed, [id for id in blockers if id in self._broken] or blockers[:1]))}"
        return rule.reason.split(":")[0] or "no reason given"

    def _part(self, rule: Requirement) -> float | None:
        """What its judged cases earn on average, or None if there are none."""
        earned = [part for case in self._cases.get(rule.id, ()) if (part := self._case(case, rule)) is not None]
        return math.fsum(earned) / len(earned) if earned else None

    def _case(self, case: Case, rule: Requirement) -> float | None:
        if any(found.requirement == rule.id and found.verdict in ("fail", "warn") for found in case.findings):
            return 0.0
        if case.verdict in ("pass", "note", "warn"):
            return 1.0
        return self.credit["blocked"] if case.id in self._undecided else None

    def _blockers(self, rule: Requirement) -> list[str]:
        """What kept its cases from their point, what did so most first."""
        blocked = (case for case in self._cases.get(rule.id, ()) if case.verdict == "blocked")
        return [id for id, _ in Counter(case.blocked_by for case in blocked).most_common() if id]


def _undecided(results: Results, broken: Set[str]) -> set[str]:
    """The cases that were blocked by what is neither broken nor itself blocked by something broken."""
    paid = set(broken)
    unjudged = {rule.id for rule in results.requirements if rule.verdict == "blocked"}
    blocked = [case for case in results.cases if case.verdict == "blocked"]
    while more := {id for case in blocked if case.blocked_by in paid for id in case.requirements} & unjudged - paid:
        paid |= more
    return {case.id for case in blocked if case.blocked_by not in paid}


def _graded(item: Item, rules: Sequence[Requirement], judge: _Judge) -> Graded:
    every = {rule: judge.earned(rule, item.partial == "cases") for rule in rules}
    earned = {rule: part for rule, part in every.items() if part is not None}
    out = tuple(LeftOut(rule, judge.why(rule)) for rule, part in every.items() if part is None)
    tried = len(earned) + sum(judge.tried(rule) for rule, part in every.items() if part is None)
    if not tried:
        return Graded(item, 0.0, 0.0, (), out, 0)
    losing = [rule for rule, part in earned.items() if part < 1]
    share = item.points / max(len(earned), LEAST * tried)
    if item.partial == "none" and losing:
        prices, unshown = {rule: item.points / len(losing) for rule in losing}, 0.0
    else:
        prices = {rule: share * (1 - earned[rule]) for rule in losing}
        unshown = item.points - share * len(earned)
    lost = [Lost(price, breach_of(judge.results, rule)) for rule, price in prices.items()]
    lost.sort(key=lambda one: (-one.points, VERDICTS.index(one.breach.requirement.verdict)))
    score = round(max(item.points - math.fsum(prices.values()) - unshown, 0.0), 2)
    return Graded(item, item.points, score, tuple(lost), out, len(earned), round(unshown, 2))
