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
"""Characters of text that are kept, for what is told may be some of many connections."""
KEPT_EACH, EACH = 200, 16
"""Characters that an entry counts beside its text, where it is kept and where it is told."""

Entry = tuple[int, str, str]


class _Moment(NamedTuple):
    entry: Entry
    connection: int


class _Ends:
    """The head and the tail of what is too long."""

    def __init__(self, limit: int, each: int) -> None:
        self._half = limit // 2
        self._each = each
        self.head: list[_Moment] = []
        self._tail: deque[_Moment] = deque()
        self._head_size = self._tail_size = 0
        self.left_out = 0

    def add(self, moment: _Moment) -> None:
        size = self._size(moment)
        if self._head_size + len(moment.entry[2]) < self._half and not self._tail:
            self.head.append(moment)
            self._head_size += size
            return
        self._tail.append(moment)
        self._tail_size += size
        while self._tail_size > self._half:
            self._tail_size -= self._size(self._tail.popleft())
            self.left_out += 1

    def _size(self, moment: _Moment) -> int:
        return len(moment.entry[2]) + self._each

    def __iter__(self) -> Iterator[_Moment]:
        yield from self.head
        yield from self._tail


class Transcript:
    """Collects entries of milliseconds, direction and text; keeps head and tail of what is too long."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._lock = threading.Lock()
        self._kept = _Ends(KEPT, KEPT_EACH)
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
        text = f"{first}[... {left_out} bytes ...]{last}" if left_out > 0 else first
        mark = str(connection) if connection > 1 else ""
        entry = (round((time.monotonic() - self._start) * 1000), direction + mark, text)
        with self._lock:
            self._kept.add(_Moment(entry, connection))

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
        told = _Ends(LIMIT, EACH)
        shown = {0, *about}
        with self._lock:
            told.left_out = self._kept.left_out
            for moment in self._kept:
                if moment.connection not in self._hidden and (not about or moment.connection in shown):
                    told.add(moment)
        entries = [moment.entry for moment in told]
        if told.left_out:
            at = len(told.head)
            entries.insert(at, (entries[at][0] if at < len(entries) else 0, "--", f"{told.left_out} entries left out"))
        if about and entries:
            those = ("connections " if len(about) > 1 else "connection ") + " and ".join(map(str, sorted(about)))
            entries.insert(
                0, (entries[0][0], "--", f"{those} of {self.connections - len(self._hidden)}; the others are not shown")
            )
        return entries
