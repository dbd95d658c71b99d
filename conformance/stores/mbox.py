"""Mail that lies in one file: where each message of an mbox begins.

A server that writes an mbox ought to write `>From ` for a body's `From `, and not all do. So a line begins a message
only if it gives a date, or is the bare `From -` of simple servers, or stands between an empty line and a field.
"""

from __future__ import annotations

import os
import re
import threading
from pathlib import Path

from conformance.stores.files import LARGEST, Look, Settling, read
from conformance.stores.message import Stored, stored
from conformance.stores.store import StoreError

_FROM = re.compile(rb"^From [^\n]*(?:\n|\Z)", re.MULTILINE)
_PLAIN = re.compile(
    rb"From (?:-|\S.*(?:Sun|Mon|Tue|Wed|Thu|Fri|Sat),? +"
    rb"(?:[A-Z][a-z]{2} +\d\d?|\d\d? +[A-Z][a-z]{2}) +.*\d\d:\d\d.*)\s*"
)
_LONGEST_PLAIN = 500
_FIELD = re.compile(rb"[!-9;-~]+[ \t]*:")
_EMPTY_LINE = re.compile(rb"(?:\A|\n)\r?\n\Z")


def split(data: bytes) -> list[bytes]:
    """The messages of an mbox, each without the line that begins it, and with the empty line that the format adds."""
    lines = [match for match in _FROM.finditer(data) if _begins(data, match)]
    ends = [*(line.start() for line in lines[1:]), len(data)]
    return [data[line.end() : end] for line, end in zip(lines, ends, strict=False)]


def _begins(data: bytes, line: re.Match[bytes]) -> bool:
    if len(line[0]) <= _LONGEST_PLAIN and _PLAIN.fullmatch(line[0]):
        return True
    above = data[max(0, line.start() - 3) : line.start()]
    return (not above or bool(_EMPTY_LINE.search(above))) and bool(_FIELD.match(data, line.end()))


class Mbox(Settling):
    """The messages of an mbox; of a very large one those at its end.

    Args:
        path: the file.
        final: what lies there has been delivered.
    """

    def __init__(self, path: Path, final: bool = False) -> None:
        super().__init__(final)
        self._path = path
        self._lock = threading.Lock()
        self._read: tuple[Look | None, list[bytes]] = None, []

    def _look_for(self, mark: bytes) -> tuple[list[Stored], bool]:
        with self._lock:
            try:
                look = self._look()
                if look != self._read[0]:
                    self._read = look, split(read(self._path, LARGEST))
            except FileNotFoundError:
                told = f"{self._path}: there is no such file yet; if mail has been delivered, give its place"
                raise StoreError(told) from None
            except OSError as error:
                told = f"{self._path}: {error.strerror or error}; give a file that may be read, and no link"
                raise StoreError(told) from None
            return [stored(message) for message in self._read[1] if mark in message], look.young

    def _look(self) -> Look:
        seen = os.lstat(self._path)
        return Look(str(self._path), seen.st_ino, seen.st_size, seen.st_mtime_ns)
