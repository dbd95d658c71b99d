"""One client of a conversation: it takes its steps and has each reply judged by the model."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field

from conformance.cs4410.case import Case
from conformance.cs4410.model import Answer, acceptable
from conformance.cs4410.search.conversation import ERRORS, Step
from conformance.cs4410.search.history import Delivery, History
from conformance.cs4410.search.words import CRLF, END
from conformance.harness.server.pace import Pace
from conformance.harness.verdict.verdict import Void
from conformance.search.cuts import cut as cut_apart

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
        verb: `connect`, `send`, `hear`, `hear-delivered`, `leave` or `time-out`.
        sent: the segments.
        how: close, reset or half_close.
        answers: what is acceptable.
    """

    client: int
    verb: str
    sent: tuple[bytes, ...]
    how: str
    answers: tuple[Answer, ...]


@dataclass
class Stage:
    """What the clients of one conversation share.

    Attributes:
        case: where what they find goes.
        pace: where it is written down how long they were kept waiting.
        history: where their messages are written down.
        actions: what they did, in order.
    """

    case: Case
    pace: Pace
    history: History
    actions: list[Action] = field(default_factory=list)


class Talker:
    """One client of a conversation, connected and greeted.

    Args:
        stage: what it shares with the others.
        number: which one it is.

    Raises:
        Blocked, Void: as of `Client.open`.
    """

    def __init__(self, stage: Stage, number: int) -> None:
        self._stage = stage
        self._case = stage.case
        self._number = number
        self._client = stage.case.unconnected_client()
        self._errors = 0
        self._body = b""
        self._ended_unanswered = False
        self._note("connect")
        with stage.pace.waiting("greeting"):
            self._client.open()

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
        data, case = b"".join(parts), self._case
        ends = any(part.endswith(END) for part in parts)
        self._note("send", cut_apart(data, cut))
        with case.server.places.delivering() if ends and not case.counts else nullcontext():
            self._client.send(data, lambda data: cut_apart(data, cut))
            for part in parts:
                self._hear(part)
        if self._errors > ERRORS:
            raise Astray

    def depart(self, step: Step) -> None:
        """Leave as a step says; only replies to what was sent before a half-close are judged."""
        client, data = self._client, b"".join(step.parts) + step.rest
        self._expect_no_more()
        self._note("send", [data] if data else [])
        client.ends_with_send = step.leave == "half_close"
        if client.ends_with_send:
            self._note("leave", how=step.leave)
        if data:
            client.send(data)
        for part in step.parts:
            if client.ends_with_send:
                self._hear(part)
            elif client.in_body and (body := self._ended_by(part)) is not None:
                self._stage.history.unanswered.append(client.message(body))
                self._ended_unanswered = True
        self.forsake()
        if not client.ends_with_send:
            self._note("leave", how=step.leave)
        if client.state.sender is None:
            client.leave(step.leave)
        else:
            self._leave_noticed(step.leave)

    def _leave_noticed(self, how: str) -> None:
        """Leave a message behind, with a moment for the server to see it: what it does about it shows afterwards."""
        self._client.leave("half_close" if how == "close" else how)
        if how == "reset":
            time.sleep(NOTICE / 5)
        else:
            self._client.wire.wait_closed(time.monotonic() + NOTICE)

    def time_out(self) -> None:
        """Stay silent and judge the time-out."""
        self._expect_no_more()
        self.forsake()
        self._note("time-out", answers=(Answer("timeout", None),))
        with self._stage.pace.waiting("time-out", usual=self._case.limit):
            self._client.expect_timeout(late=TICK)

    def forsake(self) -> None:
        """Write down that a message that was begun will never be ended."""
        sender = self._client.state.sender
        if self._client.in_body and sender is not None and not self._ended_unanswered:
            self._stage.history.begun.add(sender.strip("<>"))

    def close(self) -> None:
        """Leave in the middle of whatever it was at."""
        self.forsake()
        self._client.close()

    def _note(self, verb: str, sent: Sequence[bytes] = (), how: str = "", answers: tuple[Answer, ...] = ()) -> None:
        self._stage.actions.append(Action(self._number, verb, tuple(sent), how, answers))

    def _expect_no_more(self) -> None:
        if extra := self._client.wire.extra(0.0):
            shown = extra.decode("latin-1")
            if time.monotonic() - self._client.valid_sent > 0.95 * self._case.limit:
                raise Void("the conversation itself was late")
            raise self._case.breach("reply.one", "a reply where none is due", "one reply to each line", shown)

    def _hear(self, part: bytes) -> None:
        client = self._client
        if not client.in_body:
            line = part.removesuffix(CRLF)
            answers = acceptable(client.state, line)
            self._note("hear", answers=answers)
            self._errors += client.hear(line).kind not in ACCEPTED
            if (client.state, client.in_body) != (answers[0].after, answers[0].kind == "data"):
                raise Astray
        elif (body := self._ended_by(part)) is not None:
            self._note("hear-delivered", answers=(Answer("delivered", client.state.delivered()),))
            message = client.hear_delivered(body)
            self._stage.history.told.append(Delivery(message, client.last_sent, client.valid_read))

    def _ended_by(self, part: bytes) -> bytes | None:
        """Take in a part of a body; the whole body if it ends there, or None."""
        self._body += part
        if not (CRLF + self._body).endswith(CRLF + END):
            return None
        body, self._body = self._body.removesuffix(END), b""
        return body
