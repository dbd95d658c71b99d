"""Naive servers: their table names what there is to break, each of them serves, and what came of a run is said."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from conformance.cs4410 import ledger
from proof.kind import Row, Trial
from proof.kinds.naive import Naives
from proof.kinds.together import Several
from proof.servers.edit import build
from proof.servers.naive import FOLDER, Bug, Naive, sections

LEDGER = ledger.load()
SERVERS = [server for section in sections().values() for server in section]
START_LIMIT = 30.0
DIALOGUE = (
    "HELO client",
    "MAIL FROM: student@CS4410.edu",
    "RCPT TO: TA@CS4410.edu",
    "DATA",
    "Network programming\r\n.",
)
"""With addresses and with segments that suit all of them."""
TRIAL = Trial(1, 7)
TWO = Naive(Path("two.py"), "", (Bug("one bug", "", ("mail", "mail.words")), Bug("other bug", "", ("time.out",))))


def test_the_table_has_each_file_once() -> None:
    scripts = [server.script for server in SERVERS]
    assert sorted(scripts) == sorted(path for path in FOLDER.glob("*.py") if path.name != "__init__.py")


def test_each_has_a_few_bugs_that_break_what_is_known() -> None:
    assert [server.name for server in SERVERS if not 3 <= len(server.bugs) <= 10] == []
    bugs = [bug for server in SERVERS for bug in server.bugs]
    assert [bug.name for bug in bugs if set(bug.breaks) - set(LEDGER) or len(set(bug.breaks)) < len(bug.breaks)] == []
    assert [bug.name for bug in bugs if any(LEDGER[name].level == "NOTE" for name in bug.breaks)] == []


def test_no_two_bugs_of_a_server_have_their_main_requirement_in_common() -> None:
    assert [server.name for server in SERVERS if len({bug.main for bug in server.bugs}) < len(server.bugs)] == []


def test_none_is_made_from_the_reference_server() -> None:
    assert [server.name for server in SERVERS if "reference_server" in server.script.read_text()] == []


@pytest.mark.parametrize("server", SERVERS, ids=lambda server: server.name)
def test_each_listens_and_delivers_a_message(server: Naive, tmp_path: Path) -> None:
    with serving(build(server, tmp_path / "servers"), tmp_path) as client:
        for line in DIALOGUE:
            client.sendall(line.encode() + b"\r\n")
            told = answer(client)
        while b" delivered message 1" not in told:  # a stray reply came before it
            told = answer(client)
        entry = (tmp_path / "mailbox").read_bytes()
        assert b"Number: 1\n" in entry and b"Network programming\n" in entry


@contextmanager
def serving(home: Path, directory: Path) -> Iterator[socket.socket]:
    """A client of the server, which has been greeted where that is the server's habit."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, home, "-p", str(port), "-l", "20"], cwd=directory)
    try:
        with connected(port) as client:
            client.settimeout(0.5)
            if not greeted(client):
                assert home.name == "silent-at-first"
            client.settimeout(START_LIMIT)
            yield client
        process.terminate()
        assert process.wait(START_LIMIT) == -signal.SIGTERM
    finally:
        process.kill()
        process.wait()


def connected(port: int) -> socket.socket:
    deadline = time.monotonic() + START_LIMIT
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port))
        except ConnectionRefusedError:
            assert time.monotonic() < deadline
            time.sleep(0.02)


def greeted(client: socket.socket) -> bool:
    try:
        return answer(client).startswith(b"220 ")
    except TimeoutError:
        return False


def answer(client: socket.socket) -> bytes:
    """What has come by the next line end."""
    told = b""
    while not told.endswith(b"\n"):
        part = client.recv(4096)
        assert part
        told += part
    return told


# What came of a run


@pytest.mark.parametrize(
    ("findings", "blocked", "wrong"),
    [
        (["mail", "mail.words", "time.out"], {}, []),
        (["mail"], {"time.out": ["mail"]}, []),
        (["mail"], {}, ["other bug missed"]),
        (["mail", "time.out", "helo"], {}, ["blamed without a bug: helo"]),
    ],
)
def test_what_is_wrong_with_a_run_is_said(findings: list[str], blocked: dict[str, list[str]], wrong: list[str]) -> None:
    run = Several(1, 60.0, True, {name: ["a case"] for name in findings}, "", blocked)
    assert Naives().wrong(TWO, TRIAL, run) == wrong


def test_the_summary_names_what_was_reached_and_the_goals() -> None:
    run = Several(1, 60.0, True, {"mail": ["a case"]}, "", {"time.out": ["mail"]}, 0.1)
    summary = Naives().summary([Row(TWO, {TRIAL: run})])
    assert summary.startswith("1 of 2 bugs found, of 1 more it is said what must be mended first; 0 of 1 blames ")
    assert "In the first run 50% of the bugs were found. Goals: 95% of the bugs in the first run;" in summary
