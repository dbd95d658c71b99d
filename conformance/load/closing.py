"""What can only be judged at the end: the numbers as a whole, and whether all connections were served at once."""

from __future__ import annotations

from conformance.load.delivered import Outcome
from conformance.load.engine import Engine
from conformance.load.run import LATE, Run
from conformance.load.words import FORWARD

Gap = tuple[int, int]
BY_CHANCE = 0.02
"""The share of right replies that a server may give which does not speak the protocol at all."""
SYSTEMATIC = 0.001
"""The share of missing numbers from which on nobody who delivers now and then can be the reason."""
MOST, WAITING = 0.9, 4
"""How many times longer most greetings take than most replies where a place is waited for."""
WORTH_SAYING = 0.1
"""The share of a run's time for which it was late from which on that is said."""


def gaps(run: Run) -> list[Gap]:
    """The numbers that nobody told us, below the highest one that somebody did."""
    numbers = run.numbers
    return numbers.gaps(1 if run.options.launched else numbers.lowest) if numbers.count else []


def explanation(engine: Engine, outcome: Outcome | None) -> str:
    """Who holds the numbers that nobody told us; empty if nobody can.

    Args:
        engine: the run, which is over.
        outcome: what was found in the mailbox, if that was read.
    """
    run = engine.run
    missing = sum(high - low + 1 for low, high in gaps(run))
    if missing <= run.numbers.unanswered:
        return f"{run.numbers.unanswered} messages of ours went unanswered and can hold them"
    if outcome and missing <= run.numbers.unanswered + outcome.foreign:
        return f"{run.numbers.unanswered} messages of ours went unanswered, {outcome.foreign} are somebody else's"
    if not engine.alone or (not run.options.launched and not outcome and missing < SYSTEMATIC * run.numbers.count):
        return "somebody else may have delivered"
    return ""


def judge(engine: Engine, outcome: Outcome | None) -> None:
    """Take down what is wrong with the run as a whole.

    Args:
        engine: the run, which is over.
        outcome: what was found in the mailbox, if that was read.
    """
    run = engine.run
    right = sum(row.right for kind, row in run.tally.rows.items() if kind != "greeting")
    if engine.lost > WORTH_SAYING * engine.seconds:
        run.note(f"multiclient itself came late by {engine.lost:.1f} s in all, which count for no deadline")
    if run.findings.total and right <= BY_CHANCE * run.tally.operations:
        run.findings.keep_root()
        return
    if (found := gaps(run)) and not explanation(engine, outcome):
        most = f"at most {run.numbers.unanswered}, for so many messages of ours went unanswered"
        run.findings.add("numbers", "numbers are missing", most, shown(found))
    if run.numbers.scattered:
        run.findings.add("numbers", "the numbers do not follow each other", "1, 2, 3 ...", "many gaps")
    wanted, got = run.options.connections, engine.most_greeted
    if got < wanted and "pool.alive" not in {one.rule for one in run.findings}:
        if engine.foreign:
            run.note(f"only {got} connections were greeted at once, somebody else being connected")
        elif not _kept_waiting(engine):
            run.note(f"only {got} connections were greeted at once, for clients were late or all was slow")
        else:
            run.findings.add("pool.32", "too few connections are served at once", f"{wanted}", f"{got}")


def _kept_waiting(engine: Engine) -> bool:
    """Whether it was the server that kept connections waiting: long enough, and for long compared to its replies."""
    rows = engine.run.tally.rows
    if "greeting" not in rows:
        return True
    greetings = rows["greeting"].times
    replies = max((rows[kind].times.quantile(MOST) for kind in FORWARD if kind in rows), default=0.0)
    enough = LATE + engine.rounds * greetings.quantile(0.5)
    return engine.calm >= enough and greetings.quantile(MOST) > WAITING * replies


def shown(found: list[Gap], most: int = 5) -> str:
    """Gaps for a reader: how many numbers, and the first few."""
    spans = ", ".join(str(low) if low == high else f"{low}-{high}" for low, high in found[:most])
    more = ", ..." if len(found) > most else ""
    return f"{sum(high - low + 1 for low, high in found)} missing ({spans}{more})"
