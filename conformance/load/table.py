"""What the user reads, and what other programs read: the table, the findings, the verdict; all in printable ASCII."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tabulate import tabulate

from conformance.cs4410.dialect import ERROR, KINDS, Dialect
from conformance.load import closing
from conformance.load.delivered import Outcome
from conformance.load.engine import Engine
from conformance.load.tally import Row

_NAMES = {
    "greeting": "greeting", "helo": "HELO", "mail": "MAIL", "rcpt": "RCPT", "data": "DATA", "delivered": "message",
    "syntax": "syntax", "unknown": "unknown command", "duplicate": "duplicate HELO", "nested": "nested MAIL",
    "need": "out of order", "bad_sender": "bad sender", "bad_recipient": "bad recipient", ERROR: "empty line",
    "421 silent": "time-out, silent", "421 dripping": "time-out, dripping", "421 wrong": "time-out, only errors",
}  # fmt: skip
TIMEOUTS = ("421 silent", "421 dripping", "421 wrong")


def rows(engine: Engine) -> list[tuple[str, str, Row]]:
    """The rows of the table in the order of a session: kind, its name for a reader, and its figures."""
    dialect, known = engine.run.judge.dialect, engine.run.tally.rows
    return [(kind, _name(kind, dialect), known[kind]) for kind in _NAMES if kind in known]


def _name(kind: str, dialect: Dialect) -> str:
    code = dialect.code("timeout" if kind in TIMEOUTS else kind) if kind in KINDS or kind in (*TIMEOUTS, ERROR) else ""
    return f"{code} {_NAMES[kind]}"


def table(engine: Engine) -> str:
    """The table: per kind of operation count, right, wrong, and times in milliseconds."""
    lines = [
        [name, row.right + row.wrong, row.right, row.wrong, *(f"{1000 * value:.2f}" for value in _times(row))]
        for _, name, row in rows(engine)
    ]
    heads = ["kind", "count", "right", "wrong", "p50 ms", "p99 ms", "max ms"]
    return tabulate(lines, heads, tablefmt="simple", disable_numparse=True, colalign=("left",) + ("right",) * 6)


def _times(row: Row) -> tuple[float, float, float]:
    return row.times.quantile(0.5), row.times.quantile(0.99), row.times.longest


def findings(engine: Engine) -> Iterator[str]:
    """Each kind of finding once, with its transcript; line by line."""
    for finding in engine.run.findings:
        times = f" ({finding.count} times)" if finding.count > 1 else ""
        yield f"WRONG {finding.rule}: {finding.what}{times}"
        if finding.wanted:
            yield f"  expected  {finding.wanted}"
        if finding.actual:
            yield f"  came      {finding.actual}"
        yield from (f"  {line}" for line in finding.transcript)
        yield ""


def facts(engine: Engine, outcome: Outcome | None) -> Iterator[str]:
    """What else is to be said, a line each."""
    run = engine.run
    numbers = run.numbers
    if numbers.count:
        span = f"numbers {numbers.lowest} to {numbers.highest}"
        yield f"messages: {numbers.count} acknowledged, {span}; {_missing(engine, outcome)}"
    if outcome is not None:
        told = f"mailbox: {outcome.found} of {outcome.acknowledged} acknowledged messages found whole"
        more = [f"{outcome.unanswered} more of ours that went unanswered"] if outcome.unanswered else []
        more += [f"{outcome.foreign} of somebody else's"] if outcome.foreign else []
        yield "; ".join([told, *more])
    left = ", ".join(f"{times} by {how}" for how, times in sorted(run.left.items()))
    yield f"connections: {engine.most_greeted} at once" + (f"; clients left and came back: {left}" if left else "")
    for note, times in run.notes.items():
        yield f"note: {note}" + (f" ({times} times)" if times > 1 else "")


def _missing(engine: Engine, outcome: Outcome | None) -> str:
    gaps = closing.gaps(engine.run)
    if not gaps:
        return "none missing"
    return f"{closing.shown(gaps)}: {closing.explanation(engine, outcome) or 'nobody can hold them'}"


def verdict(engine: Engine, interrupted: bool) -> str:
    """The last line: the verdict, what it stands on, and the seed."""
    run = engine.run
    wrong = run.findings.total
    told = "interrupted" if interrupted else "WRONG" if wrong else "RIGHT"
    judged = sum(run.tally.rows[kind].right + run.tally.rows[kind].wrong for kind in TIMEOUTS if kind in run.tally.rows)
    parts = [f"{run.tally.operations} operations in {engine.seconds:.1f} s", f"{rate(engine):.0f} a second"]
    parts += [f"{wrong} wrong", f"{judged} time-outs" if judged else "no time-out came, so none was judged"]
    return f"{told}: {', '.join(parts)}; seed {run.options.seed}"


def rate(engine: Engine) -> float:
    """Operations a second over the whole run."""
    return engine.run.tally.operations / engine.seconds if engine.seconds else 0.0


def document(engine: Engine, outcome: Outcome | None) -> dict[str, Any]:
    """The same for other programs: plain data; times in milliseconds."""
    run = engine.run
    kinds = {
        kind: {
            "name": name.strip(),
            "count": row.right + row.wrong,
            "right": row.right,
            "wrong": row.wrong,
            **{key: round(1000 * value, 3) for key, value in zip(("p50", "p99", "max"), _times(row), strict=True)},
        }
        for kind, name, row in rows(engine)
    }
    mailbox = outcome and {
        "acknowledged": outcome.acknowledged,
        "found": outcome.found,
        "unanswered": outcome.unanswered,
        "foreign": outcome.foreign,
    }
    return {
        "operations": run.tally.operations,
        "seconds": round(engine.seconds, 3),
        "operations_per_second": round(rate(engine), 1),
        "wrong": run.findings.total,
        "seed": run.options.seed,
        "dialect": run.judge.dialect.name,
        "connections": engine.most_greeted,
        "messages": run.numbers.count,
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
