"""The clients that wait: silent, dripping, for ever wrong, or as slow as is allowed; they judge the server's clock.

Lower bounds count from before the last send that was answered 2xx, by the clock; upper bounds from after its reply was
read, in the time that was watched. So neither the network nor a busy machine is held against the server.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from typing import NamedTuple

from conformance.load.client import TIMED_OUT_EARLY, Client
from conformance.load.profile import TIMED_OUT, Dialogue, Step, timeout_kind
from conformance.load.run import Run

SLOW = 0.7
"""The share of the time limit that a slow client lets pass before each step; beyond `TOO_SLOW` the step is void."""
TOO_SLOW = 0.9
DRIP, WRONG = 0.13, 0.27
"""Shares of the time limit between two bytes of a dripping client and two lines of one that is for ever wrong; no
multiple is near the limit itself, where bytes could meet the time-out."""
RESERVED = 8
"""Operations that are kept for the beginning of each waiting client's first story."""
SILENT, DRIPPING, ERRING = TIMED_OUT


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
        run: what all clients share.
        dialogue: what it says.
        number: its number, from 0, with which its first story begins.
    """

    def __init__(self, run: Run, dialogue: Dialogue, number: int) -> None:
        super().__init__(run, dialogue)
        self._limit = run.profile.limits.time
        self._turn = number
        self._story: Story | None = None
        self._until = 0.0
        self._reserved = RESERVED
        run.reserved += RESERVED

    def on_greeting(self) -> None:
        """Begin the next story."""
        stories: tuple[Callable[[int], Story], ...] = (self._silent, self._dripping, self._wrong, self._slow)
        stages = self.run.profile.stages
        # The last stage, within a message, comes first.
        stage = (self._turn + self._turn // 4 - 1) % stages
        self._story = stories[self._turn % 4](stage)
        self._turn += 1
        self._tell(None, first=True)

    def on_reply(self, text: bytes, now: float) -> None:
        """Go on with the story."""
        self._tell(Heard(text, now))

    def on_closed(self, reason: str, now: float) -> None:
        """Go on with the story, which is about to end."""
        self._tell(Heard(reason.encode(), now, True))

    def on_check(self, now: float) -> None:
        """Go on with the story if it waits for the clock."""
        if now >= self._until and not (self.owed and self.run.is_stalling()):
            self._tell(None)

    def forget(self) -> None:
        """Drop the story."""
        super().forget()
        self._story = None

    def _tell(self, heard: Heard | None, first: bool = False) -> None:
        if self._story is None:
            return
        try:
            self._until = next(self._story) if first else self._story.send(heard)
        except (StopIteration, Over):
            self._story = None
            self.drop()

    @property
    def _within(self) -> bool:
        """Whether the session stands within a message."""
        return self.dialogue.stage == self.run.profile.stages - 1

    def _silent(self, stage: int) -> Story:
        """Say nothing more."""
        yield from self._reach(stage)
        if self._within:
            self.send(self.dialogue.part())
            self.valid_read = self.since
        yield from self._until_timed_out(SILENT)

    def _dripping(self, stage: int) -> Story:
        """Send a line that never ends, byte by byte."""
        yield from self._reach(self._outside(stage))
        yield from self._until_timed_out(DRIPPING, lambda: self.send(b"x"))

    def _wrong(self, stage: int) -> Story:
        """Send nothing but errors."""
        yield from self._reach(self._outside(stage))
        latest = self._latest()
        due = self._monotonic()
        errors = 0
        while True:
            due += WRONG * self._limit
            heard = yield from self._hear(latest, due)
            if heard is None and self.loop.watched < latest and self.run.may_begin(reserved=True):
                heard = yield from self._ask(self.dialogue.wrong())
                errors += 1
            if heard is None and self.loop.watched < latest:
                continue
            if heard is not None and heard.ended and errors > self.limits.errors:
                self.run.note("the server hangs up after some errors in a session")
                return
            yield from self._judge_timeout(ERRING, heard)
            return

    def _slow(self, stage: int) -> Story:
        """Take most of the time limit before every step, and be served."""
        self._release()
        delivered = False
        while not delivered:
            # A message follows its permission at once, whose time limit may be its own or not.
            heard = None if self._within else (yield self.valid_sent + SLOW * self._limit)
            if heard is None and self._monotonic() - self.valid_sent > TOO_SLOW * self._limit:
                self.run.note("a slow client was later than it wanted to be, and gave up its place")
                return
            if heard is None and not self.run.may_begin(reserved=True):
                return
            delivered = self._within
            heard = heard or (yield from self._ask(self.dialogue.right()))
            if heard is not None:
                raise self._too_early(heard)

    def _outside(self, stage: int) -> int:
        """The stage, or the last one before a message."""
        return min(stage, self.run.profile.stages - 2)

    def _reach(self, stage: int) -> Story:
        while self.dialogue.stage < stage:
            if not self.run.may_begin(reserved=True):
                raise Over
            heard = yield from self._ask(self.dialogue.right())
            if heard is not None:
                raise self._too_early(heard)
        self._release()

    def _hear(self, latest: float, due: float = math.inf) -> Generator[float, Heard | None, Heard | None]:
        """What is heard until it is time; None if nothing is.

        Args:
            latest: until when at the latest, in watched time.
            due: until when otherwise, by the clock.
        """
        while (left := latest - self.loop.watched) > 0:
            now = self._monotonic()
            heard = yield min(due, now + left)
            if heard is not None or now >= due:
                return heard
        return None

    def _ask(self, step: Step) -> Generator[float, Heard | None, Heard | None]:
        """Send a step and judge its reply; what was heard is returned where it is a time-out or the end."""
        if self.run.stopping:
            raise Over
        floor = self.run.numbers.highest
        sent = self.send(step.data)
        self.owed.append((step, sent, floor))
        heard = yield from self._hear(self.since + self.limits.reply)
        if heard is None:
            self.run.tally.add(self.dialogue.owed(step), self._monotonic() - sent, False)
            what = "no reply to a client that takes its time"
            self.blame(self.rules.one_reply, what, "one reply", "nothing")
            raise Over
        if heard.ended or heard.text.startswith(self.run.profile.timeout):
            self.note_abandoned()
            return heard
        _, verdict = self.judge(heard.text, heard.at)
        if verdict.after is None:
            raise Over
        return None

    def _latest(self) -> float:
        return self.valid_read + self.limits.timeout

    def _until_timed_out(self, story: str, drip: Callable[[], object] | None = None) -> Story:
        latest = self._latest()
        due = self._monotonic() if drip else math.inf
        while True:
            due += DRIP * self._limit
            heard = yield from self._hear(latest, due)
            if heard is not None or self.loop.watched >= latest:
                yield from self._judge_timeout(story, heard)
                return
            if drip:
                drip()

    def _judge_timeout(self, story: str, heard: Heard | None) -> Story:
        run = self.run
        code = run.profile.timeout.decode()
        row = timeout_kind(run.profile, story)
        if heard is None:
            span = self.limits.timeout
            run.tally.add(row, span, False, operation=False)
            self.blame(self.rules.timeout, f"no time-out within {span:g} s ({row})", code, "nothing")
            raise Over
        run.gate.is_parting(self)
        verdict = self.dialogue.timed_out(heard.text)
        waited = heard.at - self.valid_sent
        early = waited < self._limit
        if heard.ended and heard.text and self.spoke_last and not early:
            what = "the server reset the connection of a client that was to be timed out"
            run.note(f"{what}, and the {code} may be lost")
            raise Over
        run.tally.add(row, waited, not (early or heard.ended or verdict.wrong), operation=False)
        if early:
            raise self._too_early(heard)
        if heard.ended:
            what = f"closed without a word instead of the time-out ({row})"
            self.blame_for_closing(self.rules.timeout_reply, what, code, heard.text.decode("latin-1"))
            raise Over
        if verdict.wrong:
            self.blame(verdict.rule, f"{verdict.wrong} ({row})", verdict.wanted, heard.text)
        if verdict.also:
            self.blame(*verdict.also)
        if not run.stopping:
            yield from self._judge_close()

    def _judge_close(self) -> Story:
        late = self.limits.late
        latest = self.since + late
        after = yield from self._hear(latest)
        while after is not None and not after.ended:
            self.blame(self.rules.one_reply, "a reply after the time-out", "nothing", after.text)
            after = yield from self._hear(latest)
        if after is None:
            self.blame(self.rules.timeout_close, f"still open {late:g} s after the time-out", "EOF or reset", "neither")

    def _too_early(self, heard: Heard) -> Over:
        waited = heard.at - self.valid_sent
        shown = f"{heard.text.decode('latin-1') or 'closed'} after {waited:.2f} s"
        if waited < self._limit:
            blame = self.blame_for_closing if heard.ended else self.blame
            blame(self.rules.early, TIMED_OUT_EARLY, f"nothing before {self._limit:g} s", shown)
        else:
            self.run.was_late("timed out")
        return Over()

    def _release(self) -> None:
        self.run.reserved -= self._reserved
        self._reserved = 0
