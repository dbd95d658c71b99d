"""What fails without any conversation, or of no more than its clients' coming: found early, blamed, and replayed."""

from __future__ import annotations

import ast
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.cs4410 import dialect, ledger
from conformance.cs4410.kind import KIND
from conformance.cs4410.search import replay, strategies
from conformance.cs4410.search.blame import cause_of
from conformance.cs4410.search.conversation import LAST, Step, closing, joined_up, lines, visits
from conformance.cs4410.search.player import Player
from conformance.cs4410.search.replay import Play
from conformance.cs4410.search.talker import Action
from conformance.harness.server.target import Launched
from conformance.harness.wire.manners import Manners
from conformance.search.budget import Budget
from conformance.search.failure import Failure, Found
from conformance.search.hunt import Hunt
from proof import run
from proof.servers.edit import Edit, Mutant, build, headed
from tests.harness import plain

DEADLINE = 60.0
NOT_REACHED = 2
LEDGER = ledger.load()
WORDS = dialect.load("cs4410-2016")
MADE = 'FileIO(directory / "mailbox", "a+")\n        self._file.truncate(0)\n'
ACCEPTED = "            hand_over.give(_accept(listener))\n"
COUNTED = "            clients.append(1)\n            if len(clients) == 12:\n                os._exit(3)\n"
SERVING = "        while True:\n            hand_over.reserve_worker()\n"
SICK = {
    "mailbox.txt": ("start.mailbox", [Edit("mailbox.py", MADE, MADE.replace('"mailbox"', '"mailbox.txt"'))]),
    "removes-it": ("start.mailbox", [Edit("mailbox.py", MADE, MADE + '        os.unlink(directory / "mailbox")\n')]),
    "garbage": ("start.mailbox", [Edit("mailbox.py", MADE, MADE + '        self._file.write(b"garbage\\n\\n")\n')]),
    "own-message": (
        "start.mailbox",
        [Edit("mailbox.py", MADE, MADE + '        self.deliver(Message(b"h", b"me", [b"you"], b"welcome\\r\\n"))\n')],
    ),
    "dies-by-itself": (
        "pool.alive",
        [
            headed("__main__.py", "from threading import Timer"),
            Edit("__main__.py", SERVING, "        Timer(0.5, os._exit, [3]).start()\n" + SERVING),
        ],
    ),
    "dies-of-twelve": (
        "pool.alive",
        [
            headed("__main__.py", "clients = []"),
            Edit("__main__.py", ACCEPTED, ACCEPTED + COUNTED),
        ],
    ),
}  # fmt: skip


@pytest.fixture
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Launched]:
    _, edits = SICK[request.param]
    started = Launched(
        KIND, run.launched(build(Mutant(request.param, "pool.alive", edits), tmp_path))[1], 5.0, Manners()
    )
    yield started
    started.stop()


def found_in(server: Launched) -> list[Found[Step]]:
    options = replace(plain.PLAIN, time_limit=5.0, seed=1)
    player = Player(server, options, WORDS, LEDGER, "search", alone=True)
    # As many as outlast a server that dies by itself, on however quick a machine; the first failure ends the search.
    hunt = Hunt(player, Budget(300, causes=1), 5.0)
    hunt.run(strategies.conversations(), "1")
    return hunt.found


@pytest.mark.parametrize(("name", "server"), [(name, name) for name in SICK], indirect=["server"])
def test_what_needs_no_conversation_is_found_and_replayed(name: str, server: Launched, tmp_path: Path) -> None:
    (found,) = found_in(server)
    assert (found.cause.requirement, found.times, found.shrunk) == (SICK[name][0], 3, True)
    assert all(not step.parts for step in found.conversation)
    script = tmp_path / "replay-it.py"
    script.write_text(found.script(script.name, "it fails"))
    status, deadline = NOT_REACHED, time.monotonic() + DEADLINE
    while status == NOT_REACHED and time.monotonic() < deadline:  # a server that lives for half a second may be gone
        server.restart({})
        assert server.store
        status, said = replayed(script, str(server.address[1]), str(server.store.directory))
    assert status == 1 and "STILL FAILS: " in said


def replayed(script: Path, *words: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-I", str(script), "127.0.0.1", *words],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


@pytest.fixture
def accepting() -> Iterator[str]:
    """The port of a server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield str(listener.getsockname()[1])


@pytest.fixture
def hanging_up() -> Iterator[str]:
    """The port of a server that hangs up on everybody."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def hang_up() -> None:
            while True:
                try:
                    listener.accept()[0].close()
                except OSError:
                    return

        threading.Thread(target=hang_up, daemon=True).start()
        yield str(listener.getsockname()[1])
        listener.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "replay-it.py"
    path.write_text(replay.script(path.name, "it fails", Play(consecutive=True, in_mailbox=True), WORDS, 5.0))
    return path


def test_a_script_without_steps_is_python(script: Path) -> None:
    assert "STEPS = []" in script.read_text() and ast.parse(script.read_text())


@pytest.mark.parametrize("mailbox", ["missing", "directory", "fifo", "loop", "garbage"])
def test_a_mailbox_that_is_none_is_no_traceback(mailbox: str, script: Path, tmp_path: Path, accepting: str) -> None:
    path = tmp_path / "mailbox"
    if mailbox == "directory":
        path.mkdir()
    elif mailbox == "fifo":
        os.mkfifo(path)
    elif mailbox == "loop":
        path.symlink_to(path)
    elif mailbox == "garbage":
        path.write_text("garbage\n")
    status, said = replayed(script, accepting, str(tmp_path))
    assert status == 1 and "STILL FAILS: " in said


def test_an_empty_mailbox_does_not_fail(script: Path, tmp_path: Path, accepting: str) -> None:
    (tmp_path / "mailbox").touch()
    assert replayed(script, accepting, str(tmp_path)) == (0, "does not fail\n")


def test_a_directory_that_is_not_there_is_a_mistake_of_the_users(script: Path, accepting: str) -> None:
    assert replayed(script, accepting, "/no/such/directory")[0] == 2


def test_a_server_that_hangs_up_still_fails(tmp_path: Path, hanging_up: str) -> None:
    path = tmp_path / "replay-it.py"
    play = Play((Action(0, "connect", (), "", ()),))
    path.write_text(replay.script(path.name, "it fails", play, WORDS, 5.0))
    assert replayed(path, hanging_up)[0] == 1


@pytest.mark.parametrize(
    ("failure", "requirement"),
    [
        (Failure("start.mailbox", "", "", "", 0, afterwards=True), "start.mailbox"),
        (Failure("mailbox.whole", "", "", "", 0, afterwards=True), "start.mailbox"),
        (Failure("pool.alive", "", "", "", 0, is_end=True), "pool.alive"),
    ],
)
def test_an_empty_conversation_has_a_cause(failure: Failure, requirement: str) -> None:
    cause = cause_of((), failure, LEDGER)
    assert cause.requirement == requirement and cause.traits == () and requirement in cause.suspects


def test_a_server_that_ends_is_put_down_to_that_alone() -> None:
    assert cause_of(visits(9), Failure("pool.alive", "", "", "", 8, is_end=True), LEDGER).requirement == "pool.alive"


def test_conversations_are_joined_up_with_new_clients() -> None:
    both = joined_up(((Step(0, leave="close"), closing()), (closing(),)))
    assert [(step.client, step.leave) for step in both] == [
        (0, "close"), (LAST, ""), (LAST, "close"), (LAST, ""), (LAST, "close"),
    ]  # fmt: skip
    assert [line.kind for line in lines(both)].count("helo") == 2
