"""Hostile servers: the reference server, one part of which means harm.

Most replace the whole session (`speaks`), some only what a right session replies (`twists`). Each says in a sentence
what it does, and which requirements it truly breaks: these the suite has to find, and no others.
"""

from __future__ import annotations

import os
import random
import socket
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import NoReturn, TypeVar
from unittest import mock

from reference_server import __main__ as reference
from reference_server.channel import CRLF, Channel
from reference_server.session import Session

Speech = Callable[[socket.socket], None]
Twist = Callable[[bytes], bytes]
Made = TypeVar("Made", bound=Callable[..., object])
MARK = "pwned"
"""Stands in whatever would be live in a terminal or a page."""
WORDS = (
    "greeting netid unknown syntax helo.duplicate mail mail.nested sender.refused rcpt recipient.refused data delivered"
)
"""What is broken by wrong words behind every right code."""
GREETING = b"220 hostile SMTP CS4410MP3\r\n"


@dataclass(frozen=True)
class Hostile:
    """A hostile server.

    Attributes:
        does: what it does, in a sentence.
        breaks: the MUSTs that it breaks.
        install: turns the reference server into it.
    """

    does: str
    breaks: frozenset[str]
    install: Callable[[], None]


SERVERS: dict[str, Hostile] = {}


def hostile(breaks: str, install: Callable[[Made], None]) -> Callable[[Made], Made]:
    """Register what the decorated function, named and described by itself, makes of the reference server."""

    def decorate(function: Made) -> Made:
        name = function.__name__.replace("_", "-")
        does = " ".join((function.__doc__ or "").split())
        SERVERS[name] = Hostile(does, frozenset(breaks.split()), lambda: install(function))
        return function

    return decorate


def speaks(breaks: str = "greeting") -> Callable[[Speech], Speech]:
    """A server whose every connection is left to the decorated function."""

    def install(speech: Speech) -> None:
        def run(self: Session) -> None:
            with suppress(OSError):
                speech(self._channel._connection)

        mock.patch.object(Session, "run", run).start()

    return hostile(breaks, install)


def twists(breaks: str) -> Callable[[Twist], Twist]:
    """A server whose every reply is what the decorated function makes of it, line end and all."""

    def install(twist: Twist) -> None:
        def reply(self: Channel, text: bytes) -> None:
            self._replies += twist(text)

        mock.patch.object(Channel, "reply", reply).start()

    return hostile(breaks, install)


def drain(client: socket.socket) -> None:
    """Read whatever comes, until the client leaves."""
    while client.recv(65536):
        pass


def for_ever(client: socket.socket, data: bytes, pause: float = 0.0) -> NoReturn:
    """Send the same again and again, with a pause in seconds."""
    while True:
        client.sendall(data)
        time.sleep(pause)


# Servers that never greet


@speaks()
def silent(client: socket.socket) -> None:
    """Accepts, and never says a word"""
    drain(client)


@speaks()
def closing(client: socket.socket) -> None:
    """Closes every connection at once"""


@speaks()
def resetting(client: socket.socket) -> None:
    """Resets every connection at once"""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@hostile("greeting", lambda accept: setattr(reference, "_accept", accept))
def not_accepting(listener: socket.socket) -> NoReturn:
    """Listens, and accepts nobody"""
    while True:
        time.sleep(3600)


@speaks()
def echo(client: socket.socket) -> None:
    """Sends back whatever it is sent"""
    while data := client.recv(65536):
        client.sendall(data)


@speaks()
def web(client: socket.socket) -> None:
    """A web server: waits for a request, answers it with a page, and closes"""
    client.recv(65536)
    client.sendall(b"HTTP/1.0 400 Bad Request\r\nContent-Type: text/html\r\n\r\n<h1>Bad Request</h1>\r\n")


@speaks()
def other_text(client: socket.socket) -> None:
    """Another text protocol: greets with its version and waits for the client's"""
    client.sendall(b"SSH-2.0-OpenSSH_9.2p1\r\n")
    drain(client)


@speaks()
def other_binary(client: socket.socket) -> None:
    """Another protocol's binary hello, NUL bytes among it"""
    client.sendall(b"\x4a\x00\x00\x00\x0a8.0.36\x00\x1f\x00\x00\x00" + bytes(range(60)) + b"\x00")
    drain(client)


@speaks()
def random_bytes(client: socket.socket) -> None:
    """Random bytes, at once and after whatever it is sent"""
    chooser = random.Random(7)
    client.sendall(chooser.randbytes(300))
    while client.recv(65536):
        client.sendall(chooser.randbytes(chooser.randrange(1, 3000)))


@speaks()
def flood(client: socket.socket) -> None:
    """Lines, as fast as they are taken"""
    for_ever(client, b"no greeting\r\n" * 5000)


@speaks()
def flood_of_greetings(client: socket.socket) -> None:
    """Right greetings, as fast as they are taken"""
    for_ever(client, GREETING * 2000)


@speaks()
def endless_line(client: socket.socket) -> None:
    """Begins its greeting and never ends the line"""
    for_ever(client, b"220 " + b"x" * 65536)


@speaks()
def drip(client: socket.socket) -> None:
    """One byte a second, and no line end"""
    for_ever(client, b"2", pause=1.0)


@speaks()
def endless_greeting(client: socket.socket) -> None:
    """Greets with `220-` lines that never end"""
    for_ever(client, b"220-hostile\r\n", pause=0.01)


@speaks()
def unavailable(client: socket.socket) -> None:
    """Greets with 554, and closes"""
    client.sendall(b"554 no SMTP service here\r\n")


@speaks()
def busy(client: socket.socket) -> None:
    """Greets with 421, and stays"""
    client.sendall(b"421 4.3.2 busy\r\n")
    drain(client)


@speaks()
def escape_sequences(client: socket.socket) -> None:
    """Terminal escape sequences: title, colours, cursor, clipboard, and the eight-bit kind"""
    while True:
        client.sendall(b"\x1b]0;pwned\x07\x1b[2J\x1b[31m\x1b[8m\x1b]52;c;cHduZWQ=\x07\x9b31mpwned\x08\x08\x0e\r\r\n")
        if not client.recv(65536):
            return


# Servers that greet, and then mean harm


@speaks("reply.one")
def mute(client: socket.socket) -> None:
    """Greets, and never says another word"""
    client.sendall(GREETING)
    drain(client)


@speaks("reply.one")
def leaves(client: socket.socket) -> None:
    """Greets, and closes when anything comes"""
    client.sendall(GREETING)
    client.recv(65536)


@speaks("reply.one")
def endless_reply(client: socket.socket) -> None:
    """Greets, and answers with `250-` lines that never end"""
    client.sendall(GREETING)
    client.recv(65536)
    for_ever(client, b"250-hostile\r\n", pause=0.001)


@twists(
    "netid unknown syntax helo.duplicate mail mail.nested sender.refused rcpt recipient.refused order.mail order.rcpt"
    " data"
)
def everything_is_250(text: bytes) -> bytes:
    """Greets, and answers 250 to everything"""
    return (text if text.startswith(b"220") else b"250 fine") + CRLF


@twists("unknown")
def silent_to_unknown(text: bytes) -> bytes:
    """Answers nothing to a command that it does not know, and is right in all else"""
    return b"" if text.startswith(b"502") else text + CRLF


@twists("reply.crlf")
def no_line_ends(text: bytes) -> bytes:
    """Ends its replies with nothing, and is right in all else"""
    return text


@twists("")
def late(text: bytes) -> bytes:
    """Takes nine seconds for every reply, and is right in all else"""
    time.sleep(9.0)
    return text + CRLF


@twists(f"{WORDS} helo")
def html(text: bytes) -> bytes:
    """HTML, script and Markdown after the code of every reply"""
    tags = b"</td></pre></script><script>pwned()</script><img src=x onerror=pwned()>"
    return text[:4] + tags + b"[pwned](javascript:pwned())```" + CRLF


@twists(WORDS)
def no_text(text: bytes) -> bytes:
    """Invalid UTF-8, bidirectional marks, NUL and a byte order mark after the code of every reply"""
    return text[:4] + b"\xff\xfe\xc3\x28\x00" + "\u202epwned\u2066\u200b\ufeff".encode() + CRLF


connections = count(1)


def _dies(function: Callable[..., object]) -> None:
    run = Session.run

    def mortal(self: Session) -> None:
        if next(connections) > 40:
            os._exit(1)
        run(self)

    mock.patch.object(Session, "run", mortal).start()


@hostile("pool.alive", _dies)
def dies() -> None:
    """Is right in all, and its process ends with its 41st connection"""
