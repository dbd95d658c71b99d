"""What can only be judged at the end: the numbers as a whole, and whether all connections were served at once."""

from __future__ import annotations

from conformance.load.run import Run

Gap = tuple[int, int]


def gaps(run: Run) -> list[Gap]:
    """The numbers that nobody told us, below the highest one that somebody did."""
    numbers = run.numbers
    return numbers.gaps(1 if run.options.launched else numbers.lowest) if numbers.count else []


def explanation(run: Run, missing: int, alone: bool) -> str:
    """Who may hold numbers that nobody told us, and a fault if nobody can."""
    if missing <= run.numbers.unanswered:
        return f"{run.numbers.unanswered} messages of ours went unanswered and can hold them"
    if not alone:
        return "somebody else may have delivered"
    return f"only {run.numbers.unanswered} messages of ours went unanswered"


def judge(run: Run, most_greeted: int, alone: bool) -> None:
    """Take down what is wrong with the run as a whole.

    Args:
        run: the run, which is over.
        most_greeted: how many connections were greeted at once.
        alone: whether nobody else can have used the server.
    """
    missing = sum(high - low + 1 for low, high in gaps(run))
    if missing > run.numbers.unanswered and alone:
        shown = ", ".join(f"{low}-{high}" for low, high in gaps(run)[:5])
        run.findings.add(
            "numbers", "numbers are missing", explanation(run, missing, alone), f"{missing} missing: {shown}"
        )
    if run.numbers.scattered:
        run.findings.add("numbers", "the numbers do not follow each other", "1, 2, 3 ...", "many gaps")
    wanted = run.options.connections
    if most_greeted < wanted and alone and "pool.alive" not in {one.rule for one in run.findings}:
        run.findings.add("pool.32", "too few connections are served at once", f"{wanted}", f"{most_greeted}")
    elif most_greeted < wanted:
        run.note(f"only {most_greeted} connections were greeted at once, somebody else being connected")
