"""Places and locks: as many as there are, whoever waits is served, and nobody waits while holding half of a need."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest

from conformance.cs4410.kind import KIND
from conformance.harness.server.slots import Places, SharedPlaces

DEADLINE = 30.0
MOMENT = 0.05
"""Seconds in which somebody who need not wait would have got it."""
Take = Callable[[Places], AbstractContextManager[None]]


@pytest.fixture(params=["own", "shared"])
def places(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    """The places of one process, and those on a server that others reach as well."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return Places(KIND) if request.param == "own" else SharedPlaces(KIND, "127.0.0.1", 8765)


class Taker:
    """Takes something in a thread of its own, and keeps it until it is told to let go."""

    def __init__(self, wanted: AbstractContextManager[None]) -> None:
        self.has_it, self._let_go = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._take, args=(wanted,), daemon=True)
        self._thread.start()

    def _take(self, wanted: AbstractContextManager[None]) -> None:
        with wanted:
            self.has_it.set()
            self._let_go.wait(DEADLINE)

    def waits(self) -> bool:
        return not self.has_it.wait(MOMENT)

    def gets_it(self) -> bool:
        return self.has_it.wait(DEADLINE)

    def may_leave(self) -> None:
        self._let_go.set()

    def leave(self) -> None:
        self.may_leave()
        self._thread.join(DEADLINE)


@pytest.mark.parametrize(
    ("take", "count"),
    [
        (lambda places: places.acquire(1), KIND.places),
        (lambda places: places.connecting(), KIND.ungreeted),
        (lambda places: places.delivering(), 1),
        (lambda places: places.waiting(), 1),
        (lambda places: places.take_all(), 1),
    ],
    ids=["place", "ungreeted", "delivery", "waiting", "all"],
)
def test_so_many_have_it_and_the_next_one_waits(places: Places, take: Take, count: int) -> None:
    with ExitStack() as held:
        for _ in range(count - 1):
            held.enter_context(take(places))
        last = Taker(take(places))
        assert last.gets_it()
        further = Taker(take(places))
        assert further.waits()
        last.leave()
        assert further.gets_it()
        further.leave()


def test_who_holds_one_thing_may_have_the_others(places: Places) -> None:
    with places.waiting(), places.acquire(1), places.connecting():
        beside = Taker(places.delivering())
        assert beside.gets_it()
        beside.leave()


def test_the_places_that_all_take_together_are_fewer_than_a_server_has() -> None:
    assert KIND.places + KIND.ungreeted < 32


def test_who_needs_many_is_not_passed_by_who_needs_one(places: Places) -> None:
    """Otherwise a crowd would never have its turn among cases that come and go."""
    first = Taker(places.acquire(1))
    assert first.gets_it()
    many = Taker(places.acquire(KIND.places))
    assert many.waits()
    one = Taker(places.acquire(1))
    assert one.waits()
    first.leave()
    assert many.gets_it() and one.waits()
    many.leave()
    assert one.gets_it()
    one.leave()


def test_those_that_need_more_than_half_never_wait_for_each_other(places: Places) -> None:
    every = Taker(places.acquire(KIND.places))
    assert every.gets_it()
    several = [Taker(places.acquire(KIND.places // 2 + 1)) for _ in range(3)]
    assert all(one.waits() for one in several)
    for one in several:
        one.may_leave()
    every.leave()
    assert all(one.gets_it() for one in several)


def test_who_wants_the_server_alone_waits_for_those_that_are_waiting(places: Places) -> None:
    with places.waiting():
        alone = Taker(places.take_all())
        assert alone.waits()
        with places.acquire(1):
            pass  # those that wait have their places meanwhile
    assert alone.gets_it()
    alone.leave()


def test_a_case_that_fails_gives_back_what_it_had(places: Places) -> None:
    with pytest.raises(ValueError), places.waiting(), places.acquire(KIND.places):
        raise ValueError
    alone = Taker(places.take_all())
    assert alone.gets_it()
    alone.leave()


def test_an_address_has_its_own_locks_and_all_its_testers_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with SharedPlaces(KIND, "::1", 8765).delivering():
        same, other = (Taker(SharedPlaces(KIND, "::1", port).delivering()) for port in (8765, 8766))
        assert other.gets_it() and same.waits()
    assert same.gets_it()
    for one in (same, other):
        one.leave()


def test_who_starts_a_server_where_another_does_gives_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with SharedPlaces(KIND, "127.0.0.1", 8765).starting(patience=DEADLINE):
        with pytest.raises(TimeoutError), SharedPlaces(KIND, "127.0.0.1", 8765).starting(patience=0.01):
            pass
        with SharedPlaces(KIND, "127.0.0.1", 8766).starting(patience=0.01):
            pass
    with SharedPlaces(KIND, "127.0.0.1", 8765).starting(patience=0.01):
        pass


def test_two_testers_of_one_address_have_one_pace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    one, other = (SharedPlaces(KIND, "127.0.0.1", 8765) for _ in range(2))
    began = [time.monotonic()]
    for places in [one, other] * 5:
        places.space(4.0)
        began.append(time.monotonic())
    assert all(fifth_ended - first_began > 0.99 for first_began, fifth_ended in zip(began, began[5:], strict=False))
    one.space(0.5)
    other.space(0.5)
    assert time.monotonic() - began[-2] > 3.99, "one in two seconds"


@pytest.mark.parametrize(
    "left", ["", "nonsense", f"{time.time() + 3600} " * 1000], ids=["empty", "no number", "far ahead"]
)
def test_a_turn_that_was_left_behind_keeps_nobody_for_long(
    left: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    places = SharedPlaces(KIND, "127.0.0.1", 8765)
    (folder,) = tmp_path.glob("*/*")
    (folder / "latest-turns").write_text(left)
    began = time.monotonic()
    places.space(1000.0)
    assert time.monotonic() - began < DEADLINE


def test_who_holds_the_server_alone_has_all_its_places_and_nobody_else_has(places: Places) -> None:
    with places.take_all(), places.acquire(1), places.acquire(KIND.places):
        other = Taker(places.acquire(1))
        assert other.waits()
    assert other.gets_it()
    other.leave()
