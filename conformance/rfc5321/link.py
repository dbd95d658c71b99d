"""One client's connection to a mail server: it connects, is greeted, sends, goes on inside TLS, and leaves."""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Callable, Iterable
from contextlib import suppress

from conformance.harness.verdict.verdict import Blocked, Skipped
from conformance.harness.vocabulary import Vocabulary
from conformance.harness.wire import tls
from conformance.harness.wire.connection import Closed, Connection, Flooded, Refused, Silent, Slow, WireError
from conformance.harness.wire.reply import Reply
from conformance.rfc5321 import codes, pace
from conformance.rfc5321.scene import MailScene, shown
from conformance.rfc5321.sent import is_odd, told

CRLF = b"\r\n"
AGAIN = (1.0, 5.0, 15.0)
"""Seconds after which a server that has no place for a client is asked again."""
NO_PLACE = "a place for a client"
"""What a server lacks that is asked again in vain: three times in a row, and it is not asked again any more."""
AT_ONCE, GOODBYE = 0.02, 5.0
"""Seconds that the answer to QUIT is waited for before the client ends its side, as Exim holds it for 200 ms else, and
whatever comes until it does.
"""
GIVEN_UP = {
    "greet.first": ("greet.first", "greeting"),
    "greet.code": ("greet.code", "greeting of 220"),
    "reply.one": ("reply.one", "reply"),
    "time.reply": ("reply.one", "reply in time"),
}
"""What is not waited for any more when it never comes, by the requirement that judges it; what is blocked by that."""
BESIDE = "conn.parallel"
"""What is broken where a client is not greeted that is not alone."""
Cut = Callable[[bytes], Iterable[bytes]]
_GOODBYE = re.compile(rb"^(?:221|421)", re.MULTILINE)


def whole(data: bytes) -> list[bytes]:
    """Send in one segment."""
    return [data]


def bytewise(data: bytes) -> list[bytes]:
    """Send each byte in a segment of its own."""
    return [data[at : at + 1] for at in range(len(data))]


def as_bytes(line: str | bytes) -> bytes:
    """A line as it goes over the wire, without its CRLF."""
    return line.encode("latin-1") if isinstance(line, str) else line


class Link:
    """A connection of a client.

    Args:
        case: the scene.
        words: what it says.

    Attributes:
        greeting: the reply that greeted it.
        hello: the reply to its EHLO, or HELO.
        errors: how many of its commands were refused.
        recipients: how many were accepted in the transaction.
    """

    def __init__(self, case: MailScene, words: Vocabulary) -> None:
        self.words = words
        self.errors = 0
        self.recipients = 0
        self.greeting: Reply | None = None
        self.hello: Reply | None = None
        self._case = case
        self._wire: Connection | None = None
        self._said_quit = False
        self._gone = False
        self._odd = False
        self._leaving = False
        self._last = "the connection"

    @property
    def wire(self) -> Connection:
        """The connection."""
        assert self._wire, "the client is not connected"
        return self._wire

    @property
    def connection(self) -> int:
        """The connection's number in the transcript; 0 if there is none."""
        return self._wire.number if self._wire else 0

    @property
    def ended(self) -> bool:
        """Whether the server has ended the connection."""
        return self._wire is not None and self._wire.ended

    def connect(self) -> None:
        """Connect, without reading the greeting.

        Raises:
            Blocked: the server takes no connections, or it is known that it does not say what is waited for.
        """
        case, server = self._case, self._case.server
        for rule, (by, what) in GIVEN_UP.items():
            if case.patience.given_up(rule, case.judges(rule)):
                why = f"no {what} came three times in a row, and no more are waited for"
                raise Skipped(why) if case.judges(by) else Blocked(by, why)
        if server.open_ports and case.patience.given_up(BESIDE, case.judges(BESIDE)):
            raise Blocked(BESIDE, "no client was greeted beside another one three times in a row")
        server.places.space(pace.CONNECTIONS["near" if case.tester.local else "far"])
        server.connections += 1
        transcript, patience = case.record.transcript, case.patient
        between = max(patience, case.limit)  # or the rest of a slow reply would be taken for the next
        try:
            self._wire = Connection(
                server.address, transcript, server.manners, patience, server.first_socket(), between=between
            )
        except Refused as error:
            raise case.breach("close.serves-on", str(error), "a connection", "none") from None
        except (Silent, Closed) as error:
            case.patience.record_setup("greet.first", False, case.judges("greet.first"))
            raise Skipped(str(error)) from None
        if case.tester.tls == "implicit":
            self.begin_tls()
        self._gone = False
        server.own_ports.add(self.wire.local_port)
        server.open_ports.add(self.wire.local_port)

    def open(self) -> Reply:
        """Connect and read the greeting as a set-up step, later again where the server has no place now.

        Raises:
            Blocked: there is no greeting, or what came is none.
            Skipped: the server serves nobody.
        """
        case = self._case
        full = case.tester.launched or case.patience.given_up(NO_PLACE)
        for pause in (*(() if full else AGAIN), 0.0):
            with case.server.places.connecting():
                self.connect()
                greeting = self.take_greeting()
            if not greeting.code.startswith("4") or not pause:
                break
            self.close()
            time.sleep(pause)
        case.patience.record_setup(NO_PLACE, not greeting.code.startswith("4"))
        if greeting.code.startswith(("4", "5")):
            raise Skipped(f"the server serves nobody here: {shown(greeting)}")
        case.patience.record_setup("greet.code", greeting.code == "220", case.judges("greet.code"))
        if greeting.code != "220":
            raise Blocked("greet.code", "not a greeting", "220", greeting.text, [self.connection])
        case.server.greets = True
        return greeting

    def take_greeting(self) -> Reply:
        """Read what greets the client, whatever it says.

        Raises:
            Blocked: nothing came in time.
        """
        patience, beside = self._case.patience, len(self._case.server.open_ports) > 1
        try:
            self.greeting = self.wire.reply(time.monotonic() + self._case.patient)
        except WireError as error:
            rule, why = (BESIDE, "beside another client") if beside else ("greet.first", f"at all: {error}")
            patience.record_setup(rule, False, self._case.judges(rule))
            raise Blocked(rule, f"no greeting {why}", "220", "nothing", [self.connection]) from None
        if beside:
            patience.record_setup(BESIDE, True, self._case.judges(BESIDE))
        right = self.greeting.code == "220" or codes.refused(self.greeting)
        begun = not (right or self.greeting.end or self.ended)
        patience.record_setup("greet.first", not begun, self._case.judges("greet.first"))
        if begun:  # what may yet come of it nobody knows
            raise Blocked(
                "greet.first", "no greeting: its line has no end", "220", self.greeting.text, [self.connection]
            )
        self._leaving |= codes.refused(self.greeting)  # whom a server does not serve it may leave
        return self.greeting

    def quit(self) -> None:
        """Say goodbye, as far as anybody listens, and hear the answer: a rude client is remembered."""
        if self._wire and not self.ended and not self._said_quit and not self._gone:
            patience = self._case.patience
            with suppress(WireError):
                self.wire.send(b"QUIT\r\n", patience=1.0)
                if not patience.given_up("quit.closes"):
                    patience.record_setup("quit.closes", self._hears_goodbye())
        self.close()

    def _hears_goodbye(self) -> bool:
        """Whether QUIT is answered in time; its close is not waited for, since some servers wait for the client's."""
        until = time.monotonic() + GOODBYE
        with suppress(Silent, Flooded):
            with suppress(Closed):
                if not self.wire.waiting(AT_ONCE):
                    self.wire.half_close()
                while self.wire.reply(min(time.monotonic() + 1.0, until)).code != "221":
                    pass
            return True
        return False

    def close(self) -> None:
        """Leave, if connected."""
        if self._wire:
            self._gone = True
            self._wire.close()
            self._case.server.open_ports.discard(self._wire.local_port)

    def vanish(self, reset: bool = False) -> None:
        """Leave without a word, with a reset if that is asked for."""
        if reset:
            self.wire.reset()
        self.close()

    def left_within(self, seconds: float) -> bool:
        """Whether the server ends the connection within some seconds."""
        return self.wire.wait_closed(time.monotonic() + seconds)

    def send(self, data: bytes, cut: Cut = whole) -> None:
        """Send bytes in the pieces that `cut` makes of them.

        Raises:
            Skipped: the server takes them too slowly.
        """
        if self.greeting and not (self._case.judges("reply.one") or self._case.judges("reply.unasked")):
            self._leaving |= bool(_GOODBYE.search(self.wire.settle(usual=not self._odd)))
        self._odd = self._odd or is_odd(data)
        self._last = told(data)
        self._said_quit = data.upper() == b"QUIT\r\n"
        try:
            self.wire.send_apart(pieces) if len(pieces := list(cut(data))) > 1 else self.wire.send(data)
        except Slow as error:
            raise Skipped(f"too slow to be judged: {error}") from None
        except WireError:  # what else keeps them from being taken shows in the reply
            pass

    def pour(self, data: bytes) -> None:
        """Send much and read nothing, until the server takes no more."""
        self._last = told(data)
        with suppress(WireError):
            self.wire.send(data, patience=1.0, reading=False)

    def send_secret(self, line: str, shown: str) -> None:
        """Send a line that no transcript may have.

        Args:
            line: without its CRLF.
            shown: what the transcript has in its place.
        """
        self._last, self._said_quit = shown, False
        with suppress(WireError):
            self.wire.send(line.encode() + CRLF, shown=f"{shown}\r\n")

    def begin_tls(self, at_most: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED) -> tls.Session:
        """Shake hands; whatever certificate will do unless the tester wants it verified.

        Args:
            at_most: the newest version that is offered.

        Raises:
            Skipped: no TLS session comes about.
        """
        case, tester = self._case, self._case.tester
        try:
            self.wire.start_tls(tls.context(tester.verify, at_most), case.patient, tester.host)
        except tls.TLSFailed as error:
            if isinstance(error, tls.TLSStalled):
                case.patience.silent()
            raise Skipped(str(error)) from None
        assert self.wire.session
        return self.wire.session
