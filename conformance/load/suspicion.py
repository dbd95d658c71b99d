"""What speaks for the server: that it was slow, that it is ending, that we were late ourselves."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from conformance.load.loop import Loop

SUSPECTED = 0.5
"""Seconds between the server's closing a connection and its being blamed for that."""
STALLING = 1.0
"""Seconds without a reply to anybody."""
MARGIN = 4
"""How many times faster than it had to be a server answers whose time-out instead of a reply is held against it."""
SLOW_REPLIES = 200
"""How many of the latest slow replies are remembered."""


class Suspicion:
    """What the server is not blamed for at once.

    Args:
        loop: whose time it goes by.
        time_limit: the server's, in seconds.

    Attributes:
        last_reply: when any client at full speed was last answered, in watched time.
        calm: the longest time, in watched seconds, without a client that was late itself.
    """

    def __init__(self, loop: Loop, time_limit: float) -> None:
        self._loop = loop
        self._slow_from = time_limit / (2 * MARGIN)
        self.last_reply = self.calm = 0.0
        self._calm_since = 0.0
        self._slow_replies: deque[tuple[float, float]] = deque(maxlen=SLOW_REPLIES)
        self._suspected: deque[tuple[float, Callable[[], None]]] = deque()

    def start(self) -> None:
        """The run begins."""
        self.last_reply = self._calm_since = self._loop.watched

    def was_late(self) -> None:
        """A client of ours was late; in the end, the run is."""
        self.calm = max(self.calm, self._loop.watched - self._calm_since)
        self._calm_since = self._loop.watched

    def took(self, seconds: float, now: float) -> None:
        """Remember how long a reply took that came now, if that was long."""
        if seconds > self._slow_from:
            self._slow_replies.append((now, seconds))

    def was_slow(self, since: float, spare: float) -> bool:
        """Whether replies took so long that a right server may have overlooked a line until its clock ran out.

        Args:
            since: when the line was sent.
            spare: the seconds that were left then.
        """
        return any(at >= since and seconds > spare / MARGIN for at, seconds in self._slow_replies)

    def is_silent(self, seconds: float) -> bool:
        """Whether no client that talks was answered for so long."""
        return self._loop.watched - self.last_reply > seconds

    def was_idle(self) -> None:
        """Nobody at full speed was owed anything, so that silence counts from now."""
        self.last_reply = self._loop.watched

    def suspect(self, blame: Callable[[], None]) -> None:
        """Blame the server for a closed connection in a moment, unless it has ended by then: that is one finding."""
        self._suspected.append((self._loop.monotonic() - self._loop.lost + SUSPECTED, blame))

    @property
    def suspects(self) -> bool:
        """Whether anything is to be blamed in a moment."""
        return bool(self._suspected)

    def judge(self, all_of_it: bool = False) -> None:
        """Blame what its moment has passed of, or all."""
        while self._suspected and (all_of_it or self._suspected[0][0] <= self._loop.watched):
            self._suspected.popleft()[1]()

    def drop(self) -> None:
        """The server has ended, which explains it all."""
        self._suspected.clear()
