"""A client at full speed: says what its script says, and judges each reply as it comes."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from conformance.load.client import ERRORS_BORNE, Client
from conformance.load.envelope import Envelope
from conformance.load.run import LATE, Run
from conformance.load.script import WHOLE, Move, Script
from conformance.load.words import BODY, CONNECTED, Step

if TYPE_CHECKING:
    from conformance.load.engine import Engine

PIECE_PAUSE = 0.001
"""Seconds between the segments of a line, which keep the kernel from joining them."""


class Talker(Client):
    """A client that talks.

    Args:
        engine: the event loop.
        run: what all clients share.
        number: its number, from 0.
        script: what it says.
    """

    talks = True

    def __init__(self, engine: Engine, run: Run, number: int, script: Script) -> None:
        super().__init__(engine, run, number)
        self._script = script
        self._think = run.options.think
        self.forget()

    def forget(self) -> None:
        """Drop what belongs to the connection that has ended."""
        for step, _ in getattr(self, "_pending", ()):
            # Its reply may have been lost on the way, and so a number with it.
            self.run.numbers.unanswered += not step.line and step.data.endswith(b".\r\n")
        self._pending: deque[tuple[Step, float]] = deque()
        self._pieces: deque[bytes] = deque()
        self._shape = CONNECTED
        self._envelope = Envelope()
        self._errors = 0
        self._erred = False
        self._half_closed = False
        self._floor = 0

    def is_owed(self) -> bool:
        """Whether a greeting or a reply is outstanding."""
        return super().is_owed() or bool(self._pending)

    def on_greeting(self, now: float) -> None:
        """Say the first thing, as soon as everybody is there."""
        self.engine.when_complete(self, self._go_on)

    def on_reply(self, text: bytes, now: float) -> None:
        """Judge a reply, and say the next thing."""
        if text[:3] == self.run.judge.timeout_code:
            self._timed_out(text, now)
            return
        if not self._pending:
            self.blame("reply.one", "a reply that nothing was owed", "nothing", text)
            self.drop()
            return
        if self._pieces:
            self.blame("line.split", "a reply before the line was complete", "nothing", text)
            self.drop()
            return
        step, sent = self._pending.popleft()
        was_body = self._shape == BODY
        number = -1
        self.run.took(now - sent, now)
        if was_body:
            verdict, number = self.run.judge.delivered(text)
            # Without its number a message may be there all the same.
            self.run.numbers.unanswered += number < 0
        else:
            verdict = self.run.judge.command(self._shape, step.line, text)
        wrong = verdict.wrong
        if number >= 0:
            fingerprint = self._envelope.fingerprint(step.body)
            wrong = self.run.delivered(number, self._floor, fingerprint) or wrong
        self.run.tally.add(verdict.owed, now - sent, not wrong)
        if wrong:
            rule = verdict.rule if verdict.wrong else "numbers"
            self.blame(rule, f"{wrong} ({verdict.owed})", verdict.wanted or "the next number", text)
        if verdict.after is None:
            self._after_wrong_reply(text)
            return
        self._follow(verdict.kind, step, sent, now, text)
        self._shape = verdict.after
        if self._pending:
            if step.after is not None and step.after != self._shape:
                self.drop()  # what was joined to it means something else now
        elif self._half_closed:
            pass
        elif self._think:
            self.engine.later(self, now + self._think, self._go_on)
        else:
            self._go_on()

    def _follow(self, kind: str, step: Step, sent: float, now: float, text: bytes) -> None:
        self._erred = text[:1] == b"5"
        if self._erred:
            self._errors += 1
            return
        if kind != "data":
            self.valid_sent = sent
            self._envelope.follow(kind, step.argument)
        if kind == "helo":
            self.judge_netid(kind, text.split(b" ")[-1])

    def _after_wrong_reply(self, text: bytes) -> None:
        """Go on where an error stands for another one; where nobody knows how the session stands, begin a new one."""
        if text[:1] == b"5" and not self._pending and self._shape != BODY and not self._half_closed:
            self._errors += 1
            self._erred = True
            self._go_on()
        else:
            self.drop()

    def _go_on(self) -> None:
        if self.engine.stopping or self._leaving:
            return
        if self._unread:
            return  # a time-out, which may have waited here since long, or a reply too many: the next line says which
        move = self._script.next(self._shape)
        if not self.run.may_begin(len(move.steps)):
            self.engine.rests(self)
            self.leave()
            return
        self._floor = self.run.numbers.highest
        if move.how != WHOLE:
            self._pieces.extend(self._script.pieces(move))
            self._pending.append((move.steps[0], self.valid_sent))
            self._send_piece()
            return
        sent = self.send(move.data)
        for step in move.steps:
            self._pending.append((step, sent))
        if move.leave:
            self._leave(move)

    def _leave(self, move: Move) -> None:
        if move.leave == "half-close":
            self._half_closed = True
            if not move.steps:
                self._shape = CONNECTED
        self.leave(move.leave)

    def _send_piece(self) -> None:
        sent = self.send(self._pieces.popleft())
        if self._pieces:
            self.engine.later(self, sent + PIECE_PAUSE, self._send_piece)
        else:
            self._pending[-1] = (self._pending[-1][0], sent)

    def _timed_out(self, text: bytes, now: float) -> None:
        limit = self.run.options.time_limit
        if now - self.valid_sent < limit:
            what = "timed out though the time limit has not passed since a valid command"
            self.blame(
                "time.early", what, f"nothing before {limit:g} s", f"{text!r} after {now - self.valid_sent:.2f} s"
            )
        elif self._was_in_time(now):
            self._suspect("timed out instead of a reply to what was sent in time", text.decode("latin-1"), now)
        elif not self._half_closed:
            self.engine.was_late("timed out")
        self.drop()

    def on_end(self, reason: str, now: float) -> None:
        """The server has hung up: rightly on a client that has left, or after many errors."""
        if self._half_closed and not self._pending:
            return
        if now - self.valid_sent >= self.run.options.time_limit and not self._was_in_time(now):
            self.engine.was_late("hung up on")
        elif self._had_many_errors(reset=bool(reason)):
            self.run.note("the server hangs up after some errors in a session")
        elif self._pending:
            self._suspect("the connection was closed instead of a reply", reason, now)
        else:
            self.blame_for_closing(
                "pool.no-influence", "the server closed the connection of a client that did nothing wrong"
            )

    def _spare(self) -> float:
        """Seconds that the server had at least, from when all was sent, until its clock could run out."""
        return self.valid_sent + self.run.options.time_limit - self.gone

    def _was_in_time(self, now: float) -> bool:
        """Whether what waits for its reply was sent when most of the time limit was left, and that has passed since."""
        limit = self.run.options.time_limit
        if not self._pending or self._pieces or self._out or now - self.valid_sent < limit:
            return False
        return self._spare() > limit / 2

    def _had_many_errors(self, reset: bool) -> bool:
        if reset:
            # Errors may have been on their way to us that the reset has destroyed.
            return self._errors + len(self._pending) > ERRORS_BORNE
        owes_error = bool(self._pending) and self._pending[0][0].after == self._shape
        return (self._erred or owes_error) and self._errors > ERRORS_BORNE

    def _suspect(self, what: str, actual: str, now: float) -> None:
        """Take down that a line got the end of the session for a reply, unless the whole server ended or was slow."""
        run, gone, spare = self.run, self.gone, self._spare()
        log, half_closed = list(self.log), self._half_closed
        kind, sent = self._owed_first()

        def judge() -> None:
            if now - gone >= spare and run.was_slow(gone, spare):
                run.note("a client was timed out while replies were slow, so that none is missed")
                return
            run.tally.add(kind, now - sent, False)
            rule = "half-close.answered" if half_closed else "reply.one"
            run.findings.add(rule, what, f"a reply ({kind})", actual, log)

        self.engine.suspect(judge)

    def _owed_first(self) -> tuple[str, float]:
        """The kind of reply that is owed first, and since when."""
        step, sent = self._pending[0]
        return "delivered" if not step.line else self.run.judge.owed(self._shape, step.line), sent

    def on_check(self, now: float) -> None:
        """Look whether a reply is overdue."""
        options = self.run.options
        quiet = self.engine.watched - self.since
        if self._pending:
            if quiet > options.patience and not self.engine.is_stalling():
                kind, sent = self._owed_first()
                self.run.tally.add(kind, now - sent, False)
                self.blame("reply.one", f"no reply within {options.patience:g} s", f"a reply ({kind})", "nothing")
                self.drop()
        elif self._half_closed and not self._leaving and quiet > options.time_limit + LATE + 1.0:
            what = f"not closed within {options.time_limit + LATE:g} s after the client half-closed"
            self.blame("pool.frees", what, "EOF", "nothing")
            self.drop()
