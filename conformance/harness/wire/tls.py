"""TLS over a connection: a session that is read and written like the socket under it.

What comes is given to OpenSSL piece by piece: with the socket in its hands it would read whatever carries no text, such
as a handshake that begins again and again, for as long as a server sends it.
"""

from __future__ import annotations

import select
import socket
import ssl
import time
import warnings
from contextlib import suppress
from functools import cache

LONGEST_HANDSHAKE = 256 * 1024
"""Bytes in which a server must have shaken hands."""
MOST_IDLE = 2 * 1024 * 1024
"""Bytes in a session that may come without a text in them, or a part of it."""
PIECE = 65_536
"""Bytes that are encrypted at a time."""


class Flood(OSError):
    """More came than a session needs, and no text."""


class TLSFailed(Exception):
    """No session came about; the message says why."""


class TLSStalled(TLSFailed):
    """None came about in time."""


class Untrusted(TLSFailed):
    """The server's certificate is not right, and has to be."""


@cache
def context(verify: bool = False, at_most: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED) -> ssl.SSLContext:
    """What a client asks of a session: whatever version and certificate, for it is the protocol that is judged.

    Args:
        verify: whether the certificate has to be right as well.
        at_most: the newest version that it offers.
    """
    made = ssl.create_default_context() if verify else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not verify:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
        made.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        made.set_ciphers("ALL:@SECLEVEL=0")  # an old server is to be judged as well
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that a version is old is why it is asked for
        made.maximum_version = at_most
    return made


class Session:
    """A TLS session; what would block raises `BlockingIOError`, as it does for a plain socket.

    Args:
        plain: a connected, non-blocking socket.
        settings: what is asked of the session.
        name: the server's name for the certificate and for SNI, or None.
        deadline: by when the handshake must be over, in seconds of the monotonic clock.

    Raises:
        TLSFailed: it was not, or it failed.
    """

    def __init__(self, plain: socket.socket, settings: ssl.SSLContext, name: str | None, deadline: float) -> None:
        self._plain = plain
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._text, self._sealed = bytearray(), bytearray()
        self._begun = self._idle = 0
        self._over = False
        self._error: ssl.SSLError | None = None
        try:
            self._tls = settings.wrap_bio(self._incoming, self._outgoing, server_hostname=name)
            self._shake_hands(deadline)
        except TimeoutError as error:
            raise TLSStalled(f"no TLS: {error}") from None
        except ssl.SSLCertVerificationError as error:
            raise Untrusted(f"the certificate is not right: {error.verify_message}") from None
        except (OSError, ValueError) as error:
            raise TLSFailed(f"no TLS: {error}") from None
        self._open()

    def _shake_hands(self, deadline: float) -> None:
        came = 0
        while True:
            try:
                self._tls.do_handshake()
                return self._await_sent(deadline)
            except ssl.SSLWantReadError:
                self._await_sent(deadline)
            except ssl.SSLError:
                with suppress(OSError):
                    self._flush()  # why it failed is for the server to know
                raise
            self._await(select.POLLIN, deadline)
            came += self._take(PIECE)
            if came > LONGEST_HANDSHAKE:
                raise Flood(f"a handshake of more than {LONGEST_HANDSHAKE} bytes")

    def _await_sent(self, deadline: float) -> None:
        while True:
            try:
                return self._flush()
            except BlockingIOError:
                self._await(select.POLLOUT, deadline)

    def _await(self, event: int, deadline: float) -> None:
        poll = select.poll()
        poll.register(self._plain, event)
        if (left := deadline - time.monotonic()) <= 0 or not poll.poll(left * 1000):
            raise TimeoutError("the handshake takes too long")

    def _take(self, size: int) -> int:
        """Take in what is there, and return how much that is.

        Raises:
            BlockingIOError: nothing is there now.
            OSError: the connection is lost.
        """
        sealed = self._plain.recv(size)
        if sealed:
            self._incoming.write(sealed)
        else:
            self._incoming.write_eof()
        return len(sealed)

    def _flush(self) -> None:
        self._sealed += self._outgoing.read()
        while self._sealed:
            del self._sealed[: self._plain.send(self._sealed)]

    def _open(self) -> None:
        """Decrypt all that was taken in; an error shows when the text before it has been read."""
        try:
            while piece := self._tls.read(PIECE):
                self._text += piece
            self._over = True
        except ssl.SSLWantReadError:
            pass
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
            self._over = True
        except ssl.SSLError as error:
            self._error = error
        with suppress(OSError):
            self._flush()  # what a server asks for beside the text

    @property
    def version(self) -> str:
        """Of the protocol, as `TLSv1.3`."""
        return self._tls.version() or "TLS"

    @property
    def certificate(self) -> bytes:
        """The server's, in DER; empty if it showed none."""
        return self._tls.getpeercert(binary_form=True) or b""

    @property
    def waiting(self) -> bool:
        """Whether there is something to read that a poll of the socket does not tell of."""
        return bool(self._text) or self._over or self._error is not None

    def send(self, data: bytes | memoryview) -> int:
        """As a socket's; whoever is told that nothing can be sent now comes again with the same data.

        Raises:
            BlockingIOError: nothing can be sent now.
            OSError: the connection is lost.
        """
        self._begun = self._begun or self._tls.write(data[:PIECE])
        self._flush()
        sent, self._begun = self._begun, 0
        return sent

    def recv(self, size: int) -> bytes:
        """As a socket's; an end without a goodbye is an end as well.

        Raises:
            BlockingIOError: nothing is there now.
            Flood: much has come, and no text.
            OSError: the connection is lost.
        """
        if not self.waiting:
            came = self._take(size)
            self._open()
            self._idle += 0 if self._text else came
        if self._text:
            text = bytes(self._text)
            self._text.clear()
            return text
        if self._error:
            raise self._error
        if self._over:
            return b""
        if self._idle > MOST_IDLE:
            raise Flood(f"more than {MOST_IDLE} bytes of TLS without a text")
        raise BlockingIOError

    def fileno(self) -> int:
        """As a socket's."""
        return self._plain.fileno()

    def shutdown(self, how: int) -> None:
        """End the TCP connection in a direction, without a goodbye in TLS."""
        self._plain.shutdown(how)

    def setsockopt(self, level: int, option: int, value: bytes) -> None:
        """As a socket's."""
        self._plain.setsockopt(level, option, value)

    def close(self) -> None:
        """As a socket's."""
        self._plain.close()
