"""A client at full speed: says what its dialogue draws, and judges each reply as it comes."""

from __future__ import annotations

from collections import deque

from conformance.load.client import TIMED_OUT_EARLY, Client
from conformance.load.profile import Dialogue, Move
from conformance.load.run import Run

PIECE_PAUSE = 0.001
"""Seconds between the segments of a line, which keep the kernel from joining them."""
CLOSE_PAUSE = 1.0
"""Seconds more than it may take until a client that half-closed is no longer expected to be closed."""


class Talker(Client):
    """A client that talks.

    Args:
        run: what all clients share.
        dialogue: what it says.
    """

    talks = True

    def __init__(self, run: Run, dialogue: Dialogue) -> None:
        super().__init__(run, dialogue)
        self._timeout = run.profile.timeout
        self._pacer = run.pacer
        self._pieces: deque[bytes] = deque()
        self._errors = 0
        self._erred = self._half_closed = False

    def forget(self) -> None:
        """Drop what belongs to the connection that has ended."""
        super().forget()
        self._pieces.clear()
        self._errors = 0
        self._erred = self._half_closed = False

    def on_greeting(self) -> None:
        """Say the first thing, as soon as everybody is there."""
        self.run.gate.when_complete(self, self._go_on)

    def on_reply(self, text: bytes, now: float) -> None:
        """Judge a reply, and say the next thing."""
        if text.startswith(self._timeout):
            self._timed_out(text, now)
            return
        if not self.owed or self._pieces:
            self._unasked_for(text)
            return
        self._suspicion.took(now - self.owed[0][1], now)
        if self._pacer:
            self._pacer.replies.add(now - self.owed[0][1])
        step, verdict = self.judge(text, now)
        lost, error = verdict.after is None, verdict.error
        if lost and not (error and not self.owed and not step.delivers and not self._half_closed):
            # Only where an error stands for another one is it known how the session stands all the same.
            self.drop()
            return
        self._erred = error
        self._errors += error
        if self.owed:
            if step.after is not None and step.after != verdict.after:
                self.drop()  # what was joined to it means something else now
        elif self._half_closed:
            pass
        elif (think := self.run.options.think) and not lost:
            self.loop.later(self, now + think, self._go_on)
        else:
            self._go_on()

    def _unasked_for(self, text: bytes) -> None:
        if self.owed:
            self.blame(self.rules.whole_line, "a reply before the line was complete", "nothing", text)
        else:
            self.blame(self.rules.one_reply, "a reply that nothing was owed", "nothing", text)
        self.drop()

    def _go_on(self) -> None:
        if self.run.stopping or self._leaving:
            return
        if self._unread:
            return  # a time-out, which may have waited here since long, or a reply too many: the next line says which
        if self._pacer:
            self._pacer.wants_turn(self, self._speak_late)
        else:
            self._speak()

    def _speak_late(self, due: float) -> int:
        """Say the next thing, that was due at a time of the clock; returns how many operations it is."""
        self.late = self._monotonic() - due
        return self._speak()

    def _speak(self) -> int:
        move = self.dialogue.next()
        operations = len(move.steps)
        if not self.run.may_begin(operations):
            self.run.gate.rests(self)
            self.leave()
            return 0
        floor = self.run.numbers.highest
        if len(move.pieces) > 1:
            self._pieces.extend(move.pieces)
            self.owed.append((move.steps[0], self.valid_sent, floor))
            self._send_piece()
            return operations
        sent = self.send(move.pieces[0])
        for step in move.steps:
            self.owed.append((step, sent, floor))
        if move.leave:
            self._leave(move)
        return operations

    def _leave(self, move: Move) -> None:
        self._half_closed = move.leave == "half-close"
        self.leave(move.leave)

    def _send_piece(self) -> None:
        sent = self.send(self._pieces.popleft())
        if self._pieces:
            self.loop.later(self, sent + PIECE_PAUSE, self._send_piece)
        else:
            step, _, floor = self.owed[-1]
            self.owed[-1] = (step, sent, floor)

    def _timed_out(self, text: bytes, now: float) -> None:
        limit = self.limits.time
        if now - self.valid_sent < limit:
            actual = f"{text!r} after {now - self.valid_sent:.2f} s"
            self.blame(self.rules.early, TIMED_OUT_EARLY, f"nothing before {limit:g} s", actual)
        elif self._was_in_time(now):
            self._suspect("timed out instead of a reply to what was sent in time", text.decode("latin-1"), now)
        elif not self._half_closed:
            self.run.was_late("timed out")
        self.drop()

    def on_closed(self, reason: str, now: float) -> None:
        """The server has hung up: rightly on a client that has left, or after many errors."""
        if self._half_closed and not self.owed:
            return
        if now - self.valid_sent >= self.limits.time and not self._was_in_time(now):
            self.run.was_late("hung up on")
        elif self._had_many_errors(reset=bool(reason)):
            self.run.note("the server hangs up after some errors in a session")
        elif self.owed:
            self._suspect("the connection was closed instead of a reply", reason, now)
        else:
            what = "the server closed the connection of a client that did nothing wrong"
            self.blame_for_closing(self.rules.undisturbed, what)

    def _spare(self) -> float:
        """Seconds that the server had at least, from when all was sent, until its clock could run out."""
        return self.valid_sent + self.limits.time - self.gone

    def _was_in_time(self, now: float) -> bool:
        """Whether what waits for its reply was sent when most of the time limit was left, and that has passed since."""
        limit = self.limits.time
        if not self.owed or self._pieces or self._out or now - self.valid_sent < limit:
            return False
        return self._spare() > limit / 2

    def _had_many_errors(self, reset: bool) -> bool:
        if reset:
            # Errors may have been on their way to us that the reset has destroyed.
            return self._errors + len(self.owed) > self.limits.errors
        owes_error = bool(self.owed) and self.owed[0][0].after == self.dialogue.state
        return (self._erred or owes_error) and self._errors > self.limits.errors

    def _suspect(self, what: str, actual: str, now: float) -> None:
        """Take down that a line got the end of the session for a reply, unless the whole server ended or was slow."""
        run, gone, spare = self.run, self.gone, self._spare()
        log, half_closed = list(self.log), self._half_closed
        kind, sent = self._owed_first()
        late = self.late

        def judge() -> None:
            if now - gone >= spare and run.suspicion.was_slow(gone, spare):
                run.note("a client was timed out while replies were slow, so that none is missed")
                return
            run.tally.add(kind, now - sent + late, False)
            rule = self.rules.half_closed if half_closed else self.rules.one_reply
            run.findings.add(rule, what, f"a reply ({kind})", actual, log)

        run.suspicion.suspect(judge)

    def _owed_first(self) -> tuple[str, float]:
        """The kind of reply that is owed first, and since when."""
        step, sent, _ = self.owed[0]
        return self.dialogue.owed(step), sent

    def on_check(self, now: float) -> None:
        """Look whether a reply is overdue."""
        quiet = self.loop.watched - self.since
        if self.owed:
            if quiet > self.limits.reply and not self.run.is_stalling():
                kind, sent = self._owed_first()
                self.run.tally.add(kind, now - sent + self.late, False)
                what = f"no reply within {self.limits.reply:g} s"
                self.blame(self.rules.one_reply, what, f"a reply ({kind})", "nothing")
                self.drop()
        elif self._half_closed and not self._leaving:
            patience = self.limits.time + self.limits.late
            if quiet > patience + CLOSE_PAUSE:
                what = f"not closed within {patience:g} s after the client half-closed"
                self.blame(self.rules.freed, what, "EOF", "nothing")
                self.drop()
