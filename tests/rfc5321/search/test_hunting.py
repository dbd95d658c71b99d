"""The search of the standard on real servers: what is right passes, and what is wrong is found and replayed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from conformance.harness.server.patience import Patience
from conformance.harness.server.slots import Places
from conformance.harness.server.target import Launched
from conformance.rfc5321.kind import KIND
from conformance.rfc5321.search.conversation import Part, Pick, Step
from conformance.search.budget import Budget
from conformance.search.hunt import Hunt
from proof import run
from proof.servers.edit import Edit, Mutant, begun, build, headed
from proof.servers.esmtp_liberal.extensions import EXTENSIONS
from proof.servers.esmtp_mutants import closing
from tests.rfc5321.search import faults, hunting

SERVES = "--protocol rfc5321 --port {port}"
Start = Callable[[str], Launched]


@pytest.fixture
def start() -> Iterator[Start]:
    servers: list[Launched] = []

    def begin(command: str) -> Launched:
        servers.append(hunting.started(command))
        return servers[-1]

    yield begin
    for server in servers:
        server.stop()


def built(mutant: Mutant, folder: Path) -> str:
    return run.launched(build(mutant, folder), SERVES)[1]


def replayed(script: Path, server: Launched) -> int:
    server.prepare(fresh=True)
    assert server.store
    command = [sys.executable, "-I", str(script), "127.0.0.1", str(server.address[1]), str(server.store.directory)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    return done.returncode


def test_a_right_server_passes(start: Start) -> None:
    hunt = hunting.hunted(start(hunting.REFERENCE), 15)
    assert hunt.found == hunt.unrepeated == [] and hunt.stopped == ""
    assert hunt.played == hunt.judged == 15


def test_a_right_server_passes_inside_tls_and_after_a_login(start: Start, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("open sesame\n")
    server = start(f"{hunting.REFERENCE} --tls required --user ann --password-file {secret} --require-login")
    own = {"tls": "starttls", "user": "ann", "password_file": str(secret)}
    hunt = hunting.hunted(server, 5, own=own)
    assert hunt.found == hunt.unrepeated == [] and hunt.judged == 5


@pytest.mark.parametrize("name", ["recipients-of-the-message-before-where-the-sender-is-null"])
def test_a_fault_is_found_and_shrunk(start: Start, tmp_path: Path, name: str) -> None:
    (mutant,) = (one for one in faults.FAULTS if one.name == name)
    hunt = hunting.hunted(start(built(mutant, tmp_path)), 200)
    (found,) = hunt.found
    assert (found.cause.requirement, found.times, found.shrunk) == (mutant.main, 3, True)
    assert len(found.conversation) <= 6


@pytest.mark.parametrize("tls", ["none", "starttls", "implicit"])
def test_a_wrong_reply_is_replayed(start: Start, tmp_path: Path, tls: str) -> None:
    options = "" if tls == "none" else f" --tls {tls}"
    deaf = Mutant("rset-keeps-all", "rset.clears", [begun("esmtp.py", "Esmtp._rset", 'return b"250 2.0.0 OK"')])
    server = start(built(deaf, tmp_path) + options)
    hunt = hunting.hunted(server, 100, own={"tls": tls})
    (found,) = hunt.found
    assert found.cause.requirement == "rset.clears"
    script = tmp_path / "replay-it.py"
    script.write_text(found.script(script.name, 'broken """ in \\ odd ways'))
    assert [replayed(script, one) for one in (server, start(hunting.REFERENCE + options))] == [1, 0]


def test_lost_mail_is_replayed_with_its_directory(start: Start, tmp_path: Path) -> None:
    lossy = [headed("delivery.py", "import time"), begun("delivery.py", "deliver", 'message.text += b"x\\r\\n"')]
    server = start(built(Mutant("adds-a-line", "data.whole", lossy), tmp_path))
    hunt = hunting.hunted(server, 20)
    assert [found.cause.requirement for found in hunt.found] == ["data.whole"]
    script = tmp_path / "replay-it.py"
    script.write_text(hunt.found[0].script(script.name, "a line more"))
    assert [replayed(script, one) for one in (server, start(hunting.REFERENCE))] == [1, 0]


AT_RSET = [headed("esmtp.py", "import os"), begun("esmtp.py", "Esmtp._rset", "os._exit(1)")]
AT_A_RESET = next(one.edits for one in closing.MUTANTS if one.name == "dies-of-a-reset")


@pytest.mark.parametrize("edits", [AT_RSET, AT_A_RESET], ids=["while it is listened to", "before it greets the next"])
def test_a_server_that_dies_is_found(start: Start, tmp_path: Path, edits: Sequence[Edit]) -> None:
    hunt = hunting.hunted(start(built(Mutant("dies", "close.serves-on", edits), tmp_path)), 40)
    assert [found.cause.requirement for found in hunt.found] == ["close.serves-on"]


@pytest.mark.parametrize("recipients", [["nobody"], ["nobody", "other"]])
def test_a_notification_is_not_taken_for_the_message_that_it_quotes(
    start: Start, tmp_path: Path, recipients: list[str]
) -> None:
    """Who wrote to nobody gets a notification, and it lies where the copies do: no mail is judged by it."""
    (tells,) = (one for one in EXTENSIONS if one.name == "takes-unknown-users-and-notifies")
    player = hunting.player_on(start(built(Mutant(tells.name, "none", tells.edits), tmp_path)))
    to = [f"RCPT TO:<{one}@{hunting.DOMAIN}>" for one in recipients]
    lines = ["EHLO client.example", f"MAIL FROM:<probe@{hunting.DOMAIN}>", *to, "DATA"]
    parts = [*(Part(line.encode()) for line in lines), Part(text=b"t\r\n", last=True)]
    hunt = Hunt(player, Budget(1), hunting.LIMIT)
    assert hunt.first((*(Step(0, (part,)) for part in parts), *player.language.closing)) is None
    assert [draft.fate for draft in player.last.drafts] == ["taken", "taken"]


def test_a_client_skips_what_a_liberty_of_the_server_took_the_sense_from(start: Start, tmp_path: Path) -> None:
    """MAIL is refused by policy: neither RCPT, DATA nor the text is sent, for they would be errors or commands."""
    stern = [begun("esmtp.py", "Esmtp._mail", 'if b"+" in found[0]:\n    return b"550 5.7.1 Not you"')]
    player = hunting.player_on(start(built(Mutant("stern", "none", stern), tmp_path)))
    hunt = Hunt(player, Budget(1), hunting.LIMIT)
    with_plus = next(number for number in range(100) if b"+" in player.book.line("MAIL", number))
    picks = [Pick(kind="say", verb="EHLO"), Pick(kind="message", number=with_plus), Pick(kind="message")]
    assert hunt.first(player.language.plan(picks)) is None
    sent = [b"".join(action.sent) for action in player.last.actions if action.client == 0 and action.sent]
    assert [line[:4] for line in sent if not line.startswith(b"EHLO")][:3] == [b"MAIL", b"MAIL", b"RCPT"]


class Counted(Places):
    """Places that remember how many were taken together, and are all free in the end."""

    def __init__(self) -> None:
        super().__init__(KIND)
        self.taken: list[int] = []
        self.held = 0

    @contextmanager
    def acquire(self, count: int) -> Iterator[None]:
        with super().acquire(count):
            self.taken.append(count)
            self.held += count
            yield
            self.held -= count


def test_a_conversation_takes_a_place_for_each_client_that_is_there_at_a_time(start: Start) -> None:
    """However many come one after the other; else it would wait for ever, or others would for it."""
    server = start(hunting.REFERENCE)
    player = hunting.player_on(server)
    server.places = places = Counted()
    closing, one, two = player.language.closing, Step(0, (Part(b"QUIT"),)), Step(1, (Part(b"QUIT"),))
    for conversation in ((), closing, (one, *closing), (one, two, *closing), player.language.visits(9)):
        assert player.play(conversation, Patience(hunting.LIMIT, KIND.rules)) is None
    assert places.taken == [1, 1, 1, 2, 2] and places.held == 0
