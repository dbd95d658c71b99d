"""How long the test of a class will take."""

import math
import statistics
from collections import Counter
from collections.abc import Sequence

from reports.engines import Capacity
from reports.roster import PLAIN, Entry, Roster

QUICK, WHOLE = 15.0, 25.0
"""Seconds of a run with --quick, and of a whole one that waits for no clock, before any has ended."""
LIMITS = 5.0
"""Time limits that a whole run waits for beside that."""


def seconds_left(roster: Roster, capacity: Capacity, waiting: Sequence[Entry], took: Sequence[float]) -> float:
    """Tell how long the rest will take.

    Args:
        roster: the class.
        capacity: how many are tested at once.
        waiting: those that are not tested yet.
        took: seconds that tests took so far.

    Returns:
        Seconds, by the median of those that have ended, or else by what the suite mostly takes.
    """
    each = statistics.median(took) if took else _usual(roster.options)
    # Those that share an address take turns, and those that share a port on each machine.
    sharing = Counter(entry.place for entry in waiting if entry.place)
    turns = [math.ceil(many / (max(1, capacity.machines) if place == PLAIN else 1)) for place, many in sharing.items()]
    return each * max(*turns, math.ceil(len(waiting) / max(1, capacity.at_once)), 0)


def duration(seconds: float) -> str:
    """Say about how long that is."""
    if seconds < 90:
        return f"about {max(10, round(seconds, -1)):.0f} seconds"
    if seconds < 90 * 60:
        return f"about {seconds / 60:.0f} minutes"
    return f"about {seconds / 3600:.1f} hours".replace(".0 hours", " hours")


def _usual(options: Sequence[str]) -> float:
    if "--quick" in options:
        return QUICK
    limits = [after for option, after in zip(options, options[1:], strict=False) if option == "--time-limit"]
    limits += [option.partition("=")[2] for option in options if option.startswith("--time-limit=")]
    try:
        return WHOLE + LIMITS * (float(limits[-1]) if limits else 10.0)
    except ValueError:
        return WHOLE + LIMITS * 10.0
