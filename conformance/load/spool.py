"""The fingerprints of acknowledged messages, in a temporary file at the place of their numbers: memory stays small."""

from __future__ import annotations

import os
import struct
from typing import IO

WINDOW = 2**27
"""How many numbers one run can tell apart."""
_RECORD = struct.Struct("<II")


class Spool:
    """A table from number to fingerprint that lies on the disk.

    Args:
        file: an empty file, open for reading and writing.

    Attributes:
        kept: how many messages it holds.
        outside: how many numbers were too far from the first one to be kept.
        last: the highest place that is taken.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._base: int | None = None
        self.kept = self.outside = 0
        self.last = -1

    def place(self, number: int) -> int:
        """The place of a number in the table; negative or too large if it is outside."""
        return number - (self._base or 0)

    def number(self, place: int) -> int:
        """The number of a place."""
        return place + (self._base or 0)

    def keep(self, number: int, fingerprint: int) -> None:
        """Write down a message that was acknowledged."""
        if self._base is None:
            self._base = max(0, number - WINDOW // 16)
        place = self.place(number)
        if not 0 <= place < WINDOW:
            self.outside += 1
            return
        os.pwrite(self._file.fileno(), _RECORD.pack(fingerprint, 1), place * _RECORD.size)
        self.kept += 1
        self.last = max(self.last, place)

    def find(self, number: int) -> int | None:
        """The fingerprint of the message with a number, or None if none was acknowledged."""
        place = self.place(number)
        if not 0 <= place <= self.last:
            return None
        fingerprint, there = _RECORD.unpack(os.pread(self._file.fileno(), _RECORD.size, place * _RECORD.size))
        return fingerprint if there else None
