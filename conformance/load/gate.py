"""Who is connected: some at a time, until all have been greeted at once, and whoever left comes back."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection
from typing import Protocol

from conformance.load.loop import Connected, Loop

CONNECT_PAUSE = 0.004
"""Seconds between two connects of clients that come back: a closed connection keeps its port for a minute, and of the
28,000 that there are these are 15,000."""
NO_PORT_PAUSE = 1.0
"""Seconds until the next connect where this machine has no port free."""
NO_PLACE_PAUSE = 0.5
"""The same where the server has no place free."""


class Comer(Connected, Protocol):
    """A client that can be connected."""

    def connect(self) -> bool:
        """Begin to connect; whether that was possible.

        Raises:
            OSError: the server refuses.
        """


class Gate:
    """Connects clients.

    Args:
        loop: whose clock it goes by.
        most: how many may be ungreeted at a time.

    Attributes:
        refused: why no connection can be made, or empty.
        most_greeted: how many connections were greeted at once.
        expected: how many are to be greeted at once before anybody speaks.
        resting: the clients that are not connected again; changed by `rests`.
    """

    def __init__(self, loop: Loop, most: int) -> None:
        self._loop = loop
        self._most = most
        self.refused = ""
        self.most_greeted = self.expected = 0
        self.resting: set[Comer] = set()
        self._waiting: deque[Comer] = deque()
        self._ungreeted: set[Comer] = set()
        self._greeted: set[Comer] = set()
        self._next_connect = self._complete_by = 0.0
        self._when_complete: list[tuple[Comer, int, Callable[[], None]]] | None = []
        self._closed = False

    @property
    def rounds(self) -> int:
        """In how many rounds all clients connect, some at a time."""
        return -(-self.expected // self._most)

    @property
    def serves(self) -> bool:
        """Whether any client is greeted and has not been let go."""
        return bool(self._greeted)

    def open(self, clients: Collection[Comer], complete_by: float) -> None:
        """Connect all clients; by a time of the clock those who are greeted no longer wait for the others."""
        self.expected = len(clients)
        self._complete_by = complete_by
        self._waiting.extend(clients)

    def close(self) -> None:
        """Connect nobody any more."""
        self._closed = True
        self._waiting.clear()

    def wants_to_connect(self, client: Comer) -> None:
        """Connect a client when there is room for one that is not greeted yet."""
        if client not in self.resting and not self._closed:
            self._waiting.append(client)

    def rests(self, client: Comer) -> None:
        """Do not connect a client again."""
        self.resting.add(client)

    def was_greeted(self, client: Comer) -> None:
        """Make room for the next connect."""
        self._ungreeted.discard(client)
        self._greeted.add(client)
        self.most_greeted = max(self.most_greeted, len(self._greeted))

    def is_parting(self, client: Comer) -> None:
        """Count a client no more among those that are served: it half-closes, or its time-out has come."""
        self._greeted.discard(client)

    def pause(self) -> None:
        """Connect nobody for a while, since the server serves no more now; those who wait for all wait no longer."""
        self._complete_by = 0.0
        self._next_connect = self._loop.monotonic() + NO_PLACE_PAUSE

    def has_left(self, client: Comer) -> None:
        """Its connection is about to be closed."""
        self._ungreeted.discard(client)
        self._greeted.discard(client)

    def when_complete(self, client: Comer, action: Callable[[], None]) -> None:
        """Do something as soon as all clients have been greeted at once, or that has taken too long."""
        if self._when_complete is None:
            action()
        else:
            self._when_complete.append((client, client.serial, action))

    def turn(self) -> None:
        """Connect whom there is room for, and let those speak who wait for each other."""
        if self._waiting:
            self._connect_some()
        if self._when_complete is not None:
            self._release_if_complete(self._when_complete)

    def _connect_some(self) -> None:
        while self._waiting and len(self._ungreeted) < self._most and not self.refused:
            now = self._loop.monotonic()
            if now < self._next_connect:
                return
            self._next_connect = now if self._when_complete is not None else now + CONNECT_PAUSE
            client = self._waiting.popleft()
            try:
                connecting = client.connect()
            except OSError as error:
                self.refused = str(error)
                return
            if connecting:
                self._ungreeted.add(client)
            else:
                self._waiting.append(client)
                self._next_connect = now + NO_PORT_PAUSE

    def _release_if_complete(self, waiting: list[tuple[Comer, int, Callable[[], None]]]) -> None:
        if len(self._greeted) < self.expected and self._loop.monotonic() <= self._complete_by:
            return
        self._when_complete = None
        for client, serial, action in waiting:
            if client.socket is not None and client.serial == serial:
                action()
