"""One client's connection to a mail server: it connects, is greeted, sends lines, hears replies, and leaves."""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Callable, Iterable
from contextlib import suppress

from conformance.harness.rules import LATE
from conformance.harness.verdict.verdict import Blocked, Skipped
from conformance.harness.vocabulary import Vocabulary
from conformance.harness.wire import tls
from conformance.harness.wire.connection import Closed, Connection, Flooded, Garbled, Refused, Silent, WireError
from conformance.harness.wire.reply import Reply
from conformance.rfc5321 import codes, pace
from conformance.rfc5321.scene import MailScene, shown
from conformance.rfc5321.sent import is_odd, told

CRLF = b"\r\n"
PROOF, QUIET = 2.0, 3.0
"""Seconds that QUIT's answer is waited for after a silence, and a group's reply before QUIT proves it to be missing."""
AGAIN = (1.0, 5.0, 15.0)
"""Seconds after which a server that has no place for a client is asked again."""
MOST_ERRORS = 2
"""Refused commands after which a close is a server's right."""
ENDS_TRANSACTION = ("EHLO", "LHLO", "HELO", "MAIL", "RSET")
"""Verbs after whose 250 there are no recipients."""
GIVEN_UP = {
    "greet.first": ("greet.first", "greeting"),
    "reply.one": ("reply.one", "reply"),
    "time.reply": ("reply.one", "reply in time"),
}
"""What is not waited for any more when it never comes, by the requirement that judges it; what is blocked by that."""
MOST_COUNTED = 30
"""Replies that are counted up to that to QUIT."""
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
        server.places.space(pace.CONNECTIONS["near" if case.tester.local else "far"])
        server.connections += 1
        transcript, patience = case.record.transcript, case.patient
        between = max(patience, case.limit)  # or the rest of a slow reply would be taken for the next
        try:
            self._wire = Connection(
                server.address, transcript, server.manners, patience, server.first_socket(), between=between
            )
        except Refused as error:
            raise case.breach("close.serves-on", str(error)) from None
        except (Silent, Closed) as error:
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
        for pause in (*(() if case.tester.launched else AGAIN), 0.0):
            with case.server.places.connecting():
                self.connect()
                greeting = self.take_greeting()
            if not greeting.code.startswith("4") or not pause:
                break
            self.close()
            time.sleep(pause)
        if greeting.code.startswith(("4", "5")):
            raise Skipped(f"the server serves nobody here: {shown(greeting)}")
        if greeting.code != "220":
            raise Blocked("greet.code", "not a greeting", "220", greeting.text, [self.connection])
        case.server.greets = True
        return greeting

    def take_greeting(self) -> Reply:
        """Read what greets the client, whatever it says.

        Raises:
            Blocked: nothing came in time.
        """
        patience = self._case.patience
        try:
            self.greeting = self.wire.reply(time.monotonic() + self._case.patient)
        except WireError as error:
            patience.record_setup("greet.first", False, self._case.judges("greet.first"))
            raise Blocked("greet.first", f"no greeting: {error}", "220", "nothing", [self.connection]) from None
        patience.record_setup("greet.first", True, self._case.judges("greet.first"))
        self._leaving |= codes.refused(self.greeting)  # whom a server does not serve it may leave
        return self.greeting

    def quit(self) -> None:
        """Say goodbye, as far as anybody listens, and hear the answer: a rude client is remembered."""
        if self._wire and not self.ended and not self._said_quit and not self._gone:
            patience = self._case.patience
            with suppress(WireError):
                self.wire.send(b"QUIT\r\n", patience=1.0)
                if not patience.given_up("quit.closes"):
                    patience.record_setup("quit.closes", self._hears_goodbye(time.monotonic() + 1.0))
        self.close()

    def _hears_goodbye(self, deadline: float) -> bool:
        """Whether QUIT is answered in time; its close is not waited for, since some servers wait for the client's."""
        with suppress(Silent, Flooded):
            with suppress(Closed):
                while self.wire.reply(deadline).code != "221":
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
        """Send bytes in the pieces that `cut` makes of them."""
        if self.greeting and not (self._case.judges("reply.one") or self._case.judges("reply.unasked")):
            self._leaving |= bool(_GOODBYE.search(self.wire.settle(usual=not self._odd)))
        self._odd = self._odd or is_odd(data)
        self._last = told(data)
        self._said_quit = data.upper() == b"QUIT\r\n"
        with suppress(WireError):  # what keeps them from being taken shows in the reply
            self.wire.send_apart(pieces) if len(pieces := list(cut(data))) > 1 else self.wire.send(data)

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

    def hear(self, times: int = 1) -> Reply:
        """The reply to what was sent; nothing of it is judged.

        Args:
            times: so often the usual patience is had.

        Raises:
            Broken: none came, and QUIT was answered before; or the server closed the connection instead.
            Blocked: none came in time.
        Skipped: the server left, as it may after several errors.
        """
        case = self._case
        try:
            reply = self.next_reply(time.monotonic() + times * case.patient)
        except Silent:
            raise self._silent() from None
        except Closed as error:
            raise self._left(error) from None
        waited = reply.at - self.wire.sent
        case.patience.replied(waited)
        case.patience.record_setup("reply.one", True, case.judges("reply.one"))
        if not case.tester.patient and case.patience.too_late(waited > LATE, case.judges("time.reply")):
            raise Skipped(f"too slow to be judged: every reply takes more than {LATE:g} s; --patient waits for them")
        return self._heard(reply)

    def hear_or_end(self) -> Reply | None:
        """The reply to what was sent, or None where the server closes the connection instead, as it may here."""
        try:
            reply = self.next_reply(time.monotonic() + self._case.patient)
        except Silent:
            raise self._silent() from None
        except Closed:
            return None
        return self._heard(reply)

    def hear_within(self, seconds: float) -> Reply | None:
        """The next reply if one comes within some seconds; None if none does, or the server closes."""
        try:
            return self._heard(self.next_reply(time.monotonic() + seconds))
        except (Silent, Closed):
            return None

    def next_reply(self, deadline: float) -> Reply:
        """The next reply, begun by a deadline of the monotonic clock; nothing of it is judged but that it has an end.

        Raises:
            Broken: it has none.
            Silent, Closed: there is none.
        """
        try:
            return self.wire.reply(deadline)
        except Flooded as error:
            raise self._case.beside("reply.one", str(error), "one reply", "a flood", [self]) from None

    def _heard(self, reply: Reply) -> Reply:
        self.errors += codes.refused(reply)
        self._count_recipients(self._last, reply)
        self._leaving |= reply.code in ("221", "421")
        return reply

    def farewell(self) -> list[Reply]:
        """Say QUIT, and return all replies up to its 221, as far as they come: what is one too many shows there."""
        with suppress(WireError):
            self.wire.send(b"QUIT\r\n")  # not by `send`, which sets aside what is to be counted here
        self._said_quit = True
        replies: list[Reply] = []
        while len(replies) < MOST_COUNTED and (reply := self.hear_within(self._case.patient)):
            replies.append(reply)
            if reply.code == "221":
                break
        return replies

    def say(self, line: str | bytes, cut: Cut = whole) -> Reply:
        """Send a command line, its CRLF added, and return the reply, of which nothing is judged."""
        self.send(as_bytes(line) + CRLF, cut)
        return self.hear()

    def say_together(self, *lines: str | bytes, cut: Cut = whole) -> list[Reply]:
        """Send command lines in one go, which needs PIPELINING, and return the replies in the order in which they come.

        Args:
            lines: without their CRLF.
            cut: into segments.

        Returns:
            One reply for each, or fewer where the others are proved to be missing; the session has ended then.

        Raises:
            Broken: the server closed the connection instead of replying.
            Blocked: nothing more came in time.
            Skipped: the server left.
        """
        self.send(b"".join(as_bytes(line) + CRLF for line in lines), cut)
        self._last = f"{len(lines)} commands in one go"
        replies = self.hear_all(len(lines))
        for line, reply in zip(lines, replies, strict=False):
            self._count_recipients(told(as_bytes(line)), reply)
        return replies

    def hear_all(self, count: int) -> list[Reply]:
        """The replies to so many commands that were sent, as `say_together` returns them."""
        replies: list[Reply] = []
        quiet = max(QUIET, 2 * self._case.patience.slowest)
        while len(replies) < count and (reply := self.hear_within(quiet)):
            replies.append(reply)
            if reply.code == "421":
                raise Skipped(f"the server is leaving: {self._last} are answered {shown(reply)}")
        if len(replies) == count:
            return replies
        if self.ended:
            raise self._left(Closed("the server closed the connection"))
        more = self.farewell()  # in their order, so that 221 proves how many there are
        if more and more[-1].code != "221" and not self.ended:
            more += self.farewell()  # the first one may have ended a line of which the beginning alone was kept
        if not more or more[-1].code != "221":
            raise self._unanswered()
        return replies + more[:-1]

    def _count_recipients(self, line: str, reply: Reply) -> None:
        verb = line[:4].upper()
        if verb == "RCPT":
            self.recipients += reply.code.startswith("2")
        elif verb in ENDS_TRANSACTION and reply.code.startswith("2"):
            self.recipients = 0

    def _silent(self) -> Exception:
        """What to raise where no reply came: replies come in order, so one to QUIT proves that another is missing."""
        case = self._case
        case.patience.silent()
        case.patience.record_setup("reply.one", False, case.judges("reply.one"))
        try:
            self.wire.send(b"QUIT\r\n")
            first = self.wire.reply(time.monotonic() + PROOF)
            proved = first.code == "221" and self.wire.wait_closed(time.monotonic() + PROOF)
        except WireError:
            proved = False
        if proved:
            why = f"no reply to {self._last}, though QUIT behind it was answered"
            return case.beside("reply.one", why, "one reply", "none", [self])
        return self._unanswered()

    def _unanswered(self) -> Exception:
        """What a missing reply is: a breach after the times that a client has to wait, and less than that before."""
        case, why = self._case, f"no reply to {self._last} within {self._case.patient:g} s"
        if case.tester.patient:
            return case.beside("reply.one", why, "one reply", "none", [self])
        return Blocked("reply.one", why, "one reply", "none", [self.connection])

    def _left(self, error: WireError) -> Exception:
        """What to raise where the server closed the connection instead of replying."""
        if isinstance(error, Garbled):
            return self._case.beside("tls.reset", f"{error} after {self._last}", "TLS", "something else", [self])
        if self.errors > MOST_ERRORS:
            return Skipped(f"{error} after {self.errors} refused commands")
        if self._leaving or self._odd:
            return Skipped(f"{error} {'after its goodbye' if self._leaving else 'after odd octets, as a defence'}")
        why = f"{error} instead of replying to {self._last}"
        return self._case.beside("close.error", why, "a reply, or a 421 before the close", str(error), [self])
