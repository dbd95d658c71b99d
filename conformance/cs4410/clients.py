"""The clients of a case."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from conformance.cs4410.client import Client
from conformance.cs4410.dialect import Dialect
from conformance.cs4410.scene import MailScene
from conformance.harness.client.scene import Scene


class Clients(MailScene):
    """A scene with its clients.

    Attributes:
        clients: all that were made, in order.
    """

    def __init__(self, scene: Scene, dialect: Dialect) -> None:
        super().__init__(scene, dialect)
        self.clients: list[Client] = []

    def client(self, state: str = "connected") -> Client:
        """A new client, connected, greeted, and brought to a state.

        Raises:
            Blocked: the server does not let it get there.
        """
        client = self.unconnected_client()
        client.open()
        client.reach(state)
        return client

    def unconnected_client(self) -> Client:
        """A client that is not connected yet."""
        client = Client(self, self.words_of(len(self.clients)))
        self.clients.append(client)
        return client

    def abandon(self, state: str, sent: bytes, leave: str) -> Client:
        """A client that leaves in the middle.

        Args:
            state: where it gets to.
            sent: what it sends then.
            leave: how it leaves: `close`, `reset` or `half_close`.

        Returns:
            It.
        """
        client = self.client(state)
        if sent:
            client.send(sent)
        client.leave(leave)
        return client

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Hold the right to deliver, to know of every delivery while it is held."""
        with self.server.places.delivering():
            self.counts = True
            try:
                yield
            finally:
                self.counts = False

    def close(self) -> None:
        """Close every client's connection."""
        for client in self.clients:
            client.close()

    @property
    def hung_up_on(self) -> bool:
        """Whether the server has ended the connection of any client."""
        return any(client.ended for client in self.clients)
