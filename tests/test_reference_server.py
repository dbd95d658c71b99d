"""The reference server from its inside, and on bad days: what a protocol suite that sees only replies can't check."""

import errno
import os
import re
import resource
import select
import signal
import socket
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pytest

from reference_server.mailbox import Mailbox, Message
from reference_server.pool import HandOver, start_workers
from reference_server.session import BODY_LIMIT, LINE_LIMIT

PROJECT = Path(__file__).parent.parent
DEADLINE = 60  # seconds: for whatever must happen at all, on however busy a machine
ENVELOPE = b"HELO client\r\nMAIL FROM: a@b\r\nRCPT TO: c@d\r\nDATA\r\n"


class Client:
    """A connection that has been greeted."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=DEADLINE)
        self._replies = self.socket.makefile("rb")
        assert self.reply().startswith(b"220 ")

    def reply(self) -> bytes:
        return self._replies.readline()

    def ask(self, line: bytes) -> bytes:
        self.socket.sendall(line + b"\r\n")
        return self.reply()

    def open_data(self) -> None:
        self.socket.sendall(ENVELOPE)
        assert [self.reply()[:3] for _ in range(4)] == [b"250", b"250", b"250", b"354"]

    def close(self) -> None:
        self._replies.close()
        self.socket.close()


@dataclass
class Server:
    """A server that was started for one test, in a directory of its own."""

    process: subprocess.Popen[bytes]
    port: int
    directory: Path

    def connect(self) -> Client:
        return Client(self.port)

    def deliver(self, body: bytes) -> bytes:
        client = self.connect()
        client.open_data()
        reply = client.ask(body + b"\r\n.")
        client.close()
        return reply

    def peak_memory(self) -> int:
        """Return the most memory it ever held, in bytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) * 1024


def command(*options: str) -> list[str]:
    return [sys.executable, "-m", "reference_server", "--port", "0", *options]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(PROJECT)}


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    processes: list[subprocess.Popen[bytes]] = []

    def start_one(*options: str) -> Server:
        process = subprocess.Popen(command(*options), cwd=tmp_path, env=environment(), stderr=subprocess.PIPE)
        processes.append(process)
        assert process.stderr is not None
        assert select.select([process.stderr], [], [], DEADLINE)[0], "it doesn't say where it listens"
        line = process.stderr.readline().decode()
        return Server(process, int(line.rsplit(":", 1)[1]), tmp_path)

    yield start_one
    for process in processes:
        process.kill()
        process.communicate(timeout=DEADLINE)


def numbers(*files: Path) -> list[int]:
    return [int(number) for file in files for number in re.findall(rb"(?m)^Number: (\d+)\r$", file.read_bytes())]


def message(body: bytes = b"text\r\n") -> Message:
    return Message(b"client", b"a@b", [b"c@d"], body)


def in_thread(function: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=function, daemon=True)
    thread.start()
    return thread


def ends(thread: threading.Thread) -> bool:
    thread.join(DEADLINE)
    return not thread.is_alive()


class FailingFile:
    """A mailbox file on a disk that takes some more bytes, and then only says what is wrong."""

    def __init__(self, file: Any, error: int, room: int = 0) -> None:
        self._file, self._error, self._room = file, error, room

    def write(self, data: memoryview) -> int:
        if not self._room:
            raise OSError(self._error, os.strerror(self._error))
        taken = self._file.write(data[: self._room])
        self._room -= taken
        return int(taken)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


# Disk errors


def test_full_disk_is_answered_554_and_leaves_no_trace(start: Callable[..., Server]) -> None:
    server = start()
    assert server.deliver(b"first") == b"250 OK: delivered message 1\r\n"
    before = (server.directory / "mailbox").read_bytes()
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (len(before) + 1000, resource.RLIM_INFINITY))
    assert server.deliver(b"x" * 5000).startswith(b"554 ")
    assert (server.directory / "mailbox").read_bytes() == before
    assert server.deliver(b"second") == b"250 OK: delivered message 2\r\n"
    assert numbers(server.directory / "mailbox") == [1, 2]


def test_session_goes_on_after_a_full_disk(start: Callable[..., Server]) -> None:
    server = start()
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
    client = server.connect()
    client.open_data()
    assert client.ask(b"x" * 5000 + b"\r\n.").startswith(b"554 ")
    assert client.ask(b"RCPT TO: c@d") == b"503 Error: need MAIL command\r\n"
    assert client.ask(b"MAIL FROM: a@b") == b"250 2.1.0 OK\r\n"


@pytest.mark.parametrize(
    ("error", "room"), [(errno.EROFS, 0), (errno.ENOSPC, 0), (errno.ENOSPC, 1), (errno.ENOSPC, 30), (errno.EIO, 100)]
)
def test_failed_write_takes_no_number_and_leaves_no_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int, room: int
) -> None:
    mailbox = Mailbox(tmp_path, b"netid", 32)
    mailbox.deliver(message())
    before = (tmp_path / "mailbox").read_bytes()
    with monkeypatch.context() as bad_day, pytest.raises(OSError) as failure:
        bad_day.setattr(mailbox, "_file", FailingFile(mailbox._file, error, room))
        mailbox.deliver(message(b"y" * 1000))
    assert failure.value.errno == error
    assert (tmp_path / "mailbox").read_bytes() == before
    assert mailbox.deliver(message()) == 2


# Backup


@pytest.mark.parametrize("step", ["os.fsync", "os.replace", "box._file.truncate"])
def test_crash_between_the_steps_of_a_backup_loses_no_message(tmp_path: Path, step: str) -> None:
    script = f"""
        import os, sys
        from pathlib import Path
        from reference_server.mailbox import Mailbox, Message

        class Crashing:
            def __init__(self, file): self.file = file
            def __getattr__(self, name): return getattr(self.file, name)

        box = Mailbox(Path(sys.argv[1]), b"netid", 2)
        for _ in range(2):
            box.deliver(Message(b"client", b"a", [b"b"], b"text\\r\\n"))
        box._file = Crashing(box._file)
        {step} = lambda *_: os._exit(77)
        box.back_up()
    """
    run = [sys.executable, "-c", textwrap.dedent(script), str(tmp_path)]
    assert subprocess.run(run, env=environment(), timeout=DEADLINE).returncode == 77
    backups = list(tmp_path.glob("mailbox.*-*"))
    assert set(numbers(tmp_path / "mailbox", *backups)) == {1, 2}
    assert all(numbers(backup) == [1, 2] for backup in backups), "a backup that is there is whole"


def test_failed_backup_keeps_the_messages_and_lets_deliveries_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def no_space(*_: object) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    mailbox = Mailbox(tmp_path, b"netid", 2)
    mailbox.deliver(message())
    mailbox.deliver(message())
    with monkeypatch.context() as bad_day:
        bad_day.setattr("os.replace", no_space)
        mailbox.back_up()
    assert "backup failed" in capsys.readouterr().err
    assert os.listdir(tmp_path) == ["mailbox"]
    assert ends(in_thread(lambda: [mailbox.deliver(message()) for _ in range(2)]))
    mailbox.back_up()
    assert numbers(tmp_path / "mailbox.1-4") == [1, 2, 3, 4]
    assert numbers(tmp_path / "mailbox") == []
    assert mailbox.deliver(message()) == 5


def test_delivery_waits_for_the_backup(tmp_path: Path) -> None:
    mailbox = Mailbox(tmp_path, b"netid", 1)
    mailbox.deliver(message())
    second = in_thread(lambda: mailbox.deliver(message()))
    second.join(0.2)
    assert second.is_alive()
    mailbox.back_up()
    assert ends(second)
    assert numbers(tmp_path / "mailbox.1-1") == [1]
    assert numbers(tmp_path / "mailbox") == [2]


def test_closed_mailbox_refuses_messages(tmp_path: Path) -> None:
    mailbox = Mailbox(tmp_path, b"netid", 32)
    mailbox.close()
    with pytest.raises(OSError, match="closed"):
        mailbox.deliver(message())


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


# Start and end


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_it_cleanly_with_clients_connected(start: Callable[..., Server], sent: signal.Signals) -> None:
    server = start("--threads", "4", "--time-limit", "600")
    clients = [server.connect() for _ in range(4)]
    clients[0].open_data()
    clients[1].socket.sendall(b"HEL")
    waiting = socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE)
    server.process.send_signal(sent)
    # Far below the time limit, so that none of the clients can have been waited for.
    _, errors = server.process.communicate(timeout=DEADLINE)
    assert server.process.returncode == 0
    assert errors == b""
    waiting.close()


def test_taken_port_is_said_and_leaves_the_other_mailbox_alone(start: Callable[..., Server]) -> None:
    server = start()
    server.deliver(b"text")
    second = subprocess.run(
        command("--port", str(server.port)),
        cwd=server.directory,
        env=environment(),
        capture_output=True,
        timeout=DEADLINE,
    )
    assert second.returncode == 2
    assert re.fullmatch(rb"reference_server: .*Address already in use.*\n", second.stderr)
    assert numbers(server.directory / "mailbox") == [1]


@pytest.mark.parametrize(
    "options",
    [
        ("--port", "many"),
        ("--port", "65536"),
        ("--netid", "two words"),
        ("--netid", ""),
        ("--netid", "n\u00e9tid"),
        ("--time-limit", "0"),
        ("--time-limit", "nan"),
        ("--threads", "0"),
        ("--backup-every", "0"),
        ("--host", "x" * 70),
        ("--directory", "not-there"),
        ("--directory", "a-file"),
        ("--unknown",),
    ],
)
def test_mistake_on_the_command_line_is_one_line_and_status_2(tmp_path: Path, options: tuple[str, ...]) -> None:
    (tmp_path / "a-file").touch()
    run = subprocess.run(command(*options), cwd=tmp_path, env=environment(), capture_output=True, timeout=DEADLINE)
    assert run.returncode == 2
    assert re.fullmatch(rb"reference_server: .+\n", run.stderr)


def test_help_names_every_option_and_its_default(tmp_path: Path) -> None:
    run = subprocess.run(command("--help"), cwd=tmp_path, env=environment(), capture_output=True, timeout=DEADLINE)
    assert run.returncode == 0
    for option in (b"--host", b"--port", b"--netid", b"--time-limit", b"--threads", b"--backup-every", b"--directory"):
        assert option in run.stdout
    for default in (b"127.0.0.1", b"8765", b"reference", b"10.0", b"32"):
        assert b"default: " + default in b" ".join(run.stdout.split())


def test_start_empties_a_stale_mailbox_and_keeps_backups(start: Callable[..., Server], tmp_path: Path) -> None:
    (tmp_path / "mailbox").write_bytes(b"stale")
    (tmp_path / "mailbox.1-32").write_bytes(b"an earlier run's")
    start()
    assert (tmp_path / "mailbox").read_bytes() == b""
    assert (tmp_path / "mailbox.1-32").read_bytes() == b"an earlier run's"


def test_listens_on_ipv6(start: Callable[..., Server]) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    server = start("--host", "::1")
    with socket.create_connection(("::1", server.port), timeout=DEADLINE) as client:
        assert client.recv(100) == b"220 reference SMTP CS4410MP3\r\n"
