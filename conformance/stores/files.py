"""Mail that lies in files, one for each message: a Maildir, or any directory.

The standard library's `mailbox.Maildir` opens whatever lies there. The files are a server's, perhaps a hostile one's:
no link is followed, no FIFO opened, nothing read without a bound, and what vanishes meanwhile was never there.
"""

from __future__ import annotations

import heapq
import math
import os
import stat
import sys
import threading
import time
from abc import abstractmethod
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from conformance.stores.message import Stored, stored
from conformance.stores.store import MailStore, StoreError

LARGEST = 64 * 1024 * 1024
"""Bytes of a file that is read at all."""
MOST_FILES = 10_000
"""Files that are looked at, the newest ones."""
MOST_ENTRIES = 200_000
"""Names that are read from directories."""
DEEPEST = 6
"""Directories below the given one, one in the other."""
REMEMBERED = 16 * 1024 * 1024
"""Bytes of files that are kept in memory, so that a look reads only what is new."""
LONGEST_LOOK = 10.0
"""Seconds in which a directory must have been looked through."""
SETTLED, SETTLING = 0.2, 5.0
"""Seconds for which a file must not change to be whole, and those after which it is taken as it is."""


class Look(NamedTuple):
    """A file as a directory shows it: changed, if one of these has."""

    path: str
    inode: int
    size: int
    changed: int

    @property
    def young(self) -> bool:
        """Whether it may still be written."""
        return time.time() - self.changed / 1e9 < SETTLED


class Settling(MailStore):
    """A store that may be read while a server writes a message into it."""

    def find(self, mark: bytes) -> list[Stored]:
        """All messages there now whose bytes contain the mark, each of them whole."""
        giving_up = time.monotonic() + SETTLING
        before: list[Stored] | None = None
        while True:
            found, young = self._look_for(mark)
            if not young or found == before or time.monotonic() > giving_up:
                return found
            before = found
            time.sleep(SETTLED)

    @abstractmethod
    def _look_for(self, mark: bytes) -> tuple[list[Stored], bool]:
        """What is there now, and whether a part of it may still be written."""


class Directory(Settling):
    """A file for each message, of any name, in a directory or below it; a hidden file is none yet.

    Args:
        path: the directory.
        final: what lies there has been delivered.
    """

    wanted = "directory"

    def __init__(self, path: Path, final: bool = False) -> None:
        super().__init__(final)
        self._path = path
        self._lock = threading.Lock()
        self._read: dict[str, tuple[Look, bytes]] = {}
        self._refused = ""
        self._over = 0.0

    def _look_for(self, mark: bytes) -> tuple[list[Stored], bool]:
        with self._lock:
            self._refused = ""
            self._over = time.monotonic() + LONGEST_LOOK
            looks = heapq.nlargest(MOST_FILES, self._looks(), key=lambda look: (look.changed, look.path))
            found = [(look, data) for look, data in self._contents(looks) if mark in data]
        if self._refused and not found:
            raise self._may_not()
        return [stored(data) for _, data in found], any(self._unfinished(look) for look, _ in found)

    def every(self, mark: bytes) -> Iterator[Stored]:
        """All messages that contain the mark, one after the other; however many there are."""
        self._refused, self._over = "", math.inf
        read_before: set[int] = set()
        for look in self._files(sys.maxsize):
            name = hash(self._name(look.path))
            data = None if name in read_before else self._contained(look.path)
            if data is not None:
                read_before.add(name)
                if mark in data:
                    yield stored(data)
        if self._refused:
            raise self._may_not()

    def _may_not(self) -> StoreError:
        return StoreError(f"{self._refused} cannot be read: run the suite as a user who may, or give command:")

    def _unfinished(self, look: Look) -> bool:
        return look.young

    def _takes(self, directory: str) -> bool:
        return True

    def _name(self, path: str) -> object:
        """What is equal for files that are one message."""
        return path

    def _looks(self) -> Iterator[Look]:
        """The messages below the directory, in no order."""
        return self._files(MOST_ENTRIES)

    def _files(self, most: int) -> Iterator[Look]:
        """The regular files there, in no order; so many names are read at the most."""
        waiting = deque([(str(self._path), 0)])
        left = most
        taken = 0
        while waiting:
            directory, depth = waiting.popleft()
            takes = self._takes(directory)
            taken += takes
            below = []
            for entry in self._entries(directory):
                left -= 1
                if left < 0:
                    return
                self._expect_time()
                try:
                    seen = entry.stat(follow_symlinks=False)
                except OSError:
                    continue
                if stat.S_ISDIR(seen.st_mode) and depth < DEEPEST:
                    below.append((entry.path, depth + 1))
                elif takes and entry.name[0] != "." and stat.S_ISREG(seen.st_mode) and seen.st_size <= LARGEST:
                    yield Look(entry.path, seen.st_ino, seen.st_size, seen.st_mtime_ns)
            waiting.extend(sorted(below, reverse=True))  # new before cur: what moves meanwhile is seen in one of them
        if not taken or not self._path.is_dir():
            raise StoreError(f"{self._path}: there is no {self.wanted} yet; if mail has been delivered, give its place")

    def _entries(self, directory: str) -> Iterator[os.DirEntry[str]]:
        try:
            with os.scandir(directory) as entries:
                yield from entries
        except PermissionError:
            self._refused = directory
        except OSError:  # it is gone, or was never one
            return

    def _contents(self, looks: list[Look]) -> Iterator[tuple[Look, bytes]]:
        """What the files contain; those that have not changed are not read again."""
        remembered, self._read = self._read, {}
        room = REMEMBERED
        for look in looks:
            self._expect_time()
            known = remembered.get(look.path)
            data = known[1] if known and known[0] == look else self._contained(look.path)
            if data is None:
                continue
            room -= len(data)
            if room >= 0:
                self._read[look.path] = look, data
            yield look, data

    def _expect_time(self) -> None:
        if time.monotonic() > self._over:
            told = f"looking through it takes more than {LONGEST_LOOK:g} s; give a directory that has mail alone"
            raise StoreError(f"{self._path}: {told}")

    def _contained(self, path: str) -> bytes | None:
        try:
            return read(path)
        except PermissionError:
            self._refused = path
        except OSError:
            pass
        return None


class Maildir(Directory):
    """The `new` and `cur` of a Maildir, or of all that lie below a directory."""

    wanted = "Maildir, a directory with new/ and cur/,"

    def _takes(self, directory: str) -> bool:
        return os.path.basename(directory) in ("new", "cur")

    def _looks(self) -> Iterator[Look]:
        return iter({self._name(look.path): look for look in super()._looks()}.values())

    def _name(self, path: str) -> object:
        # A reader moves a message from new to cur, and adds flags to its name: it is still one message.
        return _without_flags(path)

    def _unfinished(self, look: Look) -> bool:
        return False  # it is moved there when it is whole


def _without_flags(path: str) -> tuple[str, str]:
    place, _, name = path.rpartition(os.sep)
    return place.rpartition(os.sep)[0], name.partition(":")[0]


def read(path: str | Path, largest: int = LARGEST) -> bytes:
    """The last bytes of a regular file that is no link.

    Args:
        path: the file.
        largest: how many bytes are read.

    Raises:
        OSError: it is not there, no such file, or may not be read.
    """
    file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(file, "rb") as opened:
        seen = os.fstat(file)
        if not stat.S_ISREG(seen.st_mode):
            raise OSError(f"{path}: no regular file")
        opened.seek(max(0, seen.st_size - largest))
        return opened.read(largest)
