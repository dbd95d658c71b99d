"""What became of each message of a run: a few bytes each, on the disk at the place of its number."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from enum import IntEnum
from typing import IO, NamedTuple

MOST_RECIPIENTS = 8
"""Recipients that one run sends to."""
OTHERS = 1 << 15
"""Stands among the recipients of a message for one that was not meant to be taken."""
_RECORD = struct.Struct("<IHH")
_BLOCK = 8192


class Became(IntEnum):
    """What became of a message; of one that is not written down nobody was told."""

    NOT_TOLD = 0
    TAKEN = 1
    REFUSED = 2
    GIVEN_UP = 3


class Record(NamedTuple):
    """What is written down of a message; `recipients` has a bit for each."""

    fingerprint: int
    recipients: int
    became: int


class Register:
    """What became of all messages.

    Args:
        file: an empty file, open for reading and writing; None where nobody will look.

    Attributes:
        last: the highest number; they begin with 1.
        any_taken: whether any message was taken.
    """

    def __init__(self, file: IO[bytes] | None) -> None:
        self._file = file
        self.last = 0
        self.any_taken = False

    def number(self) -> int:
        """The next message's number."""
        self.last += 1
        return self.last

    def keep(self, number: int, became: Became, recipients: int = 0, fingerprint: int = 0) -> None:
        """Write down what became of a message."""
        self.any_taken |= became is Became.TAKEN
        if self._file:
            place = number * _RECORD.size
            os.pwrite(self._file.fileno(), _RECORD.pack(fingerprint, recipients, became), place)

    def get(self, number: int) -> Record:
        """What became of a message."""
        if not self._file or not 0 < number <= self.last:
            return Record(0, 0, Became.NOT_TOLD)
        found = os.pread(self._file.fileno(), _RECORD.size, number * _RECORD.size)
        return Record(*_RECORD.unpack(found)) if len(found) == _RECORD.size else Record(0, 0, Became.NOT_TOLD)

    def taken(self) -> Iterator[tuple[int, Record]]:
        """All messages that were taken, in the order of their numbers."""
        if not self._file:
            return
        for begin in range(0, self.last + 1, _BLOCK):
            data = os.pread(self._file.fileno(), _BLOCK * _RECORD.size, begin * _RECORD.size)
            whole = data[: len(data) // _RECORD.size * _RECORD.size]
            for number, found in enumerate(_RECORD.iter_unpack(whole), begin):
                if found[2] == Became.TAKEN:
                    yield number, Record(*found)
