"""A reference server that speaks RFC 5321 or LMTP, a client that counts its replies, and the Maildir."""

import re
import socket
import ssl
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
TRACE = re.compile(
    rb"Return-Path: <(?P<sender>.*)>\r\nDelivered-To: (?P<to>.+)\r\n"
    rb"Received: from (?P<name>\S+) \((?P<address>\S+)\)\r\n\t"
    rb"by reference\.example with (?P<protocol>\S+) id [0-9a-f]{16}"
    rb"(?:\r\n\tfor <(?P<one>.+)>)?;\r\n\t(?P<date>.+)\r\n"
)


def trace(copy: bytes) -> re.Match[bytes]:
    """What stands above a delivered message."""
    found = TRACE.match(copy)
    assert found, copy
    return found


class Talker:
    """A client of RFC 5321 or LMTP, greeted and in a state."""

    def __init__(self, port: int, state: str = "connected", tls: str = "", kind: bytes = b"ESMTP") -> None:
        self._hello = b"LHLO" if kind == b"LMTP" else b"EHLO"
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=DEADLINE)
        self._lines = self.socket.makefile("rb")
        if tls == "implicit":
            self.shake_hands()
        assert self.reply() == b"220 reference.example %b ready\r\n" % kind
        if tls == "starttls":
            assert self.ask(b"STARTTLS") == b"220 2.0.0 Go on in TLS\r\n"
            self.shake_hands()
        for line in STATES[state][0]:
            assert self.ask(line.replace(b"EHLO", self._hello)).startswith(b"250")

    def shake_hands(self, most: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> None:
        """Go on in TLS."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.maximum_version = most
        self._lines.close()
        self.socket = context.wrap_socket(self.socket, suppress_ragged_eofs=False)
        self._lines = self.socket.makefile("rb")

    def keywords(self) -> dict[bytes, bytes]:
        """What the server announces, and what stands behind each keyword."""
        lines = self.ask(self._hello + b" client.example").split(b"\r\n")[1:-1]
        return {word: rest for word, _, rest in (line[4:].partition(b" ") for line in lines)}

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
    def talk(self, state: str = "connected", tls: str = "", kind: bytes = b"ESMTP") -> Iterator[Talker]:
        talker = Talker(self.server.port, state, tls, kind)
        try:
            yield talker
        finally:
            talker.close()

    def files(self) -> set[Path]:
        return set((self.server.directory / "new").iterdir())

    def copies(self, before: set[Path]) -> list[bytes]:
        """What came into the Maildir since then."""
        return sorted(file.read_bytes() for file in self.files() - before)

    def sent(self, data: bytes, sender: bytes = b"a@client.example", *recipients: bytes) -> tuple[bytes, list[bytes]]:
        """Send a message; return the last reply, and what came into the Maildir meanwhile."""
        before = self.files()
        with self.talk("greeted") as client:
            for line in (b"MAIL FROM:<%b>" % sender, *(b"RCPT TO:<%b>" % one for one in recipients or [TO[9:-1]])):
                assert client.ask(line).startswith(b"250")
            assert client.ask(b"DATA").startswith(b"354")
            reply = client.ask(data + b".")
            assert client.rest() == [b"221"]
        return reply, self.copies(before)


@contextmanager
def office(directory: Path, *options: str, protocol: str = "rfc5321") -> Iterator[Office]:
    with running(directory, "--protocol", protocol, *options) as server:
        yield Office(server)
