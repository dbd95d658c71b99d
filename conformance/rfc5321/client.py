"""What a case expects of the replies to its client, each with the verdict that another answer means."""

from __future__ import annotations

from collections.abc import Collection

from conformance.harness.verdict.verdict import Blocked, Broken, Skipped
from conformance.harness.wire.reply import Reply
from conformance.rfc5321 import codes
from conformance.rfc5321.codes import Sense
from conformance.rfc5321.link import CRLF, Cut, as_bytes, whole
from conformance.rfc5321.message import Message
from conformance.rfc5321.scene import shown
from conformance.rfc5321.sent import told
from conformance.rfc5321.session import Session, judged_by

BEFORE_TLS = ("NOOP", "QUIT")
"""What a server that demands TLS answers without it, too (RFC 3207 4)."""


class Client(Session):
    """One client of a case."""

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
        data = as_bytes(line)
        reply = self.say(data, cut)
        base = judged_by(data[:4].decode("latin-1").upper(), reply)
        self._case.expect_accepted(reply, told(data), [self], requirement, also, base)
        return reply

    def expect_refused(self, line: str | bytes, requirement: str = "") -> Reply:
        """Send what must be refused, with whatever 4yz or 5yz.

        Raises:
            Broken: it is accepted.
            Skipped: the server leaves.
        """
        reply = self.say(line)
        self._case.expect_refused(reply, told(as_bytes(line)), [self], requirement)
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
            raise Skipped(f"{meaning.value}: {told(as_bytes(line))} is answered {shown(reply)}")
        rule = codes.fault(reply) or _unknown(line, reply) or requirement
        raise self.breach("not the code that the RFC gives", " or ".join(wanted), reply.text, rule)

    def expect_taken(self, message: Message, said: str = "the message", cut: Cut = whole) -> Reply:
        """Send a message after the 354, and judge that it is taken as plain mail is.

        Raises:
            Broken: it is refused for good, and no policy is named, though plain mail is taken.
            Skipped: it is refused otherwise.
        """
        reply = self.content(message.data, cut)
        self._case.expect_taken(reply, said, [self])
        return reply

    def expect_well_formed(self, line: str | bytes) -> Reply:
        """Send a path whose mailbox need not exist, and judge that it is not refused for how it is written.

        Raises:
            Broken: it is refused for its syntax or its order.
            Skipped: it is refused for now.
        """
        reply = self.say(line)
        if codes.sense(reply) is not Sense.POLICY:  # that there is no such mailbox is a right answer
            self._case.expect_accepted(reply, told(as_bytes(line)), [self])
        return reply

    def expect_as_plain(self, line: str | bytes, requirement: str = "") -> Reply:
        """Send what has to work because its plain form did, whose refusal no policy explains therefore.

        Raises:
            Broken: it is refused for good.
            Skipped: it is refused for now.
        """
        reply = self.say(line)
        meaning = codes.sense(reply)
        if meaning in (Sense.TEMPORARY, Sense.LEAVING):
            raise Skipped(f"{meaning.value}: {told(as_bytes(line))} is answered {shown(reply)}")
        if meaning not in (Sense.ACCEPTED, Sense.INTERMEDIATE):
            raise self.breach(f"{told(as_bytes(line))} is refused", "taken, as the plain form", reply.text, requirement)
        return reply

    def note_liberty(self, line: str | bytes, form: str = "") -> Reply:
        """Send what may be taken or refused, and note which; `form` says of what, where a case has several."""
        reply = self.say(line)
        did = f"{'refused' if codes.refused(reply) else 'taken'}: {reply.code}"
        self._case.note(f"{form}, {did}" if form else did, about=[self])
        return reply

    def expect_always(self, line: str | bytes, *wanted: str, requirement: str = "") -> Reply:
        """Send a line that no policy has a say in, and judge its code; a close instead is wrong as well.

        Raises:
            Broken: another code came, or a close.
            Skipped: the server leaves, with a 421, or wants TLS before anything else.
        """
        self.send(as_bytes(line) + CRLF)
        reply = self.hear_or_end()
        if reply and reply.code == "421":
            raise Skipped(f"{Sense.LEAVING.value}: {self._last} is answered {shown(reply)}")
        if reply and reply.code in wanted:
            return reply
        if reply and reply.code == "530" and "STARTTLS" in self.keywords and self._last not in BEFORE_TLS:
            raise Skipped(f"TLS is demanded first: {self._last} is answered {shown(reply)}")
        came = reply.text if reply else "the connection is closed"
        why = f"{self._last} is not answered as it must be"
        raise self.breach(why, " or ".join(wanted), came, _unknown(line, reply) or requirement)

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

    def breach(self, reason: str, expected: str, actual: str, requirement: str = "") -> Broken | Blocked:
        """What to raise where this client shows that a requirement is broken, the case's main one if none is named."""
        return self._case.breach(requirement or self._case.main, reason, expected, actual, about=[self])


def _unknown(line: str | bytes, reply: Reply | None) -> str:
    """What judges that a command of the minimum, said alone, is not known; empty where the reply says otherwise."""
    rule = judged_by(as_bytes(line).decode("latin-1").upper(), reply) if reply else ""
    return rule if rule == "cmd.required" else ""
