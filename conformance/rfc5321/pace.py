"""Manners towards a server that others use as well: how many connections a second, and messages a minute."""

from __future__ import annotations

import threading
import time

CONNECTIONS = {"near": 20.0, "far": 2.0}
"""New connections a second to a server on this machine, and to another host."""


class Pace:
    """Spaces what one process does; a run against another host is one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next: dict[str, float] = {}
        self._done: dict[str, int] = {}

    def allows(self, what: str, most: int) -> bool:
        """Whether there may be one more of its kind, which is counted then; `most` of it are enough for a run."""
        with self._lock:
            self._done[what] = self._done.get(what, 0) + 1
            return self._done[what] <= most

    def wait(self, what: str, a_second: float) -> None:
        """Wait for the turn of the next of its kind.

        Args:
            what: the kind.
            a_second: how many of it there may be in one second.
        """
        with self._lock:
            turn = max(time.monotonic(), self._next.get(what, 0.0))
            self._next[what] = turn + 1 / a_second
        time.sleep(max(0.0, turn - time.monotonic()))
