"""The search on real servers: it finds, shrinks, judges twice more and hands out a script, within its bounds."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.cs4410 import dialect, ledger
from conformance.cs4410.kind import KIND
from conformance.cs4410.search import strategies, words
from conformance.cs4410.search.conversation import Pick, Step, plan
from conformance.cs4410.search.player import Player
from conformance.harness.server import launch
from conformance.harness.server.target import Launched
from conformance.harness.wire.manners import Manners
from conformance.search.budget import Budget
from conformance.search.failure import Found
from conformance.search.hunt import Hunt
from proof import run
from proof.servers import deep
from proof.servers.edit import Mutant, begun, build, headed
from tests.harness import plain

LIMIT = 5.0
FAULT = "nested-mail-after-a-recipient-changes-the-sender"
PLAIN = plan([Pick(), Pick(kind="message"), Pick(1, "message", cut="-1"), Pick(kind="leave", how="half_close")])
Start = Callable[[str], Launched]


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[Launched] = []

    def begin(command: str) -> Launched:
        started.append(Launched(KIND, command, LIMIT, Manners()))
        return started[-1]

    yield begin
    for server in started:
        server.stop()


def player_of(server: Launched) -> Player:
    options = replace(plain.PLAIN, time_limit=LIMIT, seed=1)
    words = dialect.load("cs4410-2016")
    return Player(server, options, words, ledger.load(), "search", alone=True)


def hunting(server: Launched, budget: Budget) -> Hunt[Pick, Step]:
    return Hunt(player_of(server), budget, LIMIT)


@pytest.fixture
def faulty(start: Start, tmp_path: Path) -> Launched:
    (mutant,) = (mutant for mutant in deep.MUTANTS if mutant.name == FAULT)
    return start(run.launched(build(mutant, tmp_path))[1])


def test_a_right_server_passes_and_the_search_ends(start: Start) -> None:
    hunt = hunting(start(launch.reference_command(KIND)), Budget(10))
    hunt.run(strategies.conversations(), "1")
    assert hunt.found == hunt.unrepeated == [] and hunt.stopped == ""
    assert hunt.played == hunt.judged == 10 and not hunt.cut_short


def found_in(faulty: Launched) -> Found[Step]:
    hunt = hunting(faulty, Budget(300, causes=1))
    hunt.run(strategies.conversations(), "1")
    (found,) = hunt.found
    return found


def test_a_fault_is_found_shrunk_and_replayed_without_the_suite(faulty: Launched, start: Start, tmp_path: Path) -> None:
    found = found_in(faulty)
    assert (found.cause.requirement, found.times) == ("mail.first-stays", 3)
    assert len(found.conversation) <= 6
    assert any(entry[1] == "->" for entry in found.transcript.entries())
    script = tmp_path / "replay-it.py"
    title = 'broken """ in \\ odd ways'
    script.write_text(found.script(script.name, title))
    faulty.prepare(fresh=True)
    right = start(launch.reference_command(KIND))
    right.prepare()
    assert [replayed(script, server) for server in (faulty, right)] == [1, 0]
    assert [run_alone(script, *words) for words in ((), ("127.0.0.1", "no port"), ("127.0.0.1", "1"))] == [2, 2, 2]


def test_a_server_that_dies_of_it_still_fails(start: Start, tmp_path: Path) -> None:
    """Wherever its script finds the server gone, that is not the same as no server."""
    dies = [headed("session.py", "import os"), begun("session.py", "Session._forget_message", "os._exit(1)")]
    server = start(run.launched(build(Mutant("dies-at-a-message", "pool.alive", dies), tmp_path))[1])
    hunt = hunting(server, Budget(20, causes=1))
    hunt.run(strategies.conversations(), "1")
    (found,) = hunt.found
    script = tmp_path / "replay-it.py"
    script.write_text(found.script(script.name, "it dies"))
    server.prepare(fresh=True)
    assert replayed(script, server) == 1


def replayed(script: Path, server: Launched) -> int:
    assert server.store
    return run_alone(script, "127.0.0.1", str(server.address[1]), str(server.store.directory))


def run_alone(script: Path, *words: str) -> int:
    command = [sys.executable, "-I", str(script), *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.stderr == ""
    return done.returncode


def test_without_time_for_shrinking_nothing_is_tried(faulty: Launched) -> None:
    hunt = hunting(faulty, Budget(300, shrinking=0.0))
    hunt.run(strategies.conversations(), "1")
    assert [found.shrunk for found in hunt.found] == [False]
    assert hunt.stopped == "the budget for shrinking was spent"


def test_a_conversation_is_run_as_planned(start: Start) -> None:
    player = player_of(start(launch.reference_command(KIND)))
    hunt = Hunt(player, Budget(1), LIMIT)
    for _ in range(3):
        assert hunt.first(PLAIN) is None
    sent = [action for action in player.last.actions if action.verb == "send"]
    assert any(len(action.sent) == 2 for action in sent)


def test_a_client_that_was_refused_what_may_be_refused_says_no_more(start: Start) -> None:
    """Its next steps would mean something else: the lines of a body would be commands, and deliver a message."""
    too_long, commands = 69, 10
    assert len(words.long_line("HELO", too_long)) > 4098 and b"DATA" in words.body(commands)
    player = player_of(start(launch.reference_command(KIND)))
    hunt = Hunt(player, Budget(1), LIMIT)
    assert hunt.first(plan([Pick(kind="long", number=too_long), Pick(kind="message", number=commands)])) is None
    assert [action.sent for action in player.last.actions if action.client == 0 and action.verb == "send"][1:] == []
