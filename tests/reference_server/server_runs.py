"""A reference server that was started for a test, and a client of it."""

import os
import re
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from reference_server.mailbox import Message

PROJECT = Path(__file__).parents[2]
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


@contextmanager
def running(directory: Path, *options: str) -> Iterator[Server]:
    process = subprocess.Popen(command(*options), cwd=directory, env=environment(), stderr=subprocess.PIPE)
    try:
        assert process.stderr is not None
        assert select.select([process.stderr], [], [], DEADLINE)[0], "it doesn't say where it listens"
        line = process.stderr.readline().decode()
        yield Server(process, int(line.rsplit(":", 1)[1]), directory)
    finally:
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
