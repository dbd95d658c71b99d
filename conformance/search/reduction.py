"""The way from a conversation that fails to the shortest one, which may be none at all."""

from __future__ import annotations

from collections.abc import Callable

from conformance.search.failure import Failure, Found, Step
from conformance.search.profile import Pick
from conformance.search.shrink import shrink
from conformance.search.trials import Trials

MOST_ALONE = 10.0
"""Seconds that a server is left alone to see whether it fails without any conversation."""
Fails = Callable[[tuple[Step, ...]], Failure | None]


def reduce(trials: Trials[Pick, Step], picks: tuple[Pick, ...], first: Failure) -> Found[Step]:
    """Shrink one failure, and judge it twice more.

    Args:
        trials: runs what is tried.
        picks: what the conversation that failed was planned from.
        first: how it failed.
    """
    player, language = trials.player, trials.player.language
    whole, restarts = language.plan(picks), player.can_restart
    # What a server that dies of no conversation alone may have died of, often just of its clients.
    pasts = ((language.visits(player.visitors), True), (language.joined_up((*player.past, whole)), False))
    # A server that fails by itself some time after its start is left alone for longer than it took this time.
    alone = min(MOST_ALONE, 1.5 * player.age + 0.5) if first.may_need_nothing else 0.0

    def judge(conversation: tuple[Step, ...], failure: Failure, shrunk: bool = True) -> Found[Step]:
        linger = 0.0 if conversation else alone
        return trials.judge(conversation, failure, first, shrunk and not trials.shrink_budget_spent, linger)

    if alone and (failure := trials.run((), trials.health, fresh=True, linger=alone)):
        # Of a server that is not started again, what was said before may have spoiled it for good.
        return judge((), failure) if restarts else judge(whole, first, shrunk=False)
    on_same_server = _on_same_server(trials)
    for fails in (on_same_server, lambda conversation: trials.shrinking(conversation, fresh=True)):
        failed = trials.run(whole, trials.health, fresh=True)
        if failed is None:
            break
        if fails is on_same_server and first.afterwards and restarts and _needs_fresh_server(trials, fails, whole):
            continue
        smallest, failure = shrink(picks, failed, fails, language)
        shortest = language.plan(smallest)
        bare = shortest[: -len(language.closing)]
        failed = fails(bare)
        found = judge(bare, failed) if failed else judge(shortest, failure)
        if found.times > 1 or not restarts:
            return found
    for past, shrunk in pasts if first.is_end and restarts else ():
        if failed := trials.run(past, trials.health, fresh=True):
            found = judge(past, failed, shrunk)
            if found.times > 1:
                return found
    return judge(whole, first, shrunk=False)


def _on_same_server(trials: Trials[Pick, Step]) -> Fails[Step]:
    """Tries that are run on one server, but where it is spoiled for everybody: was it so before?"""
    player, closing = trials.player, trials.player.language.closing
    fresh_next = False

    def fails(conversation: tuple[Step, ...]) -> Failure | None:
        nonlocal fresh_next
        fresh, fresh_next = fresh_next, False
        failure = trials.shrinking(conversation, fresh)
        if failure and not fresh and player.can_restart and trials.shrinking(closing, fresh=False):
            fresh_next = True
            failure = trials.shrinking(conversation, fresh=True)
        return failure

    return fails


def _needs_fresh_server(trials: Trials[Pick, Step], fails: Fails[Step], whole: tuple[Step, ...]) -> bool:
    """Whether what is left behind stays wrong for everybody, or is not wrong on a server that had clients before."""
    return trials.shrinking(trials.player.language.closing, fresh=False) is not None or fails(whole) is None
