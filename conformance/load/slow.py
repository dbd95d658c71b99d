"""The clients that wait: silent, dripping, for ever wrong, or as slow as is allowed; they judge the server's clock.

Lower bounds count from before the last send that was answered 2xx, by the clock; upper bounds from after its reply was
read, in the time that was watched. So neither the network nor a busy machine is held against the server.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, NamedTuple

from conformance.load.client import ERRORS_BORNE, Client
from conformance.load.envelope import Envelope
from conformance.load.run import LATE, Run
from conformance.load.script import Script
from conformance.load.words import BODY, CONNECTED, GREETED, RECIPIENT, SENDER, Step

if TYPE_CHECKING:
    from conformance.load.engine import Engine

SLOW = 0.7
"""The share of the time limit that a slow client lets pass before each step; beyond `TOO_SLOW` the step is void."""
TOO_SLOW = 0.9
DRIP, WRONG = 0.13, 0.27
"""Shares of the time limit between two bytes of a dripping client and two lines of one that is for ever wrong; no
multiple is near the limit itself, where bytes could meet the time-out."""
RESERVED = 8
"""Operations that are kept for the beginning of each waiting client's first story."""
STATES = (BODY, CONNECTED, GREETED, SENDER, RECIPIENT)


class Heard(NamedTuple):
    """What a waiting client has heard: a line, or the end of the connection."""

    text: bytes
    at: float
    ended: bool = False


class Over(Exception):
    """The story is at its end."""


Story = Generator[float, Heard | None, None]
"""Yields until when it waits, by the clock; is sent what was heard by then, or None."""


class Waiter(Client):
    """A client that is dedicated to the clock.

    Args:
        engine: the event loop.
        run: what all clients share.
        number: its number, from 0.
    """

    def __init__(self, engine: Engine, run: Run, number: int) -> None:
        super().__init__(engine, run, number)
        self._limit = run.options.time_limit
        self._script = Script(run.words, run.options.seed, 1000 + number, 1, 0.0, run.mark)
        self._turn = number
        self._story: Story | None = None
        self._until = 0.0
        self._shape = CONNECTED
        self._owed = self._open_body = False
        self._envelope = Envelope()
        self._reserved = RESERVED
        run.reserved += RESERVED

    def on_greeting(self, now: float) -> None:
        """Begin the next story."""
        stories: tuple[Callable[[int], Story], ...] = (self._silent, self._dripping, self._wrong, self._slow)
        state = STATES[(self._turn + self._turn // 4) % len(STATES)]
        self._shape = CONNECTED
        self._envelope = Envelope()
        self._story = stories[self._turn % 4](state)
        self._turn += 1
        self._tell(None, first=True)

    def on_reply(self, text: bytes, now: float) -> None:
        """Go on with the story."""
        self._tell(Heard(text, now))

    def on_end(self, reason: str, now: float) -> None:
        """Go on with the story, which is about to end."""
        self._tell(Heard(reason.encode(), now, True))

    def on_check(self, now: float) -> None:
        """Go on with the story if it waits for the clock."""
        if now >= self._until and not (self._owed and self.engine.is_stalling()):
            self._tell(None)

    def forget(self) -> None:
        """Drop the story."""
        self._story = None
        self.run.numbers.unanswered += self._open_body
        self._owed = self._open_body = False

    def _tell(self, heard: Heard | None, first: bool = False) -> None:
        if self._story is None:
            return
        try:
            self._until = next(self._story) if first else self._story.send(heard)
        except (StopIteration, Over):
            self._story = None
            self.drop()

    def is_owed(self) -> bool:
        """Whether a greeting or a reply is outstanding."""
        return super().is_owed() or self._owed

    # --- the stories ---

    def _silent(self, state: int) -> Story:
        """Say nothing more."""
        yield from self._reach(state)
        if state == BODY:
            self.send(self._script.part_of_body())
            self.valid_read = self.since
        yield from self._until_timed_out("421 silent")

    def _dripping(self, state: int) -> Story:
        """Send a command line that never ends, byte by byte."""
        yield from self._reach(min(state, RECIPIENT))
        yield from self._until_timed_out("421 dripping", lambda: self.send(b"x"))

    def _wrong(self, state: int) -> Story:
        """Send nothing but errors."""
        yield from self._reach(min(state, RECIPIENT))
        latest = self._latest()
        due = self._monotonic()
        errors = 0
        while True:
            due += WRONG * self._limit
            heard = yield from self._hear(latest, due)
            if heard is None and self.engine.watched < latest and self.run.may_begin(reserved=True):
                heard = yield from self._ask(self._script.wrong(self._shape))
                errors += 1
            if heard is None and self.engine.watched < latest:
                continue
            if heard is not None and heard.ended and errors > ERRORS_BORNE:
                self.run.note("the server hangs up after some errors in a session")
                return
            yield from self._judge_timeout("421 wrong", heard)
            return

    def _slow(self, state: int) -> Story:
        """Take most of the time limit before every step, and be served."""
        self._release()
        delivered = False
        while not delivered:
            # The body follows its 354 at once: that it has a time limit of its own is a SHOULD.
            heard = None if self._shape == BODY else (yield self.valid_sent + SLOW * self._limit)
            if heard is None and self._monotonic() - self.valid_sent > TOO_SLOW * self._limit:
                self.run.note("a slow client was later than it wanted to be, and gave up its place")
                return
            if heard is None and not self.run.may_begin(reserved=True):
                return
            delivered = self._shape == BODY
            heard = heard or (yield from self._ask(self._script.right(self._shape)))
            if heard is not None:
                raise self._too_early(heard)

    # --- their parts ---

    def _reach(self, state: int) -> Story:
        while self._shape < state:
            if not self.run.may_begin(reserved=True):
                raise Over
            heard = yield from self._ask(self._script.right(self._shape))
            if heard is not None:
                raise self._too_early(heard)
        self._release()

    def _hear(self, latest: float, due: float = math.inf) -> Generator[float, Heard | None, Heard | None]:
        """What is heard until it is time; None if nothing is.

        Args:
            latest: until when at the latest, in watched time.
            due: until when otherwise, by the clock.
        """
        while (left := latest - self.engine.watched) > 0:
            now = self._monotonic()
            heard = yield min(due, now + left)
            if heard is not None or now >= due:
                return heard
        return None

    def _ask(self, step: Step) -> Generator[float, Heard | None, Heard | None]:
        """Send a step and judge its reply; what was heard is returned where it is a time-out or the end."""
        if self.engine.stopping:
            raise Over
        floor = self.run.numbers.highest
        sent = self.send(step.data)
        self._owed = True
        self._open_body = self._shape == BODY
        heard = yield from self._hear(self.since + self.run.options.patience)
        self._owed = False
        if heard is None:
            self.run.tally.add(self.run.judge.owed(self._shape, step.line), self._monotonic() - sent, False)
            self.blame("reply.one", "no reply to a client that takes its time", "one reply", "nothing")
            raise Over
        if heard.ended or heard.text[:3] == self.run.judge.timeout_code:
            return heard
        self._take(step, sent, floor, heard)
        return None

    def _take(self, step: Step, sent: float, floor: int, heard: Heard) -> None:
        judge = self.run.judge
        number = -1
        if self._shape == BODY:
            verdict, number = judge.delivered(heard.text)
            self._open_body = number < 0  # without its number the message may be there all the same
        else:
            verdict = judge.command(self._shape, step.line, heard.text)
        wrong = verdict.wrong
        if number >= 0:
            wrong = self.run.delivered(number, floor, self._envelope.fingerprint(step.body)) or wrong
        self.run.tally.add(verdict.owed, heard.at - sent, not wrong)
        if wrong:
            rule = verdict.rule if verdict.wrong else "numbers"
            self.blame(rule, f"{wrong} ({verdict.owed})", verdict.wanted, heard.text)
        if verdict.after is None:
            raise Over
        self._shape = verdict.after
        if heard.text[:1] in (b"2", b"3"):
            self.valid_read = self.since
            self._envelope.follow(verdict.kind, step.argument)
            if verdict.kind != "data":
                self.valid_sent = sent

    def _latest(self) -> float:
        return self.valid_read + max(2 * self._limit, self._limit + LATE)

    def _until_timed_out(self, row: str, drip: Callable[[], object] | None = None) -> Story:
        latest = self._latest()
        due = self._monotonic() if drip else math.inf
        while True:
            due += DRIP * self._limit
            heard = yield from self._hear(latest, due)
            if heard is not None or self.engine.watched >= latest:
                yield from self._judge_timeout(row, heard)
                return
            if drip:
                drip()

    def _judge_timeout(self, row: str, heard: Heard | None) -> Story:
        run = self.run
        if heard is None:
            span = max(2 * self._limit, self._limit + LATE)
            run.tally.add(row, span, False, operation=False)
            self.blame("time.out", f"no time-out within {span:g} s ({row})", "421", "nothing")
            raise Over
        self.engine.is_parting(self)
        verdict = run.judge.word("timeout", heard.text)
        waited = heard.at - self.valid_sent
        early = waited < self._limit
        if heard.ended and heard.text and self.spoke_last and not early:
            run.note("the server reset the connection of a client that was to be timed out, and the 421 may be lost")
            raise Over
        run.tally.add(row, waited, not (early or heard.ended or verdict.wrong), operation=False)
        if early:
            raise self._too_early(heard)
        if heard.ended:
            what = f"closed without a word instead of the time-out ({row})"
            self.blame_for_closing("time.reply", what, "421", heard.text.decode("latin-1"))
            raise Over
        if verdict.wrong:
            self.blame(verdict.rule, f"{verdict.wrong} ({row})", verdict.wanted, heard.text)
        else:
            self.judge_netid("time-out", heard.text.split(b" ")[2] if heard.text.count(b" ") > 1 else b"")
        if self.engine.stopping:
            return
        latest = self.since + LATE
        after = yield from self._hear(latest)
        while after is not None and not after.ended:
            self.blame("reply.one", "a reply after the time-out", "nothing", after.text)
            after = yield from self._hear(latest)
        if after is None:
            self.blame("time.close", f"still open {LATE:g} s after the time-out", "EOF or reset", "neither")

    def _too_early(self, heard: Heard) -> Over:
        waited = heard.at - self.valid_sent
        shown = f"{heard.text.decode('latin-1') or 'closed'} after {waited:.2f} s"
        if waited < self._limit:
            what = "timed out though the time limit has not passed since a valid command"
            blame = self.blame_for_closing if heard.ended else self.blame
            blame("time.early", what, f"nothing before {self._limit:g} s", shown)
        else:
            self.engine.was_late("timed out")
        return Over()

    def _release(self) -> None:
        self.run.reserved -= self._reserved
        self._reserved = 0
