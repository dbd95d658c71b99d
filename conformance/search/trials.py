"""Conversations that are run again and again: on a server that may have to be started again, and judged twice more."""

from __future__ import annotations

from typing import Generic

from conformance.harness.server.patience import Patience
from conformance.harness.verdict.verdict import Void
from conformance.harness.wire.transcript import Transcript
from conformance.search.budget import HURRY, SHORTEST_WAIT, SOON_ENOUGH, Budget, Clock, Hasty
from conformance.search.failure import Failure, Found, Step
from conformance.search.profile import Pick, Player, Unserved

TRIES = 3
"""How often a conversation is run that the suite itself spoils."""
MOST_UNSERVED = 3


class Trials(Generic[Pick, Step]):
    """Runs the conversations of one search.

    Args:
        player: runs one.
        budget: what shrinking may take.
        time_limit: the server's, in seconds.
        clock: tells the time.

    Attributes:
        spoiled: how many conversations could not be judged, because the suite itself was late.
        hopeless: why no more can be run; empty while they can.
        health: how long replies are waited for while shrinking.
    """

    def __init__(self, player: Player[Pick, Step], budget: Budget, time_limit: float, clock: Clock) -> None:
        self.player = player
        self.limit = time_limit
        self.spoiled = 0
        self.hopeless = ""
        self.health = Hasty(time_limit, player.rules, SHORTEST_WAIT, soon=SOON_ENOUGH)
        self._budget = budget
        self._clock = clock
        self._shrinking = 0.0
        self._shrink_connections = 0
        self._unserved = 0

    def run(
        self,
        conversation: tuple[Step, ...],
        health: Patience,
        fresh: bool,
        transcript: Transcript | None = None,
        linger: float = 0.0,
    ) -> Failure | None:
        """Run a conversation; a server that serves nobody any more is started again, or ends the search.

        The arguments are those of `Player.play`.
        """
        for _ in range(TRIES):
            try:
                failure = self.player.play(conversation, health, fresh, transcript, linger)
            except Void:
                continue
            except Unserved as unserved:
                self._unserved += 1
                if self._unserved == MOST_UNSERVED:
                    self.hopeless = str(unserved)
                elif self.player.can_restart:
                    self.player.stop()
                return None
            self._unserved = 0
            return failure
        self.spoiled += 1
        return None

    def judge(
        self,
        conversation: tuple[Step, ...],
        failure: Failure,
        first: Failure | None = None,
        shrunk: bool = True,
        linger: float = 0.0,
    ) -> Found[Step]:
        """Judge what failed twice more, on fresh servers; it counts as not repeated with full patience only.

        Args:
            conversation: the shortest that failed.
            failure: how it did.
            first: how what it was shrunk from did, if it was.
            shrunk: whether nothing can be left out of it.
            linger: seconds that the server is left alone afterwards.
        """
        first, script, transcript, times = first or failure, self.player.script(), Transcript(), 1
        for _ in range(2):
            written = Transcript()
            hasty, full = Hasty(self.limit, self.player.rules, HURRY), Patience(self.limit, self.player.rules)
            again = self.run(conversation, hasty, True, written, linger) if failure.proved else None
            if not again:
                written = Transcript()
                again = self.run(conversation, full, True, written, linger)
            if again or times == 1:
                transcript = written
            if again:
                failure, script, times = again, self.player.script(), times + 1
        if not failure.afterwards:
            conversation = conversation[: failure.step + 1]
        cause = self.player.cause(conversation, failure, shrunk)
        return Found(conversation, failure, first, times, cause, script, transcript, shrunk)

    def judge_unshrunk(self, conversation: tuple[Step, ...]) -> Found[Step] | None:
        """Run a conversation, and if it fails judge it as it is; None if it does not fail."""
        failure = self.run(conversation, Patience(self.limit, self.player.rules), fresh=False)
        return self.judge(conversation, failure, shrunk=False) if failure else None

    def shrinking(self, conversation: tuple[Step, ...], fresh: bool) -> Failure | None:
        """Try something shorter, as far as the budget allows: beyond it, nothing fails any more."""
        if self.shrink_budget_spent:
            return None
        began, connections = self._clock.now(), self.player.connections
        try:
            return self.run(conversation, self.health, fresh)
        finally:
            self._shrinking += self._clock.now() - began
            self._shrink_connections += self.player.connections - connections

    @property
    def shrink_budget_spent(self) -> bool:
        """Whether shrinking has to end."""
        budget = self._budget
        return (
            self.health.pace.slow >= budget.shrinking
            or self._shrink_connections > budget.connections
            or self._shrinking > budget.longest_shrinking
        )
