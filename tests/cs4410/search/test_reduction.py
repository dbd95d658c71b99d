"""On servers that are none: what is left after shrinking is what is told, and nothing is in it that was not before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from conformance.cs4410 import ledger
from conformance.cs4410.kind import KIND
from conformance.cs4410.search import words
from conformance.cs4410.search.blame import cause_of
from conformance.cs4410.search.conversation import LAST, Conversation, Line, Pick, Step, lines, plan
from conformance.cs4410.search.plainness import LANGUAGE, odd, oddities
from conformance.harness.server.patience import Patience
from conformance.harness.wire.transcript import Transcript
from conformance.search.budget import Budget, Clock
from conformance.search.failure import Cause, Failure, Found
from conformance.search.reduction import reduce
from conformance.search.trials import Trials
from tests.search.fake_player import FakePlayer

LEDGER = ledger.load()
NO_AT = 9
LOWER, MIXED, TABS = (words.SPELLINGS[place] for place in (0, 1, 8))


@dataclass
class Sham(FakePlayer[Pick, Step]):
    """Stands in for a player of a server that answers some lines wrongly.

    Attributes:
        wrong: whether it does a line.
        can_restart: whether the server is started again.
        often: how many wrong answers it gives in all.
    """

    rules = KIND.rules

    wrong: Callable[[Line], bool]
    can_restart: bool = True
    often: int = 1000
    language = LANGUAGE

    def play(
        self,
        conversation: Conversation,
        health: Patience,
        fresh: bool = False,
        transcript: Transcript | None = None,
        linger: float = 0.0,
    ) -> Failure | None:
        for line in lines(conversation):
            if self.often and self.wrong(line):
                self.often -= 1
                (rule,) = line.rules
                return Failure(rule, "not an acceptable reply", line.kind, "502", line.step)
        return None

    def cause(self, conversation: Conversation, failure: Failure, shrunk: bool) -> Cause:
        return cause_of(conversation, failure, LEDGER, shrunk)


def reduced(player: Sham, picks: Sequence[Pick]) -> Found[Step]:
    trials = Trials(player, Budget(1), 5.0, Clock())
    first = player.play(plan(picks), trials.health)
    assert first
    return reduce(trials, tuple(picks), first)


def is_nested(line: Line) -> bool:
    return line.kind == "nested"


@pytest.mark.parametrize("spelling", [LOWER, MIXED, TABS], ids=["lower", "mixed", "tabs"])
def test_a_spelling_that_a_body_hid_does_not_become_one_of_a_command(spelling: words.Spelling) -> None:
    """What is drawn for one step may be a body in the whole, and a command in what is left of it."""
    hidden = Pick(spelling=spelling)
    picks = [*[Pick()] * 4, hidden, Pick(), Pick(kind="right", template="MAIL")]
    assert not oddities(plan(picks))

    def wrong(line: Line) -> bool:
        return is_nested(line) or not odd(line).isdisjoint(("case.verbs", "space.spaces"))

    found = reduced(Sham(wrong), picks)
    assert found.cause.requirement == found.failure.requirement == "mail.nested"
    assert not oddities(found.conversation)


def test_a_spelling_does_not_move_from_one_command_to_another() -> None:
    """A server that takes `mail from` and breaks of something else may yet not know `helo`."""
    picks = [Pick(), Pick(spelling=LOWER), Pick(kind="right", template="MAIL")]
    found = reduced(Sham(lambda line: is_nested(line) or line.data.startswith(b"helo")), picks)
    assert found.cause.requirement == "mail.nested"


@pytest.mark.parametrize("kind", ["mail", "rcpt"])
def test_who_wants_an_at_in_addresses_is_told_of_addresses(kind: str) -> None:
    def wrong(line: Line) -> bool:
        return line.kind == kind and b"@" not in line.data

    found = reduced(Sham(wrong), [Pick(number=1), Pick(number=NO_AT), Pick(number=NO_AT)])
    assert (found.failure.requirement, found.cause.requirement) == (kind, "address.characters")
    assert found.cause.suspects >= {kind, "address.characters"}


def test_who_wants_an_at_in_addresses_is_told_of_what_else_is_wrong() -> None:
    def wrong(line: Line) -> bool:
        return is_nested(line) or (line.kind in ("mail", "rcpt") and b"@" not in line.data)

    found = reduced(
        Sham(wrong), [*[Pick(number=1)] * 2, Pick(kind="right", template="MAIL"), Pick(kind="long", number=3)]
    )
    assert found.cause.requirement == "mail.nested" and b"a@h.edu" in found.conversation[1].parts[0]


@pytest.mark.parametrize("often", range(2, 7))
def test_a_failure_that_ends_while_it_is_shrunk_is_told_as_it_last_was(often: int) -> None:
    """A server that is not started again may stop failing: what is told belongs to the conversation that is shown."""
    player = Sham(lambda line: line.kind in ("rcpt", "need") and line.client != LAST, can_restart=False, often=often)
    found = reduced(player, [Pick(), Pick(), Pick(kind="right", template="RCPT")])
    shown = [line.kind for line in lines(found.conversation) if line.step == found.failure.step]
    assert shown == [found.failure.expected] and found.first.expected == "rcpt"
