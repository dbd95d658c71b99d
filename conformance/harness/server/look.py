"""The first look's conversation with a server: what a profile says, and what is learned from how it is answered."""

from __future__ import annotations

import ssl
import time
from contextlib import AbstractContextManager

from conformance.harness.rules import LATE
from conformance.harness.server.slots import Places
from conformance.harness.settings import Settings
from conformance.harness.vocabulary import Vocabulary
from conformance.harness.wire.connection import Closed, Connection, Silent
from conformance.harness.wire.reply import LONGEST_REPLY, Reply
from conformance.harness.wire.tls import TLSFailed, Untrusted

QUIET = 0.025
"""Seconds that are listened beyond each reply, to learn whether the server says more than one."""


class Look:
    """A patient conversation that a profile leads.

    Args:
        connection: to the server.
        words: what is said.
        places: those of the server.
        patience: seconds that a reply is waited for.
        settings: the options of the run.

    Attributes:
        mark: what the message bears by which it is found again.
        greeted: whether the client was greeted, as the profile says.
        answered: whether any command was answered.
        delivered: whether the message was taken, as the profile says.
        latency: seconds that a reply takes, the median of those that came.
        learned: what else the profile learned, by names of its own; every case has it in its scene.
        own_address: the numeric address that the client has on this connection.
    """

    def __init__(
        self, connection: Connection, words: Vocabulary, places: Places, patience: float, settings: Settings
    ) -> None:
        self.mark = words.token(16)
        self.words = words
        self.settings = settings
        self.greeted = self.answered = self.delivered = False
        self.latency = 0.0
        self.learned: dict[str, str] = {}
        self.own_address = connection.own_address
        self._connection = connection
        self._places = places
        self._patience = patience
        self._waits: list[float] = []

    def greeting(self, patience: float | None = None) -> Reply | None:
        """Read what greets the client; None for a flood of it.

        Args:
            patience: seconds that it is waited for, if not as long as a reply; it may still come before the first one.

        Raises:
            WireError: nothing comes.
        """
        reply = self.hear(self._patience if patience is None else patience)
        flood = len(self._connection.extra(QUIET)) >= LONGEST_REPLY
        return None if flood or reply.truncated else reply

    def say(self, data: bytes, alone: bool = True) -> Reply:
        """Send a line or a message, and read what answers it.

        Args:
            data: what is sent.
            alone: whether that is all; more of it will be heard otherwise.

        Raises:
            WireError: nothing does, or too slowly.
        """
        if self.answered and self.latency > LATE:
            raise Silent("too slow to be looked at any longer")
        self._connection.send(data)
        reply = self.hear(self._patience)
        self.answered = True
        if alone:
            self._connection.extra(QUIET)
        return reply

    def begin_tls(self, settings: ssl.SSLContext, name: str | None) -> None:
        """Shake hands for TLS.

        Args:
            settings: what is asked of the session.
            name: the server's, for its certificate, or None.

        Raises:
            Untrusted: the server's certificate is not right, and has to be.
            Closed: no session came about.
        """
        try:
            self._connection.start_tls(settings, self._patience, name)
        except Untrusted:
            raise
        except TLSFailed as error:
            raise Closed(str(error)) from None

    def delivering(self) -> AbstractContextManager[None]:
        """Hold the right to deliver."""
        return self._places.delivering()

    def hear(self, patience: float) -> Reply:
        """Read a reply that comes within so many seconds.

        Raises:
            WireError: none does.
        """
        reply = self._connection.reply(time.monotonic() + patience)
        self._waits.append(reply.at - self._connection.sent)
        self.latency = sorted(self._waits)[len(self._waits) // 2]
        return reply
