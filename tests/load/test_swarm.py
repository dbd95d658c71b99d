"""Clients of a swarm on real servers, and the books of two processes put together; Locust itself is not needed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.cs4410 import dialect
from conformance.cs4410.kind import KIND
from conformance.cs4410.load.assignment import Assignment
from conformance.cs4410.mailbox import Folder
from conformance.harness.server import launch
from conformance.load.client import TIMED_OUT_EARLY
from conformance.load.ledger import Books, Ledger
from conformance.load.options import Options
from conformance.load.run import Run
from conformance.load.spool import Spool
from conformance.load.stored import Outcome
from conformance.load.swarm import Fault, Session
from tests.load.faulty import faulty
from tests.load.load_runs import Answering

WORDS = dialect.load("cs4410-2016")
MOVES = 350
"""Of each of four clients: some hundred messages in all."""


class Swarm:
    """Two processes with two clients each, which are none, on one server."""

    def __init__(self, options: Options, folder: Path) -> None:
        self.told: list[tuple[str, float, int, Fault | None]] = []
        self.ledgers = [Ledger(), Ledger()]
        self.sessions = []
        for number, ledger in enumerate(self.ledgers):
            profile = Assignment(WORDS, options)
            for client in (2 * number, 2 * number + 1):
                dialogue = profile.dialogue(client, talks=True)
                self.sessions.append(Session(profile, dialogue, ledger, options.address, self.tell))
        self.profile = Assignment(WORDS, options)
        self.folder = folder
        self.spool = (folder / "spool").open("w+b")
        self.kept = Spool(self.spool)
        self.books = Books(Run(options, self.profile, self.kept))

    def tell(self, phase: str, seconds: float, length: int, fault: Fault | None) -> None:
        self.told.append((phase, seconds, length, fault))

    def talk(self, moves: int) -> None:
        """Have everybody make so many moves, by turns, and enter now and then what was written down."""
        for at in range(moves):
            for session in self.sessions:
                session.move()
            if at % 100 == 99:
                self.enter()

    def enter(self, last: bool = False) -> None:
        for name, ledger in zip(("one", "other"), self.ledgers, strict=True):
            self.books.enter(json.loads(json.dumps(ledger.take(last))), name)

    def close(self, look_up: bool = True) -> Outcome | None:
        for session in self.sessions:
            session.leave()
        self.enter(last=True)
        return self.books.close((self.profile.store(Folder(self.folder)), self.kept) if look_up else None)

    @property
    def rules(self) -> set[str]:
        return {one.rule for one in self.books.run.findings}


@pytest.fixture
def swarm(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Swarm]:
    """Give a swarm before a server: the reference server, or the faulty one that the test names."""
    name = getattr(request, "param", "")
    command = faulty(name, tmp_path / "servers") if name else launch.reference_command(KIND)
    server = launch.Process(KIND, command, 10.0)
    made = Swarm(Options((launch.HOST, server.port), seed=1, mark="swarm-1"), server.directory)
    yield made
    for session in made.sessions:
        session.leave()
    made.spool.close()
    server.stop()


def test_right_server_is_right_by_the_books_of_all(swarm: Swarm) -> None:
    swarm.talk(MOVES)
    outcome = swarm.close()
    assert not swarm.rules and swarm.books.greeted
    assert outcome and outcome.found == outcome.acknowledged == swarm.books.run.numbers.count > 100
    assert outcome.foreign == 0 and outcome.unanswered <= swarm.books.run.numbers.unanswered


def test_each_phase_is_told_with_its_time(swarm: Swarm) -> None:
    swarm.talk(MOVES)
    phases = Counter(phase for phase, *_ in swarm.told)
    assert {"connect", "220 greeting", "250 HELO", "250 MAIL", "250 RCPT", "354 DATA", "250 message"} <= set(phases)
    assert phases["connect"] == phases["220 greeting"] >= 4 and phases["503 nested MAIL"] > 0
    for phase, seconds, length, fault in swarm.told:
        assert fault is None and seconds > 0 and (length > 0) == (phase != "connect")


@pytest.mark.parametrize(
    ("swarm", "rule", "what"),
    [
        ("each-60th-message-lost", "mailbox.whole", "an acknowledged message is lost"),
        ("each-60th-message-twice", "mailbox.whole", "a message stands there more often than it was acknowledged"),
        ("each-60th-message-to-somebody-else", "mailbox.whole", "cut, mixed or changed"),
        ("nested-mail-in-other-words", "mail.nested", "the wrong words (nested)"),
        ("replies-end-in-lf", "reply.crlf", "a reply that does not end in CRLF"),
    ],
    indirect=["swarm"],
)
def test_fault_is_found(swarm: Swarm, rule: str, what: str) -> None:
    swarm.talk(MOVES)
    swarm.close()
    assert any(one.rule == rule and what in one.what for one in swarm.books.run.findings)


@pytest.mark.parametrize("swarm", ["nested-mail-in-other-words"], indirect=True)
def test_one_wrong_reply_is_one_finding_and_one_sort_of_failure(swarm: Swarm) -> None:
    swarm.talk(MOVES)
    swarm.close()
    assert swarm.rules == {"mail.nested"}
    failures = Counter((phase, str(fault)) for phase, _, _, fault in swarm.told if fault)
    [finding] = swarm.books.run.findings
    assert failures == {("503 nested MAIL", "the wrong words"): finding.count}
    assert finding.transcript[-1].endswith(r"<- 503 Error: nested MAIL command\r\n")


def test_number_that_two_machines_were_told_is_found(swarm: Swarm) -> None:
    swarm.talk(50)
    other = swarm.ledgers[1]
    other.acknowledged += swarm.ledgers[0].acknowledged[:1]
    assert other.acknowledged
    swarm.close(look_up=False)
    assert swarm.rules == {"numbers"}


def test_worker_that_is_lost_with_what_it_was_told_accuses_nobody(swarm: Swarm) -> None:
    swarm.talk(150)
    assert swarm.books.missing == {"one", "other"}
    swarm.ledgers[0].take()  # nobody hears of it
    swarm.books.enter(swarm.ledgers[1].take(last=True), "other")
    assert swarm.books.missing == {"one"}
    assert swarm.books.close((swarm.profile.store(Folder(swarm.folder)), swarm.kept)) is None
    assert not swarm.rules and any("a worker is lost" in note for note in swarm.books.run.notes)


def test_server_that_went_away_is_found_and_no_server_is_none(swarm: Swarm) -> None:
    options = Options(("127.0.0.1", 1), seed=1)
    profile, ledger, told = Assignment(WORDS, options), Ledger(), swarm.told
    session = Session(profile, profile.dialogue(0, talks=True), ledger, options.address, swarm.tell)
    session.move()
    assert [(phase, str(fault)) for phase, _, _, fault in told] == [("connect", "not connected: ECONNREFUSED")]
    assert not list(ledger.findings)
    ledger.greet(b"220 here SMTP CS4410MP3")
    session.move()
    assert [one.rule for one in ledger.findings] == ["pool.alive"]


@pytest.mark.parametrize(
    ("answer", "fault", "found"),
    [
        (b"450 later\r\n", "wrong reply: 4yz", "not an acceptable reply (helo)"),
        (b"550 never\r\n", "wrong reply: 5yz", "not an acceptable reply (helo)"),
        (b"hello\r\n", "wrong reply: no reply code", "not an acceptable reply (helo)"),
        (b"", "disconnected", "the connection was closed instead of a reply"),
        (b"421 4.4.2 here Error: timeout exceeded\r\n", "timed out early", TIMED_OUT_EARLY),
        (b"250 here\r\n250 here\r\n", None, "a reply that nothing was owed"),
        (b"x" * 40_000, "a flood", "a reply of more than 16384 bytes"),
    ],
    ids=str,
)
def test_what_comes_instead_of_a_reply_is_named(
    answering: Answering, answer: bytes, fault: str | None, found: str
) -> None:
    options = Options(answering(b"220 here SMTP CS4410MP3\r\n", lambda _: answer), seed=1, errors=0.0)
    profile, ledger = Assignment(WORDS, options), Ledger()
    told: list[str] = []
    session = Session(
        profile, profile.dialogue(3, talks=True), ledger, options.address, lambda *one: told.append(str(one[3]))
    )
    session.move()
    session.move()
    session.leave()
    assert told == ["None", "None", str(fault)]
    assert found in [one.what for one in ledger.findings]
