"""What a client can't do to the server: take its workers, or more memory than it allows."""

import os
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from reference_server.pool import HandOver, start_workers
from reference_server.session import BODY_LIMIT, LINE_LIMIT
from tests.reference_server.server_runs import DEADLINE, Server, ends, in_thread

# Pool


@pytest.fixture
def connections() -> Iterator[Callable[[], socket.socket]]:
    sockets: list[socket.socket] = []

    def connection() -> socket.socket:
        sockets.extend(socket.socketpair())
        return sockets[-1]

    yield connection
    for each in sockets:
        each.close()


def test_a_worker_is_reserved_only_when_one_is_free(connections: Callable[[], socket.socket]) -> None:
    release = threading.Event()

    def serve(_: socket.socket) -> None:
        release.wait(DEADLINE)

    hand_over = HandOver()
    start_workers(1, hand_over, serve)
    hand_over.reserve_worker()
    hand_over.give(connections())
    second = in_thread(hand_over.reserve_worker)
    second.join(0.2)
    assert second.is_alive()
    release.set()
    assert ends(second)


def test_a_worker_outlives_a_session_that_fails(
    connections: Callable[[], socket.socket], capsys: pytest.CaptureFixture[str]
) -> None:
    served_by: list[threading.Thread] = []

    def serve(_: socket.socket) -> None:
        served_by.append(threading.current_thread())
        raise MemoryError

    hand_over = HandOver()
    start_workers(1, hand_over, serve)
    for _ in range(3):
        reserved = in_thread(hand_over.reserve_worker)
        assert ends(reserved)
        hand_over.give(connections())
    assert ends(in_thread(hand_over.reserve_worker))
    assert len(served_by) == 3
    assert len(set(served_by)) == 1
    assert "MemoryError" in capsys.readouterr().err


# Bounds


def test_body_of_64_mib_is_kept_whole(start: Callable[..., Server]) -> None:
    server = start()
    body = os.urandom(2**20).replace(b"\n", b"?") * 64
    assert server.deliver(body) == b"250 OK: delivered message 1\r\n"
    _, _, kept = (server.directory / "mailbox").read_bytes().partition(b"\r\n\r\n")
    assert kept == body + b"\r\n\r\n", "64 MiB differ"


def test_body_over_the_bound_is_refused_and_the_session_goes_on(start: Callable[..., Server]) -> None:
    server = start()
    client = server.connect()
    client.open_data()
    for _ in range(BODY_LIMIT // 2**20 + 1):
        client.socket.sendall(b"x" * 2**20)
    assert client.ask(b"\r\n.").startswith(b"552 ")
    assert client.ask(b"MAIL FROM: a@b") == b"250 2.1.0 OK\r\n"
    assert (server.directory / "mailbox").read_bytes() == b""


def test_endless_command_line_is_held_in_bounded_memory(start: Callable[..., Server]) -> None:
    server = start()
    client = server.connect()
    assert client.ask(b"HELO client").startswith(b"250 ")
    before = server.peak_memory()
    for _ in range(64):
        client.socket.sendall(b"x" * 2**20)
    assert client.ask(b"").startswith(b"500 ")
    assert server.peak_memory() - before < 8 * 2**20
    assert client.ask(b"MAIL FROM: a@b") == b"250 2.1.0 OK\r\n"


@pytest.mark.parametrize(("length", "code"), [(LINE_LIMIT, b"250"), (LINE_LIMIT + 1, b"500")])
def test_bound_of_a_command_line(start: Callable[..., Server], length: int, code: bytes) -> None:
    client = start().connect()
    assert client.ask(b"HELO ".ljust(length, b"x"))[:3] == code


def test_client_that_reads_no_replies_does_not_keep_its_worker(start: Callable[..., Server]) -> None:
    server = start("--threads", "1", "--time-limit", "1")
    flooder = server.connect()
    assert flooder.ask(b"HELO flooder").startswith(b"250 ")
    # Its reply repeats the address, so that the way back is full long before the time limit.
    echoed = b"MAIL FROM: two words".ljust(LINE_LIMIT, b"x") + b"\r\n"

    def flood() -> None:
        try:
            while True:
                flooder.socket.sendall(echoed * 100)
        except OSError:
            return

    flooding = in_thread(flood)
    assert server.connect().ask(b"HELO client").startswith(b"250 ")
    assert ends(flooding)
