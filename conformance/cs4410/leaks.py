"""What a server keeps of clients that have left: descriptors, threads and processes, counted between rounds of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from conformance.cs4410.case import Case
from conformance.harness.server import proc
from conformance.harness.verdict.verdict import Skipped

SETTLE = 1.0
"""Seconds in which most servers have let go of what they need for a client."""
LEAST = 0.1
"""What grows by less with each client grows by chance, or for another reason."""


def grown(case: Case, visits: Callable[[], object], clients: int) -> Iterator[str]:
    """What a server has more of after clients that came and left, and still more after as many again.

    Args:
        case: the case; it holds the server alone.
        visits: lets the clients of a round come and leave; there are two rounds.
        clients: how many they are.

    Returns:
        A sentence for each that grew: how fast, how many there were before, and how many after each round.

    Raises:
        Skipped: the server's processes cannot be seen.
    """
    before = _settled(case, SETTLE)
    rounds: list[tuple[int, ...]] = []
    for patience in (SETTLE, case.limit + 2.0):
        visits()
        rounds.append(_settled(case, patience, (rounds or [before])[-1]))
    for what, start, middle, end in zip(proc.KINDS, before, *rounds, strict=True):
        if min(middle - start, end - middle) >= LEAST * clients:
            each = (end - start) / (2 * clients)
            counts = f"{start} before, {middle} after {clients}, {end} after {2 * clients}"
            yield f"{what} grow by {each:.1f} with each client: {counts}"


def _settled(case: Case, patience: float, enough: tuple[int, ...] | None = None) -> tuple[int, ...]:
    """The least of each kind that is seen within some seconds; at once when there are no more than is `enough`."""
    until = time.monotonic() + patience
    least = _count(case)
    while time.monotonic() < until and not (enough and all(map(int.__le__, least, enough))):
        time.sleep(0.05)
        least = tuple(map(min, least, _count(case)))
    return least


def _count(case: Case) -> tuple[int, ...]:
    processes = case.server.processes() if proc.available() else []
    if not processes:
        raise Skipped("processes can be seen of a server that the suite started, on Linux")
    return proc.usage(processes)
