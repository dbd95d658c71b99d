"""A reference server that speaks RFC 5321, a client that counts its replies, and the Maildir."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.reference_server.server_runs import DEADLINE, Server, running

TO = b"RCPT TO:<user@reference.example>"
STATES = {  # what brings a client into each, and a line that is accepted in this one only
    "connected": ([], b"EHLO client.example", b"250"),
    "greeted": ([b"EHLO client.example"], b"MAIL FROM:<a@client.example>", b"250"),
    "sender": ([b"EHLO client.example", b"MAIL FROM:<a@client.example>"], TO, b"250"),
    "recipient": ([b"EHLO client.example", b"MAIL FROM:<a@client.example>", TO], b"DATA", b"354"),
}


class Talker:
    """A client of RFC 5321, greeted and in a state."""

    def __init__(self, port: int, state: str = "connected") -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=DEADLINE)
        self._lines = self.socket.makefile("rb")
        assert self.reply() == b"220 reference.example ESMTP ready\r\n"
        for line in STATES[state][0]:
            assert self.ask(line).startswith(b"250")

    def reply(self) -> bytes:
        """All lines of one reply; nothing after the connection's end."""
        lines = [self._lines.readline()]
        while lines[-1][3:4] == b"-":
            lines.append(self._lines.readline())
        assert all(line.endswith(b"\r\n") and line[:3] == lines[0][:3] for line in lines) or lines == [b""]
        return b"".join(lines)

    def ask(self, line: bytes) -> bytes:
        self.socket.sendall(line + b"\r\n")
        return self.reply()

    def rest(self) -> list[bytes]:
        """The codes of all replies until the server closes, after a QUIT of ours."""
        self.socket.sendall(b"QUIT\r\n")
        return [line[:3] for line in self._lines.readlines()]

    def close(self) -> None:
        self._lines.close()
        self.socket.close()


@dataclass
class Office:
    """The server, and where its mail is."""

    server: Server

    @contextmanager
    def talk(self, state: str = "connected") -> Iterator[Talker]:
        talker = Talker(self.server.port, state)
        try:
            yield talker
        finally:
            talker.close()

    def files(self) -> set[Path]:
        return set((self.server.directory / "new").iterdir())

    def sent(self, data: bytes, sender: bytes = b"a@client.example", *recipients: bytes) -> tuple[bytes, list[bytes]]:
        """Send a message; return the last reply, and what came into the Maildir meanwhile."""
        before = self.files()
        with self.talk("greeted") as client:
            for line in (b"MAIL FROM:<%b>" % sender, *(b"RCPT TO:<%b>" % one for one in recipients or [TO[9:-1]])):
                assert client.ask(line).startswith(b"250")
            assert client.ask(b"DATA").startswith(b"354")
            reply = client.ask(data + b".")
            assert client.rest() == [b"221"]
        return reply, sorted(file.read_bytes() for file in self.files() - before)


@contextmanager
def office(directory: Path, *options: str) -> Iterator[Office]:
    with running(directory, "--protocol", "rfc5321", *options) as server:
        yield Office(server)
