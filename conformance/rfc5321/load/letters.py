"""The messages of a load: each says of which run it is, by which client, which one, and has a digest of its text."""

from __future__ import annotations

import re
import zlib
from email.utils import formatdate
from typing import NamedTuple

from conformance.harness.vocabulary import Vocabulary
from conformance.rfc5321.message import stuffed
from conformance.rfc5321.search.words import TEXTS

SMALL = 9_000
"""Octets of a message, its header counted, that `SIZED` announces enough for."""
SIZED = b" SIZE=9999"
"""What MAIL says where it tells a size: four digits at the most have to be taken."""
PROSE = 40
_EIGHT_BIT = "Äpfel, Öl und Übermut: ½ Pfund je 3 €\r\n".encode() * 3
_HEAD = b"From: <load@conformance.example>\r\nTo: undisclosed-recipients:;\r\nDate: %b\r\nSubject: load\r\n"


class Body(NamedTuple):
    """The text of a message below the line that marks it.

    Attributes:
        text: as it is to arrive.
        sent: with the dots that begin its lines doubled.
        canonical: without what a store is free to change, as it follows the line that marks it.
        digest: the checksum of that, in hexadecimal digits.
    """

    text: bytes
    sent: bytes
    canonical: bytes
    digest: bytes


class Letter(NamedTuple):
    """A message that is about to be sent.

    Attributes:
        number: its own, in this run.
        fingerprint: the checksum of all that must arrive below its header, of 32 bits.
        head: its header, and the line that marks it.
        body: the text below.
    """

    number: int
    fingerprint: int
    head: bytes
    body: Body

    @property
    def content(self) -> bytes:
        """The message as it is to arrive."""
        return self.head + self.body.text


class Found(NamedTuple):
    """What a stored message says of itself; `sender` is the reverse-path that it was sent with."""

    number: int
    ended: bool
    sender: str
    fingerprint: int


class Letters:
    """The messages of a run.

    Args:
        seed: the run's.
        run: a word that no other run has.
        large: whether the server takes messages of 64 KiB and more.
    """

    def __init__(self, seed: int, run: str, large: bool = True) -> None:
        words = Vocabulary(seed, "load letters")
        texts = [*TEXTS, *(words.body(words.random.choice((1, 1, 2, 3, 5, 8))) for _ in range(PROSE))]
        self.run = run.encode()
        self.bodies = [body(text) for text in texts if len(text) < SMALL - 1_000]
        self.eight_bit = [body(_EIGHT_BIT), body(words.body(1) + _EIGHT_BIT)]
        self.large = [body(words.body(40) * 40), body(words.body(60) * 60)]
        self._head = _HEAD % formatdate().encode()
        self._mark = re.compile(
            rb"^load %b \d+ (\d{1,15}) (sent|left) [0-9a-f]{8} <([^<>\r\n]*)>(?=\r?$)" % re.escape(self.run),
            re.MULTILINE,
        )

    def write(self, number: int, worker: int, sender: bytes, body: Body, ended: bool = True) -> Letter:
        """A message.

        Args:
            number: its own, in this run.
            worker: the number of its client.
            sender: the reverse-path.
            body: its text.
            ended: whether the client means to end it.
        """
        fate = b"sent" if ended else b"left"
        mark = b"load %b %d %d %b %b <%b>" % (self.run, worker, number, fate, body.digest, sender)
        head = b"%bMessage-ID: <%b.%d@conformance.example>\r\n\r\n%b\r\n" % (self._head, self.run, number, mark)
        return Letter(number, zlib.crc32(body.canonical, zlib.crc32(mark)), head, body)

    def read(self, raw: bytes) -> Found | None:
        """What a stored message says; None if it is none of this run's."""
        mark = self._mark.search(raw)
        if mark is None:
            return None
        kept = raw[mark.start() :].replace(b"\r\n", b"\n").rstrip(b"\n")
        return Found(int(mark[1]), mark[2] == b"sent", mark[3].decode("latin-1"), zlib.crc32(kept))


def body(text: bytes) -> Body:
    """A text, ready to be sent; each of its lines ends in CR LF."""
    canonical = (b"\n" + text.replace(b"\r\n", b"\n")).rstrip(b"\n")
    return Body(text, stuffed(text), canonical, b"%08x" % zlib.crc32(canonical))
