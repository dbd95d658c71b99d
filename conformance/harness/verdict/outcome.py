"""From the cases of a run to its outcome: the verdict in one line, and the exit status."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from conformance.harness.verdict.result import RequirementResult

CONFORMS, BROKEN, INTERRUPTED, FAULT, USAGE, NOTHING_JUDGED, UNREACHABLE = range(7)
"""The exit statuses of a run."""

MOST_REASONS = 4
"""Reasons for which something was not judged that the last line of a run tells."""
JUDGED = ("pass", "warn", "fail", "note")


def exit_status(
    requirements: Sequence[RequirementResult],
    fail_on_warn: bool,
    interrupted: bool,
    fault: bool,
    undecided: Sequence[str] = (),
    known: Collection[str] = (),
    passing: Sequence[str] = (),
    stopped: bool = False,
) -> int:
    """The exit status that the verdicts call for.

    Args:
        requirements: the ledger's rules with their verdicts.
        fail_on_warn: whether a broken SHOULD counts as a MUST.
        interrupted: whether the user stopped the run.
        fault: whether the suite itself went wrong.
        undecided: the MUSTs that could not be judged for what no case finds broken.
        known: the broken requirements that were known to be.
        passing: known failures that pass.
        stopped: whether something else ended it early: what was found until then makes no conforming server.
    """
    verdicts = Counter(row.verdict for row in requirements)
    surprising = Counter(row.verdict for row in requirements if row.id not in known)
    if interrupted:
        return INTERRUPTED
    if fault:
        return FAULT
    if surprising["fail"] or undecided or (fail_on_warn and surprising["warn"]) or passing:
        return BROKEN
    if not any(verdicts[one] for one in ("pass", "warn", "fail")) and not any(row.kept for row in requirements):
        return NOTHING_JUDGED
    if 2 * verdicts["blocked"] > len(requirements):
        return BROKEN
    return INTERRUPTED if stopped else CONFORMS


def verdict_line(
    requirements: Sequence[RequirementResult],
    status: int,
    undecided: Sequence[str] = (),
    cut_short: Sequence[str] = (),
    known: Collection[str] = (),
    passing: Sequence[str] = (),
) -> str:
    """The last line of a run.

    Args:
        requirements: the ledger's rules with their verdicts.
        status: the exit status.
        undecided: the MUSTs that could not be judged for what no case finds broken.
        cut_short: clauses on what was not judged to its end.
        known: the broken requirements that were known to be.
        passing: known failures that pass.
    """
    verdicts = Counter(row.verdict for row in requirements)
    total = len(requirements)
    kept = verdicts["pass"] + verdicts["note"] + verdicts["warn"]
    expected = Counter(row.verdict for row in requirements if row.id in known)
    broken = f"{_count(verdicts['fail'], 'requirement')} of {total} broken{_of_them(expected['fail'])}, {kept} kept"
    shares = broken if verdicts["fail"] else f"{kept} of {total} requirements kept"
    head = {
        CONFORMS: f"as expected: {broken}" if verdicts["fail"] else f"conforms in {kept} of {total} requirements",
        BROKEN: f"does not conform: {broken}"
        if verdicts["fail"] > expected["fail"]
        else f"not as expected: {broken}"
        if passing
        else f"does not conform, for {_short_of(verdicts, undecided)}: {shares}",
        INTERRUPTED: f"interrupted: {verdicts['fail']} of {total} requirements broken so far, {kept} kept",
        FAULT: "no verdict: the suite itself went wrong",
        NOTHING_JUDGED: f"no verdict: nothing was judged of {total} requirements",
    }[status]
    if verdicts["warn"]:
        head += f", {_count(verdicts['warn'], 'warning')}{_of_them(expected['warn'])}"
    if passing:
        head += f", {_count(len(passing), 'known failure')} passed ({_few(passing)})"
    return "; ".join([head + _not_judged(requirements), *cut_short])


def _of_them(known: int) -> str:
    return f" ({known} known)" if known else ""


def _short_of(verdicts: Counter[str], undecided: Sequence[str]) -> str:
    if undecided:
        return f"{_count(len(undecided), 'MUST')} could not be judged ({_few(undecided)})"
    return "most could not be judged" if 2 * verdicts["blocked"] > verdicts.total() else "warnings count"


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")


def _not_judged(requirements: Sequence[RequirementResult]) -> str:
    in_part = [f"{row.id} in {row.kept} cases" for row in requirements if row.kept]
    reasons = Counter(
        "blocked" if row.verdict == "blocked" else row.reason.split(":")[0]
        for row in requirements
        if row.verdict not in JUDGED and not row.kept
    )
    partly = f", kept in part: {len(in_part)} ({_few(in_part)})" if in_part else ""
    first, rest = reasons.most_common()[:MOST_REASONS], sum(sorted(reasons.values())[:-MOST_REASONS])
    shown = ", ".join(f"{number} ({reason})" for reason, number in first)
    shown += f", {rest} for other reasons" if rest else ""
    return partly + (f", not judged: {shown}" if reasons else "")
