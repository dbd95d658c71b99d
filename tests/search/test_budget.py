"""The same seed runs the same conversations however busy the machine is; a slow server ends the search early."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from conformance.cs4410.kind import KIND
from conformance.cs4410.search import run, strategies
from conformance.cs4410.search.conversation import Conversation, Pick, Step, lines
from conformance.cs4410.search.plainness import LANGUAGE
from conformance.harness.server.pace import Pace
from conformance.harness.server.patience import Patience
from conformance.harness.verdict.outcome import CONFORMS, verdict_line
from conformance.harness.verdict.result import RequirementResult
from conformance.harness.verdict.verdict import Void
from conformance.harness.wire.transcript import Transcript
from conformance.search.budget import FEWEST, Budget, Clock, Hasty
from conformance.search.failure import Failure
from conformance.search.hunt import Hunt
from tests.search.fake_player import FakePlayer

Delay = Callable[[random.Random], float]


@dataclass
class Clockwork(FakePlayer[Pick, Step], Clock):
    """Stands in for a player and the clock: each reply takes as long as is made up.

    Attributes:
        delay: seconds that one reply takes.
        share: how much of that is due to a busy machine.
        fails: whether a conversation does.
    """

    rules = KIND.rules

    delay: Delay
    fails: Callable[[Conversation], bool] = lambda _: False
    share: float = 0.0
    time: float = 0.0
    played: list[Conversation] = field(default_factory=list)
    chance: random.Random = field(default_factory=lambda: random.Random(1))
    language = LANGUAGE
    late = 0

    def now(self) -> float:
        """Seconds that were made up."""
        return self.time

    def delayed(self) -> float:
        """Those that are due to a busy machine."""
        return self.share * self.time

    def play(
        self,
        conversation: Conversation,
        health: Patience,
        fresh: bool = False,
        transcript: Transcript | None = None,
        linger: float = 0.0,
    ) -> Failure | None:
        """Let the replies take their time."""
        if self.late and conversation:
            self.late -= 1
            raise Void("late")
        self.played.append(conversation)
        self.connections += 1
        for line in lines(conversation):
            seconds = self.delay(self.chance)
            self.time += seconds
            health.replied(seconds, line.kind)
        return Failure("mail", "why", "", "", len(conversation) - 1) if self.fails(conversation) else None


def hunted(player: Clockwork, budget: Budget, seed: str = "1") -> Hunt[Pick, Step]:
    hunt = Hunt(player, budget, 10.0, clock=player)
    hunt.run(strategies.conversations(), seed)
    return hunt


def quick(_: random.Random) -> float:
    return 0.0002


def busy(chance: random.Random) -> float:
    """What a busy machine makes of a quick reply: some are at once, some wait for everybody else."""
    return chance.choice((0.0002, 0.003, 0.02, 0.2))


def slow(chance: random.Random) -> float:
    return chance.uniform(0.1, 0.2)


def test_the_same_conversations_are_run_on_a_busy_machine() -> None:
    budget = Budget(60, slowness=8.0, floor=60)
    calm, loaded = Clockwork(quick), Clockwork(busy, share=0.9)
    hunts = hunted(calm, budget), hunted(loaded, budget)
    assert calm.played == loaded.played and len(calm.played) == 61
    assert loaded.time > budget.seconds > calm.time
    assert not any(hunt.cut_short for hunt in hunts)


def test_the_same_is_found_and_shrunk_to_the_same_on_a_busy_machine() -> None:
    def fails(conversation: Conversation) -> bool:
        return sum(line.kind == "nested" for line in lines(conversation)) > 1

    found = []
    for delay in (quick, busy):
        hunt = hunted(Clockwork(delay, fails), Budget(40, slowness=8.0, floor=40, causes=1))
        found.append([(one.conversation, one.shrunk, one.times) for one in hunt.found])
    assert found[0] == found[1] and found[0][0][1:] == (True, 3)


def test_after_the_floor_a_busy_machine_ends_it() -> None:
    hunt = hunted(Clockwork(busy), Budget(60, slowness=8.0, floor=30))
    assert 30 <= hunt.played < 60 and hunt.cut_short and "had passed" in hunt.stopped


def test_a_server_that_is_slow_by_itself_ends_it_early() -> None:
    player = Clockwork(slow)
    hunt = hunted(player, run.USUAL)
    assert FEWEST <= hunt.played < 20 and hunt.cut_short and "own slowness" in hunt.stopped
    assert player.time < 30


def test_even_a_server_that_is_slow_at_chance_ends_before_the_floor() -> None:
    player = Clockwork(lambda chance: chance.choice((0.0, 0.0, 0.0, 2.0)))
    hunt = hunted(player, run.USUAL)
    assert hunt.played < run.USUAL.floor and hunt.cut_short and player.time < 200


def test_a_busy_machine_does_not_end_it_before_the_floor() -> None:
    player = Clockwork(lambda chance: chance.choice((0.0, 0.1)), share=0.9)
    hunt = hunted(player, run.USUAL)
    assert hunt.played >= run.USUAL.floor and hunt.cut_short and player.time > run.USUAL.idle


def test_the_clock_tells_how_long_the_machine_was_busy() -> None:
    clock = Clock()
    assert 0 <= clock.delayed() <= clock.now()


def test_as_many_are_run_as_were_asked_for_however_slow() -> None:
    assert hunted(Clockwork(slow), Budget(30)).played == 30


def test_what_the_suite_itself_spoils_is_run_again_or_said() -> None:
    player = Clockwork(quick)
    player.late = 2
    assert not hunted(player, Budget(5)).cut_short
    player.late = 3
    hunt = hunted(player, Budget(5))
    assert (hunt.judged, hunt.cut_short) == (4, True)


def test_a_wait_counts_as_long_as_the_shortest_of_its_kind() -> None:
    pace = Pace()
    for kind, seconds in (("helo", 0.5), ("helo", 0.3), ("mail", 4.0), ("mail", 0.001)):
        pace.add(kind, seconds)
    assert pace.slow == pytest.approx(0.6)


def test_a_reply_that_never_comes_counts_as_what_it_was_waited_for() -> None:
    health = Hasty(10.0, KIND.rules, 1.0)
    for _ in range(9):
        health.silent("mail")
    assert health.pace.slow == pytest.approx(9.0)


@pytest.mark.parametrize(
    ("asked", "limit", "examples"), [(None, 10.0, 31), (None, 60.0, 31), (None, 3.0, 10), (200, 10.0, 21)]
)
def test_time_outs_are_waited_for_as_long_as_other_cases_wait(asked: int | None, limit: float, examples: int) -> None:
    budget = run.timed_budget(asked, limit)
    assert budget.examples == examples and (budget.slowness is None) == bool(asked)
    assert budget.floor * 2 >= examples


def test_the_verdict_line_says_that_it_was_cut_short() -> None:
    rows = [RequirementResult("rule", "MUST", "Section", "Rule.", verdict="pass", reason="")] * 102
    said = verdict_line(rows, CONFORMS, cut_short=["the random search was cut short after 160 of 300 conversations"])
    assert said == (
        "conforms in 102 of 102 requirements; the random search was cut short after 160 of 300 conversations"
    )
