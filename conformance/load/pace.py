"""The open loop: operations become due by time, whatever the server does, and whoever is free says the next one.

In a closed loop everybody waits for a reply before the next line, so that a server that stalls is asked less meanwhile,
and its stall counts once for each client. Here it counts for all that became due. A schedule may run late because no
client is free, for all of them wait for the server, or because this machine is late itself; the two are told apart.
"""

from __future__ import annotations

import math
import random
from collections import deque
from collections.abc import Callable

from conformance.load.loop import Connected, FineLoop
from conformance.load.tally import Histogram

EVEN, RANDOM = ARRIVALS = ("even", "random")
"""How operations follow each other: at the same distance, or as those of people who know nothing of each other."""
KEPT = 0.99
"""The share of the operations that were due from which on, sent, the rate was reached."""
WAITING = 0.15
"""The share of the time behind the schedule from which on, spent in waiting for replies, the server is the reason:
where multiclient is, it has always something to do."""

Speak = Callable[[float], int]
"""Says what is due since a time of the clock; returns how many operations that was."""


class Schedule:
    """When operations are due.

    Args:
        rate: operations a second.
        arrivals: one of `ARRIVALS`.
        seed: decides the random ones.

    Attributes:
        next: when the next one is due, by the clock; infinite before the start.
    """

    def __init__(self, rate: float, arrivals: str = EVEN, seed: int = 0) -> None:
        self.rate = rate
        self.next = math.inf
        self._random = random.Random(f"{seed}/arrivals") if arrivals == RANDOM else None
        self._began = 0.0
        self._taken = 0

    def start(self, now: float) -> None:
        """The first one is due now."""
        self._began = self.next = now

    def take(self, operations: int) -> None:
        """Take so many off that are said together, when the first one is due."""
        self._taken += operations
        if self._random is None:
            self.next = self._began + self._taken / self.rate
        else:
            self.next += sum(self._random.expovariate(self.rate) for _ in range(operations))

    def due_by(self, now: float) -> int:
        """About how many are due and not taken."""
        return math.ceil((now - self.next) * self.rate) if now > self.next else 0


class Pacer:
    """Gives what is due to the clients that are free, and keeps the books of the schedule.

    Args:
        loop: whose clock it goes by.
        schedule: when what is due.

    Attributes:
        sent, unsent: operations of the schedule that were said, and about how many were due and were not.
        seconds: how long the schedule went on.
        late: by how much moves were said later than they were due.
        own: by how much of that a client was free, so that it was this machine's fault.
        replies: how long replies took from when their line was sent.
        behind: seconds in which something was due and nobody was free.
        waited: how many of these were spent in waiting for the server.
    """

    def __init__(self, loop: FineLoop, schedule: Schedule) -> None:
        self.schedule = schedule
        self.sent = self.unsent = 0
        self.seconds = self.behind = self.waited = 0.0
        self.late, self.own, self.replies = Histogram(), Histogram(), Histogram()
        self._loop = loop
        self._free: deque[tuple[Connected, int, float, Speak]] = deque()
        self._began: float | None = None
        self._behind_since: float | None = None
        self._waited_before = 0.0
        self._stopped = False

    @property
    def wakes(self) -> float:
        """When there is something to do, by the clock."""
        return self.schedule.next if self._free else math.inf

    @property
    def reached(self) -> float:
        """Operations a second that were said."""
        return self.sent / self.seconds if self.seconds else 0.0

    @property
    def kept(self) -> bool:
        """Whether nearly all that was due was said."""
        return self.sent >= KEPT * (self.sent + self.unsent)

    @property
    def held_by(self) -> str:
        """Who is the reason if the rate was not reached, `server` or `machine`; empty if it was."""
        if self.kept:
            return ""
        return "server" if self.waited >= WAITING * self.behind > 0 else "machine"

    def wants_turn(self, client: Connected, speak: Speak) -> None:
        """Let a client that is free say something when it is its turn, unless its connection has ended by then."""
        now = self._loop.monotonic()
        if self._began is None:
            self._began = now
            self.schedule.start(now)
        self._free.append((client, client.serial, now, speak))

    def turn(self) -> None:
        """Have all said that is due, by those who have been free for longest."""
        if self._stopped or self._began is None:
            return
        began = now = self._loop.monotonic()
        was_behind = self._count_behind(now)
        schedule = self.schedule
        while self._free and schedule.next <= now:
            client, serial, since, speak = self._free.popleft()
            if client.socket is None or client.serial != serial:
                continue
            due = schedule.next
            if operations := speak(due):
                schedule.take(operations)
                self.sent += operations
                self.late.add(now - due)
                self.own.add(now - max(due, since))
            now = self._loop.monotonic()
        self._behind_since = None if schedule.next > now else began if was_behind else now
        self._waited_before = self._loop.waited

    def _count_behind(self, now: float) -> bool:
        """Count the time since the last turn, if that left something undone; returns whether it did."""
        if self._behind_since is None:
            return False
        self.behind += now - self._behind_since
        self.waited += self._loop.waited - self._waited_before
        return True

    def stop(self) -> None:
        """Give out no more."""
        self._stopped = True
        if self._began is not None:
            now = self._loop.monotonic()
            self._count_behind(now)
            self._behind_since = None
            self.seconds = now - self._began
            self.unsent = self.schedule.due_by(now)
