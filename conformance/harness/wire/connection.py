"""One connection: bytes out in segments, replies in by deadline, all of it in the transcript.

A reply is what comes up to a line end, or several lines whose codes are followed by hyphens; a server that ends its
replies with LF or with nothing is understood as well, and one that floods, drips, resets or stays silent meets a bound.
"""

from __future__ import annotations

import contextlib
import fcntl
import socket
import ssl
import struct
import sys
import termios
import time
from collections.abc import Iterable
from select import POLLIN, POLLOUT, poll

from conformance.harness.wire import tls
from conformance.harness.wire.manners import BODY, SETTLE, Manners
from conformance.harness.wire.reply import CONTINUATIONS, LONGEST_REPLY, PAUSES, Reply, ReplyLine, drop_line
from conformance.harness.wire.transcript import Transcript

MOST_RECEIVED = 1024 * 1024
"""Bytes that one connection may receive before it is given up."""
QUICK_ACK: int | None = getattr(socket, "TCP_QUICKACK", None)
"""Set after each read, or a server that writes a reply line by line waits 40 ms for the first one's acknowledgement."""
CLOSED = "the server closed the connection"  # or reset it: which of them one sees depends on what was still unread


class WireError(Exception):
    """The connection did not give what was waited for; the message says what came instead."""


class Silent(WireError):
    """Nothing came before the deadline."""


class Slow(WireError):
    """The server was still taking bytes when the time for that was over."""


class Closed(WireError):
    """The server closed or reset the connection."""


class Garbled(Closed):
    """What came inside TLS is none, so that nothing more can be understood."""


class Flooded(WireError):
    """More came than any server of this protocol sends."""


class Refused(WireError):
    """No connection could be made."""


class Connection:
    """A TCP connection to the server under test.

    Args:
        address: host and port.
        transcript: where everything is written down.
        manners: what is known of the server; learned from here as well.
        patience: seconds to connect.
        existing: a connection that has been made already.
        between: seconds that each further line of a reply is waited for.

    Attributes:
        number: which connection of the transcript it is; the first is 1.

    Raises:
        Refused: no connection could be made.
        Silent: none was made in time.
        Closed: it was made, and reset at once.
    """

    def __init__(
        self,
        address: tuple[str, int],
        transcript: Transcript,
        manners: Manners,
        patience: float,
        existing: socket.socket | None = None,
        between: float = SETTLE,
    ) -> None:
        transcript.connections += 1
        self.number = transcript.connections
        self._log, self._manners = transcript, manners
        self._between, self._longest = between, PAUSES * min(patience, between)
        self._tls: tls.Session | None = None
        self._buffer, self._overlong, self._received = bytearray(), False, 0
        self._ended: WireError | None = None
        self.began = time.monotonic()
        try:
            made = existing or socket.create_connection(address, timeout=patience)
        except TimeoutError:
            self._note("no connection")
            raise Silent(f"no connection within {patience:g} s") from None
        except ConnectionResetError as error:
            raise self._lost(error) from None
        except OSError as error:
            self._note(f"no connection: {error}")
            raise Refused(f"no connection: {error}") from None
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        made.setblocking(False)
        self._plain = made
        self._socket: socket.socket | tls.Session = made
        self.connected = self.sent = time.monotonic()
        self.own_address, self.local_port = made.getsockname()[:2]
        self._note("connected")

    def start_tls(self, settings: ssl.SSLContext, patience: float, name: str | None = None) -> None:
        """Begin a TLS session; what came in clear and was not read is set aside, and written down.

        Args:
            settings: what is asked of it.
            patience: seconds for the handshake.
            name: the server's, for its certificate.

        Raises:
            TLSFailed: none came about; the connection is of no use any more.
        """
        if left := bytes(self._buffer):
            self._buffer.clear()
            self._log.add("<-", left, self.number)
            self._note("so much came in clear before TLS")
        try:
            self._tls = self._socket = tls.Session(self._plain, settings, name, time.monotonic() + patience)
        except tls.TLSFailed as error:
            self._note(str(error))
            self._ended = Closed(str(error))
            raise
        self._note(f"{self._tls.version} from here on")

    @property
    def session(self) -> tls.Session | None:
        """The TLS session, if there is one."""
        return self._tls

    def send(self, data: bytes, patience: float = 10.0, reading: bool = True, shown: str = "") -> None:
        """Send bytes in one segment, as far as the kernel takes them.

        Args:
            data: the bytes.
            patience: seconds for the server to take them.
            reading: whether replies are taken meanwhile, so that the server is not stuck on them.
            shown: what the transcript has in their place, where they are a secret.

        Raises:
            Closed: the server has closed or reset the connection.
            Slow: the server is still taking bytes after that time.
            Silent: the server takes no more bytes.
            Flooded: the connection has received more than `MOST_RECEIVED` bytes.
        """
        self._log.add("->", shown or data, self.number)
        deadline = time.monotonic() + patience
        view = memoryview(data)
        while view:
            self.sent = time.monotonic()
            try:
                view = view[self._socket.send(view) :]
            except BlockingIOError:
                if not self._ready(deadline, POLLOUT | (POLLIN if reading else 0)):
                    raise self._stuck(patience) from None
                if reading:
                    self._take()
                if self._ended:
                    raise self._ended from None
            except OSError as error:
                raise self._lost(error) from None
        self.sent = time.monotonic()

    def _stuck(self, patience: float) -> WireError:
        """What to raise when the server has not taken all bytes in so many seconds: does it still take any?"""
        queued = self._queued()
        if self._ready(time.monotonic() + min(patience, 1.0), POLLOUT) or self._queued() < queued:
            self._note("the server takes bytes slowly")
            return Slow(f"the server has not taken all bytes in {patience:g} s")
        self._note("the server takes no more bytes")
        return Silent(f"the server took no more bytes for {patience:g} s")

    def _queued(self) -> int:
        """Bytes sent and not taken yet."""
        return int.from_bytes(fcntl.ioctl(self._socket, termios.TIOCOUTQ, bytes(4)), sys.byteorder)

    def send_apart(self, pieces: Iterable[bytes], pause: float = 0.001) -> None:
        """Send each piece as a segment of its own, with a pause (seconds) that keeps the kernel from joining them."""
        for piece in pieces:
            self.send(piece)
            time.sleep(pause)

    def flood(self, line: bytes, until: float, at_once: int) -> None:
        """Send a line over and over, so that some of them always wait to be read, and drop the replies but the last.

        Args:
            line: with its CRLF.
            at_once: how many are sent together, as soon as fewer than so many are unanswered.
            until: when to stop, in seconds of the monotonic clock; the end of the connection, or more replies than
                half of `MOST_RECEIVED`, stop it, too.
        """
        sent = answered = 0
        while not self._ended and self._received < MOST_RECEIVED // 2 and time.monotonic() < until:
            if sent - answered < at_once:
                with contextlib.suppress(OSError):
                    sent += self._socket.send(line * at_once) // len(line)
            if self._ready(until):
                self._take()
            last = self._buffer.rfind(b"\n", 0, -1) + 1
            answered += self._buffer.count(b"\n", 0, last)
            del self._buffer[:last]
        self._log.add("->", line, self.number)
        self._note(f"the same {sent} times, of whose replies the last follows")

    def reply(self, deadline: float) -> Reply:
        """Read the next reply.

        Args:
            deadline: by when it must have begun, in seconds of the monotonic clock.

        Raises:
            Silent: nothing came by the deadline.
            Closed: the connection ended first.
            Flooded: the connection has received more than `MOST_RECEIVED` bytes, or a reply has no last line.
        """
        last = reply = self._line(deadline)
        over = time.monotonic() + self._longest
        for _ in range(CONTINUATIONS):
            if not ReplyLine(last.raw).more:
                return reply
            try:
                last = self._line(min(time.monotonic() + self._manners.pause(last.raw, self._between), over))
            except (Silent, Closed) as error:
                self._manners.lasts[last.raw] += isinstance(error, Silent)
                if isinstance(error, Closed) or time.monotonic() < over:
                    return reply
                self._ended = Silent(f"no end of a reply in {self._longest:g} s")
                break
            reply = Reply(reply.raw + b"\r\n" * reply.truncated + last.raw, last.at)
        else:
            self._ended = Flooded(f"a reply of more than {CONTINUATIONS} lines")
        self._note("given up in a reply that does not end")
        raise self._ended

    def _line(self, deadline: float) -> Reply:
        arrived = time.monotonic()
        pieces = 0
        while True:
            if isinstance(self._ended, Flooded):
                raise self._ended
            self._overlong = self._overlong and drop_line(self._buffer)
            end = self._buffer.find(b"\n", 0, LONGEST_REPLY)
            if end >= 0 or len(self._buffer) >= LONGEST_REPLY:
                self._overlong = end < 0
                return self._cut(LONGEST_REPLY if self._overlong else end + 1, arrived)
            if self._ended:
                if self._buffer:
                    return self._cut(len(self._buffer), arrived)
                raise self._ended
            # A reply that has begun is waited for a little, a byte at a time is not waited for for ever.
            quiet_by = min(arrived + self._manners.settle, deadline + SETTLE) if self._buffer else deadline
            if not self._ready(quiet_by):
                if not self._buffer:
                    self._note("no reply")
                    raise Silent("no reply")
                self._manners.note_unterminated(pieces)
                return self._cut(len(self._buffer), arrived)
            if self._take():
                arrived = time.monotonic()
                pieces += 1

    def extra(self, seconds: float, usual: bool = True) -> bytes:
        """Whatever comes within some seconds beyond the replies that were read; empty if nothing does.

        Args:
            seconds: how long it is waited for.
            usual: whether nothing but plain lines was sent, so that more may come after any other line as well.
        """
        self.waiting(seconds)
        data = bytes(self._buffer)
        self._buffer.clear()
        if data:
            self._manners.chatty |= usual and not data.startswith(b"4")  # a time-out is no chatter
            self._log.add("<-", data, self.number)
        return data

    def waiting(self, seconds: float) -> int:
        """How many bytes come within some seconds beyond the replies that were read, which are still to be read."""
        deadline = time.monotonic() + seconds
        while not self._ended and len(self._buffer) < LONGEST_REPLY and self._ready(deadline):
            self._take()
        return len(self._buffer)

    def settle(self, after: str = "", usual: bool = True) -> bytes:
        """Set aside what came beyond one reply a line, which one requirement alone judges.

        Args:
            after: the kind of line that was sent last.
            usual: as in `extra`.
        """
        waits = self._manners.more_after(after)
        begun = self._buffer.endswith(b"\n")  # what comes at once is mostly all that comes
        came = self.extra(0.0 if not waits else 0.005 if begun else 0.05, usual)
        if waits or came:
            self._manners.note(after, bool(came))
        return came

    def past_chatter(self, reply: Reply) -> Reply:
        """The last acceptance that comes, where the server is known to answer what needs no answer."""
        came = False
        while self._manners.more_after(BODY):
            try:
                later = self.reply(time.monotonic() + 0.05)
            except WireError:
                self._manners.note(BODY, came)
                break
            came = True
            reply = later if later.code.startswith("2") else reply
        return reply

    def wait_closed(self, deadline: float) -> bool:
        """Whether the server ends the connection, by EOF or reset, before the deadline; what comes first is read."""
        while not self._ended:
            if not self._ready(deadline):
                self._note("not closed by the server")
                return False
            self._take()
            self._buffer.clear()
        return isinstance(self._ended, Closed)

    @property
    def ended(self) -> bool:
        """Whether the server has ended the connection, as far as has been read, or has flooded it."""
        return isinstance(self._ended, Closed | Flooded)

    def half_close(self) -> None:
        """End our direction; what the server still sends is read."""
        self._note("half-closed")
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Leave with a reset."""
        self._note("reset by the client")
        with contextlib.suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def close(self, told: bool = False) -> None:
        """Leave; a client of this protocol ends by closing. The end of a case need not be `told`."""
        if told:
            self._note("closed by the client")
        self._socket.close()

    def _cut(self, length: int, at: float) -> Reply:
        raw = bytes(self._buffer[:length])
        del self._buffer[:length]
        self._log.add("<-", raw, self.number)
        return Reply(raw, at)

    def _take(self) -> bool:
        try:
            data = self._socket.recv(65536)
        except BlockingIOError:
            return False
        except OSError as error:
            self._ended = self._lost(error)
            return False
        if not data:
            self._note("closed by the server")
            self._ended = Closed(CLOSED)
            return False
        if QUICK_ACK is not None:
            with contextlib.suppress(OSError):
                self._plain.setsockopt(socket.IPPROTO_TCP, QUICK_ACK, 1)
        self._received += len(data)
        self._buffer += data
        if self._received > MOST_RECEIVED:
            self._note(f"given up after {self._received} bytes")
            self._ended = Flooded(f"the server sent more than {MOST_RECEIVED} bytes")
        return True

    def _ready(self, deadline: float, events: int = POLLIN) -> bool:
        if self._tls and events & POLLIN and self._tls.waiting:
            return True
        ready = poll()
        ready.register(self._socket, events)
        return bool(ready.poll(max(0.0, deadline - time.monotonic()) * 1000))

    def _lost(self, error: OSError) -> WireError:
        self._note(f"connection lost: {error.strerror or error}")
        garbled = isinstance(error, ssl.SSLError) and "ALERT" not in (error.reason or "")
        kind = Flooded if isinstance(error, tls.Flood) else Garbled if garbled else Closed
        why = CLOSED if isinstance(error, ConnectionError) else f"the connection was lost: {error.strerror or error}"
        return kind(why)

    def _note(self, text: str) -> None:
        self._log.add("--", text, self.number)
