"""The server that a search talks to, and what it has been through: what every profile's player shares."""

from __future__ import annotations

import time
from typing import Generic

from conformance.harness.rules import Rules
from conformance.harness.server.patience import Patience
from conformance.harness.server.target import Server
from conformance.search.budget import Hasty
from conformance.search.failure import Step


class Served(Generic[Step]):
    """A player's half that knows the server and no protocol.

    Args:
        server: the server under test.

    Attributes:
        connections: how many were made in all.
        past: the conversations that the server has been through since its start.
    """

    def __init__(self, server: Server) -> None:
        self.server = server
        self.connections = 0
        self.past: list[tuple[Step, ...]] = []
        self._started = time.monotonic()
        self._slowest = 0.0

    @property
    def rules(self) -> Rules:
        """The requirements that the engine has to name."""
        return self.server.kind.rules

    @property
    def age(self) -> float:
        """Seconds since the server was started, or first seen."""
        return time.monotonic() - self._started

    @property
    def can_restart(self) -> bool:
        """Whether a fresh server can be had."""
        return self.server.launched and not self.server.shared

    @property
    def visitors(self) -> int:
        """How many clients the server has had since its start."""
        return self.server.connections

    def stop(self) -> None:
        """End the server, so that the next conversation starts it again."""
        self.server.stop()

    def _ended(self, patience: float) -> str:
        """How the server has ended, or does within some seconds; empty while it runs."""
        ended = self.server.ended(patience)
        if not ended and self.server.gone:
            ended = "the server is gone: nothing listens there any more"
        if ended and self.can_restart:
            self.server.stop()
        return ended

    def _begin_anew(self) -> None:
        """Forget what a server that does not run any more has been through."""
        self.past.clear()
        self._started = time.monotonic()

    def _soon(self, health: Patience, usual: float) -> float:
        """Seconds to wait for mail, usually so many; while shrinking not much longer than it was ever seen to take."""
        shortest = health.soon if isinstance(health, Hasty) else usual
        return min(usual, max(shortest, 20 * self._slowest))
