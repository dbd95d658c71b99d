"""Mail that a server under test relays to a sink of ours: bytes and envelope as they came, kept in memory.

It speaks just enough SMTP, or LMTP, to be relayed to, and refuses nothing that it can keep. BDAT is not offered: a
relay would use it, and then nobody would see how it writes lines and dots. One process of a run listens, and the others
ask that one what came.
"""

from __future__ import annotations

import contextlib
import functools
import json
import re
import socket
import socketserver
import threading
from collections import deque
from typing import BinaryIO

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
ASKED = 10.0
"""Seconds in which a sink says what came."""
HOST = "127.0.0.1"

_GREETING = "220 localhost ESMTP sink of the SMTP conformance suite"
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
            self._server = _Server((HOST, port), self)
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


class Elsewhere(MailStore):
    """A sink that another process has open, or another part of this one.

    Args:
        port: where it listens.
    """

    exact = True

    def __init__(self, port: int) -> None:
        super().__init__(final=False)
        self._port = port

    def find(self, mark: bytes) -> list[Stored]:
        """All messages that came so far and contain the mark."""
        try:
            with socket.create_connection((HOST, self._port), ASKED) as client, client.makefile("rb") as answers:
                if not _is_greeting(answers):
                    raise StoreError(f"sink:{self._port}: no sink listens there any more")
                client.sendall(f"XFIND {mark.hex()}\r\n".encode())
                return [_received(answers) for _ in range(int(answers.readline(LONGEST_LINE)))]
        except (OSError, ValueError) as error:
            raise StoreError(f"sink:{self._port}: {error}") from None


def is_open(port: int) -> bool:
    """Whether a sink listens on a port already."""
    try:
        with socket.create_connection((HOST, port), ASKED) as client, client.makefile("rb") as answers:
            return _is_greeting(answers)
    except OSError:
        return False


def _is_greeting(answers: BinaryIO) -> bool:
    return answers.readline(LONGEST_LINE) == _GREETING.encode() + b"\r\n"


def _received(answers: BinaryIO) -> Stored:
    """A message as a sink hands it on."""
    size, sender, recipients = json.loads(answers.readline(LONGEST_LINE * MOST_RECIPIENTS))
    return _stored(answers.read(size), sender, tuple(recipients))


def _stored(octets: bytes, sender: str, recipients: tuple[str, ...]) -> Stored:
    unstuffed = (b"\r\n" + octets).replace(b"\r\n.", b"\r\n")[2:]
    return Stored(octets, with_line_ends(unstuffed), sender, recipients)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], sink: Sink) -> None:
        self.sink = sink
        self.places = threading.Semaphore(MOST_CLIENTS)
        super().__init__(address, _Session)


class _Session(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        self.request.settimeout(PATIENCE)
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # what is said in pieces would wait
        self._came = bytearray()
        with contextlib.suppress(OSError, EOFError):
            if not self.server.places.acquire(blocking=False):
                return self._say("421 too many connections")
            try:
                self._talk()
            finally:
                self.server.places.release()

    def _talk(self) -> None:
        self._say(_GREETING)
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
                case "XFIND":
                    return self._hand_on(argument)
                case _:
                    self._say("502 not known here")

    def _hand_on(self, mark: str) -> None:
        """Tell another process of the run what came."""
        with contextlib.suppress(ValueError):
            found = self.server.sink.find(bytes.fromhex(mark))
            self._say(str(len(found)))
            for one in found:
                self._say(json.dumps((len(one.octets), one.envelope_from, one.envelope_to)))
                self.request.sendall(one.octets)

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
        self.server.sink.keep(_stored(bytes(data[2 : end + 2]), sender, recipients))
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
