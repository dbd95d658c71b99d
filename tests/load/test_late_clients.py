"""What a late client does itself is never the server's fault, and a faulty server's fault is found all the same."""

import itertools
import random

import pytest

from conformance.load.run import Run
from tests.load.simulation import (
    LIMIT,
    Dawdling,
    Delay,
    Impatient,
    Resetting,
    Server,
    Socket,
    World,
    play,
)

DELAYS = (0.03, 0.2, 0.45, 0.6, 0.95, 1.0, 1.05, 1.6, 2.5, 7.0)
"""Shares of the time limit: below, around and beyond it, and longer than any patience."""
STRIDE = 5
"""Every so many-th step is tried, for the sake of busy machines; 1 tries them all, in half a minute."""


def punctual(step: int) -> float:
    return 0.0


def late_once(at: int, share: float) -> Delay:
    return lambda step: share * LIMIT if step == at else 0.0


def late_often(seed: int) -> Delay:
    """Late at random: seldom and long, or often and short."""
    drawn = random.Random(seed)
    longest = drawn.choice(DELAYS) * LIMIT
    share = drawn.choice((0.0005, 0.005)) if longest > 0.2 else drawn.choice((0.02, 0.3))
    return lambda step: drawn.random() * longest if drawn.random() < share else 0.0


def rules(run: Run) -> set[str]:
    return {one.rule for one in run.findings}


def assert_right(run: Run, world: World, how: str) -> None:
    """Nothing is blamed, and no message was delivered that the books do not know of."""
    assert not [(one.rule, one.what, one.actual, one.transcript) for one in run.findings], how
    unknown = len(world.server.bodies) - run.numbers.count
    assert 0 <= unknown <= run.numbers.unanswered, how


def test_punctual_client_judges_everything() -> None:
    run, world = play(punctual, connections=8)
    assert_right(run, world, "punctual")
    assert not any("slow itself" in note for note in run.notes)
    assert {"421 silent", "421 dripping", "421 wrong"} <= set(run.tally.rows)
    assert set(run.left) == {"close", "reset", "half-close"} and run.gate.most_greeted == 8


def test_late_once_at_any_step() -> None:
    """The steps of a short run in turn, by one delay after the other."""
    run, world = play(punctual, connections=2, seed=2, operations=80)
    assert set(run.left) == {"close", "reset", "half-close"}
    for step, share in zip(range(0, world.steps, STRIDE), itertools.cycle(DELAYS), strict=False):
        run, world = play(late_once(step, share), connections=2, seed=2, operations=80)
        assert_right(run, world, f"late by {share:g} time limits at step {step}")


@pytest.mark.parametrize("server", [Server, Resetting, Impatient, Dawdling])
@pytest.mark.parametrize("destroys", [True, False], ids=["reset destroys", "reset keeps"])
def test_late_again_and_again(server: type[Server], destroys: bool) -> None:
    for seed in (*range(6), 15):
        run, world = play(late_often(seed), server, destroys and server is not Resetting, 3 + seed % 6, seed)
        assert_right(run, world, f"seed {seed}")


def test_slow_client_that_never_has_all_connections_at_once() -> None:
    run, world = play(lambda step: 0.01, connections=16, duration=10.0)
    assert run.gate.most_greeted < 16
    assert_right(run, world, "slow")


def test_stopped_for_the_whole_run_is_not_called_right() -> None:
    run, world = play(late_once(12, 20.0))
    assert_right(run, world, "stopped")
    assert run.notes


class DoublesReply(Server):
    """Answers one line in forty twice."""

    count = 0

    def reply(self, to: Socket, text: bytes) -> None:
        super().reply(to, text)
        self.count += 1
        if self.count % 40 == 0:
            super().reply(to, text)


class LosesReply(Server):
    """Answers one line in forty not at all."""

    count = 0

    def reply(self, to: Socket, text: bytes) -> None:
        self.count += 1
        if self.count % 40:
            super().reply(to, text)


class Early(Server):
    limit = 0.9 * LIMIT


class Late(Server):
    limit = 4 * LIMIT


class Mute(Server):
    """Ends a connection without a 421."""

    def time_out(self, one: Socket) -> None:
        self.end(one)


class HangsUp(Server):
    """Ends a connection instead of one reply in forty."""

    count = 0

    def reply(self, to: Socket, text: bytes) -> None:
        self.count += 1
        if self.count % 40:
            super().reply(to, text)
        else:
            self.end(to)


class RepeatsNumber(Server):
    """Gives every fifth number twice."""

    def deliver(self, body: bytes) -> int:
        number = super().deliver(body)
        return number - (number % 5 == 0)


class SkipsNumber(Server):
    """Gives every fifth number to nobody."""

    def deliver(self, body: bytes) -> int:
        number = super().deliver(body)
        return number + number // 5


class Stalls(Server):
    """Answers nobody any more after a while."""

    count = 0

    def hear(self, one: Socket, data: bytes) -> None:
        self.count += 1
        if self.count < 200:
            super().hear(one, data)

    def time_out(self, one: Socket) -> None:
        one.deadline = float("inf")


class Small(Server):
    places = 5


FAULTY = [
    (DoublesReply, "reply.one"),
    (LosesReply, "reply.one"),
    (HangsUp, "reply.one"),
    (Early, "time.early"),
    (Late, "time.out"),
    (Mute, "time.reply"),
    (RepeatsNumber, "numbers"),
    (SkipsNumber, "numbers"),
    (Stalls, "pool.alive"),
    (Small, "pool.32"),
]


@pytest.mark.parametrize(("server", "rule"), FAULTY)
def test_fault_is_found(server: type[Server], rule: str) -> None:
    run, _ = play(punctual, server, connections=8)
    assert rule in rules(run)


@pytest.mark.parametrize(("server", "rule"), FAULTY)
def test_fault_is_found_though_the_client_is_late_now_and_then(server: type[Server], rule: str) -> None:
    found = 0
    for at in range(300, 3300, 1000):
        run, _ = play(late_once(at, 0.6), server, connections=8, duration=8.0)
        found += rule in rules(run)
    assert found == 3
