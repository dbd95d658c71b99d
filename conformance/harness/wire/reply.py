"""A reply: its bytes, of one line or of several, and what they say apart from any meaning."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

LONGEST_REPLY = 16 * 1024
"""Bytes of one reply that are read before it is taken as it is."""

CONTINUATIONS, PAUSES = 64, 2
"""Lines of one reply that are read, and times the wait for the next that it may take, before it is given up."""


class ReplyLine(NamedTuple):
    """One line of a reply.

    Attributes:
        raw: its bytes with the line end.
    """

    raw: bytes

    @property
    def end(self) -> str:
        """Its line end: CRLF, LF, or nothing."""
        return "\r\n" if self.raw.endswith(b"\r\n") else "\n" if self.raw.endswith(b"\n") else ""

    @property
    def code(self) -> str:
        """Its three-digit status code, or an empty string."""
        found = re.match(rb"\d{3}(?!\d)", self.raw)
        return found[0].decode() if found else ""

    @property
    def more(self) -> bool:
        """Whether it says that another line follows."""
        return bool(self.code) and self.raw[3:4] == b"-"

    @property
    def text(self) -> str:
        """What follows the code and the character after it, without the line end, decoded as latin-1."""
        return self.raw.decode("latin-1").removesuffix(self.end)[4:]


def drop_line(buffer: bytearray) -> bool:
    """Drop what came of a line that is too long to be kept, up to its end; whether it still goes on."""
    end = buffer.find(b"\n")
    del buffer[: end + 1 or len(buffer)]
    return end < 0


@dataclass(frozen=True)
class Reply:
    """One reply of the server.

    Attributes:
        raw: its bytes with the line end, of all its lines.
        at: when its last byte was read, in seconds of the monotonic clock.
    """

    raw: bytes
    at: float

    @property
    def end(self) -> str:
        """Its line end: CRLF, LF, or nothing."""
        return "\r\n" if self.raw.endswith(b"\r\n") else "\n" if self.raw.endswith(b"\n") else ""

    @property
    def truncated(self) -> bool:
        """Whether it is only the beginning of a reply: of its last line the rest was dropped."""
        return len(self.raw) >= LONGEST_REPLY and not self.end

    @property
    def text(self) -> str:
        """Its text without the line end, decoded as latin-1."""
        return self.raw.decode("latin-1").removesuffix(self.end)

    @property
    def code(self) -> str:
        """Its three-digit status code, or an empty string."""
        return ReplyLine(self.raw).code

    @property
    def lines(self) -> tuple[ReplyLine, ...]:
        """Its lines."""
        return tuple(map(ReplyLine, re.findall(rb"[^\n]*\n|[^\n]+$", self.raw)))
