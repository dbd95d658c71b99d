"""What a case has in hand: clients, a vocabulary, the mailbox, and the recorder of what it finds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from conformance.harness import mailbox
from conformance.harness.client import Client
from conformance.harness.dialect import Dialect
from conformance.harness.health import Health
from conformance.harness.mailbox import Entry, Message
from conformance.harness.settings import Settings
from conformance.harness.target import Server
from conformance.harness.verdict import Blocked, Broken, Record, Skipped
from conformance.harness.vocabulary import Vocabulary

SOON = 2.0
"""Seconds within which an entry has to be in the mailbox."""


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
        self, requirement: str, reason: str, expected: str = "", actual: str = "", base: str = ""
    ) -> Broken | Blocked:
        """What to raise where a requirement is broken and the case cannot go on: the case's own finding, or a block."""
        if self.judges(requirement):
            return Broken(requirement, reason, expected, actual, base)
        return Blocked(requirement, reason, expected, actual)

    def find(self, requirement: str, reason: str, expected: str = "", actual: str = "") -> None:
        """Record a breach and go on; not this case's affair unless it judges the requirement."""
        if self.judges(requirement):
            self.record.find(requirement, reason, expected, actual)

    def expect(self, holds: bool, requirement: str, reason: str, expected: str = "", actual: str = "") -> None:
        """Judge something that is no reply; ends the case where it does not hold."""
        if not holds:
            raise self.stop(requirement, reason, expected, actual)

    def entries(self) -> list[Entry]:
        """All entries of the server's mailbox and its backups.

        Raises:
            Skipped: its directory is not known.
        """
        if self.server.folder is None:
            raise Skipped(f"the mailbox cannot be read: {self.server.no_folder}")
        try:
            return self.server.folder.entries()
        except mailbox.Unreadable as error:
            raise self.stop("start.mailbox", f"the mailbox cannot be read: {error}") from None

    def entry(self, message: Message) -> Entry:
        """The entry of a delivered message, waited for up to two seconds.

        Raises:
            Broken, Blocked: there is none, or more than one.
        """
        deadline = time.monotonic() + SOON
        while True:
            found = [entry for entry in self.entries() if entry.number == message.number]
            # An entry may show in the mailbox and its backup for a moment.
            if len(found) == 1 or time.monotonic() > deadline:
                break
            time.sleep(0.02)
        if not found:
            raise self.stop("mailbox.soon", f"no entry with number {message.number} within {SOON:g} s of the reply")
        if len(found) > 1:
            raise self.stop("mailbox.whole", f"{len(found)} entries with number {message.number}")
        return found[0]

    def expect_entry(self, message: Message, requirement: str) -> Entry:
        """Judge that a message stands in the mailbox as it was sent."""
        entry = self.entry(message)
        wrong = mailbox.differences(entry, message)
        if wrong:
            actual = entry.raw[:2000].decode("latin-1")
            raise self.stop(requirement, "; ".join(wrong), _expected_entry(message), actual)
        return entry

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

    def settled_entries(self) -> list[Entry]:
        """All entries, read when no backup is under way: two readings agree.

        Raises:
            Skipped: the mailbox's directory is not known.
        """
        deadline = time.monotonic() + SOON
        before = self.entries()
        while time.monotonic() < deadline:
            time.sleep(0.05)
            after = self.entries()
            if [entry.raw for entry in before] == [entry.raw for entry in after]:
                break
            before = after
        return before

    def expect_next(self, first: Message, second: Message, requirement: str) -> None:
        """Judge that two messages have numbers that follow each other, nobody else having delivered between them.

        Raises:
            Skipped: somebody else delivers to this server.
        """
        if second.number == first.number + 1:
            return
        if self._is_somebody_elses(range(first.number + 1, second.number)):
            raise Skipped("somebody else delivers to this server")
        raise self.stop(requirement, "not the next number", f"{first.number + 1}", f"{second.number}")

    def _is_somebody_elses(self, numbers: range) -> bool:
        if self.server.launched or not numbers:
            return False
        if self.server.folder is None:
            # Who else delivers does so now and then; a server that errs does so every time.
            gaps = {self._gap(lambda: None) for _ in range(3)}
            return gaps != {len(numbers) + 1}
        entries = {entry.number: entry for entry in self.settled_entries()}
        return all(number in entries and entries[number].sender not in self.senders for number in numbers)

    def _gap(self, action: Callable[[], object]) -> int:
        first = self.client("recipient").deliver(self.words.body(1))
        action()
        return self.client("recipient").deliver(self.words.body(1)).number - first.number

    def expect_no_number_between(self, action: Callable[[], object], requirement: str) -> None:
        """Judge that something takes no number: deliveries before and after it have numbers that follow each other.

        Args:
            action: what must not take a number.
            requirement: what is broken if it does.

        Raises:
            Skipped: somebody else delivers to this server.
        """
        with self.counting():
            messages = [self.client("recipient").deliver(self.words.body(1))]
            action()
            # The second delivery after it sees a number that was taken late.
            messages += [self.client("recipient").deliver(self.words.body(1)) for _ in range(2)]
        for first, second in zip(messages, messages[1:], strict=False):
            self.expect_next(first, second, requirement)

    def abandon(self, state: str, sent: bytes, leave: str) -> None:
        """A client that leaves in the middle.

        Args:
            state: where it gets to.
            sent: what it sends then.
            leave: how it leaves: `close`, `reset` or `half_close`.
        """
        client = self.client(state)
        if sent:
            client.send(sent)
        client.leave(leave)

    def close(self) -> None:
        """Close every client's connection."""
        for client in self.clients:
            client.close()


def _expected_entry(message: Message) -> str:
    head = [f"Received: from {message.host} by <netid> (CS4410MP3)", f"Number: {message.number}"]
    head += [f"From: {message.sender}", *(f"To: {one}" for one in message.recipients), ""]
    body = message.body[:1500].decode("latin-1").replace("\r\n", "\n")
    return "\n".join(head) + "\n" + body
