"""The pool: 32 places, the rest in the kernel's backlog, and workers that outlive every client."""

import itertools
import time

import pytest

from conformance.cs4410 import crowd, leaks
from conformance.cs4410.case import Case
from conformance.cs4410.client import Client
from conformance.harness.server import proc
from conformance.harness.verdict.verdict import Skipped


@pytest.mark.alone
@pytest.mark.judges("pool.32")
def test_32_at_once(case: Case) -> None:
    """32 clients connect and stay: all are greeted, and all are answered while the others are there."""
    for client in crowd.fill(case):
        client.set_up(case.words.fill("HELO {host}"))


@pytest.mark.alone
@pytest.mark.judges("pool.32")
def test_32_deliver_in_turn(case: Case) -> None:
    """Each of 32 connected clients delivers a message, because all of them are served."""
    for client in crowd.fill(case):
        client.reach("delivered")


@pytest.mark.alone
@pytest.mark.judges("pool.frees", "pool.frees-at-once")
def test_places_are_freed(case: Case) -> None:
    """32 clients leave, each at some step: their places serve 32 others, at once if possible."""
    try:
        for client, state in zip(crowd.fill(case), itertools.cycle(("connected", "sender", "body")), strict=False):
            client.reach(state)
            client.leave("close")
            client.close()
        crowd.refill(case, time.monotonic(), "pool.frees-at-once", "pool.frees")
    finally:
        case.patience.never_frees = case.patience.never_frees or case.stopped_by("pool.frees")


@pytest.mark.alone
@pytest.mark.judges("pool.33rd")
def test_33rd_waits(case: Case) -> None:
    """A 33rd client is not greeted while 32 are connected, and not while they deliver either."""
    clients = crowd.fill(case)
    (waiting,) = crowd.beyond(case)
    for client in clients[:8]:
        client.reach("delivered")
    crowd.expect_waiting(case, [waiting])


@pytest.mark.alone
@pytest.mark.judges("pool.next", "pool.prompt")
def test_33rd_is_next(case: Case) -> None:
    """When one of the 32 leaves, the client that waits is greeted, within a second if possible."""
    crowd.need_freed_places(case)
    clients = crowd.fill(case)
    (waiting,) = crowd.beyond(case)
    clients[7].leave("close")
    left = time.monotonic()
    greeted = waiting.is_greeted(left + case.limit + 3.0)
    waited = time.monotonic() - left
    why, wanted, about = "not greeted though a place is free", f"within {case.limit + 2:g} s", [clients[7], waiting]
    case.expect(greeted, "pool.next", why, f"a greeting {wanted}", f"none in {waited:.1f} s", about)
    # Who is greeted when the first of the 32 are timed out has perhaps the place of one of those.
    at_a_time_out = left + waited - min(client.valid_sent for client in clients) > 0.9 * case.limit
    if waited > 1.0 and not (case.patience.slow_to_free or at_a_time_out):
        why = f"greeted {waited:.1f} s after a place was free"
        case.find_if_judged("pool.prompt", why, "within a second", f"after {waited:.1f} s", about)


@pytest.mark.alone
@pytest.mark.judges("pool.backlog", "pool.ahead")
def test_backlog(case: Case) -> None:
    """Of four clients beyond the 32, three or all wait in the kernel's accept queue, because nobody serves them."""
    if not case.server.local:
        raise Skipped("the accept queue can be seen on the server's own machine only")
    crowd.fill(case)
    before = proc.unowned(case.server.address[1])
    beyond = crowd.beyond(case, 4)
    waiting = crowd.waiting_in_backlog(case, beyond, before)
    shown = f"{waiting} of 4 wait in the accept queue"
    why = f"{4 - waiting} of 4 connections are accepted before anybody serves them"
    case.expect(waiting >= 3, "pool.backlog", why, "3 or 4 of 4 wait in the accept queue", shown, beyond)
    if waiting < 4:
        case.find_if_judged(
            "pool.ahead", "a connection is accepted ahead", "4 of 4 wait in the accept queue", shown, beyond
        )


DISTURBERS = {
    "silent": ("connected", b""),
    "silent-after-HELO": ("greeted", b""),
    "inside-line": ("sender", b"RCPT T"),
    "inside-body": ("body", b"unfinished\r\nunfini"),
    "half-closed": ("recipient", b""),
    "binary": ("connected", bytes(range(256)) * 8),
    "flood-of-commands": ("greeted", b"mkdir\r\n" * 20_000),
    "flood-without-end": ("greeted", b"x" * 300_000),
    "flood-of-body": ("body", b"never ending\r\n" * 40_000),
}


@pytest.mark.places(2)
@pytest.mark.judges("pool.no-influence", control={"disturber": ""})
@pytest.mark.parametrize("disturber", DISTURBERS)
def test_nobody_is_disturbed(case: Case, disturber: str) -> None:
    """While such a client is connected, another delivers a message without delay, because clients share nothing."""
    if disturber:
        state, sent = DISTURBERS[disturber]
        client = case.client(state)
        client.send_as_far_as_possible(sent)
        if disturber == "half-closed":
            client.leave("half_close")
    crowd.deliver_undisturbed(case)


STEPS = {
    "connected": ("connected", b""),
    "greeted": ("greeted", b""),
    "inside-line": ("greeted", b"MAIL FR"),
    "sender": ("sender", b""),
    "recipient": ("recipient", b""),
    "body": ("body", b""),
    "inside-body": ("body", b"unfinished\r\nunfini"),
    "unread-reply": ("greeted", b"mkdir\r\nmkdir\r\n"),
}
NO_TEXT = {
    "8-bit": ("greeted", bytes(range(128, 256)) + b"\r\n"),
    "NUL": ("connected", b"\x00\x00\x00\r\n"),
    "bad-utf-8": ("connected", b"HELO \xff\xfe\r\n"),
    "bad-utf-8-address": ("greeted", b"MAIL FROM: \xc3\x28@example.org\r\n"),
    "bad-utf-8-in-body": ("body", b"\xff\xfe\xc3\x28\r\n.\r\n"),
    "tls-hello": ("connected", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(64)) + b"\r\n"),
    "formats": ("greeted", b"%s%n%x {0} \x1b[31m\r\n"),
}
BROKEN = {
    "resets": [(state, sent, "reset") for state, sent in STEPS.values()],
    "EOFs": [(state, sent, leave) for state, sent in STEPS.values() for leave in ("close", "half_close")],
    "no-text": [(state, sent, "close") for state, sent in NO_TEXT.values()],
    "leaving": [("greeted", b"", "close")],
}


@pytest.mark.alone
@pytest.mark.judges("pool.survives", control={"kind": "leaving"})
@pytest.mark.parametrize("kind", [kind for kind in BROKEN if kind != "leaving"])
def test_workers_survive(case: Case, kind: str) -> None:
    """64 clients leave rudely, at every step in turn: afterwards 32 are still served, for no worker was lost."""
    crowd.need_freed_places(case)
    # A server that frees places late is judged by fewer clients than it has places, or waiting would be all there is.
    count = 31 if case.patience.slow_to_free else 64
    for state, sent, leave in itertools.islice(itertools.cycle(BROKEN[kind]), count):
        crowd.visit(case, state, sent, leave)
    crowd.await_freed_places(case)
    crowd.fill(case, requirement="pool.survives" if kind != "leaving" else "pool.frees")


GONE = [(b"", "reset"), (b"", "close"), (b"HELO early\r\n", "reset"), (b"HELO early\r\n", "half_close")]


@pytest.mark.alone
@pytest.mark.judges("pool.survives", control={"stays": True})
@pytest.mark.parametrize("stays", [False], ids=["gone"])
def test_clients_gone_from_the_backlog(case: Case, stays: bool) -> None:
    """While 32 are connected, four others come and leave ungreeted: when the 32 leave, 32 others are served."""
    crowd.need_freed_places(case)
    clients = crowd.fill(case)
    waiting = crowd.beyond(case, len(GONE)) if stays else []
    for sent, leave in () if stays else GONE:
        crowd.pass_by(case, sent, leave)
    for client in clients:
        client.close()
    crowd.await_freed_places(case)
    crowd.fill(case, crowd.POOL - len(waiting), requirement="pool.survives")


@pytest.mark.alone
@pytest.mark.judges("pool.survives", control={"gone": []})
@pytest.mark.parametrize("gone", [GONE * 16], ids=["gone"])
def test_clients_gone_before_the_greeting(case: Case, gone: list[tuple[bytes, str]]) -> None:
    """64 clients leave as soon as they are connected, without a look at the greeting: 32 others are served."""
    crowd.need_freed_places(case, at_once=True)
    case.client().close()
    for sent, leave in gone:
        crowd.pass_by(case, sent, leave)
    crowd.fill(case, requirement="pool.survives")


@pytest.mark.long
@pytest.mark.alone
@pytest.mark.judges("pool.frees", control={"rounds": 1})
@pytest.mark.parametrize("rounds", [40])
def test_places_are_freed_again_and_again(case: Case, rounds: int) -> None:
    """32 clients come and leave, 40 times, while the next ones wait: no worker misses that there is a client for it."""
    crowd.need_freed_places(case, at_once=True)
    clients = crowd.fill(case)
    for _ in case.soon(range(rounds)):
        clients = crowd.change_over(case, clients, "pool.frees")


@pytest.mark.alone
@pytest.mark.judges("pool.alive")
def test_server_goes_on(case: Case) -> None:
    """After clients of every rude kind the server is there and delivers."""
    for state, sent, leave in [*BROKEN["resets"], *BROKEN["no-text"]]:
        crowd.visit(case, state, sent, leave)
    case.client("delivered")


@pytest.mark.alone
@pytest.mark.judges("pool.threads")
def test_threads_stay(case: Case) -> None:
    """Session after session is served by the threads that were there before, because the pool is constant."""
    crowd.need_freed_places(case, at_once=True)
    pid = case.server.process() if case.server.launched else None
    if pid is None:
        raise Skipped("threads can be seen of a server that the suite started, on Linux")
    for client in crowd.fill(case):
        client.close()
    known = proc.threads(pid)
    new: set[int] = set()
    served: list[Client] = []
    for _ in range(64):
        client = case.client("sender")
        if more := proc.threads(pid) - known - new:
            new |= more
            served.append(client)
        client.close()
    if new:
        case.find_if_judged("pool.threads", f"{len(new)} new threads in 64 sessions", "none", f"{len(new)}", served[:1])


LEAVING = (
    ("greeted", b"", "close"),
    ("sender", b"", "reset"),
    ("body", b"unfinished\r\nunfini", "close"),
    ("body", b"unfinished\r\n", "reset"),
    ("delivered", b"", "close"),
)


@pytest.mark.long
@pytest.mark.alone
@pytest.mark.judges("pool.leaks")
def test_nothing_leaks(case: Case) -> None:
    """64 clients come and leave, at any step: what the server grows by with each of them is noted."""
    crowd.need_freed_places(case, at_once=True)
    for client in crowd.fill(case):
        client.close()
    leaving = itertools.cycle(LEAVING)

    def come_and_leave() -> None:
        for way in itertools.islice(leaving, crowd.POOL):
            case.abandon(*way)

    for growth in leaks.grown(case, come_and_leave, crowd.POOL):
        case.note(growth)
