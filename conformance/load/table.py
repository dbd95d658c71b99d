"""What the user reads, and what other programs read: the table, the findings, the verdict; all in printable ASCII."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tabulate import tabulate

from conformance.load import closing
from conformance.load.profile import TIMED_OUT, timeout_kind
from conformance.load.run import Run
from conformance.load.stored import Outcome
from conformance.load.tally import Histogram, Moment, Row

FORM = 1
"""Which form the document has; with another one, keys mean something else."""


def rows(run: Run) -> list[tuple[str, str, Row]]:
    """The rows of the table in the order of a session: kind, its name for a reader, and its figures."""
    known = run.tally.rows
    return [(kind, name, known[kind]) for kind, name in run.profile.kinds.items() if kind in known]


def table(run: Run) -> str:
    """The table: per kind of operation count, right, wrong, and times in milliseconds."""
    lines = [
        [name, row.right + row.wrong, row.right, row.wrong, *(f"{1000 * value:.2f}" for value in _times(row.times))]
        for _, name, row in rows(run)
    ]
    heads = ["kind", "count", "right", "wrong", "p50 ms", "p99 ms", "max ms"]
    return tabulate(lines, heads, tablefmt="simple", disable_numparse=True, colalign=("left",) + ("right",) * 6)


def _times(times: Histogram) -> tuple[float, float, float]:
    return times.quantile(0.5), times.quantile(0.99), times.longest


def _milliseconds(times: Histogram) -> dict[str, float]:
    shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p999": 0.999}
    told = {key: times.quantile(share) for key, share in shares.items()} | {"max": times.longest}
    return {key: round(1000 * value, 3) for key, value in told.items()}


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
    if numbers.count:
        span = f"numbers {numbers.lowest} to {numbers.highest}"
        yield f"messages: {numbers.count} acknowledged, {span}; {_missing(run, outcome)}"
    if outcome is not None:
        told = f"mailbox: {outcome.found} of {outcome.acknowledged} acknowledged messages found whole"
        more = [f"{outcome.unanswered} more of ours that went unanswered"] if outcome.unanswered else []
        more += [f"{outcome.foreign} of somebody else's"] if outcome.foreign else []
        yield "; ".join([told, *more])
    yield from _paced(run)
    left = ", ".join(f"{times} by {how}" for how, times in sorted(run.left.items()))
    yield f"connections: {run.gate.most_greeted} at once" + (f"; clients left and came back: {left}" if left else "")
    for note, times in run.notes.items():
        yield f"note: {note}" + (f" ({times} times)" if times > 1 else "")


def _paced(run: Run) -> Iterator[str]:
    """What became of the rate that was asked for."""
    pacer = run.pacer
    if pacer is None:
        return
    asked = f"{pacer.schedule.rate:g} a second asked for, {run.options.arrivals} arrivals"
    yield f"rate: {asked}, {pacer.reached:.1f} reached; all times count from when an operation was due"
    yield f"replies after, from when they were sent: {_spread(pacer.replies)}"
    yield f"sent late by {_spread(pacer.late)}; where a client was free, by {_spread(pacer.own)}"
    if pacer.behind:
        share = f"{100 * pacer.waited / pacer.behind:.0f} % of it waiting for the server"
        yield f"behind: all clients were busy for {pacer.behind:.1f} s while more was due, {share}"
    if pacer.held_by:
        who = _HELD[pacer.held_by]
        yield f"rate not reached, by {who}: about {pacer.unsent} more were due and not sent, and are in no time"


_HELD = {
    "server": "the server with so few connections",
    "machine": "multiclient on this machine, whatever the server",
}


def _spread(times: Histogram) -> str:
    middle, most = 1000 * times.quantile(0.5), 1000 * times.quantile(0.99)
    return f"{middle:.2f} ms (median), {most:.2f} ms (99 %), {1000 * times.longest:.2f} ms (longest)"


def _missing(run: Run, outcome: Outcome | None) -> str:
    gaps = closing.gaps(run)
    if not gaps:
        return "none missing"
    return f"{closing.shown(gaps)}: {closing.explanation(run, outcome) or 'nobody can hold them'}"


def verdict(run: Run) -> str:
    """The last line: the verdict, what it stands on, and the seed."""
    wrong = run.findings.total
    timeouts = [run.tally.rows.get(timeout_kind(run.profile, how), Row()) for how in TIMED_OUT]
    judged = sum(row.right + row.wrong for row in timeouts)
    parts = [f"{run.tally.operations} operations in {run.seconds:.1f} s", f"{rate(run):.0f} a second"]
    parts += [f"{wrong} wrong", f"{judged} time-outs" if judged else "no time-out came, so none was judged"]
    return f"{word(run)}: {', '.join(parts)}; seed {run.options.seed}"


def word(run: Run) -> str:
    """The verdict in a word."""
    return "interrupted" if run.interrupted else "WRONG" if run.findings.total else "RIGHT"


def rate(run: Run) -> float:
    """Operations a second over the whole run."""
    return run.tally.operations / run.seconds if run.seconds else 0.0


def document(run: Run, outcome: Outcome | None) -> dict[str, Any]:
    """The same for other programs: plain data; times in milliseconds, histograms by the steps of `tally.Histogram`."""
    kinds = {
        kind: {
            "name": name.strip(),
            "count": row.right + row.wrong,
            "right": row.right,
            "wrong": row.wrong,
            **_milliseconds(row.times),
            "histogram": row.times.counts,
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
        "load": FORM,
        "verdict": word(run).lower(),
        "line": verdict(run),
        "operations": run.tally.operations,
        "seconds": round(run.seconds, 3),
        "operations_per_second": round(rate(run), 1),
        "wrong": run.findings.total,
        "seed": run.options.seed,
        "dialect": run.profile.name,
        "rate": _rate(run),
        "errors": run.options.errors,
        "time_limit": run.options.time_limit,
        "connections": run.gate.most_greeted,
        "messages": run.numbers.count,
        "missing": _missing(run, outcome) if run.numbers.count else "",
        "left": run.left,
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
        "moments": [_moment(one) for one in run.tally.moments],
    }  # fmt: skip


def _moment(moment: Moment) -> list[float]:
    """Seconds since the run began, operations a second, and of their times the median and the 99th percentile."""
    at, rate, median, p99, wrong = moment
    return [round(at, 3), round(rate, 1), round(1000 * median, 3), round(1000 * p99, 3), wrong]


def _rate(run: Run) -> dict[str, Any] | None:
    """What was asked for and what became of it, if operations became due by time; seconds, and milliseconds."""
    pacer = run.pacer
    if pacer is None:
        return None
    return {
        "asked": pacer.schedule.rate,
        "arrivals": run.options.arrivals,
        "reached": round(pacer.reached, 2),
        "sent": pacer.sent,
        "unsent": pacer.unsent,
        "held_by": pacer.held_by,
        "behind": round(pacer.behind, 3),
        "waited": round(pacer.waited, 3),
        "late": _milliseconds(pacer.late),
        "late_itself": _milliseconds(pacer.own),
        "from_sent": _milliseconds(pacer.replies),
    }
