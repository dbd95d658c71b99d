"""TLS apart from any socket: bytes to be said go in and records come out, and the other way round."""

from __future__ import annotations

import ssl

PIECE = 65_536
"""Bytes that are taken out at a time."""


class Secure:
    """A client's side of a TLS session.

    Args:
        context: what is asked of it.
        name: the server's, for its certificate; None where it has none.

    Attributes:
        established: whether the handshake is over.
    """

    def __init__(self, context: ssl.SSLContext, name: str | None = None) -> None:
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._session = context.wrap_bio(self._in, self._out, server_hostname=name)
        self.established = False

    def begin(self) -> bytes:
        """The records with which a client begins."""
        self.hear(b"")
        return self.records()

    def hear(self, data: bytes) -> bytes:
        """Take in what has come of the socket; what was said within, which may be nothing.

        Raises:
            ssl.SSLError: it is no TLS, or no session comes about.
        """
        self._in.write(data)
        found = []
        try:
            if not self.established:
                self._session.do_handshake()
                self.established = True
            while piece := self._session.read(PIECE):
                found.append(piece)
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:  # the server says that it ends; the end of the connection follows
            pass
        return b"".join(found)

    def records(self) -> bytes:
        """What has to be sent by itself: of the handshake, for example."""
        return self._out.read()

    def say(self, data: bytes) -> bytes:
        """The records that say something."""
        self._session.write(data)
        return self._out.read()
