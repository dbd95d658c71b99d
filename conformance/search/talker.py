"""A client that takes the steps of a conversation and has each reply judged by the model."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass

from conformance.cs4410.client import Client
from conformance.cs4410.mailbox import Message
from conformance.cs4410.model import Answer, acceptable
from conformance.harness.server.pace import Pace
from conformance.harness.verdict.verdict import Void
from conformance.harness.wire.connection import Reply
from conformance.search import words
from conformance.search.conversation import ERRORS, Step
from conformance.search.history import Delivery, History
from conformance.search.words import CRLF, END

ACCEPTED = ("greeting", "helo", "mail", "rcpt", "data", "delivered")
TICK = 5.0
"""Seconds by which a time-out may be late: who looks at the clock now and then does so under the shortest limit too."""
NOTICE = 0.05
"""Seconds that a server has to see that a client left in the middle of a message, before others go on."""


class Astray(Exception):
    """The server took a liberty that the conversation did not foresee: what the client would say next has another
    meaning now.
    """


@dataclass(frozen=True)
class Action:
    """What one client did, for a script that does it again.

    Attributes:
        client: its number.
        verb: `connect`, `send`, `hear`, `leave` or `time-out`.
        sent: the segments.
        how: close, reset or half_close.
        answers: what is acceptable.
    """

    client: int
    verb: str
    sent: tuple[bytes, ...]
    how: str
    answers: tuple[Answer, ...]


class Talker(Client):
    """One client of a conversation.

    Attributes:
        history: where its messages are written down.
        pace: where it is written down how long it was kept waiting.
        errors: how many it made.
        number: which one it is.
        actions: all that the clients of the conversation did, in order.
    """

    history: History
    pace: Pace
    number: int
    actions: list[Action]
    errors = 0
    _body = b""

    def open(self) -> None:
        """Connect and read the greeting, as `Link.open` does."""
        self._note("connect")
        with self.pace.waiting("greeting"):
            super().open()

    def say(self, step: Step, before: Sequence[bytes] = ()) -> None:
        """Send a step's parts and judge what is answered.

        Args:
            step: the step.
            before: parts of steps before it that go into the same segment.

        Raises:
            Broken, Blocked: a reply is not acceptable.
            Astray: nobody can say what the rest means to the server.
        """
        if step.joined or before or len(step.parts) == 1:
            self._exchange([*before, *step.parts], step.cut)
        else:
            for part in step.parts[:-1]:
                self._exchange([part], "")
            self._exchange(step.parts[-1:], step.cut)

    def _exchange(self, parts: Sequence[bytes], cut: str) -> None:
        self._expect_no_more()
        pieces = words.cut(b"".join(parts), cut)
        self._note("send", pieces)
        ends = any(part.endswith(END) for part in parts)
        with self._right_to_deliver() if ends else nullcontext():
            self._send(pieces)
            for part in parts:
                self._hear(part)
        if self.errors > ERRORS:
            raise Astray

    def depart(self, step: Step) -> None:
        """Leave as a step says; only replies to what was sent before a half-close are judged."""
        self._expect_no_more()
        data = b"".join(step.parts) + step.rest
        self._note("send", [data] if data else [])
        if step.leave == "half_close":
            self.ends_with_send = True
            self._note("leave", how=step.leave)
            self._send([data] if data else [])
            for part in step.parts:
                self._hear(part)
        else:
            if data:
                self._send([data])
            for part in step.parts:
                self._leave_unanswered(part)
        self.forsake()
        if step.leave != "half_close":
            self._note("leave", how=step.leave)
        if self.state.sender is not None:
            self._leave_noticed(step.leave)
        else:
            self.leave(step.leave)

    def _leave_noticed(self, how: str) -> None:
        """Leave a message behind, with a moment for the server to see it: what it does about it shows afterwards."""
        self.leave("half_close" if how == "close" else how)
        if how == "reset":
            time.sleep(NOTICE / 5)
        else:
            self.wire.wait_closed(time.monotonic() + NOTICE)

    def time_out(self) -> None:
        """Stay silent and judge the time-out."""
        self._expect_no_more()
        self.forsake()
        self._note("time-out", answers=(Answer("timeout", None),))
        with self.pace.waiting("time-out", usual=self._case.limit):
            self.expect_timeout(late=TICK)

    def forsake(self) -> None:
        """Write down that a message that was begun will never be ended."""
        if self._in_body and self.state.sender is not None:
            self.history.begun.add(self.state.sender.strip("<>"))

    def _note(self, verb: str, sent: Sequence[bytes] = (), how: str = "", answers: tuple[Answer, ...] = ()) -> None:
        self.actions.append(Action(self.number, verb, tuple(sent), how, answers))

    def _expect_no_more(self) -> None:
        if extra := self.wire.extra(0.0):
            shown = extra.decode("latin-1")
            if time.monotonic() - self.valid_sent > 0.95 * self._case.limit:
                raise Void("the conversation itself was late")
            raise self._case.breach("reply.one", "a reply where none is due", "one reply to each line", shown)

    def _hear(self, part: bytes) -> None:
        patience = self._case.patience.patience()
        if not self._in_body:
            answers = acceptable(self.state, part.removesuffix(CRLF))
            self._note("hear", answers=answers)
            self._awaited = answers[0].kind
            reply = self._judged_reply(answers[0].rule, self.wire.sent + patience, answers)
            self._judge(reply, answers, answers[0].rule)
            if (self.state, self._in_body) != (answers[0].after, answers[0].kind == "data"):
                raise Astray
            return
        message = self._ended_by(part)
        if message is None:
            return
        answers = (Answer("delivered", self.state.delivered()),)
        self._note("hear", answers=answers)
        self._awaited = "delivered"
        reply = self._judged_reply("delivered", self.wire.sent + patience)
        self._judge(reply, answers, "delivered")
        self.history.told.append(Delivery(self._delivered(message, reply), self.last_sent, reply.at))

    def _ended_by(self, part: bytes) -> Message | None:
        """Take in a part of a body; the message that it ends, or None."""
        self._body += part
        if not (CRLF + self._body).endswith(CRLF + END):
            return None
        message = self._message(self._body.removesuffix(END))
        self._body = b""
        return message

    def _leave_unanswered(self, part: bytes) -> None:
        if self._in_body and (message := self._ended_by(part)):
            self.history.unanswered.append(message)
            self._in_body = False

    def _follow(self, answer: Answer, reply: Reply) -> None:
        super()._follow(answer, reply)
        self.errors += answer.kind not in ACCEPTED
