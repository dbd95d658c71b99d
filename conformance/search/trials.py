"""Conversations that are run again and again: on a server that may have to be started again, and judged twice more."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.harness.server.patience import Patience
from conformance.harness.verdict.verdict import Void
from conformance.harness.wire.transcript import Transcript
from conformance.search.blame import Cause, cause_of
from conformance.search.budget import SHORTEST_WAIT, SOON_ENOUGH, Budget, Clock, Hasty
from conformance.search.conversation import Conversation, closing
from conformance.search.failure import Failure
from conformance.search.player import Play, Player, Ungreeted

TRIES = 3
"""How often a conversation is run that the suite itself spoils."""
MOST_UNGREETED = 3


@dataclass(frozen=True)
class Found:
    """A failure as it is reported.

    Attributes:
        conversation: the shortest one that fails; empty if none is needed.
        failure: how it does.
        first: how it, or what it was shrunk from, failed the first time.
        times: how often it failed of three times.
        cause: which requirement is broken.
        play: how it was run the last time that it failed.
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

    @property
    def spoils_mailbox(self) -> bool:
        """Whether the mailbox is wrong whatever is said, so that it can tell nothing else."""
        missing = self.failure.requirement == "mailbox.soon" and self.conversation == (closing(),)
        return self.failure.in_mailbox and (self.needs_nothing or missing)

    @property
    def needs_nothing(self) -> bool:
        """Whether it fails again and again without any conversation."""
        return self.times > 1 and not self.conversation


class Trials:
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

    def __init__(self, player: Player, budget: Budget, time_limit: float, clock: Clock) -> None:
        self.player = player
        self.limit = time_limit
        self.spoiled = 0
        self.hopeless = ""
        self.health = Hasty(time_limit, player.server.kind.rules, SHORTEST_WAIT, soon=SOON_ENOUGH)
        self._budget = budget
        self._clock = clock
        self._shrinking = 0.0
        self._shrink_connections = 0
        self._ungreeted = 0

    def run(
        self,
        conversation: Conversation,
        health: Patience,
        fresh: bool,
        transcript: Transcript | None = None,
        linger: float = 0.0,
    ) -> Failure | None:
        """Run a conversation; a server that greets nobody any more is started again, or ends the search.

        The arguments are those of `Player.play`.
        """
        for _ in range(TRIES):
            try:
                failure = self.player.play(conversation, health, fresh, transcript, linger)
            except Void:
                continue
            except Ungreeted:
                self._ungreeted += 1
                if self._ungreeted == MOST_UNGREETED:
                    self.hopeless = "the server greets nobody any more"
                elif self.player.can_restart:
                    self.player.server.stop()
                return None
            self._ungreeted = 0
            return failure
        self.spoiled += 1
        return None

    def judge(self, conversation: Conversation, first: Failure, shrunk: bool, linger: float = 0.0) -> Found:
        """Judge what failed twice more, on fresh servers and with full patience.

        Args:
            conversation: the shortest that failed.
            first: how it, or what it was shrunk from, did.
            shrunk: whether nothing can be left out of it.
            linger: seconds that the server is left alone afterwards.
        """
        failure, play, transcript, times = first, self.player.last, Transcript(), 1
        for _ in range(2):
            written = Transcript()
            again = self.run(conversation, Patience(self.limit, self.player.server.kind.rules), True, written, linger)
            if again or times == 1:
                transcript = written
            if again:
                failure, play, times = again, self.player.last, times + 1
        if not failure.in_mailbox:
            conversation = conversation[: failure.step + 1]
        cause = cause_of(conversation, failure, self.player.ledger, shrunk)
        return Found(conversation, failure, first, times, cause, play, transcript, shrunk)

    def judge_unshrunk(self, conversation: Conversation) -> Found | None:
        """Run a conversation, and if it fails judge it as it is; None if it does not fail."""
        failure = self.run(conversation, Patience(self.limit, self.player.server.kind.rules), fresh=False)
        return self.judge(conversation, failure, shrunk=False) if failure else None

    def shrinking(self, conversation: Conversation, fresh: bool) -> Failure | None:
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
