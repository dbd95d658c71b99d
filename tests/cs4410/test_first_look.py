"""What the first look makes of servers that speak no such protocol, so that no case waits for each of their bytes."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace

import pytest

from conformance.cs4410.profile import PROFILE
from conformance.cs4410.scene import KNOCKED
from conformance.harness.run import probe
from tests.harness.plain import PLAIN


@pytest.fixture
def dripping() -> Iterator[Callable[..., str]]:
    """Start a server that may say something at first, then sends bytes over and over, one each 0.3 s; its address."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(dripped: bytes, first: bytes) -> None:
        with suppress(OSError):
            client, _ = listener.accept()
            with client:
                client.sendall(first)
                time.sleep(1.5 if first else 0.0)  # longer than anybody waits for a line's end
                while True:
                    for byte in dripped:
                        client.sendall(bytes([byte]))
                        time.sleep(0.3)

    def start(dripped: bytes, first: bytes = b"") -> str:
        threading.Thread(target=serve, args=(dripped, first), daemon=True).start()
        return "{}:{}".format(*listener.getsockname())

    yield start
    listener.close()


@pytest.mark.parametrize("dripped", [b"2", b"25", b"welcome "], ids=bytes.decode)
def test_drips_are_no_greeting_and_no_answer(dripping: Callable[..., str], dripped: bytes) -> None:
    found = probe.look(replace(PLAIN, target=dripping(dripped), time_limit=4.0), PROFILE)
    assert found.failed(PROFILE.kind.rules) == ("greeting", "reply.one")


@pytest.mark.parametrize("first", [b"222", b"220 netid SMTP CS4410MP3"], ids=bytes.decode)
def test_drips_are_no_answer_though_a_code_came_first(dripping: Callable[..., str], first: bytes) -> None:
    found = probe.look(replace(PLAIN, target=dripping(b"2", first), time_limit=4.0), PROFILE)
    assert found.failed(PROFILE.kind.rules) == ("reply.one",)


@pytest.mark.parametrize(("drops", "learned"), [(True, "dropped"), (False, "answered")], ids=["drops", "answers"])
def test_server_that_greets_once_it_is_spoken_to(drops: bool, learned: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            client, _ = listener.accept()
            with client, client.makefile("rb") as lines:
                line = lines.readline()
                client.sendall(b"220 netid SMTP CS4410MP3\r\n")
                line = lines.readline() if drops else line
                while line:
                    client.sendall(b"250 netid\r\n" if line.startswith(b"HELO") else b"502 5.5.2 Error: unknown\r\n")
                    line = lines.readline()

        threading.Thread(target=serve, daemon=True).start()
        target = "{}:{}".format(*listener.getsockname())
        found = probe.look(replace(PLAIN, target=target, time_limit=1.0), PROFILE)
    assert (found.failed(PROFILE.kind.rules), found.learned) == ((), {KNOCKED: learned})
