"""The event loop: all connections in one thread, none of them ever waited for; it knows by how much it was late."""

from __future__ import annotations

import heapq
import itertools
import select
import socket
from collections.abc import Callable
from typing import Protocol

READ, WRITE = select.EPOLLIN, select.EPOLLOUT
CHECK = 0.05
"""Seconds between two looks at what is overdue; a turn lasts no longer."""
LATE_TURN = 0.25
"""Seconds between two turns from which on the loop was late."""


class Connected(Protocol):
    """What the loop knows of a client.

    Attributes:
        socket: its connection, or None.
        serial: counts its connections, so that a timer of an earlier one is known.
    """

    socket: socket.socket | None
    serial: int

    def on_event(self, events: int) -> None:
        """The socket can be read or written."""


class Loop:
    """Watches sockets and the clock.

    It watches as long as it comes round in time: `watched` is the time since the run began without that by which it
    was late itself. What is overdue is judged by it.

    Args:
        monotonic: tells the time in seconds.

    Attributes:
        lost: seconds by which the loop was late, all together.
        watched: watched time at the beginning of this turn; all that had come by then is read when clients are checked.
        turned: when this turn began, by the clock.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self.monotonic = monotonic
        self.lost = self.watched = self.turned = 0.0
        self._poll: select.epoll  # from `start` on: books that are kept elsewhere have a run and no loop
        self._watched: dict[int, Connected] = {}
        self._timers: list[tuple[float, int, Connected, int, Callable[[], None]]] = []
        self._count = itertools.count()

    @property
    def idle(self) -> bool:
        """Whether no socket is watched."""
        return not self._watched

    def start(self) -> float:
        """Begin to watch; returns the time."""
        self._poll = select.epoll()
        self.turned = self.watched = self.monotonic()
        return self.turned

    def watch(self, client: Connected, events: int) -> None:
        """Tell a client when its socket can be read or written."""
        assert client.socket
        descriptor = client.socket.fileno()
        if descriptor in self._watched:
            self._poll.modify(descriptor, events)
        else:
            self._watched[descriptor] = client
            self._poll.register(descriptor, events)

    def unwatch(self, client: Connected) -> None:
        """Forget a client's socket, which is about to be closed."""
        assert client.socket
        descriptor = client.socket.fileno()
        if self._watched.pop(descriptor, None):
            self._poll.unregister(descriptor)

    def later(self, client: Connected, when: float, action: Callable[[], None]) -> None:
        """Do something at a time of the monotonic clock, unless the client's connection has ended by then."""
        heapq.heappush(self._timers, (when, next(self._count), client, client.serial, action))

    def turn(self, now: float, until: float) -> None:
        """Wait until something happens, at most until a time, and let the clients do what is to be done.

        Args:
            now: the time that it is.
            until: when something else is due, by the clock.
        """
        if now - self.turned > LATE_TURN:
            self.lost += now - self.turned - CHECK
        self.turned = now
        self.watched = now - self.lost
        if self._timers:
            until = min(until, self._timers[0][0])
        watched = self._watched
        for descriptor, events in self._wait(max(0.0, until - now)):
            client = watched.get(descriptor)
            if client is not None:
                client.on_event(events)
        while self._timers and self._timers[0][0] <= self.monotonic():
            _, _, client, serial, action = heapq.heappop(self._timers)
            if client.socket is not None and client.serial == serial:
                action()

    def close(self) -> None:
        """Watch no more."""
        self._poll.close()

    def _wait(self, seconds: float) -> list[tuple[int, int]]:
        """What is ready, at the latest after so long."""
        return self._poll.poll(seconds)


class FineLoop(Loop):
    """A loop that is back in time to the tenth of a millisecond, where a poll is to the next whole one.

    Each turn costs it a call more.

    Attributes:
        waited: seconds in which nothing was to be done; by what it slept longer than it wanted to, it was late.
    """

    waited = 0.0

    def _wait(self, seconds: float) -> list[tuple[int, int]]:
        if seconds > 0:
            began = self.monotonic()
            select.select([self._poll], (), (), seconds)
            self.waited += min(seconds, self.monotonic() - began)
        return self._poll.poll(0)
