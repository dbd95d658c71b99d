"""How slow a server is by itself, told from what a busy machine adds."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

SLOW = 0.02
"""Seconds that even the quickest reply of a kind takes from a server that is slow by itself."""


class Pace:
    """How long a server keeps its clients waiting by itself, told from what a busy machine adds.

    A busy machine delays some replies, a slow server all of a kind. So each wait counts for as long as the shortest of
    its kind took, and not at all where that one was quick.
    """

    def __init__(self) -> None:
        self._count: Counter[str] = Counter()
        self._shortest: dict[str, float] = {}

    def add(self, kind: str, seconds: float) -> None:
        """Add a wait of so many seconds for something of some kind."""
        self._count[kind] += 1
        self._shortest[kind] = min(seconds, self._shortest.get(kind, seconds))

    @contextmanager
    def waiting(self, kind: str, usual: float = 0.0) -> Iterator[None]:
        """Add what is waited for something of some kind, but for what is usual (seconds)."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.add(kind, max(0.0, time.monotonic() - began - usual))

    @property
    def slow(self) -> float:
        """Seconds of waiting that are due to the server alone."""
        return sum(self._count[kind] * least for kind, least in self._shortest.items() if least >= SLOW)
