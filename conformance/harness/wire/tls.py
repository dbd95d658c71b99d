"""TLS over a connection: a session that is read and written like the socket under it."""

from __future__ import annotations

import select
import socket
import ssl
import time
import warnings
from functools import cache


class TLSFailed(Exception):
    """No session came about; the message says why."""


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
        try:
            self._tls = settings.wrap_socket(plain, server_hostname=name, do_handshake_on_connect=False)
            self._shake_hands(deadline)
        except (OSError, ValueError) as error:
            raise TLSFailed(f"no TLS: {error}") from None

    def _shake_hands(self, deadline: float) -> None:
        while True:
            try:
                self._tls.do_handshake()
                return
            except ssl.SSLWantReadError:
                events = select.POLLIN
            except ssl.SSLWantWriteError:
                events = select.POLLOUT
            poll = select.poll()
            poll.register(self._tls, events)
            if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
                raise TimeoutError("the handshake takes too long")

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
        """Whether decrypted bytes wait that a poll of the socket does not tell of."""
        return self._tls.pending() > 0

    def send(self, data: bytes | memoryview) -> int:
        """As a socket's.

        Raises:
            BlockingIOError: nothing can be sent now.
            OSError: the connection is lost.
        """
        try:
            return self._tls.send(data)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise BlockingIOError from None

    def recv(self, size: int) -> bytes:
        """As a socket's; an end without a goodbye is an end as well.

        Raises:
            BlockingIOError: nothing is there now.
            OSError: the connection is lost.
        """
        try:
            return self._tls.recv(size)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise BlockingIOError from None
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
            return b""

    def fileno(self) -> int:
        """As a socket's."""
        return self._tls.fileno()

    def shutdown(self, how: int) -> None:
        """End the TCP connection in a direction, without a goodbye in TLS."""
        self._tls.shutdown(how)

    def setsockopt(self, level: int, option: int, value: bytes) -> None:
        """As a socket's."""
        self._tls.setsockopt(level, option, value)

    def close(self) -> None:
        """As a socket's."""
        self._tls.close()
