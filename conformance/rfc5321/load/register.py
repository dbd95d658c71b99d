"""What became of each message of a run: a few bytes each, on the disk.

Records lie together by pages of their numbers, so that those of several processes, far from each other, take no room.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum
from typing import IO, NamedTuple

MOST_RECIPIENTS = 8
"""Recipients that one run sends to."""
OTHERS = 1 << 15
"""Stands among the recipients of a message for one that was not meant to be taken."""
OF_A_WORKER = 10**9
"""Numbers of messages that one process has for itself."""
PAGE = 2**15
"""Numbers whose records lie together."""
_RECORD = struct.Struct("<IHH")


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


UNTOLD = Record(0, 0, Became.NOT_TOLD)


class Register:
    """What became of all messages.

    Args:
        file: an empty file, open for reading and writing; None where nobody will look.
        worker: the number of a process that sends its part of a run, and has others told of it; 0 where there is none.

    Attributes:
        any_taken: whether any message was taken.
    """

    def __init__(self, file: IO[bytes] | None, worker: int = 0) -> None:
        self._file = file
        self._pages: dict[int, int] = {}
        self._last = worker * OF_A_WORKER
        self._tells = bool(worker)
        self._news: list[list[int]] = []
        self.any_taken = False

    def number(self) -> int:
        """The next message's number."""
        self._last += 1
        return self._last

    def keep(self, number: int, became: Became, recipients: int = 0, fingerprint: int = 0) -> None:
        """Write down what became of a message."""
        self.any_taken |= became is Became.TAKEN
        if self._tells:
            self._news.append([number, became, recipients, fingerprint])
        if self._file:
            page = self._pages.setdefault(number // PAGE, len(self._pages))
            place = (page * PAGE + number % PAGE) * _RECORD.size
            os.pwrite(self._file.fileno(), _RECORD.pack(fingerprint, recipients, became), place)

    def take(self) -> list[list[int]]:
        """What a worker has written down since it was asked last."""
        news, self._news = self._news, []
        return news

    def enter(self, taken: Iterable[Sequence[int]]) -> None:
        """Write down what a worker has taken out of its own."""
        for number, became, recipients, fingerprint in taken:
            self.keep(number, Became(became), recipients, fingerprint)

    def get(self, number: int) -> Record:
        """What became of a message."""
        page = self._pages.get(number // PAGE)
        if self._file is None or page is None:
            return UNTOLD
        place = (page * PAGE + number % PAGE) * _RECORD.size
        found = os.pread(self._file.fileno(), _RECORD.size, place)
        return Record(*_RECORD.unpack(found)) if len(found) == _RECORD.size else UNTOLD

    def taken(self) -> Iterator[tuple[int, Record]]:
        """All messages that were taken, in the order of their numbers."""
        if self._file is None:
            return
        for begin, page in sorted(self._pages.items()):
            data = os.pread(self._file.fileno(), PAGE * _RECORD.size, page * PAGE * _RECORD.size)
            whole = data[: len(data) // _RECORD.size * _RECORD.size]
            for number, found in enumerate(_RECORD.iter_unpack(whole), begin * PAGE):
                if found[2] == Became.TAKEN:
                    yield number, Record(*found)
