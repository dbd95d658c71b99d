"""The connection as lines, bodies and replies, against a clock; what any of them mean is for a protocol to say."""

import math
import socket
import ssl
import struct
from contextlib import suppress
from time import monotonic

from .tls import Tls

RECEIVE_SIZE = 65_536  # bytes asked of the kernel at a time
CRLF = b"\r\n"
END_OF_DATA = b"\r\n.\r\n"


class ClockExpired(Exception):
    """The client let the time limit pass."""


class Channel:
    """One client's connection, and its clock, which the protocol restarts.

    Replies are kept until the client's next bytes are waited for, so that joined lines are answered in one segment.
    """

    def __init__(self, connection: socket.socket, time_limit: float) -> None:
        """Take over a connected, blocking socket, which the caller closes, and start the clock.

        Args:
            connection: the client's.
            time_limit: seconds that the clock runs, and that the client has for taking what it is answered.
        """
        self._connection = connection
        self._time_limit = time_limit
        self._received = bytearray()
        self._replies = bytearray()
        self._receive_timeout = 0.0
        # One for all receives: pieces of any size, cut from as many allocations, would leave holes in memory for hours.
        self._space = memoryview(bytearray(RECEIVE_SIZE))
        self._tls: Tls | None = None
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _timeval(time_limit))
        self.restart_clock()

    def restart_clock(self) -> None:
        """Give the client the whole time limit again, from now on."""
        self._deadline = monotonic() + self._time_limit

    @property
    def is_encrypted(self) -> bool:
        """Whether what is said goes through TLS."""
        return self._tls is not None

    def start_tls(self, context: ssl.SSLContext) -> None:
        """Send what has been answered, and go on inside TLS, within the time limit.

        Args:
            context: has the certificate.

        Raises:
            EOFError: the client closed first.
            OSError: the handshake failed, or took too long; the connection is of no more use.
        """
        self._received.clear()  # what came behind the command, in clear, must not count as said inside TLS
        clear, self._replies = self._replies, bytearray()
        self._tls = Tls(context)  # before the client can begin, so that no last reply goes out in clear any more
        self._send(clear)
        self.restart_clock()
        try:
            while not self._tls.is_established:
                self._receive()
        except ClockExpired:
            raise TimeoutError("no handshake in time") from None  # which nobody can be told in clear
        finally:
            self._send_replies()  # the handshake's end, or why there is none

    def end_tls(self) -> None:
        """Say that nothing more comes, if the client can still hear it: the bare end could be anyone's."""
        if self._tls:
            with suppress(OSError):
                self._connection.send(self._tls.sealed(b"", last=True), socket.MSG_DONTWAIT)

    def reply(self, text: bytes) -> None:
        """Answer with one line, at the latest when the client is waited for."""
        self._replies += text + CRLF

    def last_reply(self, text: bytes) -> None:
        """Answer with one line if the client can still take it, without waiting for that."""
        with suppress(OSError):
            last = text + CRLF
            self._connection.send(self._tls.sealed(last, last=True) if self._tls else last, socket.MSG_DONTWAIT)

    def send_replies(self) -> None:
        """Send what has been answered, when no more bytes will be waited for.

        Raises:
            OSError: the connection broke, or the client takes no replies.
        """
        self._send_replies()

    def read_line(self, limit: int) -> bytes | None:
        """Return the next line without its CRLF, or None for one longer than `limit` bytes, which is thrown away.

        Only CRLF ends a line. At most `limit` + `RECEIVE_SIZE` bytes are held, however long the line.

        Raises:
            ClockExpired: the time limit passed first.
            EOFError: the client closed, or half-closed, first; what it sent of a line is dropped.
            OSError: the connection broke, or the client takes no replies.
        """
        too_long = False
        while (end := self._received.find(CRLF)) < 0:
            if len(self._received) > limit + len(CRLF):
                too_long = True
                del self._received[:-1]  # the last byte may be the CR of the line's end
            self._receive()
        line = bytes(self._received[:end])
        del self._received[: end + len(CRLF)]
        return None if too_long or end > limit else line

    def read_body(self, limit: int, stuffed: bytes) -> bytes | None:
        """Return the lines before the one that is a lone dot, or None if they have more than `limit` bytes.

        Only CRLF ends a line here too: a dot between bare CRs or LFs is data, or a message could smuggle in another.
        Data that arrive restart the clock. Raises what `read_line` raises.

        Args:
            limit: in bytes, as sent.
            stuffed: what begins with it loses its first dot: `b"."` for any line that begins with a dot.
        """
        self._received[:0] = CRLF  # so that a dot in the first line follows a line end as well
        too_long = False
        searched = 0
        while (end := self._received.find(END_OF_DATA, searched)) < 0:
            if len(self._received) > limit + len(END_OF_DATA):
                too_long = True
                del self._received[: 1 - len(END_OF_DATA)]
            # Only what is new is searched, and the little before it that may be a part of the end.
            searched = max(0, len(self._received) - len(END_OF_DATA) + 1)
            self._receive()
            if not too_long:
                self.restart_clock()
        body = self._received[: end + len(CRLF)]
        del self._received[: end + len(END_OF_DATA)]
        return None if too_long or end > limit else bytes(body.replace(CRLF + stuffed, CRLF + stuffed[1:])[len(CRLF) :])

    def read_octets(self, count: int, limit: int) -> bytes | None:
        """Return the next bytes, whatever they are, or None for more than `limit`, which are thrown away.

        Data that arrive restart the clock. Raises what `read_line` raises.

        Args:
            count: how many.
            limit: how many are kept.
        """
        octets = bytearray()
        missing = count
        while True:
            piece = self._received[:missing]
            del self._received[:missing]
            missing -= len(piece)
            if count <= limit:
                octets += piece
            if not missing:
                return bytes(octets) if count <= limit else None
            self._receive()
            self.restart_clock()

    def _receive(self) -> None:
        self._send_replies()
        while (remaining := self._deadline - monotonic()) > 0:
            # Right after the clock was restarted the kernel's time-out still fits: a receive is then one system call.
            if not remaining <= self._receive_timeout <= remaining + 0.1:
                self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _timeval(remaining))
                self._receive_timeout = remaining
            try:
                data = self._space[: self._connection.recv_into(self._space)]
            except BlockingIOError:
                continue  # the kernel's time-out; whether ours has passed is for the clock to say
            if not data:
                raise EOFError
            self._received += self._tls.opened(data) if self._tls else data
            return
        raise ClockExpired

    def _send_replies(self) -> None:
        self._send(self._tls.sealed(bytes(self._replies)) if self._tls else self._replies)
        self._replies.clear()

    def _send(self, data: bytes | bytearray) -> None:
        # One call, because SO_SNDTIMEO bounds a call: in a loop, a client could take a byte just before each time-out.
        if data and self._connection.send(data) < len(data):
            raise BlockingIOError("the client does not read its replies")


def _timeval(seconds: float) -> bytes:
    """Return the C `struct timeval`, rounded up, because zero would mean no time-out at all."""
    return struct.pack("ll", *divmod(math.ceil(seconds * 1e6), 1_000_000))
