"""What a server has to keep of a message, as a checksum that is the same however it spells what it is free to spell."""

from __future__ import annotations

import zlib


class Envelope:
    """Host, sender and recipients of the message in the making, as far as the server has accepted them."""

    def __init__(self) -> None:
        self._host = b""
        self._sender = b""
        self._recipients: list[bytes] = []

    def follow(self, kind: str, argument: bytes) -> None:
        """Take in an accepted command: `helo`, `mail` or `rcpt`."""
        if kind == "rcpt":
            self._recipients.append(argument)
        elif kind == "mail":
            self._sender = argument
            self._recipients = []
        elif kind == "helo":
            self._host = argument

    def fingerprint(self, body: bytes) -> int:
        """The checksum of the message with this body, which is in its canonical form."""
        return fingerprint(self._host, self._sender, self._recipients, body)


def fingerprint(host: bytes, sender: bytes, recipients: list[bytes], body: bytes) -> int:
    """The checksum of a message.

    Args:
        host, sender, recipients: as sent or as kept; a pair of `<>`, the order of recipients and one that was given
            twice do not count.
        body: in its canonical form.

    Returns:
        32 bits.
    """
    to = sorted({_bare(one) for one in recipients})
    return zlib.crc32(b"\n".join((host, _bare(sender), *to, b"", body)))


def _bare(address: bytes) -> bytes:
    return address[1:-1] if address[:1] == b"<" and address[-1:] == b">" else address
