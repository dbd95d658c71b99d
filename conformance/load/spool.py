"""The fingerprints of acknowledged messages, in a temporary file at the place of their numbers: memory stays small."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import IO

WINDOW = 2**27
"""How many numbers one run can tell apart."""
_RECORD = struct.Struct("<II")


class Spool:
    """A table from number to fingerprint that lies on the disk: what `history.check` calls acknowledged.

    Args:
        file: an empty file, open for reading and writing.

    Attributes:
        outside: how many numbers were too far from the first one to be kept.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._base: int | None = None
        self._kept = self.outside = 0
        self._last = -1

    def __len__(self) -> int:
        return self._kept

    def __iter__(self) -> Iterator[int]:
        base = self._base or 0
        return (number for number in range(base, base + self._last + 1) if self.get(number) is not None)

    def keep(self, number: int, fingerprint: int) -> None:
        """Write down a message that was acknowledged."""
        if self._base is None:
            self._base = max(0, number - WINDOW // 16)
        place = number - self._base
        if not 0 <= place < WINDOW:
            self.outside += 1
            return
        os.pwrite(self._file.fileno(), _RECORD.pack(fingerprint, 1), place * _RECORD.size)
        self._kept += 1
        self._last = max(self._last, place)

    def get(self, number: int, /) -> int | None:
        """The fingerprint of the message with a number, or None if none was acknowledged."""
        place = number - (self._base or 0)
        if not 0 <= place <= self._last:
            return None
        fingerprint, there = _RECORD.unpack(os.pread(self._file.fileno(), _RECORD.size, place * _RECORD.size))
        return fingerprint if there else None
