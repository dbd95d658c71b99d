"""One connection of the load: bytes out, lines in, without ever waiting; who talks over it is for a subclass to say."""

from __future__ import annotations

import contextlib
import errno
import select
import socket
import struct
from collections import deque
from typing import TYPE_CHECKING

from conformance.load.findings import LogEntry
from conformance.load.run import Run

if TYPE_CHECKING:
    from conformance.load.engine import Engine

READ, WRITE = select.EPOLLIN, select.EPOLLOUT
LONGEST_REPLY = 16 * 1024
"""Bytes of one reply that are read before the server is said to flood."""
SETTLE = 1.0
"""Seconds of quiet after which a reply without a line end is taken as whole."""
SETTLE_KNOWN = 0.05
"""The same, once the server is known to end replies with nothing."""
LOGGED = 14
LONGEST_LOGGED = 400
OURS = {errno.EADDRNOTAVAIL, errno.EMFILE, errno.ENFILE, errno.ENOBUFS}
"""Why a connection can't be made that is no fault of the server's."""

ERRORS_BORNE = 5
"""How many errors a server has to bear in a session; after more it may hang up on one."""


class Client:
    """A client that connects, leaves, and comes back.

    That a server was early is judged by the clock, from a time before a send to one after a read; that it is overdue,
    by the time that was watched (`Engine.watched`), after all that has come is read. So neither the network nor a
    client that is late itself is held against the server.

    Args:
        engine: the event loop.
        run: what all clients share.
        number: its number, from 0.

    Attributes:
        talks: whether it says something all the time, so that the server stalls if it and its like hear nothing.
        serial: counts its connections, so that a timer of an earlier one is known.
        valid_sent: before when the server's clock cannot have started, by the clock.
        valid_read: after when it cannot have started, in watched time.
        gone: by when the kernel had taken all that was sent, by the clock.
        since: when a line last came or bytes last went, in watched time.
        spoke_last: whether anything was sent after the last line that came.
    """

    talks = False

    def __init__(self, engine: Engine, run: Run, number: int) -> None:
        self.engine = engine
        self.run = run
        self.number = number
        self.socket: socket.socket | None = None
        self.serial = 0
        self.greeted = False
        self.netid = b""
        self.valid_sent = self.valid_read = self.began = self.gone = self.since = 0.0
        self.spoke_last = False
        self._monotonic = run.monotonic
        self.log: deque[LogEntry] = deque(maxlen=LOGGED)
        self._buffer = b""
        self._partial_since = 0.0
        self._unread = 0
        self._out = b""
        self._broken = ""
        self._leaving = ""
        self._port = 0
        self._established = False

    # --- what a subclass says ---

    def on_greeting(self, now: float) -> None:
        """The server has greeted."""

    def on_reply(self, text: bytes, now: float) -> None:
        """A line has come, here without its line end."""

    def on_end(self, reason: str, now: float) -> None:
        """The server has ended the connection; with a reason, it was reset, and what it said last may be lost."""

    def on_check(self, now: float) -> None:
        """A twentieth of a second has passed."""

    def forget(self) -> None:
        """Drop what belongs to the connection that has ended."""

    def is_owed(self) -> bool:
        """Whether a greeting or a reply is outstanding."""
        return self.socket is not None and not self.greeted

    # --- connecting and leaving ---

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
        self.greeted = False
        self.netid = self._buffer = self._out = b""
        self._unread = 0
        self._broken = self._leaving = ""
        self.spoke_last = False
        self.log.clear()
        self.began = self.valid_sent = self._monotonic()
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
        self.engine.watch(self, READ | WRITE)
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
            self.engine.is_parting(self)
            self._stamp()
            return
        if how == "reset":
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.drop()

    def drop(self) -> None:
        """Close, and ask to be connected again."""
        if self.socket is None:
            return
        self.engine.unwatch(self)
        self.socket.close()
        self.socket = None
        self.run.ports.discard(self._port)
        self.forget()
        self.engine.wants_to_connect(self)

    def blame(self, rule: str, what: str, wanted: str = "", actual: str | bytes = "") -> None:
        """Take down a finding with this connection's log."""
        actual = actual.decode("latin-1") if isinstance(actual, bytes) else actual
        self.run.findings.add(rule, what, wanted, actual, self.log)

    def blame_for_closing(self, rule: str, what: str, wanted: str = "", actual: str = "") -> None:
        """Take down that the server ended the connection, unless it turns out that the server itself has ended."""
        log = list(self.log)
        self.engine.suspect(lambda: self.run.findings.add(rule, what, wanted, actual, log))

    # --- bytes ---

    def send(self, data: bytes) -> float:
        """Send in one segment, as far as the kernel takes it, and the rest when it can; returns when it was begun."""
        now = self._monotonic()
        self.spoke_last = True
        self.log.append((now, "->", data if len(data) <= LONGEST_LOGGED else data[:LONGEST_LOGGED] + b"..."))
        assert self.socket
        if self._out:
            self._out += data
            return now
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
            self.engine.watch(self, READ | WRITE)
        self._stamp()
        return now

    def _stamp(self) -> None:
        self.gone = self._monotonic()
        self.since = self.gone - self.engine.lost

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
                self.engine.was_refused(self, error.strerror or str(error))
            return
        if not data:
            self._ended(self._broken)
        elif data[-1] == 10 and not self._buffer and data.count(b"\n") == 1:
            self._on_line(data)
        else:
            self._on_data(data)

    def _on_writable(self) -> None:
        assert self.socket
        self._established = True
        try:
            self._out = self._out[self.socket.send(self._out) :] if self._out else b""
        except BlockingIOError:
            return
        except OSError as error:
            self._broken = error.strerror or str(error)
            self._out = b""
        self._stamp()
        if not self._out:
            self.engine.watch(self, READ)
            if self._leaving:
                self.leave(self._leaving)

    def _on_data(self, data: bytes) -> None:
        serial = self.serial
        *lines, rest = (self._buffer + data).split(b"\n")
        self._buffer = rest
        self._partial_since = self._monotonic() - self.engine.lost
        if self.talks:
            self.run.last_reply = self._partial_since
        for at, line in enumerate(lines, 1):
            self._unread = len(lines) - at
            self._on_line(line + b"\n")
            if self.socket is None or self.serial != serial:
                return
        if len(self._buffer) > LONGEST_REPLY:
            self.log.append((self._monotonic(), "<-", self._buffer[:LONGEST_LOGGED]))
            self.blame("reply.one", f"a flood: a reply of more than {LONGEST_REPLY} bytes", "one line", self._buffer)
            self.drop()

    def _on_line(self, raw: bytes) -> None:
        now = self._monotonic()
        self.since = now - self.engine.lost
        self.spoke_last = False
        self.log.append((now, "<-", raw if len(raw) <= LONGEST_LOGGED else raw[:LONGEST_LOGGED] + b"..."))
        text = raw[:-2]
        if raw[-2:] != b"\r\n":
            text = raw.removesuffix(b"\n")
            self.blame("reply.crlf", "a reply that does not end in CRLF", "CRLF", raw)
        if self.talks:
            self.run.last_reply = self.since
        if self.greeted and _is_continued(text):
            self.blame("reply.one", "a reply of several lines", "one line", raw)
            self.drop()
        elif self.greeted:
            self.on_reply(text, now)
        else:
            self._on_greeting_line(text, now)

    def _on_greeting_line(self, text: bytes, now: float) -> None:
        verdict = self.run.judge.word("greeting", text)
        self.run.tally.add("greeting", now - self.began, not verdict.wrong, operation=False)
        if verdict.wrong:
            self.blame(verdict.rule, verdict.wrong, verdict.wanted, text)
        words = text.split(b" ")
        self.netid = words[1][:100] if len(words) > 1 else b""
        if len(self.run.netids) < 8:
            self.run.netids.add(self.netid)
        self.greeted = True
        self.valid_read = self.since
        self.engine.was_greeted(self)
        if not verdict.kind or _is_continued(text):
            self.drop()
        else:
            self.on_greeting(now)

    def _ended(self, reason: str) -> None:
        now = self._monotonic()
        if self._buffer and not reason:
            rest, self._buffer = self._buffer, b""
            self._on_line(rest)
            if self.socket is None:
                return
        self.log.append((now, "--", f"closed by the server {reason}".strip().encode()))
        if self.greeted:
            self.on_end(reason, now)
        elif reason and now - self.began >= self.run.options.time_limit:
            # It may have been greeted and timed out since, for a reset takes with it what was not read.
            self.engine.was_late("hung up on")
        else:
            what = "the server closed the connection instead of a greeting"
            self.blame_for_closing("greeting", what, "a greeting", reason)
        self.drop()

    def check(self, now: float) -> None:
        """Look whether something is overdue; all that had come by `now` is read."""
        if self.socket is None:
            return
        if not self.greeted:
            patience = self.run.options.greeting_patience
            if self.engine.watched - self.since <= patience:
                return
            if self.engine.foreign:
                self.run.note("a connection was not greeted in time, somebody else being connected")
            elif not self.engine.stopping:  # in the end, how many were greeted at once says it
                self.blame("pool.32", f"not greeted within {patience:g} s", "a greeting", "nothing")
            self.drop()
            return
        quiet = SETTLE_KNOWN if self.engine.unterminated else SETTLE
        if self._buffer and self.engine.watched - self._partial_since > quiet:
            self.engine.unterminated = True
            rest, self._buffer = self._buffer, b""
            self._on_line(rest)
        if self.socket is not None:
            self.on_check(now)

    def judge_netid(self, kind: str, said: bytes) -> None:
        """Judge that the server calls itself what its greeting said."""
        if said != self.netid:
            self.blame("netid", f"the {kind} reply names another netid", f"{self.netid!r} as in the greeting", said)


def _is_continued(text: bytes) -> bool:
    """Whether a line says that more of its reply follows."""
    return text[:3].isdigit() and text[3:4] == b"-"
