"""The open loop: what is due when, who says it, and that a server cannot hide that it stalls; by clocks set by hand."""

from __future__ import annotations

import random
import socket
from collections.abc import Mapping
from typing import cast

import pytest

from conformance.load.loop import FineLoop
from conformance.load.pace import ARRIVALS, RANDOM, Pacer, Schedule
from conformance.load.run import Run
from conformance.load.table import document, facts
from conformance.load.tally import GREETING, Histogram
from reference_server.channel import CRLF
from tests.load.simulation import OFTEN, PLAIN, Delay, Server, Socket, World, play
from tests.load.test_late_clients import late_once, punctual


class Clock:
    """A clock that is set by hand, for a loop that is none."""

    def __init__(self) -> None:
        self.now = 50.0
        self.waited = 0.0

    def monotonic(self) -> float:
        return self.now


class Free:
    """A client that is free, and takes down when what it says was due."""

    def __init__(self, operations: int = 1) -> None:
        self.socket: socket.socket | None = cast(socket.socket, object())
        self.serial = 1
        self.said: list[float] = []
        self._operations = operations

    def on_event(self, events: int) -> None:
        raise AssertionError

    def speak(self, due: float) -> int:
        self.said.append(round(due, 6))
        return self._operations


def paced(rate: float) -> tuple[Clock, Pacer]:
    clock = Clock()
    return clock, Pacer(cast(FineLoop, clock), Schedule(rate))


def due_times(schedule: Schedule, count: int, operations: int = 1) -> list[float]:
    schedule.start(0.0)
    times = []
    for _ in range(count):
        times.append(schedule.next)
        schedule.take(operations)
    return times


def test_even_arrivals_do_not_drift() -> None:
    assert due_times(Schedule(3.0), 100_001)[-1] == pytest.approx(100_000 / 3, abs=1e-6)


def test_random_arrivals_are_those_of_the_seed_and_as_many() -> None:
    times = due_times(Schedule(100.0, RANDOM, 7), 20_000)
    assert times == due_times(Schedule(100.0, RANDOM, 7), 20_000) != due_times(Schedule(100.0, RANDOM, 8), 20_000)
    assert times[-1] == pytest.approx(200.0, rel=0.05)
    gaps = [after - before for before, after in zip(times, times[1:], strict=False)]
    # Of exponential gaps, those beyond the mean are 1/e.
    assert sum(gap > 0.01 for gap in gaps) / len(gaps) == pytest.approx(0.368, abs=0.02)


@pytest.mark.parametrize("arrivals", ARRIVALS)
def test_what_is_said_together_takes_as_many_turns(arrivals: str) -> None:
    apart = due_times(Schedule(10.0, arrivals, 1), 13)
    assert due_times(Schedule(10.0, arrivals, 1), 5, operations=3) == pytest.approx(apart[::3])


def test_nobody_speaks_before_it_is_due_and_the_longest_free_first() -> None:
    clock, pacer = paced(10.0)
    first, second = Free(), Free()
    for client in (first, second):
        pacer.wants_turn(client, client.speak)
    pacer.turn()
    assert (first.said, second.said) == ([50.0], []) and pacer.wakes == pytest.approx(50.1)
    clock.now = 50.05
    pacer.turn()
    assert second.said == []
    clock.now = 50.1
    pacer.turn()
    assert second.said == [50.1] and pacer.wakes == float("inf")
    assert pacer.sent == 2 and pacer.late.longest == pytest.approx(0.0, abs=1e-9)


def test_late_by_the_server_and_late_by_itself_are_told_apart() -> None:
    clock, pacer = paced(10.0)
    client = Free()
    pacer.wants_turn(client, client.speak)
    pacer.turn()
    clock.now = 50.5  # due at 50.1, and the reply only comes now
    pacer.wants_turn(client, client.speak)
    pacer.turn()
    assert pacer.late.longest == pytest.approx(0.4) and pacer.own.longest == 0.0
    clock.now = 51.0
    pacer.wants_turn(client, client.speak)
    clock.now = 51.3  # free since 51.0, and due since 50.2
    pacer.turn()
    assert pacer.late.longest == pytest.approx(1.1) and pacer.own.longest == pytest.approx(0.3)
    assert client.said == [50.0, 50.1, 50.2]


def test_client_that_left_meanwhile_is_passed_over() -> None:
    clock, pacer = paced(10.0)
    gone, back, there = Free(), Free(), Free()
    for client in (gone, back, there):
        pacer.wants_turn(client, client.speak)
    gone.socket, back.serial = None, 2
    pacer.turn()
    assert (gone.said, back.said, there.said) == ([], [], [50.0])


def test_who_says_nothing_leaves_the_turn_to_the_next() -> None:
    _, pacer = paced(10.0)
    leaves, speaks = Free(operations=0), Free(operations=2)
    for client in (leaves, speaks):
        pacer.wants_turn(client, client.speak)
    pacer.turn()
    assert leaves.said == speaks.said == [50.0]
    assert pacer.sent == 2 and pacer.schedule.next == pytest.approx(50.2)


@pytest.mark.parametrize(("waiting", "held_by"), [(0.9, "server"), (0.05, "machine")])
def test_who_holds_the_rate(waiting: float, held_by: str) -> None:
    clock, pacer = paced(1000.0)
    client = Free()
    for _ in range(100):
        pacer.wants_turn(client, client.speak)
        pacer.turn()
        clock.now += 0.01
        clock.waited += 0.01 * waiting
    pacer.stop()
    assert pacer.held_by == held_by
    assert pacer.behind == pytest.approx(1.0, 0.02) and pacer.waited == pytest.approx(waiting, 0.02)
    assert pacer.sent == 100 and pacer.unsent == pytest.approx(900, abs=2) and pacer.reached == pytest.approx(100.0)
    clock.now += 1.0
    pacer.wants_turn(client, client.speak)
    pacer.turn()
    assert pacer.sent == 100


def test_rate_that_is_reached_is_held_by_nobody() -> None:
    clock, pacer = paced(100.0)
    client = Free()
    for _ in range(1000):
        pacer.wants_turn(client, client.speak)
        pacer.turn()
        clock.now += 0.01
    pacer.stop()
    assert pacer.kept and pacer.held_by == "" and pacer.behind == 0.0


class Stalls(Server):
    """A right server that answers nobody for a moment, and then all that has come meanwhile."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._born = world.now

    def stall(self, now: float) -> tuple[float, float]:
        """When it begins and ends; in seconds since the server began, as is `now`."""
        return 3.0, 3.4

    def say(self, to: Socket, text: bytes) -> None:
        now = self.world.now - self._born
        begin, end = self.stall(now)
        if begin <= now < end:
            before = to.arriving[1] if to.arriving else b""
            to.arriving = (self._born + end, before + text + CRLF)
        else:
            super().say(to, text)

    def end(self, one: Socket) -> None:
        one.arrive()
        super().end(one)


def played(
    server: type[Server],
    rate: float | None,
    delay: Delay = punctual,
    duration: float = 12.0,
    shares: Mapping[str, float] = PLAIN,
) -> Run:
    run, _ = play(delay, server, connections=8, duration=duration, rate=rate, shares=shares)
    assert not [(one.rule, one.what, one.actual, one.transcript) for one in run.findings]
    return run


def replies(run: Run) -> Histogram:
    """How long all replies took, of whatever kind."""
    merged = Histogram()
    for kind, row in run.tally.rows.items():
        if kind != GREETING and not kind.startswith("421"):
            merged.merge(row.times.counts, row.times.longest)
    return merged


def test_stall_that_the_closed_loop_does_not_show() -> None:
    closed, opened = replies(played(Stalls, None)), replies(played(Stalls, 40.0))
    assert closed.longest > 0.35 < opened.longest
    assert closed.quantile(0.99) < 0.1
    assert opened.quantile(0.99) > 0.2
    assert opened.count < closed.count  # and it asked less of the server


def test_punctual_server_is_as_quick_by_either() -> None:
    run = played(Server, 40.0)
    assert run.pacer and run.pacer.kept and run.pacer.reached == pytest.approx(40.0, 0.02)
    assert replies(run).quantile(0.99) < 0.1
    assert document(run, None)["rate"]["held_by"] == ""


def test_replies_from_when_they_were_sent_are_told_beside() -> None:
    run = played(Stalls, 40.0)
    assert run.pacer and run.pacer.kept
    assert run.pacer.replies.quantile(0.99) < replies(run).quantile(0.99)
    told = "\n".join(facts(run, None))
    assert "40 a second asked for, even arrivals, 40.1 reached" in told and "not reached" not in told


def test_rate_that_is_beyond_the_machine() -> None:
    """Each system call takes two milliseconds, and the server answers at once."""
    run = played(Server, 2000.0)
    assert run.pacer and run.pacer.held_by == "machine"
    assert "rate not reached, by multiclient on this machine" in "\n".join(facts(run, None))


class Slow(Stalls):
    """Answers everybody three times a second."""

    def stall(self, now: float) -> tuple[float, float]:
        return 0.0, (int(now * 3) + 1) / 3


def test_rate_that_is_beyond_the_server() -> None:
    run = played(Slow, 60.0)
    assert run.pacer and run.pacer.held_by == "server"
    assert replies(run).quantile(0.5) > 1.0 > run.pacer.replies.quantile(0.99)


def test_late_client_blames_nobody_and_says_that_it_was_late_itself() -> None:
    run = played(Server, 40.0, late_once(2000, 0.9), shares=OFTEN)
    assert run.pacer and run.pacer.own.longest > 0.8
    drawn = random.Random(1)
    for _ in range(20):
        at, share = drawn.randrange(6000), drawn.choice((0.3, 0.7, 1.05, 2.5))
        played(Server, 40.0, late_once(at, share), duration=5.0, shares=OFTEN)


def test_pause_between_what_is_due_is_no_stall_of_the_server() -> None:
    run = played(Server, 0.15, duration=40.0, shares=OFTEN)
    assert run.tally.operations > 4
