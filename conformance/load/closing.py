"""What can only be judged at the end: the numbers as a whole, and whether all connections were served at once."""

from __future__ import annotations

from conformance.load.run import Run
from conformance.load.stored import Outcome
from conformance.load.tally import GREETING

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


def explanation(run: Run, outcome: Outcome | None) -> str:
    """Who holds the numbers that nobody told us; empty if nobody can.

    Args:
        run: the run, which is over.
        outcome: what was found in the mailbox, if that was read.
    """
    missing = sum(high - low + 1 for low, high in gaps(run))
    if missing <= run.numbers.unanswered:
        return f"{run.numbers.unanswered} messages of ours went unanswered and can hold them"
    if outcome and missing <= run.numbers.unanswered + outcome.foreign:
        return f"{run.numbers.unanswered} messages of ours went unanswered, {outcome.foreign} are somebody else's"
    if not run.alone or (not run.options.launched and not outcome and missing < SYSTEMATIC * run.numbers.count):
        return "somebody else may have delivered"
    return ""


def judge(run: Run, outcome: Outcome | None) -> None:
    """Take down what is wrong with the run as a whole.

    Args:
        run: the run, which is over.
        outcome: what was found in the mailbox, if that was read.
    """
    rules = run.profile.rules
    run.findings.put_first(rules.alive)
    right = sum(row.right for kind, row in run.tally.rows.items() if kind != GREETING)
    if run.loop.lost > WORTH_SAYING * run.seconds:
        run.note(f"multiclient itself came late by {run.loop.lost:.1f} s in all, which count for no deadline")
    if run.findings.total and right <= BY_CHANCE * run.tally.operations:
        run.findings.keep_root(run.profile.roots)
        return
    judge_numbers(run, outcome)
    wanted, got = run.options.connections, run.gate.most_greeted
    if got < wanted and rules.alive not in {one.rule for one in run.findings}:
        if run.foreign:
            run.note(f"only {got} connections were greeted at once, somebody else being connected")
        elif not _kept_waiting(run):
            run.note(f"only {got} connections were greeted at once, for clients were late or all was slow")
        else:
            run.findings.add(rules.served_at_once, "too few connections are served at once", f"{wanted}", f"{got}")


def judge_numbers(run: Run, outcome: Outcome | None) -> None:
    """Take down what is wrong with the numbers as a whole; see `judge`."""
    rules = run.profile.rules
    if (found := gaps(run)) and not explanation(run, outcome):
        most = f"at most {run.numbers.unanswered}, for so many messages of ours went unanswered"
        run.findings.add(rules.numbers, "numbers are missing", most, shown(found))
    if run.numbers.scattered:
        run.findings.add(rules.numbers, "the numbers do not follow each other", "1, 2, 3 ...", "many gaps")


def _kept_waiting(run: Run) -> bool:
    """Whether it was the server that kept connections waiting: long enough, and for long compared to its replies."""
    rows = run.tally.rows
    if GREETING not in rows:
        return True
    greetings = rows[GREETING].times
    replies = max((rows[kind].times.quantile(MOST) for kind in run.profile.forward if kind in rows), default=0.0)
    enough = run.profile.limits.late + run.gate.rounds * greetings.quantile(0.5)
    return run.suspicion.calm >= enough and greetings.quantile(MOST) > WAITING * replies


def shown(found: list[Gap], most: int = 5) -> str:
    """Gaps for a reader: how many numbers, and the first few."""
    spans = ", ".join(str(low) if low == high else f"{low}-{high}" for low, high in found[:most])
    more = ", ..." if len(found) > most else ""
    return f"{sum(high - low + 1 for low, high in found)} missing ({spans}{more})"
