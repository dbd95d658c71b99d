"""The wire against servers that behave, that misbehave, and that mean harm: every wait has an end."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from conformance.harness.wire import connection as wire
from conformance.harness.wire import manners
from conformance.harness.wire.connection import Closed, Connection, Flooded, Refused, Silent, Slow, WireError
from conformance.harness.wire.manners import QUIET, Manners
from conformance.harness.wire.reply import CONTINUATIONS, LONGEST_REPLY
from conformance.harness.wire.transcript import Transcript

DEADLINE = 30.0  # seconds: for what must happen at all, on however busy a machine
SHORT = 0.2  # seconds: for what must not happen

Script = Callable[[socket.socket], None]


class Servers:
    """Starts servers that play a script to their one client and then hold the connection until the test's end."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self.log = Transcript()
        self.manners = Manners()
        self._open: list[socket.socket | Connection] = []
        self._threads: list[threading.Thread] = []

    def connect(self, script: Script, host: str = "127.0.0.1", between: float = 1.0) -> Connection:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, 0), family=family)

        def serve() -> None:
            with listener, listener.accept()[0] as client:
                client.settimeout(DEADLINE)
                with contextlib.suppress(OSError):
                    script(client)
                    self.over.wait(DEADLINE)

        thread = threading.Thread(target=serve, daemon=True)
        self._threads.append(thread)
        thread.start()
        connection = Connection(listener.getsockname()[:2], self.log, self.manners, DEADLINE, between=between)
        self._open.append(connection)
        return connection

    def end(self) -> None:
        self.over.set()
        for each in self._open:
            each.close()
        for thread in self._threads:
            thread.join(DEADLINE)
            assert not thread.is_alive()

    def entries(self) -> list[tuple[str, str]]:
        return [(direction, text) for _, direction, text in self.log.entries()]


@pytest.fixture
def servers() -> Iterator[Servers]:
    servers = Servers()
    yield servers
    servers.end()


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take what has come for a whole reply after less quiet than usual."""
    monkeypatch.setattr(manners, "SETTLE", 0.1)


def soon() -> float:
    return time.monotonic() + DEADLINE


def says(*parts: bytes, pause: float = 0.05) -> Script:
    """A server that says this, each part in a segment of its own."""

    def script(client: socket.socket) -> None:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for part in parts:
            client.sendall(part)
            time.sleep(pause)

    return script


def endless(part: bytes, pause: float = 0.0) -> Script:
    """A server that says this again and again until its client leaves."""

    def script(client: socket.socket) -> None:
        while True:
            client.sendall(part)
            time.sleep(pause)

    return script


def ends(script: Script) -> Script:
    """A server that ends the connection after its script."""

    def ending(client: socket.socket) -> None:
        script(client)
        client.close()

    return ending


# Replies


@pytest.mark.parametrize("end", ["\r\n", "\n", ""], ids=["CRLF", "LF", "nothing"])
@pytest.mark.usefixtures("hasty")
def test_a_reply_is_read_whatever_ends_it(servers: Servers, end: str) -> None:
    reply = servers.connect(says(f"250 a b{end}".encode())).reply(soon())
    assert (reply.text, reply.end, reply.code, reply.raw) == ("250 a b", end, "250", f"250 a b{end}".encode())
    assert servers.manners.unterminated == (end == "")
    assert not servers.manners.chatty
    assert servers.entries() == [("--", "connected"), ("<-", f"250 a b{end}")]


def test_replies_without_an_end_are_waited_for_less_once_they_are_known(servers: Servers) -> None:
    servers.manners.unterminated = True
    began = time.monotonic()
    assert servers.connect(says(b"220 x")).reply(soon()).text == "220 x"
    assert time.monotonic() - began < DEADLINE


def test_a_last_line_without_an_end_is_waited_for_no_longer_where_it_came_with_those_before_it(
    servers: Servers,
) -> None:
    servers.manners.unterminated = True
    began = time.monotonic()
    assert servers.connect(says(b"250-x\r\n250 y")).reply(soon()).raw == b"250-x\r\n250 y"
    assert time.monotonic() - began < DEADLINE


def test_replies_without_an_end_that_come_in_one_piece_are_waited_for_still_less() -> None:
    learned = Manners()
    assert learned.settle == manners.SETTLE
    for _ in range(manners.WHOLE):
        learned.note_unterminated(1)
    assert learned.settle == manners.SETTLE_WHOLE
    learned.note_unterminated(2)
    assert learned.settle == manners.SETTLE_KNOWN


def test_the_rest_of_a_line_that_is_too_long_is_no_reply(servers: Servers) -> None:
    keyword = b"250-" + b"X" * 3 * LONGEST_REPLY + b"\r\n"
    connection = servers.connect(says(keyword + b"250-SIZE\r\n250 ", b"HELP\r\n250 next\r\n"))
    reply = connection.reply(soon())
    assert [len(line.text) for line in reply.lines] == [LONGEST_REPLY - 4, 4, 4]
    assert connection.reply(soon()).text == "250 next"


def test_the_last_line_of_replies_that_announce_another_is_known_in_the_end(servers: Servers) -> None:
    waits = []
    for _ in range(QUIET + 1):
        began = time.monotonic()
        assert servers.connect(says(b"250-one\r\n250-two\r\n")).reply(soon()).raw == b"250-one\r\n250-two\r\n"
        waits.append(time.monotonic() - began)
    assert waits[-1] < min(waits[:-1])
    connection = servers.connect(says(b"250-one\r\n", b"250-other\r\n250 end\r\n", pause=0.1))
    assert connection.reply(soon()).raw == b"250-one\r\n250-other\r\n250 end\r\n"


def test_the_lines_of_a_reply_that_come_for_ever_are_given_up_and_nobody_is_said_to_have_left(servers: Servers) -> None:
    connection = servers.connect(endless(b"250-more\r\n", 0.05), between=0.2)
    with pytest.raises(Silent):
        connection.reply(soon())
    assert not connection.ended
    with pytest.raises(Silent):
        connection.reply(soon())


def test_two_replies_in_one_segment_are_two(servers: Servers) -> None:
    connection = servers.connect(says(b"250 one\r\n502 two\r\n"))
    assert [connection.reply(soon()).text, connection.reply(soon()).text] == ["250 one", "502 two"]
    assert servers.entries()[1:] == [("<-", "250 one\r\n"), ("<-", "502 two\r\n")]


@pytest.mark.parametrize("at", [1, 3, 7, 8], ids=["in-code", "after-code", "before-CRLF", "in-CRLF"])
def test_a_reply_in_two_segments_is_one(servers: Servers, at: int) -> None:
    reply = b"250 two\r\n"
    assert servers.connect(says(reply[:at], reply[at:])).reply(soon()).raw == reply
    assert servers.manners == Manners()


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"250\r\n", "250"),
        (b"25\r\n", ""),
        (b"2x0 a\n", ""),
        (b"\xb250 a\n", ""),
        (b"\r\n", ""),
        (b" 250 a\n", ""),
        (b"2502 a\n", ""),
    ],
)
def test_code_of_a_reply(servers: Servers, raw: bytes, code: str) -> None:
    assert servers.connect(says(raw)).reply(soon()).code == code


def test_bytes_that_are_no_text_are_kept(servers: Servers) -> None:
    raw = bytes(byte for byte in range(256) if byte != 0x0A) + b"\n"
    reply = servers.connect(says(raw)).reply(soon())
    assert reply.text.encode("latin-1") + b"\n" == raw
    assert servers.entries()[-1] == ("<-", raw.decode("latin-1"))


def test_continued_lines_are_one_reply(servers: Servers) -> None:
    reply = servers.connect(says(b"250-a\r\n250-b\r\n250 c\r\n500 next\r\n")).reply(soon())
    assert (reply.raw, reply.code) == (b"250-a\r\n250-b\r\n250 c\r\n", "250")


@pytest.mark.usefixtures("hasty")
def test_a_continuation_that_never_comes_is_not_waited_for_long(servers: Servers) -> None:
    connection = servers.connect(says(b"250-a\r\n"))
    assert connection.reply(soon()).raw == b"250-a\r\n"
    assert not servers.manners.unterminated


def test_endless_continuations_have_a_bound(servers: Servers) -> None:
    connection = servers.connect(endless(b"250-a\r\n"))
    for _ in range(2):
        with pytest.raises(Flooded, match=f"more than {CONTINUATIONS} lines"):
            connection.reply(soon())


# What is no reply


def test_silence_ends_at_the_deadline(servers: Servers) -> None:
    connection = servers.connect(says())
    began = time.monotonic()
    with pytest.raises(Silent):
        connection.reply(began + SHORT)
    assert time.monotonic() - began >= SHORT
    assert servers.entries()[-1] == ("--", "no reply")


def test_a_deadline_that_has_passed_still_reads_what_has_come(servers: Servers) -> None:
    connection = servers.connect(says(b"250 one\r\n250 two\r\n"))
    connection.reply(soon())
    assert connection.reply(0.0).text == "250 two"


def test_the_end_of_a_connection_is_told(servers: Servers) -> None:
    connection = servers.connect(ends(says()))
    with pytest.raises(Closed, match="closed"):
        connection.reply(soon())
    assert connection.ended
    assert servers.entries()[-1] == ("--", "closed by the server")


def test_what_came_before_the_end_is_read_first(servers: Servers) -> None:
    connection = servers.connect(ends(says(b"250 one\r\n421 unfini")))
    assert [connection.reply(soon()).text, connection.reply(soon()).text] == ["250 one", "421 unfini"]
    with pytest.raises(Closed):
        connection.reply(soon())


def test_a_reset_is_a_close_and_told(servers: Servers) -> None:
    reset = ends(lambda client: client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)))
    with pytest.raises(Closed, match="closed"):  # it may come before the connection is used
        servers.connect(reset).reply(soon())
    assert servers.entries()[-1][1].startswith("connection lost: ")


def test_nobody_there_is_refused() -> None:
    log = Transcript()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(Refused):
            Connection(taken.getsockname(), log, Manners(), DEADLINE)
    assert log.entries()[0][1:] == ("--", "no connection: [Errno 111] Connection refused")


# Servers that mean harm


def test_a_flood_of_replies_has_a_bound(servers: Servers) -> None:
    connection = servers.connect(endless(b"250 again and again\r\n" * 100))
    with pytest.raises(Flooded):
        for _ in range(wire.MOST_RECEIVED):
            connection.reply(soon())
    assert any(text.startswith("given up after ") for _, text in servers.entries())


def test_a_flood_does_not_hold_other_waits_for_ever(servers: Servers) -> None:
    connection = servers.connect(endless(b"x" * 65536))
    assert connection.extra(SHORT)
    with contextlib.suppress(WireError):
        assert not connection.wait_closed(time.monotonic() + SHORT)


def test_an_endless_line_is_cut(servers: Servers) -> None:
    connection = servers.connect(endless(b"x" * 10_000))
    reply = connection.reply(soon())
    assert (len(reply.raw), reply.end) == (LONGEST_REPLY, "")
    with pytest.raises(Flooded):
        while True:
            connection.reply(soon())


@pytest.mark.usefixtures("hasty")
def test_a_drip_of_bytes_does_not_hold_a_reply_for_ever(servers: Servers) -> None:
    connection = servers.connect(endless(b"2", pause=0.01))
    reply = connection.reply(time.monotonic() + SHORT)
    assert set(reply.raw) == {ord("2")}
    assert len(reply.raw) < LONGEST_REPLY


def test_a_drip_of_lines_does_not_hold_the_end_for_ever(servers: Servers) -> None:
    connection = servers.connect(endless(b"421 x\r\n", pause=0.01))
    assert not connection.wait_closed(time.monotonic() + SHORT)
    assert servers.entries()[-1] == ("--", "not closed by the server")


def test_a_server_that_takes_no_bytes_does_not_hold_the_client_for_ever(servers: Servers) -> None:
    connection = servers.connect(says())
    with pytest.raises(Silent):
        connection.send(b"x" * 64 * 2**20, patience=SHORT)
    assert servers.entries()[-1] == ("--", "the server takes no more bytes")


def test_a_server_that_takes_bytes_slowly_is_told_from_one_that_takes_none(servers: Servers) -> None:
    def sipping(client: socket.socket) -> None:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        while client.recv(16384):
            time.sleep(0.01)

    connection = servers.connect(sipping)
    with pytest.raises(Slow):
        connection.send(b"x" * 64 * 2**20, patience=1.0)


def test_a_server_that_answers_a_flood_before_reading_on_is_read_meanwhile(servers: Servers) -> None:
    size = 16 * 2**20

    def answering(client: socket.socket) -> None:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        received = 0
        while received < size:
            received += len(client.recv(65536))
            client.sendall(b"250 ok\r\n" * 100)

    connection = servers.connect(answering)
    with contextlib.suppress(Flooded):
        connection.send(b"x" * size, patience=DEADLINE)
    assert connection.reply(soon()).text == "250 ok"


def test_sending_to_a_server_that_has_left_is_told(servers: Servers) -> None:
    connection = servers.connect(ends(says()))
    assert connection.wait_closed(soon())
    with pytest.raises(Closed):
        while time.monotonic() < soon():
            connection.send(b"x" * 65536)


def test_a_reply_of_several_lines_is_one_and_knows_them(servers: Servers) -> None:
    connection = servers.connect(lambda client: client.sendall(b"250-me\r\n250-SIZE 10\n250 HELP\r\n"))
    reply = connection.reply(time.monotonic() + DEADLINE)
    assert [(line.code, line.more, line.text, line.end) for line in reply.lines] == [
        ("250", True, "me", "\r\n"),
        ("250", True, "SIZE 10", "\n"),
        ("250", False, "HELP", "\r\n"),
    ]
    assert reply.code == "250"


def test_a_line_of_no_code_has_none(servers: Servers) -> None:
    connection = servers.connect(lambda client: client.sendall(b"\xff25 hello"))
    (line,) = connection.reply(time.monotonic() + DEADLINE).lines
    assert (line.code, line.more, line.end) == ("", False, "")
