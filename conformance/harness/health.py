"""What the cases of one process have learned of a server, so that a sick one does not cost a wait for every case."""

from __future__ import annotations

import threading
from collections import Counter

STRIKES = 3
"""How often in a row a set-up step fails in the same way before it is not tried again."""
FULL_WAITS = 6
"""How many replies are waited for in vain with full patience."""


class Health:
    """Counts what was waited for in vain.

    Args:
        time_limit: the server's time limit in seconds.

    Attributes:
        slow_to_free: places of clients that have left serve others only later.
        never_frees: they never do.
    """

    slow_to_free = False
    never_frees = False

    def __init__(self, time_limit: float) -> None:
        self._full = max(5.0, time_limit)
        self._lock = threading.Lock()
        self._strikes: Counter[str] = Counter()
        self._silences = 0
        self._slowest = 0.0

    def patience(self) -> float:
        """Seconds to wait for a reply: max(5 s, the limit), less once a server has been silent often."""
        with self._lock:
            if self._silences < FULL_WAITS:
                return self._full
            return min(self._full, max(2.5, 3 * self._slowest))

    def replied(self, seconds: float) -> None:
        """A reply came after so many seconds."""
        with self._lock:
            self._slowest = max(self._slowest, seconds)

    def silent(self) -> None:
        """A reply did not come."""
        with self._lock:
            self._silences += 1

    def step(self, rule: str, worked: bool) -> None:
        """A set-up step that a requirement judges worked or did not."""
        with self._lock:
            self._strikes[rule] = 0 if worked else self._strikes[rule] + 1

    def doubt(self, rule: str) -> None:
        """A set-up step failed at the first look: one more failure and it is not tried again."""
        with self._lock:
            self._strikes[rule] = STRIKES - 1

    def hopeless(self, rule: str) -> bool:
        """Whether a set-up step has failed so often in a row that no case tries it again."""
        with self._lock:
            return self._strikes[rule] >= STRIKES
