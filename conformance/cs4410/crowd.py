"""Many clients at once: fill the pool, wait in the backlog, deliver together."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from conformance.cs4410 import blame
from conformance.cs4410.case import Case
from conformance.cs4410.client import Client
from conformance.cs4410.entries import GROUP
from conformance.cs4410.mailbox import Message
from conformance.harness.server import proc
from conformance.harness.verdict import telling
from conformance.harness.verdict.verdict import Blocked, Broken, Skipped, Stopped, Void
from conformance.harness.wire.connection import WireError
from conformance.harness.wire.manners import SETTLE_KNOWN

POOL = 32
"""Connections that are served at once."""
AT_A_TIME = 4
"""Connects that wait for their greeting at a time."""
LEFT = {
    "reset": "had reset",
    "close": "had left",
    "half_close": "had half-closed",
    "flood": "had been closed on for their errors",
    "": "had been timed out",
}
"""How a client has left, in words; one that has not done so by itself has been timed out, once its time is over."""


def fill(case: Case, count: int = POOL, requirement: str = "pool.32") -> list[Client]:
    """Connect so many clients, all greeted and all still connected.

    Args:
        case: the case; it holds the server alone.
        count: how many.
        requirement: what is broken when fewer are greeted.

    Raises:
        Broken, Blocked: fewer are greeted.
        Skipped: somebody else is connected to the server.
        Void: machine or server were so slow that the first ones may have been timed out.
    """
    began = time.monotonic()
    patience = 0.8 * case.limit  # after the whole limit the first ones are timed out, and leave their places to others
    latest = began + 0.9 * case.limit
    if case.server.manners.unterminated:
        patience += count * SETTLE_KNOWN
    clients: list[Client] = []
    slowest = 0.0
    while len(clients) < count:
        batch = [case.unconnected_client() for _ in range(min(AT_A_TIME, count - len(clients)))]
        connected = time.monotonic()
        for client in batch:
            client.connect()
        for client in batch:
            if not client.is_greeted(began + patience):
                if clients and time.monotonic() - connected < max(0.5 * patience, 3 * slowest):
                    raise Void("the server greets too slowly to fill its pool before the first clients are timed out")
                raise _too_few(case, clients, [one for one in batch if one not in clients], count, requirement)
            slowest = max(slowest, time.monotonic() - connected)
            clients.append(client)
    if time.monotonic() > latest:
        raise Void("the case itself was late")
    return clients


def need_freed_places(case: Case, at_once: bool = False) -> None:
    """Go on only if places of clients that have left serve others.

    Args:
        case: the case.
        at_once: whether the case would wait for too many of them.

    Raises:
        Blocked: it has been seen that they do not.
    """
    if case.patience.never_frees:
        raise Blocked("pool.frees", "places of clients that have left are not freed, as has been seen")
    if at_once and case.patience.slow_to_free:
        raise case.late()


def _too_few(
    case: Case, greeted: Sequence[Client], waiting: Sequence[Client], count: int, requirement: str
) -> Exception:
    if others_connected(case):
        return Skipped("somebody else is connected to this server")
    why = f"{len(greeted)} of {count} clients were greeted{after_others(case, noun='')}"
    wanted, shown = f"{count} greetings", f"{len(greeted)}, and no more" if greeted else "none"
    about = [*waiting[:1], *(greeted[-1:] or left_last(case))]
    rule, base = blame.too_few_greeted(requirement, len(greeted), case.server.connections > AT_A_TIME)
    return case.breach(rule, why, wanted, shown, base, about)


def after_others(case: Case, noun: str = " clients") -> str:
    """How the clients have left that have: ` after 64 clients had reset`; empty while nobody has."""
    before = time.monotonic() - case.limit
    gone = (one for one in case.clients if one.connection and (one.left or (one.netid and one.valid_sent < before)))
    left = Counter(client.left for client in gone).most_common()
    told = [f"{count}{'' if at else noun} {LEFT[how]}" for at, (how, count) in enumerate(left)]
    return f" after {telling.joined(told)}" if told else ""


def left_last(case: Case) -> list[Client]:
    """The client that has left last of those that were greeted, if any has."""
    return [client for client in case.clients if client.left and client.netid][-1:]


def others_connected(case: Case) -> bool:
    """Whether clients that are not the suite's are connected to the server, as far as can be seen from here."""
    server = case.server
    return not server.launched and server.local and proc.foreign_clients(server.address[1], server.own_ports) > 0


def beyond(case: Case, count: int = 1) -> list[Client]:
    """Connect clients that are not greeted because the pool is full; four at the most wait.

    Raises:
        Broken, Blocked: one of them is greeted.
    """
    clients = [case.unconnected_client() for _ in range(count)]
    for client in clients:
        client.connect()
    expect_waiting(case, clients)
    return clients


def waiting_in_backlog(case: Case, clients: Sequence[Client], before: int) -> int:
    """How many clients wait in the accept queue once a server that accepts ahead has had the time to do so.

    Args:
        case: the case.
        clients: those that are connected beyond the ones that are served.
        before: how many waited there before.

    Raises:
        Void: one does not wait there, and the machine was so slow that a place may have become free.
    """
    until = time.monotonic() + max(0.1, min(1.0, 2 * case.patience.slowest))
    while (waiting := proc.unowned(case.server.address[1]) - before) >= len(clients) and time.monotonic() < until:
        time.sleep(0.02)
    if waiting < len(clients):
        _expect_full_pool(case, clients)
    return waiting


def expect_waiting(case: Case, clients: Sequence[Client], requirement: str = "pool.33rd") -> None:
    """Judge that none of these clients is greeted for a moment, the pool being full.

    Raises:
        Broken, Blocked: one of them is greeted.
        Void: the machine was so slow that a place may have become free.
    """
    until = time.monotonic() + min(0.3, 0.1 * case.limit)
    for client in clients:
        if client.is_greeted(until):
            _expect_full_pool(case, clients)
            why = f"greeted though {POOL} others are connected"
            raise case.breach(requirement, why, "no greeting", "a greeting", about=[client])


def _expect_full_pool(case: Case, beyond: Sequence[Client]) -> None:
    """Go on only if none but the clients beyond the pool can have been timed out yet, and none has been.

    Raises:
        Broken, Blocked: one has been, or was closed on.
        Void: one may have been.
    """
    oldest = min(one.valid_sent for one in case.clients if one not in beyond)
    if time.monotonic() - oldest > 0.9 * case.limit:
        raise Void("the case itself was late")
    for one in case.clients:
        one.expect_still_served()
        if one.ended and one not in beyond:
            why, came = "one of those served is closed on early", "a close, and a place for the next"
            raise case.breach("time.early", why, "it is served", came, about=[one])


def together(clients: Sequence[Client], act: Callable[[Client], list[Message]]) -> list[Message]:
    """Let every client act in a thread of its own, all from the same moment.

    Returns:
        All that they had delivered.

    Raises:
        Broken, Blocked: the first that any of them met.
    """
    start = threading.Barrier(len(clients))

    def run(client: Client) -> list[Message]:
        start.wait(30.0)
        return act(client)

    with ThreadPoolExecutor(len(clients)) as pool:
        futures = [pool.submit(run, client) for client in clients]
    stopped = [error for future in futures if isinstance(error := future.exception(), Stopped)]
    if stopped:
        stopped[0].count(stopped, len(clients))
    return [message for future in futures for message in future.result()]


def visit(case: Case, state: str, sent: bytes, leave: str) -> None:
    """A client that comes to a state, sends something and leaves in its own way.

    Raises:
        Broken: those before it have left nobody to serve it.
        Blocked: the server does not let it get there.
    """
    try:
        client = case.client(state)
    except Blocked as blocked:
        if blocked.by in ("pool.32", "pool.frees") and len(case.clients) > AT_A_TIME:
            rule, late = case.record.requirements[0], case.clients[-1]
            why = f"nobody is greeted any more{after_others(case)}"
            about = [late, *left_last(case)]
            raise case.breach(rule, why, "a greeting", "none", "pool.frees", about) from None
        raise
    if sent:
        client.send(sent)
    client.leave(leave)
    client.close()


def change_over(case: Case, clients: Sequence[Client], requirement: str) -> list[Client]:
    """Let 32 clients leave while the first of the next 32 wait to be greeted.

    Args:
        case: the case.
        clients: those that leave.
        requirement: what is broken when fewer than 32 are greeted afterwards.

    Returns:
        The next 32.
    """
    waiting = [case.unconnected_client() for _ in range(AT_A_TIME)]
    for client in waiting:
        client.connect()
    for client in clients:
        client.close()
    for client in waiting:
        if not client.is_greeted(time.monotonic() + 0.8 * case.limit):
            why = f"a client that waits is not greeted{after_others(case)}"
            raise case.breach(requirement, why, "a greeting", "none", about=[client, *left_last(case)])
    return [*waiting, *fill(case, POOL - AT_A_TIME, requirement)]


def pass_by(case: Case, sent: bytes, leave: str) -> None:
    """A client that connects, sends something, and leaves in its own way without a look at the greeting."""
    client = case.unconnected_client()
    with case.server.places.connecting():
        client.connect()
        with contextlib.suppress(WireError):
            client.wire.send(sent)
        client.leave(leave)
    client.close()


def refill(case: Case, left: float, at_once: str, at_last: str) -> None:
    """Judge that the places of clients that have left serve others again, at once and at last.

    Args:
        case: the case.
        left: when the last of them left, in seconds of the monotonic clock.
        at_once: the SHOULD that a delay breaks.
        at_last: the MUST that is broken after the time limit and two seconds.
    """
    latest = left + case.limit + 2.0
    first = case.unconnected_client()
    first.connect()
    if not first.is_greeted(latest + 1.0):
        why, waited = f"nobody is greeted{after_others(case)}", time.monotonic() - left
        wanted = f"a greeting within {case.limit + 2:g} s"
        raise case.breach(at_last, why, wanted, f"none in {waited:.1f} s", about=[first, *left_last(case)])
    waited = time.monotonic() - left
    if waited > 1.0:
        why = f"greeted only {waited:.1f} s after the others had left"
        case.find_if_judged(at_once, why, "at once", f"{waited:.1f} s", [first])
        case.patience.slow_to_free = True
    try:
        fill(case, POOL - 1, requirement=at_last)
    except (Broken, Blocked):
        if case.patience.slow_to_free and time.monotonic() > latest:
            raise
        case.patience.slow_to_free = True
        case.close()
        await_freed_places(case)
        fill(case, requirement=at_last)
        case.find_if_judged(at_once, f"not all of {POOL} places are freed at once", "at once", "later", [first])


def await_freed_places(case: Case) -> None:
    """Wait as long as the places of clients that have left may take, if they are known not to be freed at once."""
    if case.patience.slow_to_free:
        time.sleep(case.limit + 2.0)


def stay_away(case: Case, limits: float) -> None:
    """Connect to the server no more for so many time limits, or until it ends."""
    until = time.monotonic() + limits * case.limit
    if not case.server.ended(limits * case.limit):
        time.sleep(max(0.0, until - time.monotonic()))


def expect_answered(case: Case, client: Client, line: str, reason: str) -> None:
    """Judge that a client's right command is answered soon, whatever the server is doing for another one.

    Raises:
        Broken: it is not.
        Blocked: it is, in a way that another requirement judges.
    """
    allowed = max(2.0, 0.5 * case.limit)
    try:
        waited = client.set_up(line).at - client.last_sent
    except Blocked as blocked:
        if not isinstance(blocked.__context__, WireError):
            raise  # it was answered, if not as it should be
        wanted = f"a reply in less than {allowed:g} s"
        raise case.breach("pool.no-influence", reason, wanted, str(blocked), about=[client]) from None
    wanted = f"a reply in less than {allowed:g} s"
    case.expect(waited < allowed, "pool.no-influence", reason, wanted, f"{waited:.1f} s", [client])


def deliver_undisturbed(case: Case) -> None:
    """Judge that a client delivers a message without being delayed by those that are connected.

    Raises:
        Broken: it took longer than two seconds and half of the limit.
        Void: it did, but may have waited for the backup of the messages before it.
    """
    allowed = max(2.0, 0.5 * case.limit)
    rule, why = "pool.no-influence", "a delivery was delayed by another client"
    wanted = f"less than {allowed:g} s from the connect to the last reply"
    began = time.monotonic()
    try:
        client = case.client()
        waited = time.monotonic() - began
        if (plainest := blame.delayed(waited >= allowed and len(case.clients) > 1)) != rule:
            late = f"after {waited:.1f} s"
            raise case.breach(plainest, "greeted late, beside another client", "at once", late, about=[client])
        client.reach("body")
        message = client.expect_delivered(case.words.body())
    except Void:
        # The replies came so late that the clock had all but run out: without the others that is no wonder either.
        raise case.breach(rule, why, wanted, f"{time.monotonic() - began:.1f} s and more") from None
    seconds = time.monotonic() - began
    if seconds >= allowed and message.number % GROUP in (1, 2, 3):
        raise Void("the delivery may have waited for a backup")
    case.expect(seconds < allowed, rule, why, wanted, f"{seconds:.1f} s")


def expect_whole_limit_after_queue(case: Case, requirement: str) -> None:
    """Judge that a client that waited most of the limit for a place has the whole limit from then on.

    Args:
        case: the case.
        requirement: what an earlier time-out breaks.
    """
    clients = fill(case)
    (waiting,) = beyond(case)
    if waiting.is_greeted(clients[0].valid_sent + 0.8 * case.limit):
        _expect_full_pool(case, [waiting])
        why = f"greeted though {POOL} others are connected"
        raise case.breach("pool.33rd", why, "no greeting", "a greeting", about=[waiting])
    # The place cannot be free, and the clock cannot have started, before this moment.
    freed = time.monotonic()
    _expect_full_pool(case, [waiting])
    clients[0].leave("close")
    if not waiting.is_greeted(freed + case.limit + 3.0):
        why, wanted = "not greeted though a place is free", f"a greeting within {case.limit + 2:g} s"
        raise case.breach("pool.next", why, wanted, "none", about=[clients[0], waiting])
    waiting.expect_timeout(early=requirement, since=freed)
