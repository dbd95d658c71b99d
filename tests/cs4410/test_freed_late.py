"""A server that keeps the places of clients that have left is known by that, and told from others that greet late."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from conformance.cs4410 import link
from conformance.cs4410.case import Case
from conformance.cs4410.kind import KIND
from conformance.cs4410.profile import PROFILE
from conformance.harness.run.bench import Bench, Plan
from conformance.harness.server.patience import STRIKES, Patience
from conformance.harness.server.target import Addressed
from conformance.harness.verdict.verdict import Record
from conformance.harness.wire.manners import Manners
from tests.cs4410.listening import Listening
from tests.harness.plain import PLAIN

LATE, KEPT = 1.5, 3.0
SETTINGS = replace(PLAIN, target="127.0.0.1:1", time_limit=1.0)


class Pool(Listening):
    """A server of a few places, each of which it keeps for a while after its client has left; it only greets.

    Args:
        places: how many there are.
        kept: seconds that each is kept.
    """

    def __init__(self, places: int, kept: float) -> None:
        self._kept = kept
        self._free = threading.Semaphore(places)
        super().__init__()

    def _talk(self, client: socket.socket) -> None:
        self._free.acquire()
        with contextlib.suppress(OSError), client:
            client.sendall(b"220 me SMTP CS4410MP3\r\n")
            while client.recv(1024):
                pass
        time.sleep(self._kept)
        self._free.release()


class Own(Addressed):
    """One that counts as started by the suite, and as having served many."""

    launched = True
    worn = 0

    def greets_late(self) -> None:
        self.worn += 1


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Own]:
    monkeypatch.setattr(link, "LATE", LATE)
    pool = Pool(*request.param)
    with contextlib.closing(pool):
        server = Own(KIND, pool.address, Manners(), None, "not seen")
        server.connections = 100
        yield server


def late_case(server: Own) -> Record:
    """Three clients come and leave, one after the other, beside one that stays for too long then."""

    def body(case: Case) -> None:
        stays = case.client()
        for _ in range(3):
            case.client().close()
        stays.valid_sent = time.monotonic() - case.limit
        stays.send(b"HELO client\r\n")

    return Bench(server, SETTINGS, PROFILE).run(Plan("cs4410/test_x.py::test_x", "Title.", ("helo",), body))


@pytest.mark.parametrize("own", [(2, KEPT)], indirect=True)
def test_who_frees_places_late_is_started_again_and_a_late_case_is_put_down_to_it(own: Own) -> None:
    record = late_case(own)
    assert own.worn >= 2
    assert (record.verdict, record.blocked_by) == ("blocked", "pool.frees-at-once")


@pytest.mark.parametrize("own", [(32, KEPT)], indirect=True)
def test_who_frees_them_in_time_is_not(own: Own) -> None:
    record = late_case(own)
    assert own.worn == 0
    assert (record.verdict, record.blocked_by) == ("skip", None)


@pytest.mark.parametrize("own", [(1, 0.0)], indirect=True)
def test_who_serves_one_client_at_a_time_is_not_waited_for_again_and_again(
    own: Own, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three second clients are waited for, though the first is greeted each time; the fourth is not."""
    asked = []

    def patience(_: Patience, rule: str = "") -> float:
        asked.append(rule)
        return 2.0

    monkeypatch.setattr(Patience, "patience", patience)
    bench = Bench(own, SETTINGS, PROFILE)
    waited = []

    def body(case: Case) -> None:
        case.client()
        asked.clear()
        try:
            case.client()
        finally:
            waited.append(len(asked))

    records = [bench.run(Plan("cs4410/test_x.py::test_x", "Title.", ("helo",), body)) for _ in range(4)]
    assert {(record.verdict, record.blocked_by) for record in records} == {("blocked", "pool.32")}
    assert waited[-1] == 0 < min(waited[:-1])


@pytest.mark.parametrize("own", [(1, 0.0)], indirect=True)
def test_who_greets_a_client_when_another_has_left_serves_one_at_a_time_and_keeps_no_places(own: Own) -> None:
    bench = Bench(own, SETTINGS, PROFILE)

    def body(case: Case) -> None:
        stays = case.client()
        threading.Timer(2 * LATE, stays.close).start()
        case.client()

    for _ in range(STRIKES):
        bench.run(Plan("cs4410/test_x.py::test_x", "Title.", ("helo",), body))
    record = bench.run(Plan("cs4410/test_x.py::test_x", "Title.", ("helo",), body))
    assert (record.verdict, record.blocked_by) == ("blocked", "pool.32")
    assert own.worn == 0
