"""TLS on a connection: begun in the middle, read and written as before, and failing with a reason."""

from __future__ import annotations

import contextlib
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conformance.harness.wire import tls
from conformance.harness.wire.connection import Closed, Connection, Flooded, Garbled
from conformance.harness.wire.manners import Manners
from conformance.harness.wire.transcript import Transcript

DEADLINE = 30.0


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate that it signed itself, in one file."""
    assert shutil.which("openssl"), "the tests of TLS need the program openssl"
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    words = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=mail.example -keyout - -out -"
    path.write_bytes(subprocess.run(["openssl", *words.split()], check=True, capture_output=True).stdout)
    return path


Serve = Callable[[Callable[[socket.socket], None]], Connection]


@pytest.fixture
def connected(certificate: Path) -> Iterator[Serve]:
    """Connect to a server that plays a script to its one client."""
    opened: list[socket.socket] = []

    def connect(script: Callable[[socket.socket], None]) -> Connection:
        listener = socket.create_server(("127.0.0.1", 0))
        opened.append(listener)

        def serve() -> None:
            with listener.accept()[0] as client:
                client.settimeout(DEADLINE)
                script(client)

        threading.Thread(target=serve, daemon=True).start()
        return Connection(listener.getsockname()[:2], Transcript(), Manners(), DEADLINE)

    yield connect
    for one in opened:
        one.close()


def server_side(certificate: Path) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificate)
    return made


def test_lines_go_through_a_session_that_begins_in_the_middle(connected: Serve, certificate: Path) -> None:
    def script(client: socket.socket) -> None:
        client.sendall(b"220 go ahead\r\n")
        with server_side(certificate).wrap_socket(client, server_side=True) as inside:
            assert inside.recv(100) == b"NOOP\r\n"
            inside.sendall(b"250 one\r\n250 two\r\n")

    connection = connected(script)
    assert connection.reply(time.monotonic() + DEADLINE).code == "220"
    connection.start_tls(tls.context(), DEADLINE)
    connection.send(b"NOOP\r\n")
    replies = [connection.reply(time.monotonic() + DEADLINE).text for _ in range(2)]
    assert replies == ["250 one", "250 two"]
    assert connection.session and connection.session.version.startswith("TLSv1") and connection.session.certificate
    with pytest.raises(Closed):
        connection.reply(time.monotonic() + DEADLINE)


def test_much_goes_through(connected: Serve, certificate: Path) -> None:
    size = 3_000_000
    got: list[int] = []

    def script(client: socket.socket) -> None:
        with server_side(certificate).wrap_socket(client, server_side=True) as inside:
            count = 0
            while count < size:
                count += len(inside.recv(65536))
            got.append(count)
            inside.sendall(b"250 " + b"x" * 9000 + b"\r\n")

    connection = connected(script)
    connection.start_tls(tls.context(), DEADLINE)
    connection.send(b"y" * size, patience=DEADLINE)
    assert len(connection.reply(time.monotonic() + DEADLINE).raw) == 9006
    assert got == [size]


def test_what_came_in_clear_is_no_reply_inside(connected: Serve, certificate: Path) -> None:
    def script(client: socket.socket) -> None:
        client.sendall(b"220 go\r\n250 too early\r\n")
        with server_side(certificate).wrap_socket(client, server_side=True) as inside:
            inside.sendall(b"250 inside\r\n")
            inside.recv(1)

    connection = connected(script)
    connection.reply(time.monotonic() + DEADLINE)
    assert connection.waiting(DEADLINE / 30) > 0
    connection.start_tls(tls.context(), DEADLINE)
    assert connection.reply(time.monotonic() + DEADLINE).text == "250 inside"
    connection.close()


@pytest.mark.parametrize("answer", [b"500 what?\r\n", b""])
def test_a_handshake_that_fails_says_why(connected: Serve, answer: bytes) -> None:
    connection = connected(lambda client: client.sendall(answer) if answer else None)
    with pytest.raises(tls.TLSFailed):
        connection.start_tls(tls.context(), DEADLINE)
    assert connection.ended


def test_a_handshake_that_stalls_has_an_end(connected: Serve) -> None:
    over = threading.Event()

    def script(client: socket.socket) -> None:
        over.wait(DEADLINE)

    connection = connected(script)
    with pytest.raises(tls.TLSFailed, match="too long"):
        connection.start_tls(tls.context(), 0.2)
    over.set()


def endless(data: bytes) -> Callable[[socket.socket], None]:
    def script(client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                client.sendall(data * 1000)

    return script


@pytest.mark.parametrize("data", [b"\x16\x03\x03\x00\x04\x00\x00\x00\x00", b"\x16\x03\x03\x00\x40" + bytes(64)])
def test_a_handshake_that_begins_for_ever_has_an_end(connected: Serve, data: bytes) -> None:
    connection = connected(endless(data))
    with pytest.raises(tls.TLSFailed):
        connection.start_tls(tls.context(), DEADLINE)
    connection.close()


def test_a_session_that_sends_no_text_has_an_end(connected: Serve, certificate: Path) -> None:
    settings = server_side(certificate)
    settings.num_tickets = 20_000

    def script(client: socket.socket) -> None:
        with contextlib.suppress(OSError), settings.wrap_socket(client, server_side=True) as inside:
            inside.recv(1)

    connection = connected(script)
    connection.start_tls(tls.context(), DEADLINE)
    with pytest.raises(Flooded):
        connection.reply(time.monotonic() + DEADLINE)
    connection.close()


def test_text_behind_much_without_text_is_heard(connected: Serve, certificate: Path) -> None:
    settings = server_side(certificate)
    settings.num_tickets = 100

    def script(client: socket.socket) -> None:
        with settings.wrap_socket(client, server_side=True) as inside:
            inside.sendall(b"250 one\r\n")
            inside.sendall(b"250 two\r\n")
            inside.recv(1)

    connection = connected(script)
    connection.start_tls(tls.context(), DEADLINE)
    assert [connection.reply(time.monotonic() + DEADLINE).text for _ in range(2)] == ["250 one", "250 two"]
    connection.close()


def test_a_goodbye_of_tls_ends_the_connection_though_it_stays_open(connected: Serve, certificate: Path) -> None:
    over = threading.Event()

    def script(client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            inside = server_side(certificate).wrap_socket(client, server_side=True)
            inside.sendall(b"221 bye\r\n")
            inside.settimeout(0.1)
            with contextlib.suppress(OSError):
                inside.unwrap()
            over.wait(DEADLINE)

    connection = connected(script)
    connection.start_tls(tls.context(), DEADLINE)
    assert connection.reply(time.monotonic() + DEADLINE).code == "221"
    with pytest.raises(Closed):
        connection.reply(time.monotonic() + DEADLINE)
    over.set()


def test_clear_text_inside_ends_the_connection_behind_the_text_before_it(connected: Serve, certificate: Path) -> None:
    def script(client: socket.socket) -> None:
        inside = server_side(certificate).wrap_socket(client, server_side=True)
        inside.sendall(b"250 inside\r\n")
        with socket.socket(fileno=inside.detach()) as plain:
            plain.sendall(b"250 in clear\r\n")

    connection = connected(script)
    connection.start_tls(tls.context(), DEADLINE)
    assert connection.reply(time.monotonic() + DEADLINE).text == "250 inside"
    with pytest.raises(Garbled):
        connection.reply(time.monotonic() + DEADLINE)
