"""The timed transcript of one case: what was sent, what came, what happened, over all its connections."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Collection, Iterator
from typing import NamedTuple

LIMIT = 64 * 1024
"""Characters of text that are told; beyond it the middle is left out."""
KEPT = 24 * LIMIT
"""Characters of text that are kept of many connections, for only some of them may be told."""
FEW = 4
"""Connections that are told in any case. So no more is kept of them than is told: such cases may be many at a time."""

Entry = tuple[int, str, str]


class _Moment(NamedTuple):
    entry: Entry
    connection: int

    @property
    def size(self) -> int:
        return len(self.entry[2]) + 16


class _Ends:
    """The head and the tail of what is too long."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.head: list[_Moment] = []
        self.tail: deque[_Moment] = deque()
        self._head_size = self._tail_size = 0
        self.head_ended = False
        self.left_out = 0

    def add(self, moment: _Moment) -> None:
        if not self.head_ended and self._head_size + len(moment.entry[2]) < self.limit // 2:
            self.head.append(moment)
            self._head_size += moment.size
            return
        self.head_ended = True
        self.tail.append(moment)
        self._tail_size += moment.size
        while self._tail_size > self.limit // 2:
            self._tail_size -= self.tail.popleft().size
            self.left_out += 1

    def __iter__(self) -> Iterator[_Moment]:
        yield from self.head
        yield from self.tail


class Transcript:
    """Collects entries of milliseconds, direction and text; keeps head and tail of what is too long.

    Attributes:
        secrets: words that are never told, in whatever form the server or the client says them.
    """

    def __init__(self) -> None:
        self.secrets: Collection[str] = ()
        self._start = time.monotonic()
        self._lock = threading.Lock()
        self._kept = _Ends(LIMIT)
        self._hidden: set[int] = set()
        self.connections = 0

    def add(self, direction: str, data: bytes | str, connection: int = 0) -> None:
        """Add an entry.

        Args:
            direction: `->` sent, `<-` received, `--` something that happened.
            data: what.
            connection: the number of the connection that it happened on; 0 for what concerns all of them.
        """
        half = LIMIT // 16
        left_out = len(data) - 2 * half
        # Cut before it is decoded: a body may be large.
        ends = (data[:half], data[-half:]) if left_out > 0 else (data, data[:0])
        first, last = (end.decode("latin-1") if isinstance(end, bytes) else end for end in ends)
        text = self.without_secrets(f"{first}[... {left_out} bytes ...]{last}" if left_out > 0 else first)
        mark = str(connection) if connection > 1 else ""
        entry = (round((time.monotonic() - self._start) * 1000), direction + mark, text)
        with self._lock:
            self._kept.limit = LIMIT if self.connections <= FEW else KEPT
            self._kept.add(_Moment(entry, connection))

    def without_secrets(self, text: str) -> str:
        """A text with all secrets in it made unreadable: a server may say again what it was told."""
        for secret in self.secrets:
            text = text.replace(secret, "[secret]")
        return text

    def hide(self, connection: int) -> None:
        """Tell no more of a connection that has shown nothing."""
        self._hidden.add(connection)

    def latest(self, count: int) -> list[int]:
        """The numbers of the connections on which something happened last, so many of them."""
        with self._lock:
            moments = list(self._kept)
        return list(dict.fromkeys(moment.connection for moment in reversed(moments) if moment.connection))[:count]

    def entries(self, about: Collection[int] = ()) -> list[Entry]:
        """What is told, in order.

        Args:
            about: the numbers of the connections that are told of; by default all are.
        """
        told = _Ends(LIMIT)
        shown = {0, *about}
        with self._lock:
            for part in (self._kept.head, self._kept.tail):
                for moment in part:
                    if moment.connection not in self._hidden and (not about or moment.connection in shown):
                        told.add(moment)
                told.head_ended |= self._kept.left_out > 0  # for what is missing stood behind the head
            told.left_out += self._kept.left_out
        entries = [moment.entry for moment in told]
        if told.left_out:
            at = len(told.head)
            entries.insert(at, (entries[at][0] if at < len(entries) else 0, "--", f"{told.left_out} entries left out"))
        if about and entries:
            those = ("connections " if len(about) > 1 else "connection ") + " and ".join(map(str, sorted(about)))
            of = self.connections - len(self._hidden)
            entries.insert(0, (entries[0][0], "--", f"{those} of {of}; the others are not shown"))
        return entries
