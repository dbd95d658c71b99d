"""Where a server listens instead of where it is looked for: on another address, or on another port."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from conformance.harness.server import proc

SAME_PORT, OTHER_PORT = 1.0, 3.0
"""Seconds for which a server listens elsewhere alone before it is believed; another port may not be its only one."""
FIRST, EVERY = 0.5, 0.1
"""Seconds before the first look, which most servers don't come to, and between two."""


class Elsewhere:
    """Watches a server that has been started and does not listen where it should.

    Args:
        host, port: where it should.
        takes_port: whether its command has a place for the port.
    """

    def __init__(self, host: str, port: int, takes_port: bool) -> None:
        self._host, self._port, self._takes_port = host, port, takes_port
        self._next_look = time.monotonic() + FIRST
        self._since: dict[bool, float] = {}

    def look(self, processes: Callable[[], Iterable[int]]) -> str:
        """Where it has been listening for a while and what to do about it; empty if it has not.

        Args:
            processes: gives those of the server.
        """
        now = time.monotonic()
        if now < self._next_look:
            return ""
        self._next_look = now + EVERY
        rows = proc.listened_to(processes())
        if not rows or proc.serves(self._host, self._port):
            self._since.clear()
            return ""
        same = [row for row in rows if row.local[1] == self._port]
        since = self._since.setdefault(bool(same), now)
        if now - since < (SAME_PORT if same else OTHER_PORT):
            return ""
        return self._said(same or rows, bool(same))

    def _said(self, rows: list[proc.Row], same: bool) -> str:
        where = " and ".join(sorted({proc.shown(*row.local) for row in rows})[:4])
        wanted = self._host if same else "the port that {port} stands for" if self._takes_port else f"port {self._port}"
        return (
            f"it listens on {where} alone: let it listen on {wanted}, or start it yourself and name it with --target "
            f"{proc.as_target(rows[0])}"
        )


def instead(host: str, port: int) -> str:
    """Where on this machine something listens on the same port, as `--target` takes it; empty if nothing does.

    Args:
        host, port: where nothing listens.
    """
    found = [row for row in proc.listeners(port) if proc.is_local(host)]
    return proc.as_target(found[0]) if found else ""
