"""What a case of the standard has in hand: clients, and the mail that the server has delivered."""

from __future__ import annotations

import time
from functools import cache

from conformance.harness.client.scene import Scene
from conformance.harness.verdict.verdict import Skipped
from conformance.rfc5321.client import Client
from conformance.rfc5321.kind import ARRIVES, Maildir
from conformance.rfc5321.message import Message, is_test_mail
from conformance.rfc5321.scene import MailScene
from conformance.rfc5321.seen import Seen
from conformance.stores.message import Stored
from conformance.stores.opening import open_store
from conformance.stores.store import MailStore

NO_MAIL = "no mail"
"""What is known of a place of mail that cannot be read: why."""
_opened = cache(open_store)


class Case(MailScene):
    """One case on one server.

    Attributes:
        clients: all that were made, in order.
    """

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.clients: list[Client] = []

    def client(self, state: str = "ehlo", *keywords: str) -> Client:
        """A new client, greeted, and brought to a state.

        Args:
            state: which.
            keywords: of extensions that have to be announced, in upper case.

        Raises:
            Blocked, Skipped: the server does not let it get there.
        """
        self.expect_announced(*keywords)
        client = self.unconnected_client()
        client.open()
        client.reach(state)
        client.needs(*keywords)
        return client

    def unconnected_client(self) -> Client:
        """A client that is not connected yet."""
        client = Client(self, self.words_of(len(self.clients)))
        self.clients.append(client)
        return client

    @property
    def mail(self) -> MailStore:
        """Where delivered mail is read.

        Raises:
            Skipped: it cannot be seen.
        """
        if trouble := self.patience.known.get(NO_MAIL):
            raise Skipped(f"delivered mail cannot be read: {trouble}")
        if self.tester.store:
            # What is not found there at the first look is waited for only where that is judged.
            if self.server.no_store and not (self.judges("data.delivered") or self.judges("rcpt.each")):
                raise Skipped(f"delivered mail cannot be seen: {self.server.no_store}")
            return Seen(_opened(self.tester.store), self._note_trouble)
        if isinstance(self.server.store, Maildir):
            return Seen(self.server.store.mail, self._note_trouble)
        raise Skipped("delivered mail cannot be seen: name --store")

    def _note_trouble(self, trouble: str) -> None:
        """The mail cannot be read: nor will it be where it could not be at the first look either, or often in a row."""
        self.patience.record_setup(NO_MAIL, False)
        if self.server.no_store or self.patience.given_up(NO_MAIL):
            self.patience.known[NO_MAIL] = trouble

    @property
    def is_final(self) -> bool:
        """Whether the mail that is read there was delivered finally."""
        return self.tester.final or self.mail.final

    def arrived(self, message: Message, count: int = 1) -> list[Stored]:
        """What is in the store of a message, waited for; nothing if it does not arrive in time."""
        mail = self.mail
        longest = 1.0 if self.patience.given_up("data.delivered") else ARRIVES
        found = mail.wait_for(message.mark.encode(), time.monotonic() + longest, count)
        self.patience.record_setup("data.delivered", bool(found))
        self.patience.record_setup(NO_MAIL, True)
        return found

    def notifications(self, message: Message, seconds: float = 0.0) -> list[Stored]:
        """What has come of a message but the message itself, waited for up to some seconds."""
        until = time.monotonic() + seconds
        return self.mail.wait_for(message.mark.encode(), until, like=lambda copy: not is_test_mail(copy.body))

    def delivered(self, message: Message) -> Stored:
        """A message that was taken, as it was delivered.

        Raises:
            Skipped: it is not seen in time, which other requirements judge.
        """
        if found := self.arrived(message):
            return found[0]
        raise Skipped("not seen: the message did not arrive within the time for that")

    def copies(self, message: Message) -> list[Stored]:
        """All copies of a message that was taken, as they are when one that was sent later has arrived.

        Raises:
            Skipped: none is seen in time.
        """
        self.delivered(message)
        self.never_arrives(message)
        return self.mail.find(message.mark.encode())

    def never_arrives(self, message: Message) -> bool:
        """Whether a message has not arrived when one that was sent later has."""
        self.wait_for_later_mail()
        return not self.mail.find(message.mark.encode())

    def wait_for_later_mail(self) -> None:
        """Deliver another message and wait until it is seen: what was sent before would be there by then.

        Raises:
            Skipped: it is not seen in time.
        """
        later = self.client("ehlo")
        fence = later.message()
        later.deliver(fence)
        later.quit()
        self.delivered(fence)

    @property
    def hung_up_on(self) -> bool:
        """Whether the server has ended the connection of any client."""
        return any(client.ended for client in self.clients)

    def close(self) -> None:
        """Say goodbye for every client that still can."""
        for client in self.clients:
            client.quit()
