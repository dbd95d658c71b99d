"""The store of the second protocol: a Maildir, in which each recipient of a message has a copy, under trace fields."""

import os
import re
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path

# Nothing is tried twice, so that a header of a million lines costs no time. Groups are atomic and not possessive, for
# Python 3.11.2 takes along what did not match in the end of one.
REST_OF_FIELD = rb"[ \t]*+:[^\r\n]*+\r\n(?>(?:[ \t][^\r\n]*+\r\n)*)"
HEADER = re.compile(rb"(?>(?:[!-9;-~]++%b)*)" % REST_OF_FIELD)
RECEIVED = re.compile(rb"^Received[ \t]*+:", re.IGNORECASE | re.MULTILINE)
RETURN_PATH = re.compile(rb"^Return-Path%b" % REST_OF_FIELD, re.IGNORECASE | re.MULTILINE)


@dataclass
class Message:
    """A message as the session collected it, and the fields that tell its way (RFC 5321, 4.4).

    Args:
        client: its name, from EHLO or HELO, as sent.
        address: its address, as an address literal.
        protocol: ESMTP after EHLO, SMTP after HELO.
        reverse_path: the sender without its angle brackets; empty for the null reverse-path.
        recipients: one or more mailboxes, each of them once.
        text: whole lines, each with its CRLF.
        id: a name that no other message has.
    """

    client: bytes
    address: bytes
    protocol: bytes
    reverse_path: bytes
    recipients: list[bytes]
    text: bytes
    id: bytes = field(default_factory=lambda: secrets.token_hex(8).encode())

    def hops(self) -> int:
        """Return how many `Received` fields the message brought."""
        return sum(1 for _ in RECEIVED.finditer(self.text, 0, self._header_end()))

    def copy(self, recipient: bytes, domain: bytes) -> bytes:
        """Return what one recipient gets: nothing in it names another one, and it has one `Return-Path` only.

        Args:
            recipient: one of the message's.
            domain: the server's name.
        """
        end = self._header_end()
        header = RETURN_PATH.sub(b"", self.text[:end])
        # A text that has no header must not go on with our fields.
        gap = b"" if end or self.text.startswith(b"\r\n") else b"\r\n"
        one = b"\r\n\tfor <%b>" % recipient if len(self.recipients) == 1 else b""
        way = (self.client, self.address, domain, self.protocol, self.id, one, formatdate(localtime=True).encode())
        trace = (
            b"Return-Path: <%b>\r\n" % self.reverse_path,
            b"Delivered-To: %b\r\n" % recipient,
            b"Received: from %b (%b)\r\n\tby %b with %b id %b%b;\r\n\t%b\r\n" % way,
        )
        return b"".join((*trace, header, gap, self.text[end:]))

    def _header_end(self) -> int:
        found = HEADER.match(self.text)
        return found.end() if found else 0


class Maildir:
    """Keeps each copy as a file of its own, which is whole, and on the disk, before it appears in `new`.

    No file's name has a word of a client's in it: who a copy is for says its `Delivered-To`.
    """

    def __init__(self, directory: Path, domain: bytes) -> None:
        """Make `tmp`, `new` and `cur` in `directory`; what is in them stays.

        Args:
            directory: which must be there.
            domain: the server's name, in names of files and in the trace.

        Raises:
            OSError: they can't be made.
        """
        self._tmp, self._new = directory / "tmp", directory / "new"
        self._domain = domain
        for part in (self._tmp, self._new, directory / "cur"):
            part.mkdir(exist_ok=True)
        _sync(directory)

    def deliver(self, message: Message) -> None:
        """Store a copy for each recipient; once this returns, none is lost by a crash.

        Raises:
            OSError: one could not be stored. None of the others stays.
        """
        names: list[str] = []
        try:
            for number, recipient in enumerate(message.recipients):
                names.append(f"{int(time.time())}.{message.id.decode()}_{number}.{self._domain.decode()}")
                with open(self._tmp / names[-1], "xb") as file:
                    file.write(message.copy(recipient, self._domain))
                    file.flush()
                    os.fsync(file.fileno())
            for name in names:
                os.rename(self._tmp / name, self._new / name)
            _sync(self._new)
        except OSError:
            self._remove(names)
            raise

    def _remove(self, names: Iterable[str]) -> None:
        for name in names:
            for part in (self._tmp, self._new):
                (part / name).unlink(missing_ok=True)


def _sync(directory: Path) -> None:
    """Bring the names in a directory to the disk, as `fsync` of a file brings its bytes only."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
