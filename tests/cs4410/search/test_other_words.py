"""A dialect of one's own: the search, and the script that it hands out, take every word from it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.cs4410 import ledger
from conformance.cs4410.dialect import Dialect, Words
from conformance.cs4410.kind import KIND
from conformance.cs4410.search.conversation import Pick, Step, plan
from conformance.cs4410.search.player import Player
from conformance.harness.server.target import Launched
from conformance.harness.wire.manners import Manners
from conformance.search.budget import Budget
from conformance.search.failure import Found
from conformance.search.hunt import Hunt
from tests.harness.plain import PLAIN

LIMIT = 5.0
WORDS = {
    "greeting": "221 {netid} at your service", "helo": "251 {netid}", "mail": "252 whence", "rcpt": "253 whither",
    "data": "355 write", "delivered": "254 letter {number} is on its way", "syntax": "521 {verb} how?",
    "unknown": "522 what?", "duplicate": "523 again?", "nested": "524 another?", "need": "525 before {need}?",
    "bad_sender": "526 {address}?", "bad_recipient": "527 {address}?", "timeout": "422 {netid} sleeps",
}  # fmt: skip
SERVER = """
import socketserver, sys
number = FIRST
class Session(socketserver.StreamRequestHandler):
    def handle(self):
        global number
        self.say(b"221 it at your service")
        recipients = []
        while line := self.rfile.readline():
            word, _, argument = line.strip().partition(b" ")
            if word == b"HELO":
                host = argument
                self.say(b"251 it")
            elif word == b"MAIL":
                sender = argument.split()[-1].strip(b'<>')
                self.say(b"252 whence")
            elif word == b"RCPT":
                recipients.append(argument.split()[-1])
                self.say(b"253 whither")
            elif word == b"DATA":
                self.say(b"355 write")
                body = b""
                while (line := self.rfile.readline()) not in (b"", b".\\r\\n"):
                    body += line
                head = b"Received: from %b by it (CS4410MP3)\\nNumber: %d\\nFrom: %b\\n" % (host, number, sender)
                with open("mailbox", "ab") as mailbox:
                    mailbox.write(head + b"".join(b"To: %b\\n" % one for one in recipients) + b"\\n" + BODY + b"\\n\\n")
                self.say(b"254 letter %d is on its way" % number)
                recipients, number = [], number + STEP
            else:
                self.say(b"522 what?")
    def say(self, line):
        self.wfile.write(line + b"\\r\\n")
open("mailbox", "wb").close()
socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer(("127.0.0.1", int(sys.argv[1])), Session).serve_forever()
"""
RIGHT = {"FIRST": "1", "STEP": "1", "BODY": "body"}
FAULTY = {"number": {"STEP": "2"}, "entry": {"BODY": "body.upper()"}, "reply": {"253 whither": "252 whither"}}
OWN = Dialect("own", "of one's own", {kind: Words(text) for kind, text in WORDS.items()})
BRACKETED = 24
PICKS = (Pick(kind="message"), Pick(kind="message", number=BRACKETED), Pick(kind="line", template="mkdir"))

Start = Callable[[str, dict[str, str]], Launched]


@pytest.fixture
def start(tmp_path: Path, request: pytest.FixtureRequest) -> Start:
    """Start a server that speaks these words, with some of its source changed."""

    def begin(name: str, changed: dict[str, str]) -> Launched:
        text = SERVER
        for old, new in {**RIGHT, **changed}.items():
            text = text.replace(old, new)
        path = tmp_path / f"{name}.py"
        path.write_text(text)
        server = Launched(KIND, f"{sys.executable} -S {path} {{port}}", LIMIT, Manners())
        request.addfinalizer(server.stop)
        return server

    return begin


def found_in(server: Launched) -> Found[Step] | None:
    options = replace(PLAIN, time_limit=LIMIT)
    player = Player(server, options, OWN, ledger.load(), "search", alone=True)
    return Hunt(player, Budget(1), LIMIT).judge_unshrunk(plan(PICKS))


def replayed(script: Path, server: Launched) -> int:
    server.prepare(fresh=True)
    assert server.store
    done = subprocess.run(
        [sys.executable, "-I", str(script), "127.0.0.1", str(server.address[1]), str(server.store.directory)],
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    return done.returncode


@pytest.mark.parametrize("fault", FAULTY)
def test_a_fault_is_found_and_replayed(fault: str, start: Start, tmp_path: Path) -> None:
    faulty, right = start("faulty", FAULTY[fault]), start("right", {})
    assert found_in(right) is None
    found = found_in(faulty)
    assert found and found.times == 3
    script = tmp_path / "replay-it.py"
    script.write_text(found.script(script.name, "it fails"))
    assert [replayed(script, server) for server in (faulty, right)] == [1, 0]
