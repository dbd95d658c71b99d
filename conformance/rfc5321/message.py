"""Test mail: a full header, a few lines of text, and a marker by which it is found again."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from email.utils import formatdate

from conformance.harness.vocabulary import Vocabulary
from conformance.stores.message import Stored

CRLF = b"\r\n"
DOT = b".\r\n"
"""What ends a text whose lines are whole (RFC 5321 4.1.1.4)."""
FILLER = b"a plain line of text, as mail has many of them when it is long\r\n"
RUN, COUNT = f"{time.time_ns():x}", itertools.count()
"""In every mark, for none is used twice, neither by a run of the same seed nor by a case that is run again."""
NOBODY = "undisclosed-recipients:;"
Fields = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Message:
    """A message as its client has it.

    Attributes:
        mark: a word that no other message has.
        fields: of its header, each a name and a value that may be folded.
        body: its lines, each with its CRLF, without anything that the transfer adds.
    """

    mark: str
    fields: Fields
    body: bytes

    @property
    def header(self) -> bytes:
        """The header's lines."""
        return b"".join(f"{name}: {value}".encode("latin-1") + CRLF for name, value in self.fields)

    @property
    def content(self) -> bytes:
        """Header, empty line and body; the body alone where there is no header."""
        return self.header + CRLF + self.body if self.fields else self.body

    @property
    def data(self) -> bytes:
        """What follows the 354: the content with the dots that begin its lines doubled, and the end of data."""
        return stuffed(self.content) + DOT

    def with_fields(self, *more: tuple[str, str], without: Iterable[str] = ()) -> Message:
        """The same with further fields on top, and without those of some names."""
        return replace(self, fields=(*more, *(field for field in self.fields if field[0] not in without)))

    def to_nobody(self) -> Message:
        """The same without a name of its recipient in it."""
        return replace(
            self, fields=tuple(("To", NOBODY) if name == "To" else (name, value) for name, value in self.fields)
        )

    def with_body(self, body: bytes) -> Message:
        """The same with another body, whose first line bears the mark."""
        return replace(self, body=f"marker {self.mark}\r\n".encode() + body)

    def filled(self, size: int) -> Message:
        """The same with a body of plain lines, so that the content has so many octets, some hundreds at the least."""
        room = size - len(self.with_body(b"").content)
        lines, rest = divmod(room - len(CRLF), len(FILLER))
        return self.with_body(FILLER * lines + b"x" * rest + CRLF)


def is_test_mail(body: bytes) -> bool:
    """Whether a delivered body is that of a test message, and not of a notification that tells of one."""
    return body.startswith(b"marker ")


def tells_of(copy: Stored, mark: bytes) -> bool:
    """Whether what was delivered is a notification that quotes the message of a mark, and not that message itself."""
    if any(mark in one.raw for one in copy.all("Message-ID")) or is_test_mail(copy.body):
        return False
    signs = (("Content-Type", "multipart/report"), ("From", "mailer-daemon"), ("Auto-Submitted", "auto-"))
    is_signed = any(sign in one.value.lower() for name, sign in signs for one in copy.all(name))
    return is_signed or copy.envelope_from == "" or any(one.value == "<>" for one in copy.all("Return-Path"))


def stuffed(content: bytes) -> bytes:
    """Lines with the dots that begin them doubled (RFC 5321 4.5.2)."""
    return (b"." if content.startswith(b".") else b"") + content.replace(b"\r\n.", b"\r\n..")


def compose(words: Vocabulary, sender: str, recipient: str) -> Message:
    """An innocent message.

    Args:
        words: what its text follows from.
        sender, recipient: addresses for its header; an empty one is left out.
    """
    mark = f"{words.token(6)}{RUN}{next(COUNT):06}"
    host = sender.rpartition("@")[2] or "conformance.example"
    fields: Fields = (
        ("Date", formatdate(time.time())),
        ("From", f"<{sender or 'probe@conformance.example'}>"),
        ("To", f"<{recipient}>" if recipient else NOBODY),
        ("Subject", f"SMTP conformance test {mark}"),
        ("Message-ID", f"<{mark}@{host}>"),
    )
    return Message(mark, fields, b"").with_body(words.body(2))
