"""The clients of a conversation take its steps, each in its turn, and say goodbye."""

from __future__ import annotations

from conformance.rfc5321.search.conversation import LAST, Conversation
from conformance.rfc5321.search.stage import Astray, Stage
from conformance.rfc5321.search.talker import Talker


def perform(stage: Stage, conversation: Conversation) -> None:
    """Take all steps.

    Args:
        stage: what the clients share.
        conversation: the steps.

    Raises:
        Broken, Blocked: a reply is not acceptable.
        Skipped: a client is not served.
        Void: no reply came, and nobody can say why.
    """
    talkers: dict[int, Talker] = {}
    astray: set[int] = set()
    try:
        for place, step in enumerate(conversation):
            stage.at = place
            if step.client in astray:
                continue
            if step.client == LAST:
                _dismiss(talkers)
            if step.client not in talkers:
                talkers[step.client] = Talker(stage, step.client)
            talker = talkers[step.client]
            if step.leave:
                talkers.pop(step.client).depart(step)
                continue
            try:
                talker.say(step)
            except Astray:
                astray |= {step.client} if not talker.said_quit else set()
                talker.goodbye()
                talkers.pop(step.client).close()
        _dismiss(talkers)
    finally:
        for talker in talkers.values():
            talker.close()


def _dismiss(talkers: dict[int, Talker]) -> None:
    """All who are there say goodbye, for what comes after them may show what they left."""
    for number in list(talkers):
        talkers[number].goodbye()
        talkers.pop(number).close()
