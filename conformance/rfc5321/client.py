"""One client of a mail server: it connects, sends lines in the pieces that a case wants, and judges what comes back.

Set-up steps (`reach`, `set_up`) need only the right first digit. What a server refuses by policy says nothing of it:
the case is not judged then.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress

from conformance.harness.verdict.verdict import Blocked, Broken, Skipped
from conformance.harness.vocabulary import Vocabulary
from conformance.harness.wire.connection import Closed, Connection, Refused, Reply, Silent, WireError
from conformance.rfc5321 import codes, pace
from conformance.rfc5321.codes import Sense
from conformance.rfc5321.message import Message, compose
from conformance.rfc5321.scene import MailScene, shown

CRLF = b"\r\n"
PROOF = 2.0
"""Seconds that the answer to QUIT is waited for after a silence."""
AGAIN = (1.0, 5.0, 15.0)
"""Seconds after which a server that has no place for a client is asked again."""
MOST_ERRORS = 2
"""Refused commands after which a close is a server's right."""
JUDGED_BY = {
    "EHLO": "ehlo.250",
    "HELO": "helo.250",
    "MAIL": "mail.250",
    "RCPT": "rcpt.250",
    "DATA": "data.354",
    "RSET": "rset.250",
    "NOOP": "noop.250",
    "QUIT": "quit.221",
}
"""The requirement that judges a command in its plainest form."""
STATES = {
    "greeted": (),
    "ehlo": ("EHLO",),
    "helo": ("HELO",),
    "mail": ("EHLO", "MAIL"),
    "rcpt": ("EHLO", "MAIL", "RCPT"),
    "data": ("EHLO", "MAIL", "RCPT", "DATA"),
    "delivered": ("EHLO", "MAIL", "RCPT", "DATA"),
}
"""The commands that lead to a state; in the last one a message has been taken."""
Cut = Callable[[bytes], Iterable[bytes]]


def whole(data: bytes) -> list[bytes]:
    """Send in one segment."""
    return [data]


def bytewise(data: bytes) -> list[bytes]:
    """Send each byte in a segment of its own."""
    return [data[at : at + 1] for at in range(len(data))]


class Client:
    """One client.

    Args:
        case: the scene.
        words: what it says.

    Attributes:
        greeting: the reply that greeted it.
        hello: the reply to its EHLO, or HELO.
        errors: how many of its commands were refused.
    """

    def __init__(self, case: MailScene, words: Vocabulary) -> None:
        self.words = words
        self.errors = 0
        self.greeting: Reply | None = None
        self.hello: Reply | None = None
        self._case = case
        self._wire: Connection | None = None
        self._gone = False
        self._last = "the connection"

    # --- connecting and leaving ---

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
            Blocked: the server takes no connections.
        """
        case, server = self._case, self._case.server
        if case.patience.given_up("greet.first", case.judges("greet.first")):
            raise Skipped("no greeting came three times in a row, and no more are waited for")
        if not case.tester.launched:
            case.pacing.wait("connections", pace.CONNECTIONS["near" if case.tester.local else "far"])
        server.connections += 1
        transcript, patience = case.record.transcript, case.patient
        try:
            self._wire = Connection(
                server.address, transcript, server.manners, patience, server.first_socket(), between=patience
            )
        except Refused as error:
            raise case.breach("close.serves-on", str(error)) from None
        except (Silent, Closed) as error:
            raise Skipped(str(error)) from None
        self._gone = False
        server.own_ports.add(self.wire.local_port)
        server.open_ports.add(self.wire.local_port)

    def open(self) -> Reply:
        """Connect and read the greeting as a set-up step, later again where the server has no place now.

        Raises:
            Blocked: the greeting is none.
            Skipped: none came in time, or the server serves nobody.
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
            Skipped: nothing came in time.
        """
        patience = self._case.patience
        try:
            self.greeting = self.wire.reply(time.monotonic() + self._case.patient)
        except WireError as error:
            patience.record_setup("greet.first", False, self._case.judges("greet.first"))
            raise Skipped(f"no greeting: {error}") from None
        patience.record_setup("greet.first", True, self._case.judges("greet.first"))
        return self.greeting

    def quit(self) -> None:
        """Say goodbye, as far as anybody listens: a rude client is remembered."""
        if self._wire and not self.ended and not self._gone:
            patience = self._case.patience
            try:
                self.wire.send(b"QUIT\r\n", patience=1.0)
                if not patience.given_up("quit.closes"):
                    patience.record_setup("quit.closes", self.wire.wait_closed(time.monotonic() + 1.0))
            except WireError:
                pass
        self.close()

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

    # --- saying and hearing ---

    def send(self, data: bytes, cut: Cut = whole) -> None:
        """Send bytes in the pieces that `cut` makes of them."""
        if not (self._case.judges("reply.one") or self._case.judges("reply.unasked")):
            self.wire.settle()
        self._last = _told(data)
        with suppress(WireError):  # what keeps them from being taken shows in the reply
            self.wire.send_apart(pieces) if len(pieces := list(cut(data))) > 1 else self.wire.send(data)

    def pour(self, data: bytes) -> None:
        """Send much and read nothing, until the server takes no more."""
        self._last = _told(data)
        with suppress(WireError):
            self.wire.send(data, patience=1.0, reading=False)

    def hear(self) -> Reply:
        """The reply to what was sent; nothing of it is judged.

        Raises:
            Broken: none came, and QUIT was answered before; or the server closed the connection instead.
            Skipped: none came in time; or the server left, as it may after several errors.
        """
        case = self._case
        try:
            reply = self.wire.reply(time.monotonic() + case.patient)
        except Silent:
            raise self._silent() from None
        except Closed as error:
            raise self._left(error) from None
        case.patience.replied(reply.at - self.wire.sent)
        self.errors += codes.refused(reply)
        return reply

    def hear_or_end(self) -> Reply | None:
        """The reply to what was sent, or None where the server closes the connection instead, as it may here."""
        try:
            reply = self.wire.reply(time.monotonic() + self._case.patient)
        except Silent:
            raise self._silent() from None
        except Closed:
            return None
        self.errors += codes.refused(reply)
        return reply

    def hear_within(self, seconds: float) -> Reply | None:
        """The next reply if one comes within some seconds; None if none does, or the server closes."""
        try:
            return self.wire.reply(time.monotonic() + seconds)
        except (Silent, Closed):
            return None

    def say(self, line: str | bytes, cut: Cut = whole) -> Reply:
        """Send a command line, its CRLF added, and return the reply, of which nothing is judged."""
        self.send(_bytes(line) + CRLF, cut)
        return self.hear()

    def _silent(self) -> Exception:
        """What to raise where no reply came: replies come in order, so one to QUIT proves that another is missing."""
        case, waited = self._case, self._case.patient
        case.patience.silent()
        try:
            self.wire.send(b"QUIT\r\n")
            first = self.wire.reply(time.monotonic() + PROOF)
            proved = first.code == "221" and self.wire.wait_closed(time.monotonic() + PROOF)
        except WireError:
            proved = False
        if proved:
            why = f"no reply to {self._last}, though QUIT behind it was answered"
            return case.beside("reply.one", why, "one reply", "none", [self])
        return Skipped(f"no reply to {self._last} within {waited:g} s")

    def _left(self, error: WireError) -> Exception:
        """What to raise where the server closed the connection instead of replying."""
        if self.errors > MOST_ERRORS:
            return Skipped(f"{error} after {self.errors} refused commands")
        why = f"{error} instead of replying to {self._last}"
        return self._case.beside("close.error", why, "a reply, or a 421 before the close", str(error), [self])

    # --- set-up steps ---

    def reach(self, state: str) -> None:
        """Bring the session to one of `STATES`.

        Raises:
            Blocked, Skipped: the server does not let it get there.
        """
        for verb in STATES[state]:
            self.set_up(self.plain(verb))
        if state == "delivered":
            self.deliver_content(self.message())

    def plain(self, verb: str) -> str:
        """A command in its plainest form, with the sender and the recipient that the server takes."""
        case = self._case
        if verb == "EHLO":
            return f"{case.learned.get('hello', 'EHLO')} {case.client_name}"
        lines = {
            "HELO": lambda: f"HELO {case.client_name}",
            "MAIL": lambda: f"MAIL FROM:<{case.sender}>",
            "RCPT": lambda: f"RCPT TO:<{case.recipient}>",
        }
        return lines[verb]() if verb in lines else verb

    def set_up(self, line: str | bytes) -> Reply:
        """Send a right command of which only the first digit of the reply is needed.

        Raises:
            Blocked: it was refused for its syntax or its order.
            Skipped: it was refused by policy.
        """
        verb = _bytes(line)[:4].decode("latin-1").upper()
        reply = self.say(line)
        self._accept(reply, JUDGED_BY.get(verb, "cmd.required"), "3" if verb == "DATA" else "2")
        if verb in ("EHLO", "HELO"):
            self.hello = reply
        return reply

    def _accept(self, reply: Reply, rule: str, digit: str) -> None:
        if reply.code.startswith(digit):
            return
        meaning = codes.sense(reply)
        if meaning in (Sense.SYNTAX, Sense.ORDER, Sense.NOTHING, Sense.ACCEPTED, Sense.INTERMEDIATE):
            raise Blocked(rule, f"{self._last} was to work", f"{digit}yz", reply.text, [self.connection])
        raise Skipped(f"{meaning.value}: {self._last} is answered {shown(reply)}")

    def message(self) -> Message:
        """A message of its own."""
        return compose(self.words, self._case.sender, self._case.recipient)

    def begin(self, *recipients: str, sender: str | None = None) -> None:
        """Give sender, recipients (the usual one if none is named) and DATA as set-up steps."""
        sender = self._case.sender if sender is None else sender
        self.set_up(f"MAIL FROM:<{sender}>")
        for recipient in recipients or (self._case.recipient,):
            self.set_up(f"RCPT TO:<{recipient}>")
        self.set_up("DATA")

    def content(self, data: bytes, cut: Cut = whole) -> Reply:
        """Send what follows a 354, its end of data included, and return the reply.

        Args:
            data: as it goes over the wire.
            cut: into segments.
        """
        if not self._case.tester.local:
            self._case.pacing.wait("messages", self._case.tester.messages_per_minute / 60)
        with self._case.server.places.delivering():
            self.send(data, cut)
            self._last = "the end of data"
            return self.hear()

    def deliver_content(self, message: Message) -> Reply:
        """Send a message after the 354 as a set-up step.

        Raises:
            Blocked: the reply is no reply to the end of data.
            Skipped: it was refused.
        """
        reply = self.content(message.data)
        if not reply.code.startswith("2"):
            if reply.code[:1] in ("4", "5"):
                raise Skipped(f"content: a plain message is answered {shown(reply)}")
            raise Blocked("data.250", "a message was to be taken", "250", reply.text, [self.connection])
        return reply

    def deliver(self, message: Message, *recipients: str, sender: str | None = None) -> Reply:
        """Send a message, from its MAIL on, as a set-up step."""
        self.begin(*recipients, sender=sender)
        return self.deliver_content(message)

    @property
    def keywords(self) -> Mapping[str, str]:
        """What EHLO announced in this session: the parameters by keyword, in upper case."""
        rows = (line.text.partition(" ") for line in (self.hello.lines[1:] if self.hello else ()))
        return {keyword.upper(): parameters for keyword, _, parameters in rows}

    # --- judging ---

    def expect_accepted(
        self, line: str | bytes, requirement: str = "", also: Collection[str] = (), cut: Cut = whole
    ) -> Reply:
        """Send what is written well, and judge that it is not refused for how it is written.

        Args:
            line: without its CRLF.
            requirement: what it judges; the case's main one if nothing is said.
            also: further codes that say the same of it as a syntax refusal.
            cut: into segments.

        Raises:
            Broken: it is refused for its syntax or its order.
            Skipped: it is refused by policy, or for now.
        """
        reply = self.say(line, cut)
        self._case.expect_accepted(reply, _told(_bytes(line)), [self], requirement, also)
        return reply

    def expect_refused(self, line: str | bytes, requirement: str = "") -> Reply:
        """Send what must be refused, with whatever 4yz or 5yz.

        Raises:
            Broken: it is accepted.
            Skipped: the server leaves.
        """
        reply = self.say(line)
        self._case.expect_refused(reply, _told(_bytes(line)), [self], requirement)
        return reply

    def expect_code(self, line: str | bytes, *wanted: str, requirement: str = "") -> Reply:
        """Send a line whose answer the RFC gives by its very code.

        Raises:
            Broken: another one came.
            Skipped: it is refused by policy.
        """
        reply = self.say(line)
        if reply.code in wanted:
            return reply
        meaning = codes.sense(reply)
        if meaning in (Sense.POLICY, Sense.TEMPORARY, Sense.LEAVING):
            raise Skipped(f"{meaning.value}: {_told(_bytes(line))} is answered {shown(reply)}")
        raise self.breach("not the code that the RFC gives", " or ".join(wanted), reply.text, requirement)

    def expect_taken(self, message: Message, said: str = "the message", cut: Cut = whole) -> Reply:
        """Send a message after the 354, and judge that it is taken as plain mail is.

        Raises:
            Broken: it is refused for good, and no policy is named, though plain mail is taken.
            Skipped: it is refused otherwise.
        """
        reply = self.content(message.data, cut)
        self._case.expect_taken(reply, said, [self])
        return reply

    def expect_always(self, line: str | bytes, *wanted: str, requirement: str = "") -> Reply:
        """Send a line that no policy has a say in, and judge its code; a close instead is wrong as well.

        Raises:
            Broken: another code came, or a close.
            Skipped: the server leaves, with a 421.
        """
        self.send(_bytes(line) + CRLF)
        reply = self.hear_or_end()
        if reply and reply.code == "421":
            raise Skipped(f"{Sense.LEAVING.value}: {self._last} is answered {shown(reply)}")
        if reply and reply.code in wanted:
            return reply
        came = reply.text if reply else "the connection is closed"
        raise self.breach(f"{self._last} is not answered as it must be", " or ".join(wanted), came, requirement)

    def expect_data(self, requirement: str = "") -> None:
        """Send DATA, and judge that the transaction still stands: it gets 354.

        Raises:
            Broken: DATA is refused for good.
            Skipped: it is refused for now.
        """
        reply = self.say("DATA")
        if codes.sense(reply) in (Sense.TEMPORARY, Sense.LEAVING):
            raise Skipped(f"{codes.sense(reply).value}: DATA is answered {shown(reply)}")
        if not reply.code.startswith("3"):
            raise self.breach("DATA is refused, so the transaction is lost", "354", reply.text, requirement)

    def expect_no_data(self, requirement: str = "") -> None:
        """Send DATA, and judge that there is no transaction: it is refused, at the latest at the end of data.

        Raises:
            Broken: a message is taken.
            Skipped: the server leaves.
        """
        reply = self.say("DATA")
        if reply.code.startswith("3"):
            reply = self.content(self.message().data)
        self._case.expect_refused(reply, "DATA without a transaction", [self], requirement)

    def breach(self, reason: str, expected: str = "", actual: str = "", requirement: str = "") -> Broken | Blocked:
        """What to raise where this client shows that a requirement is broken, the case's main one if none is named."""
        return self._case.breach(requirement or self._case.main, reason, expected, actual, about=[self])


def _bytes(line: str | bytes) -> bytes:
    return line.encode("latin-1") if isinstance(line, str) else line


def _told(data: bytes) -> str:
    """What was sent, in the middle of a sentence."""
    text = data.removesuffix(CRLF).decode("latin-1")
    shorter = text if len(text) <= 60 else f"{text[:40]}... ({len(data)} octets)"
    return shorter.encode("unicode_escape").decode("ascii")
