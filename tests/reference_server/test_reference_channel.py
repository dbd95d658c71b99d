"""The channel by itself, as any protocol may stand on it."""

import socket
from collections.abc import Iterator

import pytest

from reference_server.channel import Channel, ClockExpired
from tests.reference_server.server_runs import DEADLINE

LIMIT = 1_000


class Clock:
    """A clock that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("reference_server.channel.monotonic", clock)
    return clock


@pytest.fixture
def ends(clock: Clock) -> Iterator[tuple[socket.socket, Channel]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname(), timeout=DEADLINE)
        server, _ = listener.accept()
    with client, server:
        yield client, Channel(server, 10.0)


def test_only_the_protocol_restarts_the_clock_between_lines(clock: Clock, ends: tuple[socket.socket, Channel]) -> None:
    client, channel = ends
    client.sendall(b"one\r\ntwo\r\nunfinished")
    clock.now = 6.0
    assert channel.read_line(LIMIT) == b"one"
    channel.restart_clock()
    clock.now = 12.0
    channel.reply(b"250 OK")
    assert channel.read_line(LIMIT) == b"two"
    clock.now = 16.0
    with pytest.raises(ClockExpired):
        channel.read_line(LIMIT)
    assert client.recv(LIMIT) == b"250 OK\r\n"


@pytest.mark.parametrize(("stuffed", "kept"), [(b"..", b".one\r\n.two\r\n"), (b".", b".one\r\ntwo\r\n")])
def test_which_leading_dots_of_a_body_go_is_for_the_protocol_to_say(
    ends: tuple[socket.socket, Channel], stuffed: bytes, kept: bytes
) -> None:
    client, channel = ends
    client.sendall(b"..one\r\n.two\r\n.\r\nnext\r\n")
    assert channel.read_body(LIMIT, stuffed) == kept
    assert channel.read_line(LIMIT) == b"next"


@pytest.mark.parametrize("segment", [1, 65_536])
@pytest.mark.parametrize(("length", "fits"), [(LIMIT, True), (LIMIT + 1, False)])
def test_bounds_are_exact_however_the_bytes_come(
    ends: tuple[socket.socket, Channel], monkeypatch: pytest.MonkeyPatch, segment: int, length: int, fits: bool
) -> None:
    monkeypatch.setattr("reference_server.channel.RECEIVE_SIZE", segment)
    client, channel = ends
    line = b"x" * length
    body = line[2:] + b"\r\n"
    client.sendall(line + b"\r\n" + body + b".\r\nnext\r\n")
    assert channel.read_line(LIMIT) == (line if fits else None)
    assert channel.read_body(LIMIT, b".") == (body if fits else None)
    assert channel.read_line(LIMIT) == b"next"
