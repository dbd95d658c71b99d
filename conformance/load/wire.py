"""One connection of the load: bytes out, lines in, without ever waiting; what they mean is for a subclass to say."""

from __future__ import annotations

import contextlib
import errno
import select
import socket
import ssl
import struct
from collections import deque

from conformance.load.findings import LogEntry
from conformance.load.loop import READ, WRITE
from conformance.load.run import Run
from conformance.load.secure import Secure

LONGEST_LINE = 16 * 1024
"""Bytes of one line that are read before the server is said to flood."""
SETTLE_KNOWN = 0.05
"""Seconds of quiet after which a line without an end is whole, once the server is known to end lines with nothing."""
LOGGED = 14
LONGEST_LOGGED = 400
OURS = {errno.EADDRNOTAVAIL, errno.EMFILE, errno.ENFILE, errno.ENOBUFS}
"""Why a connection can't be made that is no fault of the server's."""


class Wire:
    """A connection that is made, ended, and made again.

    Args:
        run: what all clients share.

    Attributes:
        talks: whether it says something all the time, so that the server stalls if it and its like hear nothing.
        serial: counts its connections, so that a timer of an earlier one is known.
        began: when it was begun, by the clock.
        gone: by when the kernel had taken all that was sent, by the clock.
        since: when a line last came or bytes last went, in watched time.
        spoke_last: whether anything was sent after the last line that came.
    """

    talks = False

    def __init__(self, run: Run) -> None:
        self.run = run
        self.loop = run.loop
        self.socket: socket.socket | None = None
        self.serial = 0
        self.began = self.gone = self.since = 0.0
        self.spoke_last = False
        self.log: deque[LogEntry] = deque(maxlen=LOGGED)
        self._monotonic = run.loop.monotonic
        self._suspicion = run.suspicion
        self._buffer = b""
        self._partial_since = 0.0
        self._unread = 0
        self._out = b""
        self._broken = ""
        self._leaving = ""
        self._port = 0
        self._established = False
        self._secure: Secure | None = None

    def on_line(self, raw: bytes, now: float) -> None:
        """A line has come, here with its end if it has one."""

    def on_flood(self, begin: bytes) -> None:
        """A line has no end."""

    def on_end(self, reason: str, now: float) -> None:
        """The server has ended the connection; with a reason, it was reset, and what it said last may be lost."""

    def on_established(self) -> None:
        """The connection is made."""

    def on_secured(self, now: float) -> None:
        """From here on all is said within TLS."""

    def on_insecure(self, reason: str) -> None:
        """No TLS session has come about, or what comes is none; the connection is about to be dropped."""

    def forget(self) -> None:
        """Drop what belongs to the connection that has ended."""

    def connect(self) -> bool:
        """Begin to connect; whether that was possible.

        Raises:
            OSError: the server refuses.
        """
        host, port = self.run.options.address
        self.socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.serial += 1
        self._buffer = self._out = b""
        self._unread = 0
        self._broken = self._leaving = ""
        self._secure = None
        self.spoke_last = False
        self.log.clear()
        self.began = self._monotonic()
        status = self.socket.connect_ex((host, port))
        if status not in (0, errno.EINPROGRESS):
            self.socket.close()
            self.socket = None
            if status in OURS:
                self.run.note("this machine had no port or descriptor free for a connection")
                return False
            raise OSError(status, errno.errorcode.get(status, "error"))
        self._port = self.socket.getsockname()[1]
        self.run.ports.add(self._port)
        self._established = False
        self._stamp()
        self.loop.watch(self, READ | WRITE)
        return True

    def leave(self, how: str = "close") -> None:
        """Leave by `close`, `reset` or `half-close`, as soon as all is sent, and come back unless half-closed."""
        if self.socket is None:
            return
        if self._out:
            self._leaving = how
            return
        self.log.append((self._monotonic(), "--", how.encode()))
        self.run.left[how] = self.run.left.get(how, 0) + 1
        if how == "half-close":
            # What has come of the connection is told by the next read.
            with contextlib.suppress(OSError):
                self.socket.shutdown(socket.SHUT_WR)
            self.run.gate.is_parting(self)
            self._stamp()
            return
        if how == "reset":
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.drop()

    def drop(self) -> None:
        """Close, and ask to be connected again."""
        if self.socket is None:
            return
        self.loop.unwatch(self)
        self.run.gate.has_left(self)
        self.socket.close()
        self.socket = None
        self.run.ports.discard(self._port)
        self.forget()
        self.run.gate.wants_to_connect(self)

    def send(self, data: bytes, shown: bytes = b"") -> float:
        """Send in one segment, as far as the kernel takes it, and the rest when it can.

        Args:
            data: the bytes.
            shown: what the log has in their place, if nobody may read them.

        Returns:
            When it was begun, by the clock.
        """
        now = self._monotonic()
        self.spoke_last = True
        self.log.append((now, "->", shown or (data if len(data) <= LONGEST_LOGGED else _cut(data))))
        self._pass_on(self._secure.say(data) if self._secure else data)
        return now

    def secure(self, by: Secure) -> None:
        """Begin a TLS session."""
        self._secure = by
        self._buffer = b""  # what came in clear behind the reply is not said within it
        self.log.append((self._monotonic(), "--", b"TLS"))
        self._pass_on(by.begin())

    def _pass_on(self, data: bytes) -> None:
        assert self.socket
        if self._out:
            self._out += data
            return
        try:
            sent = self.socket.send(data)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            # What has come of the connection is told by the next read, but why only here.
            self._broken = error.strerror or str(error)
            sent = len(data)
        if sent < len(data):
            self._out = data[sent:]
            self.loop.watch(self, READ | WRITE)
        self.gone = gone = self._monotonic()
        self.since = gone - self.loop.lost

    def _stamp(self) -> None:
        self.gone = self._monotonic()
        self.since = self.gone - self.loop.lost

    def on_event(self, events: int) -> None:
        """The socket can be read or written."""
        assert self.socket
        if events & WRITE and not events & (select.EPOLLERR | select.EPOLLHUP):
            self._on_writable()
        if self.socket is None or not events & ~WRITE:
            return
        try:
            data = self.socket.recv(65536)
        except BlockingIOError:
            return
        except OSError as error:
            if self._established or error.errno == errno.ECONNRESET:
                self._ended(error.strerror or str(error))
            else:
                self._refused(error.strerror or str(error))
            return
        if data and self._secure:
            data = self._opened(self._secure, data)
            if not data:
                return
        if not data:
            self._ended(self._broken)
        elif data[-1] == 10 and not self._buffer and data.count(b"\n") == 1:
            self._take(data)
        else:
            self._on_data(data)

    def _on_writable(self) -> None:
        assert self.socket
        if not self._established:
            self._established = True
            self.on_established()
        try:
            self._out = self._out[self.socket.send(self._out) :] if self._out else b""
        except BlockingIOError:
            return
        except OSError as error:
            self._broken = error.strerror or str(error)
            self._out = b""
        self._stamp()
        if not self._out:
            self.loop.watch(self, READ)
            if self._leaving:
                self.leave(self._leaving)

    def _opened(self, secure: Secure, data: bytes) -> bytes:
        """What was said within TLS, if anything was."""
        before = secure.established
        try:
            said = secure.hear(data)
        except ssl.SSLError as error:
            self.on_insecure(error.reason or "no TLS")
            self.drop()
            return b""
        if records := secure.records():
            self._pass_on(records)
        if secure.established and not before:
            self.on_secured(self._monotonic())
        return said if self.socket else b""

    def _on_data(self, data: bytes) -> None:
        serial = self.serial
        *lines, rest = (self._buffer + data).split(b"\n")
        self._buffer = rest
        self._partial_since = self._monotonic() - self.loop.lost
        if self.talks:
            self._suspicion.last_reply = self._partial_since
        for at, line in enumerate(lines, 1):
            self._unread = len(lines) - at
            self._take(line + b"\n")
            if self.socket is None or self.serial != serial:
                return
        if len(self._buffer) > LONGEST_LINE:
            self.log.append((self._monotonic(), "<-", self._buffer[:LONGEST_LOGGED]))
            self.on_flood(self._buffer)
            self.drop()

    def _take(self, raw: bytes) -> None:
        now = self._monotonic()
        self.since = now - self.loop.lost
        self.spoke_last = False
        self.log.append((now, "<-", raw if len(raw) <= LONGEST_LOGGED else _cut(raw)))
        if self.talks:
            self._suspicion.last_reply = self.since
        self.on_line(raw, now)

    def take_unterminated(self) -> None:
        """Take what has come since the last line's end as a line, if nothing more has come for long enough."""
        quiet = SETTLE_KNOWN if self.run.unterminated else self.run.profile.limits.settle
        if self._buffer and self.loop.watched - self._partial_since > quiet:
            self.run.unterminated = True
            self._take_rest()

    def _take_rest(self) -> None:
        rest, self._buffer = self._buffer, b""
        self._take(rest)

    def _refused(self, reason: str) -> None:
        """Nobody listens there any more, which ends the run."""
        self.run.gate.refused = reason
        self.run.gate.rests(self)
        self.drop()

    def _ended(self, reason: str) -> None:
        now = self._monotonic()
        if self._buffer and not reason:
            self._take_rest()
            if self.socket is None:
                return
        self.log.append((now, "--", f"closed by the server {reason}".strip().encode()))
        self.on_end(reason, now)
        self.drop()


def _cut(data: bytes) -> bytes:
    return data[:LONGEST_LOGGED] + b"..."
