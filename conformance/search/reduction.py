"""The way from a conversation that fails to the shortest one, which may be none at all."""

from __future__ import annotations

from conformance.search.conversation import WAITS, Conversation, closing, joined_up, plan, visits
from conformance.search.failure import Failure
from conformance.search.shrink import Picks, shrink
from conformance.search.trials import Found, Trials

MOST_ALONE = 10.0
"""Seconds that a server is left alone to see whether it fails without any conversation."""


class Reduction:
    """Reduces one failure.

    Args:
        trials: runs what is tried.
        picks: what the conversation that failed was planned from.
        first: how it failed.
    """

    def __init__(self, trials: Trials, picks: Picks, first: Failure) -> None:
        self._trials = trials
        self._picks = picks
        self._first = first
        self._whole = plan(picks, WAITS)
        self._past = tuple(trials.player.past)
        self._connections = trials.player.server.connections
        # A server that fails by itself some time after its start is left alone for longer than it took this time.
        self._alone = min(MOST_ALONE, 1.5 * trials.player.age + 0.5) if first.may_need_nothing else 0.0
        self._fresh_next = False

    def run(self) -> Found:
        """Shrink, and judge twice more."""
        restarts = self._trials.player.can_restart
        if self._first.may_need_nothing and self._fails_alone():
            # Of a server that is not started again, what was said before may have spoiled it for good.
            return self._judge(()) if restarts else self._judge(self._whole, shrunk=False)
        for fails in (self._fails_again, self._fails_afresh):
            if self._trials.run(self._whole, self._trials.health, fresh=True) is None:
                break
            if fails == self._fails_again and self._first.in_mailbox and restarts and self._needs_fresh_server():
                continue
            shortest = plan(shrink(self._picks, fails, WAITS), WAITS)
            found = self._judge(shortest[:-1] if fails(shortest[:-1]) else shortest)
            if found.times > 1 or not restarts:
                return found
        return self._with_its_past() or self._judge(self._whole, shrunk=False)

    def _needs_fresh_server(self) -> bool:
        """Whether the mailbox stays wrong for everybody, or is not wrong on a server that had clients before."""
        spoiled = self._trials.shrinking((closing(),), fresh=False) is not None
        return spoiled or not self._fails_again(self._whole)

    def _fails_alone(self) -> bool:
        failure = self._trials.run((), self._trials.health, fresh=True, linger=self._alone)
        return failure is not None

    def _with_its_past(self) -> Found | None:
        """What a server died of that has not died of this conversation alone, or None: often just of its clients."""
        if not self._first.is_end or not self._trials.player.can_restart:
            return None
        for conversation, shrunk in (
            (visits(self._connections), True),
            (joined_up((*self._past, self._whole)), False),
        ):
            if self._trials.run(conversation, self._trials.health, fresh=True) is not None:
                found = self._judge(conversation, shrunk)
                if found.times > 1:
                    return found
        return None

    def _fails_again(self, conversation: Conversation) -> bool:
        fresh, self._fresh_next = self._fresh_next, False
        failure = self._trials.shrinking(conversation, fresh)
        restarts = self._trials.player.can_restart
        if failure and not fresh and restarts and self._trials.shrinking((closing(),), fresh=False):
            # The server is spoiled for everybody: was it so before?
            self._fresh_next = True
            failure = self._trials.shrinking(conversation, fresh=True)
        return failure is not None

    def _fails_afresh(self, conversation: Conversation) -> bool:
        return self._trials.shrinking(conversation, fresh=True) is not None

    def _judge(self, conversation: Conversation, shrunk: bool = True) -> Found:
        linger = 0.0 if conversation else self._alone
        return self._trials.judge(conversation, self._first, shrunk and not self._trials.shrink_budget_spent, linger)
