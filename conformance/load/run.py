"""What all clients of a run share: the options, the words, and the books that they keep."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from conformance.cs4410.dialect import Dialect
from conformance.load.findings import Findings
from conformance.load.numbers import Numbers
from conformance.load.spool import Spool
from conformance.load.tally import Tally
from conformance.load.verdicts import Judge
from conformance.load.words import Words

LATE = 2.0
"""Seconds that a MUST allows beyond the time limit."""
MARGIN = 4
"""How many times faster than it had to be a server answers whose time-out instead of a reply is held against it."""
SLOW_REPLIES = 200
"""How many of the latest slow replies are remembered."""


@dataclass(frozen=True)
class Options:
    """What a run is asked for.

    Attributes:
        address: the server's numeric host and port.
        connections: how many at once, from 2 to 32.
        duration: seconds.
        operations: after how many operations no more are begun, or None.
        seed: decides the conversations.
        errors: the share of steps that deviate, 0 to 1.
        time_limit: the server's, in seconds.
        think: seconds of pause between the moves of a client.
        launched: whether the server was started for this run, so that nobody else uses it.
    """

    address: tuple[str, int]
    connections: int = 32
    duration: float = 60.0
    operations: int | None = None
    seed: int = 0
    errors: float = 0.2
    time_limit: float = 10.0
    think: float = 0.0
    launched: bool = False

    @property
    def waiters(self) -> int:
        """How many clients are dedicated to the clock."""
        return min(4, self.connections // 2)

    @property
    def patience(self) -> float:
        """Seconds after which there is no reply."""
        return max(5.0, self.time_limit)

    @property
    def greeting_patience(self) -> float:
        """Seconds after which there is no greeting."""
        return max(self.patience, self.time_limit + LATE + 1.0)


class Run:
    """The shared part of a run.

    Args:
        options: what it is asked for.
        dialect: the words.
        spool: where acknowledged messages are written down, if they are looked up afterwards.
        monotonic: tells the time in seconds.

    Attributes:
        begun: operations begun, judged or not.
        last_reply: when any client at full speed was last answered, in watched time (`Engine.watched`).
        left: how often clients left, by how.
        notes: what is worth saying and no error, with how often.
        netids: the server's names for itself, a few at the most.
        ports: our own ports, by which others' connections are known.
    """

    def __init__(
        self,
        options: Options,
        dialect: Dialect,
        spool: Spool | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.options = options
        self.monotonic = monotonic
        self.judge = Judge(dialect)
        self.words = Words(options.seed)
        self.mark = f"load-{options.seed}-{time.time_ns():x}"
        self.tally = Tally()
        self.findings = Findings()
        self.numbers = Numbers()
        self.spool = spool
        self.begun = 0
        self.reserved = 0
        self.last_reply = 0.0
        self._slow_replies: deque[tuple[float, float]] = deque(maxlen=SLOW_REPLIES)
        self.left: dict[str, int] = {}
        self.notes: dict[str, int] = {}
        self.netids: set[bytes] = set()
        self.ports: set[int] = set()

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

    def took(self, seconds: float, now: float) -> None:
        """Remember how long a reply took that came now, if that was long."""
        if seconds > self.options.time_limit / (2 * MARGIN):
            self._slow_replies.append((now, seconds))

    def was_slow(self, since: float, spare: float) -> bool:
        """Whether replies took so long that a right server may have overlooked a line until its clock ran out.

        Args:
            since: when the line was sent.
            spare: the seconds that were left then.
        """
        return any(at >= since and seconds > spare / MARGIN for at, seconds in self._slow_replies)

    def note(self, text: str) -> None:
        """Take down what is no error."""
        if text in self.notes or len(self.notes) < 20:
            self.notes[text] = self.notes.get(text, 0) + 1

    def delivered(self, number: int, floor: int, fingerprint: int) -> str:
        """Take in the number of an acknowledged message.

        Args:
            number: from the reply.
            floor: the highest number that was known before the message's end was sent.
            fingerprint: of the message.

        Returns:
            What is wrong with the number, or an empty string.
        """
        if not self.numbers.add(number):
            return "a number that another message has"
        if self.spool:
            self.spool.keep(number, fingerprint)
        return "a number below one that was told before the message was sent" if number <= floor else ""
