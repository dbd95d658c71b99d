"""The search itself: conversations are drawn and run until one fails; that one is shrunk and judged twice more.

Nothing is drawn from what the server says, so the seed alone decides what is run.
"""

from __future__ import annotations

import random
import threading
from itertools import count
from typing import Generic

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy

from conformance.harness.server.patience import Patience
from conformance.search.budget import HURRY, SOON_ENOUGH, Budget, Clock, Hasty
from conformance.search.failure import Failure, Found, Step
from conformance.search.profile import Pick, Player
from conformance.search.reduction import reduce
from conformance.search.trials import Trials

PER_START = 60
"""Conversations that one start of a server sees: what it stores stays small, and what leaks cannot pile up."""
AT_A_TIME = 10
"""Conversations that hypothesis draws before it begins anew; of more it makes most by changing what it drew before, and
conversations that resemble each other find a rare fault a fifth as fast as independent ones."""
MOST_UNREPEATED = 5
ENDS = "the server ends whatever is said"
_DRAWING = threading.Lock()


class Hunt(Generic[Pick, Step]):
    """A search with one player.

    Args:
        player: runs the conversations.
        budget: what it may take.
        time_limit: the server's, in seconds.
        slowest: seconds that a reply of the server is known to have taken.
        clock: tells the time.

    Attributes:
        player: as above.
        budget: as above.
        limit: the server's time limit in seconds.
        found: the failures, each with a cause of its own.
        played: how many conversations were run while searching.
        stopped: why the search ended before all were run; empty if they were.
    """

    def __init__(
        self,
        player: Player[Pick, Step],
        budget: Budget,
        time_limit: float,
        slowest: float = 0.0,
        clock: Clock | None = None,
    ) -> None:
        self.player = player
        self.budget = budget
        self.limit = time_limit
        self._clock = clock = clock or Clock()
        self._trials = Trials(player, budget, time_limit, clock)
        self._hurry = Hasty(time_limit, player.rules, HURRY, slowest)
        self._known: set[tuple[str, str, str]] = set()
        self._began = self._delayed = self._reducing = 0.0
        self._spoiled = 0
        self._to_restart = False
        self._unrepeated: list[Found[Step]] = []
        self.found: list[Found[Step]] = []
        self.played = 0
        self.stopped = ""

    def run(self, strategy: SearchStrategy[tuple[Pick, ...]], seed_: str) -> None:
        """Search until the budget is spent, or there is nothing to be gained from going on.

        Args:
            strategy: what is drawn.
            seed_: decides what is.
        """
        self._begin()
        for round_ in count():
            for picks in drawn(strategy, AT_A_TIME, random.Random(f"{seed_}/{round_}")):
                if self.stopped or self.played == self.budget.examples:
                    return
                if failure := self.first(self.player.language.plan(picks)):
                    self._reduce(picks, failure)

    def _begin(self) -> None:
        """Look for what fails without any conversation, before it fails in every one."""
        if failure := self._trials.run((), Patience(self.limit, self.player.rules), fresh=True):
            self._take(self._trials.judge((), failure))

    def _reduce(self, picks: tuple[Pick, ...], failure: Failure) -> None:
        began = self._clock.now()
        self._take(reduce(self._trials, picks, failure))
        self._reducing += self._clock.now() - began

    def _take(self, found: Found[Step]) -> None:
        if found.times < 2:
            # It may have come from a conversation before, and show by itself in a later one.
            self._unrepeated.append(found)
        else:
            self._known |= {found.failure.sign, found.first.sign}
            if not any(one.cause.resembles(found.cause) for one in self.found):
                self.found.append(found)
            if found.failure.afterwards:
                self._hurry.soon = SOON_ENOUGH  # whoever meets it again does not wait for it again
            self.player.learn(found)
        if found.failure.is_end and found.times > 1 and not (found.conversation and self.player.can_restart):
            self.stopped = ENDS
        elif len(self.found) == self.budget.causes:
            self.stopped = f"{len(self.found)} causes were found"
        elif len(self._unrepeated) == MOST_UNREPEATED:
            self.stopped = f"{MOST_UNREPEATED} failures did not repeat"
        elif self._trials.shrink_budget_spent:
            self.stopped = "the budget for shrinking was spent"

    @property
    def unrepeated(self) -> list[Found[Step]]:
        """The failures that did not repeat, but for those that look like one that did."""
        return [found for found in self._unrepeated if found.first.sign not in self._known]

    @property
    def cut_short(self) -> bool:
        """Whether conversations were left out, though not all causes that are looked for were found."""
        left_out = self.stopped not in ("", ENDS) and len(self.found) < self.budget.causes
        return left_out or self.judged < self.played

    @property
    def judged(self) -> int:
        """How many conversations were judged while searching."""
        return self.played - self._spoiled

    def first(self, conversation: tuple[Step, ...]) -> Failure | None:
        """Run a conversation while searching; a cause that is known already is none any more."""
        if not self.played:
            # However long it took to draw the first ones, some are run.
            self._began, self._delayed = self._clock.now(), self._clock.delayed()
        passed = self._clock.now() - self._began - self._reducing
        delayed = self._clock.delayed() - self._delayed
        spent = self.budget.spent(self.played, self._hurry.pace.slow, passed, delayed)
        self.stopped = self.stopped or self._trials.hopeless or spent
        if self.stopped:
            return None
        self.played += 1
        spoiled = self._trials.spoiled
        failure = self._trials.run(conversation, self._hurry, self._to_restart or self.played % PER_START == 1)
        self._spoiled += self._trials.spoiled - spoiled
        self._to_restart = failure is not None and failure.afterwards
        return None if failure is None or failure.sign in self._known else failure

    def judge_unshrunk(self, conversation: tuple[Step, ...]) -> Found[Step] | None:
        """Run a conversation, and if it fails judge it as it is; None if it does not fail."""
        return self._trials.judge_unshrunk(conversation)


def drawn(strategy: SearchStrategy[tuple[Pick, ...]], count: int, chance: random.Random) -> list[tuple[Pick, ...]]:
    """Draw what conversations are made of.

    Args:
        strategy: what is drawn.
        count: how many are drawn.
        chance: decides what is drawn.
    """
    picks: list[tuple[Pick, ...]] = []

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
    def draw(one: tuple[Pick, ...]) -> None:
        picks.append(one)

    # hypothesis reads the source of loaded modules, which Python 3.11 cannot do in two threads at a time.
    with _DRAWING:
        draw()
    return picks
