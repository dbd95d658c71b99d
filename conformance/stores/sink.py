"""Mail that a server under test relays to a sink of ours: bytes and envelope as they came, kept in memory.

It speaks just enough SMTP, or LMTP, to be relayed to, and refuses nothing that it can keep. BDAT is not offered: a
relay would use it, and then nobody would see how it writes lines and dots.
"""

from __future__ import annotations

import contextlib
import functools
import re
import socketserver
import threading
from collections import deque
from collections.abc import Callable

from conformance.stores.message import Stored, with_line_ends
from conformance.stores.store import MailStore, StoreError

LARGEST = 64 * 1024 * 1024
"""Octets of a message."""
MOST_KEPT = 256 * 1024 * 1024
"""Octets of all messages; beyond it the oldest ones are dropped."""
LONGEST_LINE = 16_384
"""Octets of a command line."""
MOST_CLIENTS, MOST_RECIPIENTS = 64, 1000
"""Connections at once, and recipients of a message."""
PATIENCE = 330.0
"""Seconds for which a silent client is kept: relays keep a connection for more mail."""

_END = b"\r\n.\r\n"
_PATH = re.compile(r'<((?:"(?:[^"\\]|\\.)*"|[^"<>])*)>')
_EXTENSIONS = ("PIPELINING", f"SIZE {LARGEST}", "8BITMIME", "SMTPUTF8")


class Sink(MailStore):
    """A server on 127.0.0.1 to which another one relays.

    Args:
        port: where it listens; 0 takes a free port.

    Attributes:
        port: where it does.

    Raises:
        StoreError: the port is not free.
    """

    exact = True

    def __init__(self, port: int = 0) -> None:
        super().__init__(final=False)
        self._kept: deque[Stored] = deque()
        self._size = 0
        self._lock = threading.Lock()
        try:
            self._server = _Server(("127.0.0.1", port), self.keep)
        except (OSError, OverflowError) as error:
            raise StoreError(f"sink:{port}: {error}; give another port, or 0 for a free one") from None
        self.port: int = self._server.server_address[1]
        serve = functools.partial(self._server.serve_forever, poll_interval=0.05)
        threading.Thread(target=serve, name=f"sink:{self.port}", daemon=True).start()
        self._held.callback(self._server.server_close)  # what came is kept
        self._held.callback(self._server.shutdown)

    def find(self, mark: bytes) -> list[Stored]:
        """All messages that came so far and contain the mark."""
        with self._lock:
            kept = list(self._kept)
        return [message for message in kept if mark in message.octets]

    def keep(self, message: Stored) -> None:
        """Take in a message."""
        with self._lock:
            self._kept.append(message)
            self._size += len(message.octets)
            while self._size > MOST_KEPT:
                self._size -= len(self._kept.popleft().octets)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], keep: Callable[[Stored], None]) -> None:
        self.keep = keep
        self.places = threading.Semaphore(MOST_CLIENTS)
        super().__init__(address, _Session)


class _Session(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        self.request.settimeout(PATIENCE)
        self._came = bytearray()
        with contextlib.suppress(OSError, EOFError):
            if not self.server.places.acquire(blocking=False):
                return self._say("421 too many connections")
            try:
                self._talk()
            finally:
                self.server.places.release()

    def _talk(self) -> None:
        self._say("220 localhost ESMTP sink")
        sender, recipients = None, list[str]()
        by_recipient = False
        while True:
            verb, _, argument = self._line().partition(" ")
            match verb.upper():
                case "EHLO" | "LHLO":
                    by_recipient, sender = verb.upper() == "LHLO", None
                    for extension in ("localhost", *_EXTENSIONS[:-1]):
                        self._say(f"250-{extension}")
                    self._say(f"250 {_EXTENSIONS[-1]}")
                case "HELO" | "RSET":
                    sender = None
                    self._say("250 localhost")
                case "NOOP":
                    self._say("250 OK")
                case "MAIL":
                    sender, recipients = _path(argument), []
                    self._say("250 OK")
                case "RCPT" if sender is not None and len(recipients) < MOST_RECIPIENTS:
                    recipients.append(_path(argument))
                    self._say("250 OK")
                case "RCPT" if sender is not None:
                    self._say("452 too many recipients")
                case "DATA" if sender is not None and recipients:
                    self._say("354 go on")
                    answer = self._take(sender, tuple(recipients))
                    for _ in recipients if by_recipient else (1,):
                        self._say(answer)
                    sender = None
                case "RCPT" | "DATA":
                    self._say("503 first MAIL, then RCPT, then DATA")
                case "QUIT":
                    return self._say("221 localhost")
                case _:
                    self._say("502 not known here")

    def _take(self, sender: str, recipients: tuple[str, ...]) -> str:
        """Read a message to its end, which is CR LF, dot, CR LF, and nothing else."""
        data = bytearray(b"\r\n") + self._came  # the line end of DATA counts as the one before the dot
        size = searched = 0
        while (end := data.find(_END, searched)) < 0:
            if len(data) > LARGEST:
                size += len(data)
                del data[: -len(_END)]
            searched = max(0, len(data) - len(_END))
            data += self._more()
        self._came = data[end + len(_END) :]
        if size + end > LARGEST:
            return f"552 more than {LARGEST} octets"
        whole = bytes(data[: end + 2])
        unstuffed = whole.replace(b"\r\n.", b"\r\n")[2:]
        self.server.keep(Stored(whole[2:], with_line_ends(unstuffed), sender, recipients))
        return "250 kept"

    def _line(self) -> str:
        while (end := self._came.find(b"\n")) < 0:
            if len(self._came) > LONGEST_LINE:
                raise EOFError
            self._came += self._more()
        line = bytes(self._came[:end]).removesuffix(b"\r")
        del self._came[: end + 1]
        return line.decode("utf-8", "surrogateescape")

    def _more(self) -> bytes:
        data: bytes = self.request.recv(65_536)
        if not data:
            raise EOFError
        return data

    def _say(self, reply: str) -> None:
        self.request.sendall(reply.encode("ascii") + b"\r\n")


def _path(argument: str) -> str:
    """The path between the brackets; all that follows the colon, where there are none."""
    match = _PATH.search(argument)
    return match[1] if match else argument.partition(":")[2].strip()
