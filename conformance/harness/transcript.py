"""The timed transcript of one case: what was sent, what came, what happened, over all its connections."""

from __future__ import annotations

import threading
import time

LIMIT = 64 * 1024
"""Characters of text that are kept; beyond it the middle is left out."""

Entry = tuple[int, str, str]


class Transcript:
    """Collects entries of milliseconds, direction and text; keeps head and tail of what is too long."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._lock = threading.Lock()
        self._head: list[Entry] = []
        self._tail: list[Entry] = []
        self._head_size = 0
        self._tail_size = 0
        self._left_out = 0
        self.connections = 0

    def add(self, direction: str, data: bytes | str) -> None:
        """Add an entry: `->` sent, `<-` received, `--` something that happened."""
        half = LIMIT // 16
        left_out = len(data) - 2 * half
        # Cut before it is decoded: a body may be large.
        ends = (data[:half], data[-half:]) if left_out > 0 else (data, data[:0])
        first, last = (end.decode("latin-1") if isinstance(end, bytes) else end for end in ends)
        text = f"{first}[... {left_out} bytes ...]{last}" if left_out > 0 else first
        entry = (round((time.monotonic() - self._start) * 1000), direction, text)
        with self._lock:
            if self._head_size + len(text) < LIMIT // 2 and not self._tail:
                self._head.append(entry)
                self._head_size += len(text) + 16
                return
            self._tail.append(entry)
            self._tail_size += len(text) + 16
            while self._tail_size > LIMIT // 2:
                gone = self._tail.pop(0)
                self._tail_size -= len(gone[2]) + 16
                self._left_out += 1

    def entries(self) -> list[Entry]:
        """What is kept, in order."""
        with self._lock:
            if not self._left_out:
                return [*self._head, *self._tail]
            gap = (self._tail[0][0] if self._tail else 0, "--", f"{self._left_out} entries left out")
            return [*self._head, gap, *self._tail]
