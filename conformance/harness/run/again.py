"""Cases that something kept from their point which no case finds broken: they are run again, each alone.

Such a case says nothing, and a run that found nothing else would be green for want of a judgement. Alone on a fresh
server it either gets to its point, or is kept from it once more: then what it judges is broken, for what kept it from
its point works in the cases that judge that. Where neither can be said, the requirement is undecided, and the run does
not conform.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from conformance.harness.verdict.ledger import Ledger
from conformance.harness.verdict.result import VERDICT_OF_LEVEL, CaseResult, RequirementResult
from conformance.harness.verdict.verdict import CONTROL_BREAKS

WORK = 60.0
"""Seconds that the cases which are run again may take, all together, by what they took the first time."""
LONGEST = 240.0
"""Seconds after which the second run is given up."""


def without_cause(requirements: Sequence[RequirementResult], cases: Sequence[CaseResult]) -> list[CaseResult]:
    """The cases that were kept from their point by what is neither found broken nor kept from being judged itself.

    Args:
        requirements: what `by_requirement` returned.
        cases: the records of all cases.
    """
    blocked = [case for case in cases if case.verdict == "blocked"]
    known = {row.id for row in requirements if row.verdict in ("fail", "warn")}
    unjudged = {row.id for row in requirements if row.verdict == "blocked"}
    grown = True
    while grown:
        # What is kept from being judged by something broken explains what it keeps from being judged in turn.
        held_up = {name for case in blocked if case.blocked_by in known for name in case.requirements}
        grown = not held_up & unjudged <= known
        known |= held_up & unjudged
    return [case for case in blocked if case.blocked_by not in known]


def undecided(requirements: Sequence[RequirementResult], cases: Sequence[CaseResult]) -> list[str]:
    """The MUSTs that could not be judged for what no case finds broken."""
    names = {name for case in without_cause(requirements, cases) for name in case.requirements}
    return [row.id for row in requirements if row.id in names and row.level == "MUST"]


def remarks(requirements: Sequence[RequirementResult], cases: Sequence[CaseResult]) -> list[str]:
    """A remark on each requirement that kept cases from their point though no case found it broken."""
    held_up: dict[str | None, list[CaseResult]] = {}
    for case in without_cause(requirements, cases):
        held_up.setdefault(case.blocked_by, []).append(case)
    return [
        f"{name} is found broken by no case, but kept {len(kept)} from their point: {first.worst.reason} ({first.id})"
        for name, kept in held_up.items()
        for first in kept[:1]
    ]


def chosen(
    requirements: Sequence[RequirementResult], cases: Sequence[CaseResult], lasting: Collection[str] = ()
) -> list[str]:
    """The ids of the cases to run again: of those that may come to a judgement, as many as there is time for.

    None where a MUST is broken: that may be what keeps them from their point, in the guise of another requirement.

    Args:
        requirements: what `by_requirement` returned.
        cases: the records of all cases.
        lasting: requirements that keep cases from their point for good, since the server is not started again.
    """
    if any(row.verdict == "fail" for row in requirements):
        return []
    spoiled = [case for case in without_cause(requirements, cases) if case.blocked_by not in lasting]
    may = [case for case in spoiled if case.blocked_by in _suspected(case, cases)]
    # One that was not even begun, or was for a shorter time, for others had waited in vain, will wait as long as those.
    waits: dict[str | None, float] = {}
    for case in sorted(may, key=lambda case: case.seconds):
        waits[case.blocked_by] = waits[_words(case)] = case.seconds
    left = WORK
    ids: list[str] = []
    # One of each requirement first: a hundred short ones of the same would leave no time for another.
    rank: Counter[str] = Counter()
    turns: list[tuple[int, float, CaseResult]] = []
    for case in sorted(may, key=lambda case: case.seconds):
        turns.append((rank[case.requirements[0]], case.seconds, case))
        rank[case.requirements[0]] += 1
    for _, _, case in sorted(turns, key=lambda turn: turn[:2]):
        left -= waits[_words(case) if case.transcript else case.blocked_by]
        if left >= 0 or not ids:
            ids.append(case.id)
    return ids


def _words(case: CaseResult) -> str:
    """What is said to have kept a case from its point, without the seconds."""
    return re.sub(r"[\d.]+ s\b", "", case.worst.reason)


def _suspected(case: CaseResult, cases: Sequence[CaseResult]) -> set[str]:
    """What can keep a case from its point by its own requirement's fault: what works elsewhere, and that itself."""
    works = {name for one in cases if one.verdict in ("pass", "note") for name in one.requirements}
    return works | {case.requirements[0]}


def run(command: Sequence[str], directory: Path, folder: Path) -> list[CaseResult]:
    """Run the suite once more, and read what it found.

    Args:
        command: its words, the cases among them, with `--report FOLDER`.
        directory: where it is run.
        folder: where it reports.

    Returns:
        The records of its cases; none where it came to nothing.
    """
    try:
        subprocess.run(command, cwd=directory, capture_output=True, timeout=LONGEST, check=False)
        return [CaseResult.of(case) for case in json.loads((folder / "results.json").read_bytes())["cases"]]
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return []


def settle(
    ledger: Ledger, cases: list[CaseResult], second: Sequence[CaseResult], unproved: Collection[str] = ()
) -> None:
    """Take in what came of the cases that were run again.

    Args:
        ledger: the requirements.
        cases: the records of all cases; changed in place.
        second: the records of those that were run again.
        unproved: requirements that may keep a case from its point twice, and nothing is broken.
    """
    later = {case.id: case for case in second if case.verdict != "skip"}
    cases[:] = [replace(later.get(case.id, case), repeat=case.repeat) for case in cases]
    for case in cases:
        # What the server printed meanwhile may follow the reason.
        control_holds = not case.worst.reason.startswith(CONTROL_BREAKS)
        twice = case.id in later and case.verdict == "blocked" and control_holds
        own = case.requirements[0]
        if twice and case.blocked_by in _suspected(case, cases) and case.blocked_by not in unproved:
            verdict = VERDICT_OF_LEVEL[ledger[own].level]
            reason = f"{case.worst.reason}; so it was twice, the second time alone on a fresh server"
            case.blocked_by = None
            case.findings[-1] = replace(case.findings[-1], requirement=own, verdict=verdict, reason=reason)
