"""The search itself: conversations are drawn and held until one fails; that one is shrunk and judged twice more.

hypothesis draws, `shrink` makes smaller; what is bounded here is the time and the connections that this takes, for
every try is a real conversation. Nothing is drawn from what the server says, so the seed alone decides what is held.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy

from conformance.harness.health import Health
from conformance.harness.transcript import Transcript
from conformance.search.blame import Cause, cause_of
from conformance.search.conversation import Conversation, closing, plan
from conformance.search.failure import Failure
from conformance.search.player import Play, Player, Ungreeted
from conformance.search.shrink import Picks, shrink

HELD_PER_START = 60
"""Conversations that one start of a server sees: its mailbox stays small, and what leaks cannot pile up."""
AT_A_TIME = 10
"""Conversations that hypothesis draws before it begins anew; of more it makes most by changing what it drew before, and
conversations that resemble each other find a rare fault a fifth as fast as independent ones."""
HURRY = 1.0
"""Seconds that a reply is waited for while searching; a failure counts only if it shows with full patience as well."""
SHORTEST_WAIT = 0.25
"""The same while shrinking."""
WAITS = 1
"""Time-outs that one conversation waits for, if any was drawn."""
MOST_UNREPEATED = 5
MOST_UNGREETED = 3


_DRAWING = threading.Lock()


class Hasty(Health):
    """Waits for a reply no longer than some seconds, but long enough for how slow the server was seen to be."""

    def __init__(self, time_limit: float, seconds: float) -> None:
        super().__init__(time_limit)
        self._seconds = seconds

    def patience(self, rule: str = "") -> float:
        """Seconds to wait for a reply."""
        return min(self._full, max(self._seconds, 20 * self._slowest))


@dataclass(frozen=True)
class Budget:
    """What a search may take.

    Attributes:
        examples: how many conversations.
        seconds: for them; None for as long as they take.
        shrinking: seconds for shrinking, of all causes together.
        connections: for shrinking.
        causes: failures with causes of their own, after which the search ends.
    """

    examples: int
    seconds: float | None
    shrinking: float = 30.0
    connections: int = 4000
    causes: int = 3


@dataclass(frozen=True)
class Found:
    """A failure as it is reported.

    Attributes:
        conversation: the shortest one that fails.
        failure: how it does.
        first: how it, or what it was shrunk from, failed the first time.
        times: how often it failed of three times.
        cause: which requirement is broken.
        play: how it was held the last time that it failed.
        transcript: the same as it went over the wire.
        shrunk: whether shrinking came to its end.
    """

    conversation: Conversation
    failure: Failure
    first: Failure
    times: int
    cause: Cause
    play: Play
    transcript: Transcript
    shrunk: bool


class Hunt:
    """A search with one player.

    Args:
        player: holds the conversations.
        budget: what it may take.
        time_limit: the server's, in seconds.

    Attributes:
        found: the failures, each with a cause of its own.
        held: how many conversations were held while searching.
        stopped: why the search ended before all were held; empty if they were.
    """

    def __init__(self, player: Player, budget: Budget, time_limit: float) -> None:
        self._player = player
        self._budget = budget
        self.limit = time_limit
        self._hurry = Hasty(time_limit, HURRY)
        self._known: set[tuple[str, str, str]] = set()
        self._began = time.monotonic()
        self._shrinking = 0.0
        self._shrink_connections = 0
        self._ungreeted = 0
        self._unrepeated: list[Found] = []
        self.found: list[Found] = []
        self.held = 0
        self.stopped = ""

    def run(self, strategy: SearchStrategy[Picks], seed_: str) -> None:
        """Search until the budget is spent, or there is nothing to be gained from going on.

        Args:
            strategy: what is drawn.
            seed_: decides what is.
        """
        for round_ in count():
            for picks in drawn(strategy, AT_A_TIME, random.Random(f"{seed_}/{round_}")):
                if self.stopped or self.held == self._budget.examples:
                    return
                if failure := self.first(plan(picks, WAITS)):
                    self._take(_Reduction(self, picks, failure).run())

    def _take(self, found: Found) -> None:
        if found.times < 2:
            # It may have come from a conversation before, and show by itself in a later one.
            self._unrepeated.append(found)
        else:
            self._known |= {found.failure.sign, found.first.sign}
            if not any(one.cause.resembles(found.cause) for one in self.found):
                self.found.append(found)
        if len(self.found) == self._budget.causes:
            self.stopped = f"{len(self.found)} causes were found"
        elif len(self._unrepeated) == MOST_UNREPEATED:
            self.stopped = f"{MOST_UNREPEATED} failures did not repeat"
        elif self._shrink_left() <= 0:
            self.stopped = "the time for shrinking was spent"

    @property
    def unrepeated(self) -> list[Found]:
        """The failures that did not repeat, but for those that look like one that did."""
        return [found for found in self._unrepeated if found.first.sign not in self._known]

    # --- holding ---

    def first(self, conversation: Conversation) -> Failure | None:
        """Hold a conversation while searching; a cause that is known already is none any more."""
        if self.stopped:
            return None
        if not self.held:
            self._began = time.monotonic()  # however long it took to draw the first ones, some are held
        if self._budget.seconds is not None and time.monotonic() - self._began > self._budget.seconds:
            self.stopped = f"{self._budget.seconds:g} s had passed"
            return None
        self.held += 1
        failure = self.hold(conversation, self._hurry, fresh=self.held % HELD_PER_START == 1)
        return None if failure is None or failure.sign in self._known else failure

    def hold(
        self, conversation: Conversation, health: Health, fresh: bool, transcript: Transcript | None = None
    ) -> Failure | None:
        """Hold a conversation; a server that greets nobody any more is started again, or ends the search."""
        try:
            failure = self._player.play(conversation, health, fresh, transcript)
            self._ungreeted = 0
        except Ungreeted:
            self._ungreeted += 1
            if self._ungreeted == MOST_UNGREETED:
                self.stopped = "the server greets nobody any more"
            elif self._player.can_restart:
                self._player.server.stop()
            return None
        return failure

    def judge(self, conversation: Conversation, first: Failure, shrunk: bool) -> Found:
        """Judge what failed twice more, on fresh servers and with full patience.

        Args:
            conversation: the shortest that failed.
            first: how it, or what it was shrunk from, did.
            shrunk: whether nothing can be left out of it.
        """
        failure, play, transcript, times = first, self._player.last, Transcript(), 1
        for _ in range(2):
            written = Transcript()
            again = self.hold(conversation, Health(self.limit), fresh=True, transcript=written)
            if again or times == 1:
                transcript = written
            if again:
                failure, play, times = again, self._player.last, times + 1
        if not failure.in_mailbox:
            conversation = conversation[: failure.step + 1]
        cause = cause_of(conversation, failure, self._player.ledger, shrunk)
        return Found(conversation, failure, first, times, cause, play, transcript, shrunk)

    def judge_unshrunk(self, conversation: Conversation) -> Found | None:
        """Hold a conversation, and if it fails judge it as it is; None if it does not fail."""
        failure = self.hold(conversation, Health(self.limit), fresh=False)
        return self.judge(conversation, failure, shrunk=False) if failure else None

    @property
    def player(self) -> Player:
        """Who holds the conversations."""
        return self._player

    def _shrink_left(self) -> float:
        return self._budget.shrinking - self._shrinking

    def shrinking(self, try_: Callable[[], Failure | None]) -> Failure | None:
        """Make a try at something shorter, as far as time and connections allow: beyond, nothing fails any more."""
        if self._shrink_left() <= 0 or self._shrink_connections > self._budget.connections:
            return None
        began, connections = time.monotonic(), self._player.connections
        try:
            return try_()
        finally:
            self._shrinking += time.monotonic() - began
            self._shrink_connections += self._player.connections - connections

    @property
    def shrink_budget_spent(self) -> bool:
        """Whether shrinking ended for want of time or connections."""
        return self._shrink_left() <= 0 or self._shrink_connections > self._budget.connections


def drawn(strategy: SearchStrategy[Picks], count: int, chance: random.Random) -> list[Picks]:
    """Draw what conversations are made of.

    Args:
        strategy: what is drawn.
        count: how many are drawn.
        chance: decides what is drawn.
    """
    picks: list[Picks] = []

    # No example database and no deadline: neither a file nor the machine decides what is drawn. Long conversations are
    # drawn on purpose, so no health check of hypothesis's applies.
    @seed(chance.getrandbits(64))
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def draw(one: Picks) -> None:
        picks.append(one)

    # hypothesis reads the source of loaded modules, which Python 3.11 cannot do in two threads at a time.
    with _DRAWING:
        draw()
    return picks


class _Reduction:
    """The way from a conversation that fails to the shortest one."""

    def __init__(self, hunt: Hunt, picks: Picks, first: Failure) -> None:
        self._hunt = hunt
        self._picks = picks
        self._first = first
        self._health: Health = Hasty(hunt.limit, SHORTEST_WAIT)
        self._fresh_next = False

    def run(self) -> Found:
        """Shrink, and judge twice more."""
        for fails in (self._fails_again, self._fails_afresh):
            if self._hold(plan(self._picks, WAITS), fresh=True) is None:
                break
            shortest = plan(shrink(self._picks, fails, WAITS), WAITS)
            found = self._judge(shortest[:-1] if fails(shortest[:-1]) else shortest)
            if found.times > 1 or not self._hunt.player.can_restart:
                return found
        # What came before may have led to it.
        return self._judge(plan(self._picks, WAITS), repeated=False)

    def _fails_again(self, conversation: Conversation) -> bool:
        fresh, self._fresh_next = self._fresh_next, False
        failure = self._try(conversation, fresh)
        if failure and not fresh and self._hunt.player.can_restart and self._try((closing(),), fresh=False):
            # The server is spoiled for everybody: was it so before?
            self._fresh_next = True
            failure = self._try(conversation, fresh=True)
        return failure is not None

    def _fails_afresh(self, conversation: Conversation) -> bool:
        return self._try(conversation, fresh=True) is not None

    def _try(self, conversation: Conversation, fresh: bool) -> Failure | None:
        return self._hunt.shrinking(lambda: self._hold(conversation, fresh))

    def _hold(self, conversation: Conversation, fresh: bool) -> Failure | None:
        return self._hunt.hold(conversation, self._health, fresh)

    def _judge(self, conversation: Conversation, repeated: bool = True) -> Found:
        return self._hunt.judge(conversation, self._first, repeated and not self._hunt.shrink_budget_spent)
