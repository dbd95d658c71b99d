"""What grows with every client of a launched server is noted with its pace, and nothing else is."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from conformance.cs4410 import leaks
from conformance.cs4410.case import Case
from conformance.cs4410.kind import KIND
from conformance.cs4410.profile import PROFILE
from conformance.harness.run.bench import Bench, Plan
from conformance.harness.server.target import Launched
from conformance.harness.verdict.verdict import Record
from conformance.harness.wire.manners import Manners
from tests.harness.plain import PLAIN

LIMIT = 1.5
NEAR = 0.25
"""What the server is still busy with when it is counted, a client each."""
SERVER = """
    import os, socket, sys, threading, time
    from itertools import count
    kept, clients, mine = [], count(), threading.Lock()
    forever = threading.Event()
    def keep(client, seconds):
        with mine:
            kept.append(twin := os.dup(client.fileno()))
        time.sleep(seconds)
        os.close(twin)
    def leave(client, number):
        LEAVE
    def serve(client):
        words = {b"HELO": b"250 me", b"MAIL": b"250 2.1.0 OK", b"RCPT": b"250 2.1.5 OK", b"DATA": b"354 End data"}
        try:
            client.sendall(b"220 me SMTP CS4410MP3\\r\\n")
            for line in client.makefile("rb"):
                if reply := words.get(line[:4]):
                    client.sendall(reply + b"\\r\\n")
        except OSError:
            pass
        leave(client, next(clients))
        client.close()
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=64)
    while True:
        client = listener.accept()[0]
        SERVE
"""
THREAD = "threading.Thread(target=serve, args=(client,), daemon=True).start()"
FORK = "child = os.fork()\n        if not child:\n            serve(client); os._exit(0)\n        client.close()"


@pytest.fixture
def noted(script: Callable[[str], str], temporary: object) -> Callable[..., Record]:
    """Run the case on a server that does something when a client has left."""

    def run(leave: str, serve: str = THREAD, around: str = "{}") -> Record:
        text = SERVER.replace("LEAVE", leave).replace("SERVE", serve)
        server = Launched(KIND, around.format(f"{script(text)} {{port}}"), LIMIT, Manners())
        bench = Bench(server, replace(PLAIN, time_limit=LIMIT), PROFILE)
        try:
            return bench.run(Plan("x.py::test_x", "Title.", ("pool.leaks",), _case, places=None))
        finally:
            server.stop()

    return run


def _case(case: Case) -> None:
    leaving = itertools.cycle((("greeted", b"", "close"), ("sender", b"", "reset"), ("body", b"un", "reset")))
    for _ in range(12):
        case.client()
    case.close()

    def come_and_leave() -> None:
        for way in itertools.islice(leaving, 32):
            case.abandon(*way)

    for growth in leaks.grown(case, come_and_leave, 32):
        case.note(growth)


def paces(record: Record) -> dict[str, float]:
    assert record.verdict == "note", (record.verdict, record.findings)
    found = {}
    for finding in record.findings:
        match = re.match(r"(\w+) grow by (\d\.\d) with each client: ", finding.reason)
        assert match, finding.reason
        found[match[1]] = float(match[2])
    return found


DUPLICATE = "kept.append(os.dup(client.fileno()))"
SLEEPER = "threading.Thread(target=forever.wait, daemon=True).start()"


@pytest.mark.parametrize("around", ["{}", "sh -c '{}; true'"], ids=["plain", "wrapped"])
def test_descriptors_that_grow_are_noted(noted: Callable[..., Record], around: str) -> None:
    assert paces(noted(DUPLICATE, around=around)) == {"descriptors": pytest.approx(1.0, abs=NEAR)}


def test_threads_that_grow_are_noted(noted: Callable[..., Record]) -> None:
    assert paces(noted(f"number % 3 or {SLEEPER}")) == {"threads": pytest.approx(1 / 3, abs=NEAR)}


def test_both_are_noted_with_what_was_counted(noted: Callable[..., Record]) -> None:
    record = noted(f"{DUPLICATE}; {DUPLICATE}; {SLEEPER}")
    assert paces(record) == {"descriptors": pytest.approx(2.0, abs=NEAR), "threads": pytest.approx(1.0, abs=NEAR)}
    for finding in record.findings:
        counts = re.search(r": (\d+) before, (\d+) after 32, (\d+) after 64$", finding.reason)
        assert counts and int(counts[1]) < int(counts[2]) < int(counts[3])


def test_children_that_nobody_waits_for_are_noted(noted: Callable[..., Record]) -> None:
    assert paces(noted("pass", FORK)) == {"processes": 1.0}


@pytest.mark.parametrize(
    ("leave", "serve"),
    [
        ("pass", THREAD),
        ("pass", "import signal; signal.signal(17, signal.SIG_IGN)\n        " + FORK),
        (f"number < 45 and {DUPLICATE}", THREAD),
        (f"number % 20 or {DUPLICATE}", THREAD),
        (f"[os.close(kept.pop()) for _ in range(len(kept) // 7)]; {DUPLICATE}", THREAD),
        ("keep(client, 0.4)", THREAD),
        ("keep(client, 2.0)", THREAD),
    ],
    ids=["nothing", "children", "a-few-at-first", "one-in-twenty", "cached", "late", "at-the-limit"],
)
def test_what_does_not_grow_with_each_client_is_not(noted: Callable[..., Record], leave: str, serve: str) -> None:
    record = noted(leave, serve)
    assert (record.verdict, record.findings) == ("pass", [])
