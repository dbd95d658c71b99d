"""What the cases of the search do: run random conversations, and record what was found as a case records it."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from conformance.cs4410.case import Case
from conformance.cs4410.search import strategies
from conformance.cs4410.search.conversation import plan
from conformance.cs4410.search.player import Player
from conformance.harness.server.target import Launched, Server
from conformance.harness.verdict.verdict import Blocked
from conformance.search import recording
from conformance.search.budget import EXAMPLES, QUICK_EXAMPLES, Budget
from conformance.search.hunt import Hunt, drawn

USUAL = Budget(EXAMPLES, slowness=8.0)
QUICK = Budget(QUICK_EXAMPLES, slowness=0.7)
"""The same of a quick run."""
SHORT_LIMIT = 0.5
"""Seconds: the time limit of a server that is started to time clients out."""
TIMED_SHARE = 10
"""For so many conversations one in which a client is timed out."""
TIMED_SECONDS = 0.8
"""Seconds that such a conversation takes, most of them silence."""
LIMITS = 2.5
"""So many of the server's time limits all of them may take, as other cases that wait do, but not fewer than 10."""
SIDE_BY_SIDE, MOST_DRAWN = 4, 16
"""Conversations with a time-out that are run at once where the server's time limit cannot be chosen."""


def run_conversations(case: Case) -> None:
    """Run random conversations, and shrink and record those that fail.

    Raises:
        Blocked: replies cannot be told apart.
    """
    _need_one_reply_each(case)
    asked = case.settings.examples
    player = _player(case, case.server, case.limit, alone=case.server.launched and not case.server.shared)
    usual = QUICK if case.settings.quick else USUAL
    hunt = Hunt(player, Budget(asked) if asked else usual, case.limit, case.patience.slowest)
    hunt.run(strategies.conversations(), f"{case.settings.seed}/{case.record.id}")
    recording.record(hunt, case.record, "the random search")
    case.server.prepare()


def run_timed_conversations(case: Case) -> None:
    """The same with a client that is timed out: on a server of its own with a short limit, or a few side by side.

    Raises:
        Blocked: replies cannot be told apart.
    """
    _need_one_reply_each(case)
    command = case.server.command or ""
    if "{time_limit}" not in command or "{port}" not in command:
        _run_side_by_side(case)
        return
    server = Launched(case.server.kind, command, SHORT_LIMIT, case.server.manners, case.settings.wrap)
    server.greets = True
    try:
        player = _player(case, server, SHORT_LIMIT, alone=True)
        budget = timed_budget(case.settings.examples, case.limit)
        hunt = Hunt(player, budget, SHORT_LIMIT, case.patience.slowest)
        hunt.run(strategies.timed_conversations(), f"{case.settings.seed}/{case.record.id}")
        recording.record(hunt, case.record, "the random search with time-outs")
    finally:
        server.stop()


def timed_budget(asked: int | None, limit: float) -> Budget:
    """What the search with time-outs may take.

    Args:
        asked: how many conversations the search without time-outs is asked for, or None.
        limit: seconds of the time limit that other cases wait for meanwhile: the longer, the more are run.
    """
    if asked:
        return Budget(asked // TIMED_SHARE + 1)
    examples = min(EXAMPLES // TIMED_SHARE + 1, max(10, int(LIMITS * limit / TIMED_SECONDS)))
    return Budget(examples, slowness=8.0, floor=(examples + 1) // 2)


def _need_one_reply_each(case: Case) -> None:
    if case.server.manners.chatty or case.server.manners.unterminated:
        rule = "reply.one" if case.server.manners.chatty else "reply.crlf"
        # Only this rule is in the way, and none is left unjudged for it.
        case.record.requirements = (rule,)
        raise Blocked(rule, "replies that cannot be told apart")


def _player(case: Case, server: Server, limit: float, alone: bool, counts: bool = True) -> Player:
    options = replace(case.settings, time_limit=limit)
    return Player(server, options, case.dialect, case.record.ledger, case.record.id, alone, counts)


def _run_side_by_side(case: Case) -> None:
    """Run a few conversations at once, those that fail twice more; each try takes the whole limit, so none shrinks."""
    chance = random.Random(f"{case.settings.seed}/{case.record.id}")
    conversations = [plan(picks) for picks in drawn(strategies.timed_conversations(), MOST_DRAWN, chance)]
    waiting = [one for one in dict.fromkeys(conversations) if any(step.waits for step in one)]
    players = [_player(case, case.server, case.limit, alone=False, counts=False) for _ in range(SIDE_BY_SIDE)]
    hunts = [Hunt(player, Budget(1), case.limit) for player in players]
    pairs = list(zip(hunts, waiting[-SIDE_BY_SIDE:], strict=False))
    with ThreadPoolExecutor(SIDE_BY_SIDE) as threads:
        for found in threads.map(lambda pair: pair[0].judge_unshrunk(pair[1]), pairs):
            if found:
                recording.record_one(found, case.record)
