"""The set-up steps of a session: they bring it to where a case begins, by another way where one is needed.

Set-up steps (`reach`, `set_up`, `provoke_error`, `deliver`) need only the right kind of reply. Whatever keeps one from
working blocks the case in the name of the requirement that judges it.
"""

from __future__ import annotations

from conformance.cs4410.mailbox import Message
from conformance.cs4410.model import Answer, State, acceptable, judge
from conformance.cs4410.session import CRLF, Session, instead
from conformance.harness.verdict.verdict import Blocked, Stopped
from conformance.harness.wire.connection import WireError
from conformance.harness.wire.reply import Reply

STATES = ("connected", "greeted", "sender", "recipient", "recipients", "body", "delivered", "after-error")


class Steps(Session):
    """A session with its set-up steps."""

    def reach(self, state: str) -> None:
        """Bring the session to one of `STATES`.

        Raises:
            Blocked: the server does not let it get there.
        """
        words = self.words
        if state == "connected":
            return
        self.set_up(f"HELO {words.host()}")
        if state == "greeted":
            return
        if state == "after-error":
            self.provoke_error("mkdir")
            return
        self.set_up(f"MAIL FROM: {words.address()}")
        if state == "sender":
            return
        for _ in range(3 if state == "recipients" else 1):
            self.set_up(f"RCPT TO: {words.address()}")
        if state == "body":
            self.set_up("DATA")
        if state == "delivered":
            self.deliver(words.body())

    def begin_message(self) -> None:
        """Give the sender, a recipient and DATA of the next message as set-up steps.

        Raises:
            Blocked: the server does not let it get there.
        """
        for line in (f"MAIL FROM: {self.words.address()}", f"RCPT TO: {self.words.address()}", "DATA"):
            self.set_up(line)

    def set_up(self, line: str | bytes) -> Reply:
        """Send a right command as a set-up step: its kind of reply is enough.

        Raises:
            Blocked: the reply was of another kind, or none came.
        """
        line = line.encode("latin-1") if isinstance(line, str) else line
        answers = tuple(answer for answer in acceptable(self.state, line) if answer.kind != "error")
        try:
            reply = self._step(answers[0].rule, line + CRLF)
        except Blocked:
            if not self._after_first_message:
                raise
            self._come_again()
            reply = self._step(answers[0].rule, line + CRLF)
        answer, _ = judge(self._case.dialect, reply.text, answers)
        rule = answers[0].rule
        works = answer is not None or self._is_of_kind(reply, answers[0]) or self._in_vain(rule)
        if not works:
            wrong = self._unfit(reply, answers, rule, setting_up=True)
            works = isinstance(wrong, Blocked) and self._goes_on_despite(rule)
        self._case.patience.record_setup(self._step_name(rule), works)
        if not works:
            raise wrong
        self._follow(answers[0], reply)
        return reply

    def _is_of_kind(self, reply: Reply, answer: Answer) -> bool:
        return bool(reply.code) and reply.code[0] == self._case.dialect.code(answer.kind)[0]

    def _goes_on_despite(self, rule: str) -> bool:
        """Whether the server says no to this step and acts as if it had said yes, as another client's message shows."""
        patience = self._case.patience
        if "despite" not in patience.known:
            with self._right_to_deliver(), patience.learning:
                if "despite" not in patience.known:
                    patience.known["despite"] = " ".join(self._refused_in_vain())
        return self._in_vain(rule)

    def _in_vain(self, rule: str) -> bool:
        """Whether that is known of this step."""
        return rule in self._case.patience.known.get("despite", "").split()

    def _refused_in_vain(self) -> list[str]:
        """What judges the steps that the server refuses of a message which it delivers all the same."""
        other = type(self)(self._case, self._case.words_of(-1))
        lines = ("HELO {host}", "MAIL FROM: {address}", "RCPT TO: {address}", "DATA")
        refused = []
        try:
            other.open()
            for line in (other.words.fill(template).encode() for template in lines):
                answer = acceptable(other.state, line)[0]
                reply = other.say(line, answer.rule)
                refused += [] if self._is_of_kind(reply, answer) else [answer.rule]
                other._follow(answer, reply)
            return refused if other.say(b"text\r\n.", "delivered").code.startswith("2") else []
        except (Stopped, WireError):
            return []
        finally:
            other.close()
            self._case.record.transcript.hide(other.connection)

    def say(self, line: bytes, rule: str) -> Reply:
        """Send a line whose reply is looked at elsewhere.

        Args:
            line: without its CRLF.
            rule: what judges the reply.
        """
        self._send([line + CRLF])
        return self._read(self._deadline(rule))

    def _come_again(self) -> None:
        """Go on over a new connection, for the server has ended the old one with its message."""
        host = self.state.host
        self.close()
        self.left, self.state = "", State()
        self._after_first_message, self._messages = False, 0
        self.open()
        self.set_up(f"HELO {host}")

    def provoke_error(self, line: str | bytes) -> Reply:
        """Send a wrong command as a set-up step: any error is enough, and the state stays.

        Raises:
            Blocked: the reply was no error, or none came.
        """
        line = line.encode("latin-1") if isinstance(line, str) else line
        rule = acceptable(self.state, line)[0].rule
        reply = self._step(rule, line + CRLF)
        worked = reply.code.startswith(("4", "5")) and reply.code != self._case.dialect.code("timeout")
        self._case.patience.record_setup(self._step_name(rule), worked)
        if not worked:
            raise Blocked(rule, "an error was needed to go on", "5xx", reply.text, [self.connection])
        self._stumbled = True
        return reply

    def _step(self, rule: str, data: bytes) -> Reply:
        step = self._step_name(rule)
        if self._case.patience.given_up(step):
            why = "this step failed for three cases in a row and is not tried again"
            raise Blocked(rule, why, about=[self.connection])
        try:
            return self.say(data.removesuffix(CRLF), rule)
        except WireError as error:
            self._case.patience.record_setup(step, False)
            raise self._stop(rule, instead(error), "a reply", str(error)) from None

    def _step_name(self, rule: str) -> str:
        """A set-up step by what judges it and by what came before, for what fails after that may work without."""
        return " ".join([rule, self.state.name, "stumbled" * self._stumbled, "again" * bool(self._messages)])

    def deliver(self, body: bytes) -> Message:
        """Send DATA and a body as a set-up step.

        Args:
            body: lines that each end in CRLF.

        Returns:
            What must stand in the mailbox now.
        """
        self.set_up("DATA")
        message = self._message(body)
        with self._right_to_deliver():
            reply = self.wire.past_chatter(self._step("delivered", body + b"." + CRLF))
        worked = reply.code.startswith("2")
        self._case.patience.record_setup(self._step_name("delivered"), worked)
        if not worked:
            raise self._stop("delivered", "the message was not delivered", self._shown("delivered"), reply.text)
        return self._delivered(message, reply)
