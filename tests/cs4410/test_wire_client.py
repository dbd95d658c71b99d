"""The client's side of the wire: segments, leaving, what comes unasked, and what is written down of it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from conformance.harness.wire.connection import Closed, Connection
from conformance.harness.wire.manners import Manners
from conformance.harness.wire.transcript import Transcript

DEADLINE = 30.0


class Pair:
    """A connection of the harness, and the server's end of it in the test's own hand."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.listener = socket.create_server((host, 0), family=family)
        self.log = Transcript()
        self.manners = Manners()
        self.address: tuple[str, int] = self.listener.getsockname()[:2]
        self.client, self.server = self.another()

    def another(self) -> tuple[Connection, socket.socket]:
        client = Connection(self.address, self.log, self.manners, DEADLINE)
        server = self.listener.accept()[0]
        server.settimeout(DEADLINE)
        return client, server

    def entries(self) -> list[tuple[str, str]]:
        return [(direction, text) for _, direction, text in self.log.entries()]

    def close(self) -> None:
        self.client.close()
        self.server.close()
        self.listener.close()


@pytest.fixture
def pair() -> Iterator[Pair]:
    pair = Pair()
    yield pair
    pair.close()


def soon() -> float:
    return time.monotonic() + DEADLINE


def receive(server: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        data += server.recv(size - len(data))
    return data


def test_ipv6() -> None:
    try:
        pair = Pair("::1")
    except OSError:
        pytest.skip("this machine has no IPv6")
    pair.server.sendall(b"220 six\r\n")
    assert pair.client.reply(soon()).text == "220 six"
    pair.close()


def test_what_is_sent_arrives_and_is_written_down(pair: Pair) -> None:
    data = bytes(range(256))
    pair.client.send(data)
    assert receive(pair.server, 256) == data
    assert pair.entries() == [("--", "connected"), ("->", data.decode("latin-1"))]


def test_pieces_are_segments_of_their_own(pair: Pair) -> None:
    pieces = [b"HE", b"LO", b" host\r", b"\n"]
    received: list[bytes] = []

    def read() -> None:
        while sum(map(len, received)) < 11:
            received.append(pair.server.recv(100))

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    pair.client.send_apart(pieces, pause=0.1)
    reader.join(DEADLINE)
    assert b"".join(received) == b"HELO host\r\n"
    assert len(received) > 1, "no cut was seen"
    assert pair.entries()[1:] == [("->", piece.decode()) for piece in pieces]


def test_the_time_of_sending_is_noted(pair: Pair) -> None:
    before = time.monotonic()
    pair.client.send(b"HELO host\r\n")
    assert pair.client.began <= pair.client.connected <= before <= pair.client.sent <= time.monotonic()


def test_the_time_of_a_reply_is_when_its_last_byte_came(pair: Pair) -> None:
    pair.server.sendall(b"250 ")
    before = time.monotonic()
    time.sleep(0.05)
    pair.server.sendall(b"ok\r\n")
    assert before <= pair.client.reply(soon()).at <= time.monotonic()


def test_further_connections_of_a_case_have_a_number(pair: Pair) -> None:
    client, server = pair.another()
    client.send(b"x")
    server.sendall(b"250 y\r\n")
    client.reply(soon())
    assert pair.entries() == [("--", "connected"), ("--2", "connected"), ("->2", "x"), ("<-2", "250 y\r\n")]
    client.close()
    server.close()


def test_a_half_closed_connection_is_still_answered(pair: Pair) -> None:
    pair.client.send(b"HELO host\r\n")
    pair.client.half_close()
    assert receive(pair.server, 11) == b"HELO host\r\n"
    assert pair.server.recv(1) == b""
    pair.server.sendall(b"250 netid\r\n")
    assert pair.client.reply(soon()).text == "250 netid"
    assert ("--", "half-closed") in pair.entries()


def test_a_reset_reaches_the_server(pair: Pair) -> None:
    pair.client.reset()
    with pytest.raises(ConnectionResetError):
        pair.server.recv(1)
    assert pair.entries()[-1] == ("--", "reset by the client")


def test_a_close_reaches_the_server(pair: Pair) -> None:
    pair.client.close()
    assert pair.server.recv(1) == b""


@pytest.mark.parametrize("leave", ["close", "reset"])
def test_one_may_leave_twice(pair: Pair, leave: str) -> None:
    getattr(pair.client, leave)()
    pair.client.half_close()
    pair.client.close()


def test_what_comes_unasked_is_told_and_remembered(pair: Pair) -> None:
    pair.server.sendall(b"250 one\r\n250 two\r\n250 three\r\n")
    assert pair.client.reply(soon()).text == "250 one"
    assert pair.client.extra(0.05) == b"250 two\r\n250 three\r\n"
    assert pair.manners.chatty
    assert pair.entries()[-1] == ("<-", "250 two\r\n250 three\r\n")


def test_nothing_unasked_is_nothing(pair: Pair) -> None:
    assert pair.client.extra(0.05) == b""
    assert not pair.manners.chatty
    assert pair.entries() == [("--", "connected")]


def test_what_is_left_over_is_set_aside_before_the_next_line(pair: Pair) -> None:
    pair.manners.chatty = True
    pair.server.sendall(b"250 one\r\n250 left over\r\n")
    assert pair.client.reply(soon()).text == "250 one"
    pair.client.settle()
    pair.client.send(b"mkdir\r\n")
    receive(pair.server, 7)
    pair.server.sendall(b"502 next\r\n")
    assert pair.client.reply(soon()).text == "502 next"


def test_the_end_is_seen_behind_what_comes_first(pair: Pair) -> None:
    pair.server.sendall(b"421 x\r\n" * 100)
    pair.server.close()
    assert pair.client.wait_closed(soon())
    with pytest.raises(Closed):
        pair.client.reply(soon())


def test_a_connection_that_is_there_already_is_used(pair: Pair) -> None:
    existing = socket.create_connection(pair.address)
    server = pair.listener.accept()[0]
    client = Connection(("127.0.0.1", 1), pair.log, pair.manners, DEADLINE, existing)
    server.sendall(b"220 x\r\n")
    assert client.reply(soon()).text == "220 x"
    assert client.local_port == server.getpeername()[1]
    client.close()
    server.close()
