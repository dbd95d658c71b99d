"""One session of a client: the set-up steps, which need only the right first digit.

What a server refuses by policy says nothing of it: the case is not judged then.
"""

from __future__ import annotations

from collections.abc import Mapping

from conformance.harness.verdict.verdict import Blocked, Skipped
from conformance.harness.wire.reply import Reply
from conformance.rfc5321 import codes
from conformance.rfc5321.codes import Sense
from conformance.rfc5321.hearing import Hearing
from conformance.rfc5321.link import Cut, as_bytes, whole
from conformance.rfc5321.login import MECHANISMS, encoded, plain_response
from conformance.rfc5321.message import Message, compose
from conformance.rfc5321.scene import shown

JUDGED_BY = {
    "EHLO": "ehlo.250",
    "LHLO": "ehlo.250",
    "HELO": "helo.250",
    "MAIL": "mail.250",
    "RCPT": "rcpt.250",
    "DATA": "data.354",
    "RSET": "rset.250",
    "NOOP": "noop.250",
    "QUIT": "quit.221",
}
"""The requirement that judges a command in its plainest form."""
UNKNOWN = ("500", "502")
STATES = {
    "greeted": (),
    "clear": ("EHLO",),
    "unknown": ("EHLO",),
    "ehlo": ("EHLO",),
    "helo": ("HELO",),
    "mail": ("EHLO", "MAIL"),
    "rcpt": ("EHLO", "MAIL", "RCPT"),
    "data": ("EHLO", "MAIL", "RCPT", "DATA"),
    "delivered": ("EHLO", "MAIL", "RCPT", "DATA"),
}
"""The commands that lead to a state; in the last one a message has been taken.

All but the first four are inside TLS if the tester wants that, and logged in where mail needs it: `clear` is neither,
`unknown` only the former, and HELO has neither.
"""


def judged_by(verb: str, reply: Reply) -> str:
    """The requirement that a refusal of a plain command breaks: one of its own, unless it is not known at all."""
    own = JUDGED_BY.get(verb, "")
    return "cmd.required" if own and reply.code in UNKNOWN else own


class Session(Hearing):
    """A session of a client with a mail server.

    Attributes:
        logged_in: whether the client has logged in, as a set-up step.
    """

    logged_in = False

    def reach(self, state: str) -> None:
        """Bring the session to one of `STATES`.

        Raises:
            Blocked, Skipped: the server does not let it get there.
        """
        for verb in STATES[state]:
            self.set_up(self.plain(verb))
            if verb == "EHLO" and state != "clear":
                self.secure(login=state != "unknown")
        if state == "delivered":
            self.deliver_content(self.message())

    def secure(self, login: bool = True) -> None:
        """Do, after EHLO, what has to be done before any mail: TLS, and a login where mail needs one."""
        if self._case.tester.tls == "starttls" and not self.wire.session:
            self.start_tls()
            self.set_up(self.plain("EHLO"))
        if login and self._case.needs_login:
            self.log_in()

    def start_tls(self) -> None:
        """Begin TLS by STARTTLS as a set-up step; the session is as after the greeting then.

        Raises:
            Blocked: it is announced, and refused.
            Skipped: it is not announced, or not to be had now.
        """
        if "STARTTLS" not in self.keywords:
            raise Skipped("not announced: STARTTLS")
        patience, judged = self._case.patience, self._case.judges("tls.220")
        if patience.given_up("tls.220", judged):
            raise Skipped("nothing came of STARTTLS three times in a row, and it is not said any more")
        self._accept(self.say("STARTTLS"), "tls.220", "2")
        patience.record_setup("tls.220", False, judged)  # until the first reply inside
        self.begin_tls()
        self.hello = None

    def log_in(self) -> None:
        """Log in as a set-up step, by a mechanism that is announced.

        Raises:
            Blocked: the credentials are refused.
            Skipped: none are given, or no mechanism of ours is announced.
        """
        tester = self._case.tester
        if not tester.user:
            raise Skipped("not given: --user and --password-file")
        mechanism = next((one for one in MECHANISMS if one in self.mechanisms), None)
        if mechanism is None:
            raise Skipped(f"not announced: {' or '.join(MECHANISMS)}")
        if mechanism == "PLAIN":
            self.send_secret(f"AUTH PLAIN {plain_response(tester.user, tester.password)}", "AUTH PLAIN [credentials]")
        else:
            self._accept(self.say("AUTH LOGIN"), "auth.235", "3")
            self._accept(self.say(encoded(tester.user)), "auth.235", "3")
            self.send_secret(encoded(tester.password), "[password]")
        self._accept(self.hear(), "auth.235", "2")
        self.logged_in = True

    def hail(self, verb: str, rest: str) -> str:
        """EHLO or HELO with what follows it; in LMTP EHLO is called LHLO.

        Raises:
            Skipped: it is HELO, which LMTP does not have.
        """
        if self._case.tester.role == "lmtp":
            if verb == "HELO":
                raise Skipped("not of LMTP: HELO")
            verb = "LHLO"
        return f"{verb} {rest}".rstrip(" ")

    def plain(self, verb: str) -> str:
        """A command in its plainest form, with the sender and the recipient that the server takes."""
        case = self._case
        if verb == "EHLO":
            return self.hail(case.learned.get("hello", "EHLO"), case.client_name)
        lines = {
            "HELO": lambda: self.hail("HELO", case.client_name),
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
        verb = as_bytes(line)[:4].decode("latin-1").upper()
        reply = self.say(line)
        self._accept(reply, judged_by(verb, reply) or "cmd.required", "3" if verb == "DATA" else "2")
        if verb in ("EHLO", "LHLO", "HELO"):
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

    def send_content(self, data: bytes, cut: Cut = whole) -> None:
        """Send what follows a 354, or a part of it, in its turn among a minute's messages; a reply is left to read."""
        if not self._case.tester.local:
            self._case.pacing.wait("messages", self._case.tester.messages_per_minute / 60)
        self.send(data, cut)
        self._last = "the end of data"

    def content(self, data: bytes, cut: Cut = whole) -> Reply:
        """Send what follows a 354, its end of data included, and return the reply; in LMTP a refusal if one came.

        Args:
            data: as it goes over the wire.
            cut: into segments.
        """
        with self._case.server.places.delivering():
            self.send_content(data, cut)
            replies = self.hear_ends()
        return next((reply for reply in replies if codes.refused(reply)), replies[0])

    def hear_ends(self) -> list[Reply]:
        """The replies to the end of a message: one, or in LMTP one for each recipient that was accepted."""
        count = self.recipients if self._case.tester.role == "lmtp" else 1
        self.recipients = 0
        return [self.hear(times=2) for _ in range(max(1, count))]

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

    def needs(self, *keywords: str) -> None:
        """Go on only where extensions were announced in this very session.

        Args:
            keywords: theirs, in upper case.

        Raises:
            Skipped: one was not.
        """
        case = self._case
        for keyword in keywords:
            case.note_announced(keyword, keyword in self.keywords)
            if keyword not in self.keywords:
                raise Skipped(f"not announced: {keyword}")

    @property
    def mechanisms(self) -> list[str]:
        """The mechanisms of a login that AUTH announced in this session, in upper case."""
        return self.keywords.get("AUTH", "").upper().split()

    @property
    def largest(self) -> int:
        """The octets of a message that SIZE announces; 0 where no limit is told."""
        size = self.keywords.get("SIZE", "").strip()
        return int(size) if size.isdecimal() and len(size) <= 20 else 0
