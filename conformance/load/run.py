"""What all clients of a run share: the options, the profile, and the books that they keep."""

from __future__ import annotations

import time
from collections.abc import Callable

from conformance.history import Misnumbered, Numbers
from conformance.load.findings import Findings
from conformance.load.gate import Gate
from conformance.load.loop import FineLoop, Loop
from conformance.load.options import Options
from conformance.load.pace import Pacer, Schedule
from conformance.load.profile import Delivery, Profile
from conformance.load.spool import Spool
from conformance.load.suspicion import STALLING, Suspicion
from conformance.load.tally import Tally

MOST_NOTES = 20


class Run:
    """The shared part of a run.

    Args:
        options: what it is asked for.
        profile: what it is about.
        spool: where acknowledged messages are written down, if they are looked up afterwards.
        monotonic: tells the time in seconds.

    Attributes:
        pacer: says when what is due, where that does not depend on the replies.
        begun: operations begun, judged or not.
        reserved: operations that are kept for the clients that wait.
        left: how often clients left, by how.
        notes: what is worth saying and no error, with how often.
        ports: our own ports, by which others' connections are known.
        local: whether the server is on this machine, so that others' connections can be seen.
        foreign: others' connections to the server were seen.
        unterminated: the server is known to end replies with nothing.
        stopping: nothing new is said any more.
        interrupted: the user wants the run to end.
        seconds: how long it lasted.
    """

    def __init__(
        self,
        options: Options,
        profile: Profile,
        spool: Spool | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.options = options
        self.profile = profile
        self.loop: Loop
        self.pacer: Pacer | None = None
        if options.rate is None:
            self.loop = Loop(monotonic)
        else:
            self.loop = fine = FineLoop(monotonic)
            self.pacer = Pacer(fine, Schedule(options.rate, options.arrivals, options.seed))
        self.gate = Gate(self.loop, profile.limits.ungreeted)
        self.suspicion = Suspicion(self.loop, profile.limits.time)
        self.tally = Tally()
        self.findings = Findings()
        self.numbers = Numbers()
        self.spool = spool
        self.begun = self.reserved = 0
        self.left: dict[str, int] = {}
        self.notes: dict[str, int] = {}
        self.ports: set[int] = set()
        self.local = self.foreign = self.unterminated = self.stopping = self.interrupted = False
        self.seconds = self._stopped = 0.0

    @property
    def alone(self) -> bool:
        """Whether nobody else can have used the server, as far as can be seen from here."""
        return self.options.launched or (self.local and not self.foreign)

    @property
    def talks(self) -> bool:
        """Whether any client still has something to say at its own speed."""
        return len(self.gate.resting) < self.options.talkers

    def start(self) -> float:
        """Begin; returns the time."""
        now = self.loop.start()
        self.suspicion.start()
        return now

    def stop(self) -> None:
        """Say and connect nothing new any more."""
        self.stopping = True
        self._stopped = self.loop.watched
        self.gate.close()
        if self.pacer:
            self.pacer.stop()

    def is_stalling(self, seconds: float = STALLING) -> bool:
        """Whether no client was answered for so long, so that the server as a whole is to be judged, not a reply."""
        if self.stopping and (self.suspicion.last_reply > self._stopped or not self.gate.serves):
            return False  # those who were answered say nothing more, so that silence is no sign
        return self.talks and self.suspicion.is_silent(seconds)

    def may_begin(self, count: int = 1, reserved: bool = False) -> bool:
        """Whether so many operations more may be begun; if so, they count as begun.

        Args:
            count: how many.
            reserved: whether they may be those that are kept for the clients that wait.
        """
        most = self.options.operations
        if most is not None and self.begun + count > most - (0 if reserved else self.reserved):
            return False
        self.begun += count
        return True

    def note(self, text: str) -> None:
        """Take down what is no error."""
        if text in self.notes or len(self.notes) < MOST_NOTES:
            self.notes[text] = self.notes.get(text, 0) + 1

    def was_late(self, what: str) -> None:
        """Take down that a client was so late that the server ended its session, rightly."""
        self.note(f"a client was so slow itself that it was {what}")
        self.suspicion.was_late()

    def delivered(self, delivery: Delivery, floor: int) -> str:
        """Take in an acknowledged message.

        Args:
            delivery: what the reply tells.
            floor: the highest number that was known before the message's end was sent.

        Returns:
            What is wrong with its number, or an empty string.
        """
        wrong = self.numbers.add(delivery.number, floor)
        if self.spool is not None and wrong is not Misnumbered.REPEATED:
            self.spool.keep(*delivery)
        return wrong.value if wrong else ""
