"""Who may connect when: places on a server, connects that wait to be greeted, and the right to deliver.

On a server that many can reach the locks are files, so that threads, workers and two runs of the suite on one machine
take turns alike; on one that the suite started for itself they need not be.
"""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from threading import Semaphore, get_ident

from filelock import FileLock, Timeout

from conformance.harness.server.kind import Kind

LONGEST_QUEUE = 50
"""Connections that may be waiting for their turn."""


class Places:
    """The places on a server that this process has for itself.

    Args:
        kind: of the server: how many places there are.
    """

    def __init__(self, kind: Kind) -> None:
        self._all = kind.places
        self._counts = {"place": kind.places, "ungreeted": kind.ungreeted, "turn": 1, "waiting": 1, "delivery": 1}
        self._free = {name: Semaphore(count) for name, count in self._counts.items()}
        self._alone_there: int | None = None

    def _one(self, name: str) -> AbstractContextManager[object]:
        return self._free[name]

    @contextmanager
    def acquire(self, count: int) -> Iterator[None]:
        """Hold so many places, taken together so that nobody waits while holding half of what he needs.

        Whoever holds the server alone has them already.
        """
        if self._alone_there == get_ident():
            yield
            return
        with ExitStack() as held:
            with self._one("turn"):
                for _ in range(count):
                    held.enter_context(self._one("place"))
            yield

    @contextmanager
    def take_all(self) -> Iterator[None]:
        """Hold the server alone, after all who are `waiting` there."""
        with self.waiting(), self.acquire(self._all):
            self._alone_there = get_ident()
            try:
                yield
            finally:
                self._alone_there = None

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Hold back those who want the server alone, while cases that wait are begun one after the other."""
        with self._one("waiting"):
            yield

    @contextmanager
    def connecting(self) -> Iterator[None]:
        """Hold one of the few connects that may wait for a greeting at a time."""
        with self._one("ungreeted"):
            yield

    @contextmanager
    def delivering(self) -> Iterator[None]:
        """Hold the right to deliver; who counts deliveries holds it while counting."""
        with self._one("delivery"):
            yield

    def space(self, a_second: float) -> None:
        """Wait for one's turn to connect; a server that this process has for itself is met at any pace.

        Args:
            a_second: connections that all who test the server may make in one second.
        """


class SharedPlaces(Places):
    """The places on a server that others reach as well.

    Args:
        kind: of the server.
        host, port: its address, by which all who test it find the same locks.
    """

    def __init__(self, kind: Kind, host: str, port: int) -> None:
        super().__init__(kind)
        name = re.sub(r"[^\w.-]", "_", f"{host}-{port}")
        self._folder = Path(tempfile.gettempdir()) / f"conformance-locks-{os.getuid()}" / name
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def _lock(self, name: str) -> FileLock:
        return FileLock(self._folder / f"{name}.lock", is_singleton=False, thread_local=False, poll_interval=0.005)

    @contextmanager
    def starting(self, patience: float) -> Iterator[None]:
        """Hold the right to start a server on this address.

        Args:
            patience: seconds to wait for it.

        Raises:
            TimeoutError: another run holds it.
        """
        with self._lock("start").acquire(timeout=patience):
            yield

    def space(self, a_second: float) -> None:
        """Wait for one's turn to connect, which is given to all who test the server: so many in any one second."""
        latest, most = self._folder / "latest-turns", max(1, int(a_second))
        with self._lock("space"):
            now = turn = time.time()
            try:
                turns = [float(one) for one in latest.read_text().split()][-most:]
            except (OSError, ValueError):
                turns = []
            if len(turns) == most:
                # A clock may have been set back since.
                turn = min(max(now, turns[0] + most / a_second), now + LONGEST_QUEUE / a_second)
            latest.write_text(" ".join(map(repr, [*turns, turn])))
        time.sleep(turn - now)

    @contextmanager
    def _one(self, name: str) -> Iterator[None]:
        while True:
            for number in range(self._counts[name]):
                lock = self._lock(f"{name}-{number}")
                try:
                    lock.acquire(timeout=0)
                except Timeout:
                    continue
                try:
                    yield
                finally:
                    lock.release()
                return
            time.sleep(0.005)
