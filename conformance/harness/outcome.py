"""From the cases of a run to its outcome: the verdict in one line, and the exit status."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

CONFORMS, BROKEN, INTERRUPTED, FAULT, USAGE, NOTHING_JUDGED, UNREACHABLE = range(7)
"""The exit statuses of a run."""

JUDGED = ("pass", "warn", "fail", "note")


def exit_status(
    requirements: Sequence[dict[str, str]],
    fail_on_warn: bool,
    interrupted: bool,
    fault: bool,
    undecided: Sequence[str] = (),
) -> int:
    """The exit status that the verdicts call for.

    Args:
        requirements: the ledger's rules with their verdicts.
        fail_on_warn: whether a broken SHOULD counts as a MUST.
        interrupted: whether the user stopped the run.
        fault: whether the suite itself went wrong.
        undecided: the MUSTs that could not be judged for what no case finds broken.
    """
    verdicts = Counter(row["verdict"] for row in requirements)
    if interrupted:
        return INTERRUPTED
    if fault:
        return FAULT
    if verdicts["fail"] or undecided or (fail_on_warn and verdicts["warn"]):
        return BROKEN
    if not any(verdicts[one] for one in ("pass", "warn")):
        return NOTHING_JUDGED
    if 2 * verdicts["blocked"] > len(requirements):
        return BROKEN
    return CONFORMS


def verdict_line(
    requirements: Sequence[dict[str, str]],
    status: int,
    undecided: Sequence[str] = (),
    cut_short: Sequence[str] = (),
) -> str:
    """The last line of a run.

    Args:
        requirements: the ledger's rules with their verdicts.
        status: the exit status.
        undecided: the MUSTs that could not be judged for what no case finds broken.
        cut_short: clauses on what was not judged to its end.
    """
    verdicts = Counter(row["verdict"] for row in requirements)
    total = len(requirements)
    kept = verdicts["pass"] + verdicts["note"] + verdicts["warn"]
    head = {
        CONFORMS: f"conforms in {kept} of {total} requirements",
        BROKEN: f"does not conform: {_count(verdicts['fail'], 'requirement')} of {total} broken, {kept} kept"
        if verdicts["fail"]
        else f"does not conform, for {_short_of(verdicts, undecided)}: {kept} of {total} requirements kept",
        INTERRUPTED: f"interrupted: {verdicts['fail']} of {total} requirements broken so far, {kept} kept",
        FAULT: "no verdict: the suite itself went wrong",
        NOTHING_JUDGED: f"no verdict: nothing was judged of {total} requirements",
    }[status]
    if verdicts["warn"]:
        head += f", {_count(verdicts['warn'], 'warning')}"
    return "; ".join([head + _not_judged(requirements), *cut_short])


def _short_of(verdicts: Counter[str], undecided: Sequence[str]) -> str:
    if undecided:
        which = ", ".join(undecided[:3]) + (", ..." if len(undecided) > 3 else "")
        return f"{_count(len(undecided), 'MUST')} could not be judged ({which})"
    return "most could not be judged" if 2 * verdicts["blocked"] > verdicts.total() else "warnings count"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")


def _not_judged(requirements: Sequence[dict[str, str]]) -> str:
    reasons = Counter(
        "blocked" if row["verdict"] == "blocked" else row["reason"].split(":")[0]
        for row in requirements
        if row["verdict"] not in JUDGED
    )
    if not reasons:
        return ""
    shown = ", ".join(f"{number} ({reason})" for reason, number in reasons.most_common())
    return f", not judged: {shown}"
