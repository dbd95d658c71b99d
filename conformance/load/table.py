"""What the user reads, and what other programs read: the table, the findings, the verdict; all in printable ASCII."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tabulate import tabulate

from conformance.load import closing
from conformance.load.profile import TIMED_OUT, timeout_kind
from conformance.load.run import Run
from conformance.load.stored import Outcome
from conformance.load.tally import Row


def rows(run: Run) -> list[tuple[str, str, Row]]:
    """The rows of the table in the order of a session: kind, its name for a reader, and its figures."""
    known = run.tally.rows
    return [(kind, name, known[kind]) for kind, name in run.profile.kinds.items() if kind in known]


def table(run: Run) -> str:
    """The table: per kind of operation count, right, wrong, and times in milliseconds."""
    lines = [
        [name, row.right + row.wrong, row.right, row.wrong, *(f"{1000 * value:.2f}" for value in _times(row))]
        for _, name, row in rows(run)
    ]
    heads = ["kind", "count", "right", "wrong", "p50 ms", "p99 ms", "max ms"]
    return tabulate(lines, heads, tablefmt="simple", disable_numparse=True, colalign=("left",) + ("right",) * 6)


def _times(row: Row) -> tuple[float, float, float]:
    return row.times.quantile(0.5), row.times.quantile(0.99), row.times.longest


def findings(run: Run) -> Iterator[str]:
    """Each kind of finding once, with its transcript; line by line."""
    for finding in run.findings:
        times = f" ({finding.count} times)" if finding.count > 1 else ""
        yield f"WRONG {finding.rule}: {finding.what}{times}"
        if finding.wanted:
            yield f"  expected  {finding.wanted}"
        if finding.actual:
            yield f"  came      {finding.actual}"
        yield from (f"  {line}" for line in finding.transcript)
        yield ""


def facts(run: Run, outcome: Outcome | None) -> Iterator[str]:
    """What else is to be said, a line each."""
    numbers = run.numbers
    if not run.profile.numbered:
        yield f"messages: {run.acknowledged} acknowledged"
    elif numbers.count:
        span = f"numbers {numbers.lowest} to {numbers.highest}"
        yield f"messages: {numbers.count} acknowledged, {span}; {_missing(run, outcome)}"
    if outcome is not None:
        where, what = ("mailbox", "messages") if run.profile.numbered else ("store", "copies")
        told = f"{where}: {outcome.found} of {outcome.acknowledged} acknowledged {what} found whole"
        more = [f"{outcome.unanswered} more of ours that went unanswered"] if outcome.unanswered else []
        more += [f"{outcome.foreign} of somebody else's"] if outcome.foreign else []
        yield "; ".join([told, *more])
    left = ", ".join(f"{times} by {how}" for how, times in sorted(run.left.items()))
    yield f"connections: {run.gate.most_greeted} at once" + (f"; clients left and came back: {left}" if left else "")
    for note, times in run.notes.items():
        yield f"note: {note}" + (f" ({times} times)" if times > 1 else "")


def _missing(run: Run, outcome: Outcome | None) -> str:
    gaps = closing.gaps(run)
    if not gaps:
        return "none missing"
    return f"{closing.shown(gaps)}: {closing.explanation(run, outcome) or 'nobody can hold them'}"


def verdict(run: Run) -> str:
    """The last line: the verdict, what it stands on, and the seed."""
    wrong = run.findings.total
    told = "interrupted" if run.interrupted else "WRONG" if wrong else "RIGHT"
    timeouts = [run.tally.rows.get(timeout_kind(run.profile, how), Row()) for how in TIMED_OUT]
    judged = sum(row.right + row.wrong for row in timeouts)
    parts = [f"{run.tally.operations} operations in {run.seconds:.1f} s", f"{rate(run):.0f} a second"]
    parts.append(f"{wrong} wrong")
    if run.profile.timeout:
        parts.append(f"{judged} time-outs" if judged else "no time-out came, so none was judged")
    elif not wrong and not run.acknowledged:
        told = "NOTHING: no message was taken"
    return f"{told}: {', '.join(parts)}; seed {run.options.seed}"


def rate(run: Run) -> float:
    """Operations a second over the whole run."""
    return run.tally.operations / run.seconds if run.seconds else 0.0


def document(run: Run, outcome: Outcome | None) -> dict[str, Any]:
    """The same for other programs: plain data; times in milliseconds."""
    kinds = {
        kind: {
            "name": name.strip(),
            "count": row.right + row.wrong,
            "right": row.right,
            "wrong": row.wrong,
            **{key: round(1000 * value, 3) for key, value in zip(("p50", "p99", "max"), _times(row), strict=True)},
        }
        for kind, name, row in rows(run)
    }
    mailbox = outcome and {
        "acknowledged": outcome.acknowledged,
        "found": outcome.found,
        "unanswered": outcome.unanswered,
        "foreign": outcome.foreign,
    }
    return {
        "operations": run.tally.operations,
        "seconds": round(run.seconds, 3),
        "operations_per_second": round(rate(run), 1),
        "wrong": run.findings.total,
        "seed": run.options.seed,
        "dialect": run.profile.name,
        "connections": run.gate.most_greeted,
        "messages": run.numbers.count if run.profile.numbered else run.acknowledged,
        "kinds": kinds,
        "mailbox": mailbox,
        "findings": [
            {
                "rule": one.rule, "what": one.what, "count": one.count,
                "expected": one.wanted, "came": one.actual, "transcript": one.transcript,
            }
            for one in run.findings
        ],
        "notes": run.notes,
    }  # fmt: skip
