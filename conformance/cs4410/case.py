"""What a case has in hand: clients, a vocabulary, the mailbox, and the recorder of what it finds."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

from conformance.cs4410 import source
from conformance.cs4410.client import Client
from conformance.cs4410.dialect import Dialect
from conformance.cs4410.inbox import Inbox
from conformance.harness.server import launch, proc
from conformance.harness.server.launch import PLAIN_PORT
from conformance.harness.server.pace import Pace
from conformance.harness.server.patience import Health
from conformance.harness.server.slots import SharedPlaces
from conformance.harness.server.target import Server
from conformance.harness.settings import Settings
from conformance.harness.verdict.verdict import Blocked, Broken, Record, Skipped
from conformance.harness.vocabulary import Vocabulary

LONGEST, SHORT = 60.0, 5.0
"""Seconds that a case goes on with one thing after the other on however busy a machine, and where each takes a wait."""
Some = TypeVar("Some")


class Connected(Protocol):
    """Whatever came over a connection: a client, or a message."""

    @property
    def connection(self) -> int:
        """The connection's number in the transcript, 0 for none."""


class Case:
    """One case on one server.

    Args:
        record: where findings go.
        server: the server under test.
        settings: the options of the run.
        dialect: the words.
        health: what other cases have learned of the server.

    Attributes:
        words: hosts, addresses and bodies that follow from the seed and the case's id.
        limit: the server's time limit in seconds.
        inbox: the server's mailbox.
        clients: all that were made, in order.
        senders: every address that they sent from.
        counts: whether the case holds the right to deliver.
        pace: how slow the server is by itself, as far as the case has seen.
    """

    def __init__(self, record: Record, server: Server, settings: Settings, dialect: Dialect, health: Health) -> None:
        self.record = record
        self.server = server
        self.settings = settings
        self.dialect = dialect
        self.health = health
        self.words = Vocabulary(settings.seed, record.id)
        self.limit = settings.time_limit
        self.clients: list[Client] = []
        self.senders: set[str] = set()
        self.counts = False
        self.pace = Pace()
        self.inbox = Inbox(self)
        self._stopped_by: set[str] = set()

    def words_of(self, client: int) -> Vocabulary:
        """The words of one of the case's clients, by its place among them: whoever comes first, each says the same."""
        return Vocabulary(self.settings.seed, f"{self.record.id}/{client}")

    def client(self, state: str = "connected") -> Client:
        """A new client, connected, greeted, and brought to a state.

        Raises:
            Blocked: the server does not let it get there.
        """
        client = self.stranger()
        client.open()
        client.reach(state)
        return client

    def stranger(self) -> Client:
        """A client that is not connected yet."""
        client = Client(self)
        self.clients.append(client)
        return client

    def judges(self, requirement: str) -> bool:
        """Whether the case judges this requirement."""
        return requirement in self.record.requirements

    def stop(
        self,
        requirement: str,
        reason: str,
        expected: str = "",
        actual: str = "",
        base: str = "",
        about: Iterable[Connected] = (),
    ) -> Broken | Blocked:
        """What to raise where a requirement is broken and the case cannot go on: the case's own finding, or a block.

        Args:
            requirement: its id.
            reason, expected, actual: what is wrong, what was expected, and what came instead.
            base: the requirement that judges the same reply in its plainest form.
            about: the clients, or their messages, that show it best.
        """
        self._stopped_by.add(requirement)
        numbers = [one.connection for one in about]
        if self.judges(requirement):
            return Broken(requirement, reason, expected, actual, base, numbers)
        return Blocked(requirement, reason, expected, actual, numbers)

    def find(
        self, requirement: str, reason: str, expected: str = "", actual: str = "", about: Iterable[Connected] = ()
    ) -> None:
        """Record a breach and go on; not this case's affair unless it judges the requirement."""
        if self.judges(requirement):
            self.record.find(requirement, reason, expected, actual, [one.connection for one in about])

    def expect(
        self,
        holds: bool,
        requirement: str,
        reason: str,
        expected: str = "",
        actual: str = "",
        about: Iterable[Connected] = (),
    ) -> None:
        """Judge something that is no reply; ends the case where it does not hold."""
        if not holds:
            raise self.stop(requirement, reason, expected, actual, about=about)

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Hold the right to deliver, to know of every delivery while it is held."""
        with self.server.places.delivering():
            for client in self.clients:
                client.may_deliver = True
            self.counts = True
            try:
                yield
            finally:
                self.counts = False
                for client in self.clients:
                    client.may_deliver = False

    def soon(self, those: Sequence[Some]) -> Iterator[Some]:
        """Give one after the other; of a server that is slow by itself only those for which there is time."""
        began, manners = time.monotonic(), self.server.manners
        longest = SHORT if manners.chatty or manners.unterminated else LONGEST
        for done, one in enumerate(those):
            if self.pace.slow > max(SHORT, self.limit) or time.monotonic() - began > longest:
                name = self.record.id.partition("::")[2]
                self.record.cut_short = f"{name} was cut short after {done} of {len(those)}"
                return
            yield one

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

    def close(self) -> None:
        """Close every client's connection."""
        for client in self.clients:
            client.close()

    @property
    def hung_up_on(self) -> bool:
        """Whether the server has ended the connection of any client."""
        return any(client.ended for client in self.clients)

    def stopped_by(self, requirement: str) -> bool:
        """Whether a breach of this requirement has stopped the case."""
        return requirement in self._stopped_by

    def start_anew(self, stale: bytes | None) -> None:
        """Start the server again.

        Args:
            stale: a mailbox that stands in its directory before, or None.

        Raises:
            Skipped: the suite did not start it.
        """
        if not self.server.launched:
            raise Skipped("only a server that the suite starts can be started again")
        self.server.start_anew(stale)

    def source_files(self) -> list[Path]:
        """The files of the server's source.

        Raises:
            Skipped: they are not known.
        """
        words = launch.words_of(self.server.command) if self.server.command else []
        files = source.files(self.settings.source, words)
        if not files:
            raise Skipped("the source is not known: name it with --source")
        return files

    def expect_plain_address(self) -> None:
        """Judge that the launch command without the words that it fills in leads to 127.0.0.1:8765.

        Raises:
            Skipped: the suite did not start the server, or not without arguments, or the port is taken.
        """
        if self.server.command is None or not proc.available():
            raise Skipped("seen of a server that the suite starts, on Linux")
        command = launch.without_placeholders(self.server.command)
        if launch.has_arguments(command):
            raise Skipped("the command gives the server arguments")
        self.server.stop()
        taken = Skipped(f"port {PLAIN_PORT} is taken by another process")
        try:
            with SharedPlaces(launch.HOST, PLAIN_PORT).starting(patience=10.0):
                if proc.listener(launch.HOST, PLAIN_PORT):
                    raise taken
                launch.Process(command, self.limit, wrap=self.settings.wrap).stop()
        except launch.Unreachable as error:
            raise self.stop("start.address", str(error), f"{launch.HOST}:{PLAIN_PORT}") from None
        except TimeoutError:
            raise taken from None
