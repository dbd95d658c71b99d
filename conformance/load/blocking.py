"""One connection of a swarm: it is waited for, in a thread or greenlet of its own; in clear, or within TLS."""

from __future__ import annotations

import socket
import ssl
import struct
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress

from conformance.load.findings import LogEntry
from conformance.load.secure import Secure
from conformance.load.talker import PIECE_PAUSE
from conformance.load.wire import LOGGED, LONGEST_LINE, LONGEST_LOGGED

LEAST_PATIENCE = 0.1
"""Seconds in which what has come is read."""


class Insecure(Exception):
    """No TLS session comes about, or what comes is none; the message says why."""


class Connection:
    """A connection.

    Args:
        address: the server's numeric host and port.
        patience: seconds that it may take until it is made, or until something is sent.

    Attributes:
        log: what was said last, on either side.

    Raises:
        OSError: it cannot be made.
    """

    def __init__(self, address: tuple[str, int], patience: float) -> None:
        self.log: deque[LogEntry] = deque(maxlen=LOGGED)
        self._buffer = b""
        self._secure: Secure | None = None
        self._patience = patience
        self._socket = socket.create_connection(address, patience)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def shake_hands(self, by: Secure, patience: float) -> None:
        """Begin TLS.

        Args:
            by: a session that has not begun.
            patience: seconds that it may take.

        Raises:
            Insecure: it does not come about.
        """
        self._buffer = b""  # what came in clear behind a reply is not said within it
        self._note("--", b"TLS")
        self._secure = by
        deadline = time.monotonic() + patience
        self._pass_on(by.begin())
        while not by.established:
            came = self._receive(deadline)
            if came is None:
                raise Insecure(f"no handshake within {patience:g} s")
            if not came:
                raise Insecure("the connection was closed in the handshake")
            self._take(came)

    def send(self, pieces: Sequence[bytes], shown: bytes = b"") -> float:
        """Send pieces with a pause between; that the server has hung up is told by what is read next.

        Args:
            pieces: of bytes.
            shown: what the log has in their place, if nobody may read them.

        Returns:
            When the last one was sent, by the clock.
        """
        sent = 0.0
        for number, piece in enumerate(pieces):
            if number:
                time.sleep(PIECE_PAUSE)
            sent = time.monotonic()
            self._note("->", shown or piece)
            self._pass_on(self._secure.say(piece) if self._secure else piece)
        return sent

    def line(self, deadline: float) -> bytes | None:
        """The next line with its end, or a beginning of it that is too long.

        Args:
            deadline: by when it has to be there, by the clock.

        Returns:
            Nothing at the end of the connection; None if no line comes in time.

        Raises:
            Insecure: what comes is no TLS.
        """
        while b"\n" not in self._buffer and len(self._buffer) <= LONGEST_LINE:
            came = self._receive(deadline)
            if not came:
                if came is not None:
                    self._note("--", b"closed by the server")
                return came
            self._take(came)
        raw, end, self._buffer = self._buffer.partition(b"\n")
        self._note("<-", raw + end)
        return raw + end

    def unread(self) -> bytes:
        """What has come and was not read yet, without waiting.

        Raises:
            Insecure: it is no TLS.
        """
        self._socket.settimeout(0.0)
        with suppress(OSError):  # nothing is there; that the connection has ended is told by what is read next
            self._take(self._socket.recv(65536))
        return self._buffer

    def half_close(self) -> None:
        """Say that nothing more will be said."""
        self._note("--", b"half-close")
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def close(self, reset: bool = False) -> None:
        """End it, by a reset if that is wanted."""
        if reset:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def _pass_on(self, data: bytes) -> None:
        self._socket.settimeout(self._patience)
        with suppress(OSError):
            self._socket.sendall(data)

    def _receive(self, deadline: float) -> bytes | None:
        """What comes, as it comes: empty at the end of the connection, None if nothing does in time."""
        for patience in (deadline - time.monotonic(), 0.0):  # where we were late ourselves it has come meanwhile
            self._socket.settimeout(max(LEAST_PATIENCE, patience))
            try:
                return self._socket.recv(65536)
            except TimeoutError:
                continue
            except OSError:
                return b""
        return None

    def _take(self, came: bytes) -> None:
        if self._secure is None:
            self._buffer += came
            return
        try:
            self._buffer += self._secure.hear(came)
        except ssl.SSLError as error:
            raise Insecure(error.reason or "no TLS") from None
        if records := self._secure.records():
            self._pass_on(records)

    def _note(self, mark: str, data: bytes) -> None:
        kept = data if len(data) <= LONGEST_LOGGED else data[:LONGEST_LOGGED] + b"..."
        self.log.append((time.monotonic(), mark, kept))
