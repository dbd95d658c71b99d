"""The first conversation bears greylists, if the tester says for how long, and a greeting that comes line by line."""

from __future__ import annotations

import socketserver
import threading
import time
from collections.abc import Iterator

import pytest

from conformance.harness.run import probe
from conformance.harness.settings import Settings
from conformance.harness.wire.manners import SETTLE
from conformance.rfc5321.profile import PROFILE

GREY = 0.3
"""Seconds until the server takes what it has refused."""


class Server(socketserver.ThreadingTCPServer):
    """A server that refuses one command, or an end of data, the first time it comes, and for some time.

    Attributes:
        refuses: its first word; a dot for the end of data.
        refused_at: when it did so first; None as long as it has not.
        pause: seconds between the lines of its greeting.
    """

    allow_reuse_address = daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Client)
        self.refuses = ""
        self.refused_at: float | None = None
        self.pause = 0.0


class Client(socketserver.StreamRequestHandler):
    server: Server

    def handle(self) -> None:
        self.wfile.write(b"220-d.example\r\n")
        time.sleep(self.server.pause)
        self.wfile.write(b"220 ESMTP\r\n")
        for line in self.rfile:
            word = line.split()[0].decode() if line.strip() else ""
            if word == "DATA":
                self.wfile.write(b"354 go on\r\n")
                while self.rfile.readline() != b".\r\n":
                    pass
                word = "."
            self.wfile.write(b"451 4.7.1 later\r\n" if self.is_grey(word) else b"250 d.example\r\n")

    def is_grey(self, word: str) -> bool:
        if word != self.server.refuses:
            return False
        if self.server.refused_at is None:
            self.server.refused_at = time.monotonic()
        return time.monotonic() < self.server.refused_at + GREY


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as serving:
        threading.Thread(target=serving.serve_forever, args=(0.05,), daemon=True).start()
        yield serving
        serving.shutdown()


def looked(server: Server, grey_time: float) -> probe.Found:
    own = {**PROFILE.usual(), "recipient": ("u@d.example",), "sender": "a@d.example", "grey_time": grey_time}
    target = f"127.0.0.1:{server.server_address[1]}"
    return probe.look(Settings(PROFILE.name, PROFILE.time_limit, 1, target=target, own=own), PROFILE)


@pytest.mark.parametrize("refuses", ["MAIL", "RCPT", "."])
def test_what_is_refused_for_now_is_asked_once_more(server: Server, refuses: str) -> None:
    server.refuses = refuses
    learned = looked(server, 2 * GREY).learned
    assert (learned["sender"], learned["recipient"], learned.get("delivered")) == ("a@d.example", "u@d.example", "yes")


def test_without_a_time_it_is_said_how_to_give_one(server: Server) -> None:
    server.refuses = "RCPT"
    learned = looked(server, 0.0).learned
    assert "recipient" not in learned
    assert learned["no recipient"] == (
        "RCPT TO:<u@d.example> is answered 451 4.7.1 later; --grey-time SECONDS asks once more"
    )


def test_the_last_line_of_a_greeting_may_take_its_time(server: Server) -> None:
    server.pause = 1.5 * SETTLE
    found = looked(server, 0.0)
    assert (found.greeted, found.chatty, found.learned["recipient"]) == (True, False, "u@d.example")
