"""What a search may take: a count of conversations first, and bounds in time only for what no count bounds.

The same seed is to run the same conversations on however busy a machine. So what counts against the budget in seconds
is the server's own slowness, and the clock on the wall is a backstop.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from pathlib import Path

from conformance.harness.rules import Rules
from conformance.harness.server.pace import Pace
from conformance.harness.server.patience import Patience

EXAMPLES, QUICK_EXAMPLES = 300, 10
"""Conversations of a run, and of a quick one, that is not asked for more."""
SCHEDULER = Path("/proc/thread-self/schedstat")
"""Of this thread: nanoseconds on a core, nanoseconds of waiting for one, and how often."""
FEWEST = 2
"""Conversations that the slowest server is to be seen in."""
HURRY = 1.0
"""Seconds that a reply is waited for while searching; a failure counts only if it shows with full patience as well."""
SHORTEST_WAIT = 0.25
"""The same while shrinking."""
SOON_ENOUGH = 0.5
"""Seconds that what a conversation leaves behind is waited for where it is known that it may be missing."""


@dataclass(frozen=True)
class Budget:
    """What a search may take.

    Attributes:
        examples: how many conversations.
        slowness: seconds of the server's own slowness for them; None for all of them, however long they take.
        floor: how many are run however busy the machine is.
        seconds: of wall time after which no more than the floor are run.
        idle: seconds after which the search ends even before the floor, without those that the machine was busy for.
        longest: the same with them.
        shrinking: seconds of the server's own slowness for shrinking, of all causes together.
        connections: for shrinking.
        longest_shrinking: seconds of wall time after which shrinking ends.
        causes: failures with causes of their own, after which the search ends.
    """

    examples: int
    slowness: float | None = None
    floor: int = 150
    seconds: float = 30.0
    idle: float = 120.0
    longest: float = 900.0
    shrinking: float = 30.0
    connections: int = 4000
    longest_shrinking: float = 180.0
    causes: int = 3

    def spent(self, played: int, slow: float, passed: float, delayed: float) -> str:
        """Why no further conversation is run; empty if one is.

        Args:
            played: how many were run.
            slow: seconds of the server's own slowness in them.
            passed: seconds of wall time since the first of them began.
            delayed: seconds of these that are due to a busy machine.
        """
        if self.slowness is None:
            return ""
        if played >= FEWEST and slow > self.slowness:
            return f"{self.slowness:g} s of the server's own slowness were spent"
        if passed > self.longest or (played >= self.floor and passed > self.seconds) or passed - delayed > self.idle:
            return f"{passed:.0f} s had passed"
        return ""


class Clock:
    """Tells the wall time, and how much of it the machine was busy with others."""

    def now(self) -> float:
        """Seconds of the monotonic clock."""
        return time.monotonic()

    def delayed(self) -> float:
        """Seconds that a busy machine has kept us and the server waiting so far; all of them where it does not tell."""
        try:
            waited = int(SCHEDULER.read_text().split()[1]) / 1e9
        except (OSError, ValueError, IndexError):
            return self.now()
        return 2 * waited  # for each wait of ours for a core there is one of the server


class Hasty(Patience):
    """Waits for a reply no longer than some seconds, but long enough for how slow the server was seen to be.

    Args:
        time_limit: the server's, in seconds.
        rules: as `Patience` takes them.
        seconds: how long a quick server's reply is waited for.
        slowest: seconds that a reply is known to have taken.
        soon: seconds that what a conversation leaves behind is waited for, of a quick server.
    """

    def __init__(
        self, time_limit: float, rules: Rules, seconds: float, slowest: float = 0.0, soon: float = math.inf
    ) -> None:
        super().__init__(time_limit, rules)
        self.soon = soon
        self.pace = Pace()
        self._seconds = seconds
        self._slowest = slowest

    def patience(self, rule: str = "") -> float:
        """Seconds to wait for a reply."""
        return min(self._full, max(self._seconds, 20 * self._slowest))

    def replied(self, seconds: float, rule: str = "") -> None:
        """A reply of some kind came after so many seconds."""
        super().replied(seconds, rule)
        self.pace.add(rule, seconds)

    def silent(self, rule: str = "") -> None:
        """A reply of some kind did not come."""
        super().silent(rule)
        self.pace.add(f"no reply: {rule}", self.patience())
