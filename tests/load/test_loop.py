"""The loop, and who is let in: by a clock and a poll that are none."""

from __future__ import annotations

import select
import socket
from collections.abc import Callable, Iterator
from typing import cast

import pytest

from conformance.load.gate import Gate
from conformance.load.loop import CHECK, LATE_TURN, READ, Loop


class Clock:
    """A clock, and a poll that lets its time pass; what is ready is said beforehand."""

    def __init__(self) -> None:
        self.now = 100.0
        self.ready: list[tuple[int, int]] = []
        self.watched: dict[int, int] = {}
        self.polls = 0

    def monotonic(self) -> float:
        return self.now

    def register(self, descriptor: int, events: int) -> None:
        self.watched[descriptor] = events

    modify = register

    def unregister(self, descriptor: int) -> None:
        del self.watched[descriptor]

    def poll(self, timeout: float) -> list[tuple[int, int]]:
        self.polls += 1
        ready, self.ready = self.ready, []
        if not ready:
            self.now += timeout
        return ready


class Socket:
    def __init__(self, number: int) -> None:
        self._number = number

    def fileno(self) -> int:
        return self._number


class Client:
    """A client that takes down what it is told."""

    def __init__(self, number: int, refused: bool = False, no_port: bool = False) -> None:
        self.socket: socket.socket | None = cast(socket.socket, Socket(number))
        self.serial = 1
        self.told: list[int] = []
        self.connects = 0
        self._refused = refused
        self.no_port = no_port

    def on_event(self, events: int) -> None:
        self.told.append(events)

    def connect(self) -> bool:
        self.connects += 1
        if self._refused:
            raise OSError("refused")
        return not self.no_port


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    made = Clock()
    monkeypatch.setattr(select, "epoll", lambda: made)
    yield made


@pytest.fixture
def loop(clock: Clock) -> Loop:
    made = Loop(clock.monotonic)
    made.start()
    return made


def test_ready_client_is_told_and_no_other(loop: Loop, clock: Clock) -> None:
    one, other = Client(1), Client(2)
    loop.watch(one, READ)
    loop.watch(other, READ)
    clock.ready = [(1, READ)]
    loop.turn(clock.now, clock.now + 1)
    assert one.told == [READ] and other.told == []
    loop.unwatch(one)
    assert clock.watched == {2: READ} and not loop.idle


def test_client_that_was_forgotten_in_the_same_turn_is_not_told(loop: Loop, clock: Clock) -> None:
    one = Client(1)
    loop.watch(one, READ)
    clock.ready = [(1, READ), (9, READ)]
    loop.turn(clock.now, clock.now)
    loop.unwatch(one)
    clock.ready = [(1, READ)]
    loop.turn(clock.now, clock.now)
    assert one.told == [READ] and loop.idle


def test_timers_come_in_order_and_wake_the_loop(loop: Loop, clock: Clock) -> None:
    one, came, began = Client(1), cast(list[str], []), clock.now
    loop.later(one, began + 0.02, lambda: came.append("second"))
    loop.later(one, began + 0.01, lambda: came.append("first"))
    loop.turn(clock.now, began + CHECK)
    assert came == ["first"] and clock.now == pytest.approx(began + 0.01)
    loop.turn(clock.now, began + CHECK)
    assert came == ["first", "second"]


@pytest.mark.parametrize("ends", [lambda one: setattr(one, "serial", 2), lambda one: setattr(one, "socket", None)])
def test_timer_of_a_connection_that_has_ended_does_nothing(
    loop: Loop, clock: Clock, ends: Callable[[Client], None]
) -> None:
    one, came = Client(1), cast(list[str], [])
    loop.later(one, clock.now, lambda: came.append("late"))
    ends(one)
    loop.turn(clock.now, clock.now)
    assert came == []


def test_time_by_which_the_loop_was_late_is_not_watched(loop: Loop, clock: Clock) -> None:
    began = clock.now
    clock.now += LATE_TURN
    loop.turn(clock.now, clock.now)
    assert loop.lost == 0 and loop.watched == clock.now
    clock.now += 3.0
    loop.turn(clock.now, clock.now)
    assert loop.lost == pytest.approx(3.0 - CHECK)
    assert loop.watched == pytest.approx(began + LATE_TURN + CHECK)


def test_only_so_many_are_ungreeted_at_a_time(loop: Loop, clock: Clock) -> None:
    gate, clients = Gate(loop, 2), [Client(number) for number in range(5)]
    gate.open(clients, clock.now + 1)
    gate.turn()
    assert [one.connects for one in clients] == [1, 1, 0, 0, 0] and gate.rounds == 3
    gate.was_greeted(clients[0])
    gate.has_left(clients[1])
    gate.turn()
    assert [one.connects for one in clients] == [1, 1, 1, 1, 0] and gate.most_greeted == 1


@pytest.mark.parametrize("late", [False, True])
def test_nobody_speaks_before_all_are_greeted_or_it_is_late(loop: Loop, clock: Clock, late: bool) -> None:
    gate, clients, spoke = Gate(loop, 4), [Client(number) for number in range(2)], cast(list[str], [])
    gate.open(clients, clock.now + 1)
    gate.turn()
    gate.was_greeted(clients[0])
    gate.when_complete(clients[0], lambda: spoke.append("first"))
    gate.turn()
    assert spoke == []
    if late:
        clock.now += 1.5
    else:
        gate.was_greeted(clients[1])
    gate.turn()
    gate.when_complete(clients[1], lambda: spoke.append("second"))
    assert spoke == ["first", "second"]


def test_who_rests_is_not_connected_again_and_after_the_end_nobody(loop: Loop, clock: Clock) -> None:
    gate, clients = Gate(loop, 4), [Client(number) for number in range(2)]
    gate.open([], clock.now)
    gate.rests(clients[0])
    gate.wants_to_connect(clients[0])
    gate.turn()
    gate.close()
    gate.wants_to_connect(clients[1])
    gate.turn()
    assert [one.connects for one in clients] == [0, 0]


def test_refusal_is_kept_and_a_lack_of_ports_waited_for(loop: Loop, clock: Clock) -> None:
    gate, lacking = Gate(loop, 4), Client(1, no_port=True)
    gate.open([lacking], clock.now + 1)
    gate.turn()
    lacking.no_port = False
    gate.turn()
    assert lacking.connects == 1
    clock.now += 1.0
    gate.wants_to_connect(Client(2, refused=True))
    gate.turn()
    assert lacking.connects == 2
    clock.now += 1.0
    gate.turn()
    assert gate.refused == "refused"
