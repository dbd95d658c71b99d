"""A client that judges what it is told: replies, silence, and the clock."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence

from conformance.cs4410.clock import Clocked
from conformance.cs4410.mailbox import Message
from conformance.cs4410.model import Answer, State, acceptable
from conformance.cs4410.scene import KNOCK
from conformance.cs4410.session import CRLF, Cut, whole
from conformance.harness.verdict.verdict import Blocked
from conformance.harness.wire.connection import WireError
from conformance.harness.wire.reply import Reply

__all__ = ["Client", "Cut", "whole"]

STORED = 4 * 1024 * 1024
"""Bytes of a body that a server, on however busy a machine, stores in a second."""
LARGE = 1024 * 1024
"""Bytes of a body that is not put together with its end, for the sake of memory."""


class Client(Clocked):
    """A client whose `expect` methods judge, by the model and the words of the dialect."""

    def expect_greeting(self) -> Reply:
        """Judge the greeting."""
        reply = self._judged_reply("greeting", time.monotonic() + self._case.patience.patience())
        self._greeted(reply)
        self._judge(reply, (Answer("greeting", State()),), "greeting")
        return reply

    def is_greeted(self, deadline: float) -> bool:
        """Whether a greeting comes by a deadline, in seconds of the monotonic clock.

        A server that greets nobody is asked something, once: what it answers is as good as a greeting.
        """
        speaks_first = self.speaks_first
        if speaks_first and not self.greeted_late:
            self.greeted_late = True
            self.send_as_far_as_possible(KNOCK)
        try:
            reply = self._greeting(deadline)
        except WireError:
            return False
        if speaks_first:
            self.valid_read = reply.at
        else:
            self._greeted(reply)
        return True

    def expect(
        self,
        line: str | bytes,
        requirement: str = "",
        cut: Cut = whole,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> Reply:
        """Send a command line and judge its reply by the model.

        Args:
            line: the line without its CRLF.
            requirement: which one is broken by a reply of the wrong kind; the case's main one by default.
            cut: how the line and its CRLF are cut into segments.
            meanwhile: what is done before its reply is read.

        Raises:
            Broken: the reply is not acceptable.
            Blocked: it is not, in a way that another requirement judges.
        """
        line = line.encode("latin-1") if isinstance(line, str) else line
        answers = acceptable(self.state, line)
        requirement = requirement or self._case.record.requirements[0]
        self._send(cut(line + CRLF))
        deadline = self._deadline(answers[0].rule)
        meanwhile()
        reply = self._judged_reply(requirement, deadline, answers)
        self._judge(reply, answers, requirement)
        return reply

    def expect_some_reply(self, line: str, requirement: str, meanwhile: Callable[[], None]) -> None:
        """Send a command line and judge that it is answered; with what is judged elsewhere. The state stays.

        Args:
            line: the line without its CRLF.
            requirement: what is broken if no reply comes.
            meanwhile: what is done before it is read.

        Raises:
            Broken: no reply comes.
        """
        self._send([line.encode("latin-1") + CRLF])
        deadline = self._deadline(requirement)
        meanwhile()
        self._judged_reply(requirement, deadline)

    def ask(self, line: str | bytes) -> Reply:
        """Send a command where only the form of its reply is the case's affair: a wrong reply blocks the case."""
        line = line.encode("latin-1") if isinstance(line, str) else line
        return self.expect(line, acceptable(self.state, line)[0].rule)

    def expect_delivered(self, body: bytes, requirement: str = "", cut: Cut = whole, end: bytes = b".\r\n") -> Message:
        """Send a body after DATA, and judge the reply to its end.

        Args:
            body: what is sent before the end of data.
            requirement: as in `expect`.
            cut: how body and dot are cut into segments.
            end: the end of data.

        Returns:
            What must stand in the mailbox now.
        """
        requirement = requirement or self._case.record.requirements[0]
        message = self._message(body)
        with self._right_to_deliver():
            self._send(cut(body + end) if len(body) < LARGE else (body, end))
            deadline = self._deadline("delivered") + len(body) / STORED
            reply = self._judged_reply(requirement, deadline)
            if not self._case.judges("reply.one"):
                reply = self.wire.past_chatter(reply)
        self._judge(reply, (Answer("delivered", self.state.delivered()),), requirement)
        return self._delivered(message, reply)

    def expect_replies(
        self, script: Sequence[bytes], cut: Cut, requirement: str = "", own_rules: bool = False
    ) -> list[Message]:
        """Send a whole script and judge the replies, in order.

        Args:
            script: command lines and bodies, each with its CRLF; a body follows its DATA and ends with its dot.
            cut: how all of it is cut into segments.
            requirement: as in `expect`.
            own_rules: whether a wrong reply to a command breaks the command's own requirement.

        Returns:
            The messages that must stand in the mailbox now.
        """
        requirement = requirement or self._case.record.requirements[0]
        messages = []
        with self._right_to_deliver():
            self._send(cut(b"".join(script)))
            self._one_by_one = False
            for part in script:
                delivered = (Answer("delivered", self.state.delivered()),) if self._in_body else ()
                answers = delivered or acceptable(self.state, part.removesuffix(CRLF))
                rule = answers[0].rule if own_rules and not delivered else requirement
                reply = self._judged_reply(rule, self._deadline("joined"))
                if self._case.server.manners.chatty:
                    raise Blocked("reply.one", "more than one reply a line cannot be told apart")
                if self._case.server.manners.unterminated:
                    raise Blocked("reply.crlf", "replies without a line end cannot be told apart")
                message = self._message(part.removesuffix(b".\r\n"))
                self._judge(reply, answers, rule)
                if delivered:
                    messages.append(self._delivered(message, reply))
        return messages

    @property
    def in_body(self) -> bool:
        """Whether what it sends next are lines of a body."""
        return self._in_body

    def hear(self, line: bytes) -> Answer:
        """Judge the reply to a command line that was sent, each reply by the requirement of its own.

        Args:
            line: the line without its CRLF.

        Returns:
            Which of the acceptable answers it is.
        """
        self._one_by_one = False
        answers = acceptable(self.state, line)
        rule = answers[0].rule
        return self._judge(self._judged_reply(rule, self._deadline(rule), answers), answers, rule)

    def hear_delivered(self, body: bytes) -> Message:
        """Judge the reply to the end of a body that was sent.

        Returns:
            What must stand in the mailbox now.
        """
        message = self.message(body)
        reply = self._judged_reply("delivered", self._deadline("delivered"))
        self._judge(reply, (Answer("delivered", self.state.delivered()),), "delivered")
        return self._delivered(message, reply)

    def message(self, body: bytes) -> Message:
        """The message that a body makes, as long as no number was told for it."""
        return self._message(body)

    def send(self, data: bytes, cut: Cut = whole) -> None:
        """Send bytes that are no whole line, or lines of a body; their replies, if any, are read apart."""
        self._send(cut(data))

    def send_as_far_as_possible(self, data: bytes) -> None:
        """Send bytes without reading any reply, for a moment at the most."""
        with contextlib.suppress(WireError):
            self.wire.send(data, patience=0.3, reading=False)

    def expect_silence(self, requirement: str = "", seconds: float = 0.03) -> None:
        """Judge that nothing comes for a moment (seconds)."""
        requirement = requirement or self._case.record.requirements[0]
        if extra := self.wire.extra(seconds, usual=False):
            if self._in_body and self._case.server.manners.chatty and not self._case.judges("reply.one"):
                raise Blocked("reply.one", "a reply to a line of a body, as this server is known to send")
            text = extra.decode("latin-1")
            base = "delivered" if self._in_body or self._messages else "reply.one"
            raise self._case.breach(requirement, "a reply where none is due", "nothing", text, base, [self])

    def try_line(self, line: str) -> str:
        """Send a line whose reply is only looked at; its text, or an empty string if none comes."""
        self._send([line.encode("latin-1") + CRLF])
        return self.peek(self._case.patience.patience())

    def peek(self, seconds: float = 0.1) -> str:
        """The text of the next reply if one comes within some seconds, else an empty string; nothing is judged."""
        try:
            return self._no_time_out(self.wire.reply(time.monotonic() + seconds)).text
        except WireError:
            return ""
