"""The engine with a protocol of its own: numbers are said, and a server stumbles over some sums."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import strategies as st

from conformance import search
from conformance.cs4410.kind import KIND
from conformance.harness.server.patience import Patience
from conformance.harness.wire.transcript import Transcript
from conformance.search.budget import HURRY, Budget
from conformance.search.failure import Failure
from conformance.search.hunt import Hunt
from conformance.search.profile import Language, Unserved
from tests.search.fake_player import FakePlayer

Numbers = tuple[int, ...]
CLOSING = 0


def plainer(best: Callable[[], Numbers]) -> Iterator[Numbers]:
    for at in range(len(best())):
        yield (*best()[:at], best()[at] - 2, *best()[at + 1 :])


LANGUAGE: Language[int, int] = Language(
    plan=lambda picks: (*picks, CLOSING),
    size=lambda said: (len(said), sum(map(abs, said))),
    oddities=lambda said: frozenset(number for number in said if number < 0),
    plainer=plainer,
    closing=(CLOSING,),
    visits=lambda count: (CLOSING,) * count,
    joined_up=lambda conversations: sum(conversations, ()),
)


@dataclass
class Adder(FakePlayer[int, int]):
    """Plays with a server that is none.

    Attributes:
        fails: whether it does when so much has been said.
        served: how many conversations it serves in all.
        proves: whether what it answers proves that.
        slow: whether repeats in haste are too short to see it.
        waited: how long replies would have been waited for each time that it failed, in seconds.
    """

    rules = KIND.rules

    fails: Callable[[Numbers], bool]
    served: int = 10_000
    proves: bool = False
    slow: bool = False
    waited: list[float] = field(default_factory=list)
    language = LANGUAGE

    def play(
        self,
        conversation: Numbers,
        health: Patience,
        fresh: bool = False,
        transcript: Transcript | None = None,
        linger: float = 0.0,
    ) -> Failure | None:
        if self.slow and transcript is not None and health.patience() < 5.0:
            return None
        self.served -= 1
        if self.served < 0:
            raise Unserved("it is tired")
        for step in range(len(conversation)):
            if self.fails(conversation[: step + 1]):
                self.waited.append(health.patience())
                return Failure("sum", "a wrong sum", "right", "wrong", step, proved=self.proves)
        return None


def hunted(player: Adder) -> Hunt[int, int]:
    hunt = Hunt(player, Budget(50, causes=1), 5.0)
    hunt.run(st.lists(st.integers(0, 9), min_size=3, max_size=9).map(tuple), "1")
    return hunt


def test_a_failure_is_found_and_shrunk() -> None:
    player = Adder(lambda said: sum(said) > 15)
    (found,) = hunted(player).found
    assert (found.times, found.shrunk, found.cause.requirement) == (3, True, "sum")
    said = found.conversation
    assert sum(said) in (16, 17) and max(sum(said) - number for number in said) <= 15
    assert player.told == (found,) and found.script("it.py", "it fails") == "it.py: it fails"


def test_shrinking_brings_in_nothing_odd() -> None:
    """Less than nothing would be plainer still, and fails as well."""
    (found,) = hunted(Adder(lambda said: said[-1] in (-1, 7))).found
    assert found.conversation == (7,)


def test_full_patience_is_had_before_a_failure_counts_unless_it_is_proved_by_what_came() -> None:
    waited = []
    for proves in (False, True):
        player = Adder(lambda said: sum(said) > 15, proves=proves)
        assert [found.times for found in hunted(player).found] == [3]
        waited.append(player.waited[-2:])
    assert waited == [[5.0, 5.0], [HURRY, HURRY]]


def test_a_proved_failure_that_does_not_show_in_haste_is_given_full_patience() -> None:
    player = Adder(lambda said: sum(said) > 15, proves=True, slow=True)
    assert [found.times for found in hunted(player).found] == [3] and player.waited[-2:] == [5.0, 5.0]


def test_what_never_fails_is_run_as_often_as_it_may() -> None:
    hunt = hunted(Adder(lambda said: False))
    assert (hunt.played, hunt.judged, hunt.found, hunt.stopped) == (50, 50, [], "")


def test_a_server_that_serves_nobody_ends_the_search_in_its_players_words() -> None:
    assert hunted(Adder(lambda said: False, served=20)).stopped == "it is tired"


def test_the_engine_imports_no_assignment() -> None:
    sources: Sequence[Path] = sorted(Path(search.__path__[0]).glob("*.py"))
    assert len(sources) > 5 and not any("cs4410" in source.read_text() for source in sources)
