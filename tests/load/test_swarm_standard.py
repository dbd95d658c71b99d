"""Clients of a swarm that speak by the standard, and what two processes of them have to tell; without Locust."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from conformance.harness.server import launch
from conformance.load.front import Prepared
from conformance.load.ledger import Books, Ledger
from conformance.load.options import Options
from conformance.load.run import Run
from conformance.load.swarm import Session
from conformance.rfc5321.kind import KIND, REFERENCE_PASSWORD
from conformance.rfc5321.load.front import Front
from tests.load.load_runs import PATIENCE, Answer, Answering

TO = ["postmaster@reference.example", "other@reference.example"]
CLIENT = 3
"""One that begins with EHLO."""
MOVES = 120
"""Of each of two clients: some twenty messages in all."""


def prepared(address: tuple[str, int], folder: Path, worker: int = 0, **given: Any) -> tuple[Options, Prepared]:
    """What a process is made with, by the options that are given."""
    front, parser = Front(), ArgumentParser()
    front.add(parser.add_argument)
    options = Options(address, seed=1, mark="swarm-1", worker=worker)
    host, port = address
    usual = vars(parser.parse_args([]))
    asked = Namespace(**{**usual, "target": f"{host}:{port}", "recipient": TO, "launch": None, **given})
    options = front.options(asked, options)
    return options, front.prepare(asked, options, None, (folder / f"register-{worker}").open("w+b"))


def test_what_two_processes_were_told_is_looked_up_in_a_third(tmp_path: Path) -> None:
    server = launch.Process(KIND, launch.reference_command(KIND), 300.0)
    address, phases = (launch.HOST, server.port), Counter[tuple[str, str]]()
    try:
        store: dict[str, Any] = {"store": f"maildir:{server.directory}", "final": True, "arrives": 0.5}
        options, here = prepared(address, tmp_path, **store)
        books = Books(Run(options, here.profile, here.spool))
        login: dict[str, Any] = {"user": "reference", "password_file": str(REFERENCE_PASSWORD)}
        for worker in (1, 2):
            _, there = prepared(address, tmp_path, worker, tls="always", **login)
            ledger = Ledger(there.profile, there.secrets)
            dialogue = there.profile.dialogue(worker, talks=True)
            session = Session(
                there.profile, dialogue, ledger, address, lambda *one: phases.update([(one[0], str(one[3]))])
            )
            for _ in range(MOVES):
                session.move()
            session.leave()
            books.enter(json.loads(json.dumps(ledger.take(last=True))), f"worker {worker}")
        outcome = books.close(here.store)
    finally:
        server.stop()
    assert not list(books.run.findings)
    some = ("connect", "220 greeting", "2yz STARTTLS", "TLS handshake", "2yz AUTH", "2yz MAIL", "2yz message")
    assert all(phases[one, "None"] for one in some) and {fault for _, fault in phases} == {"None"}
    assert outcome and outcome.found == outcome.acknowledged >= books.run.acknowledged > 10
    assert outcome.unanswered <= books.run.numbers.unanswered


GREETING = b"220-here\r\n220 is a server\r\n"
OFFERS = b"250-here\r\n250-PIPELINING\r\n250 STARTTLS\r\n"


def insecure(came: bytes) -> bytes:
    """Offer TLS, and speak in clear where it begins."""
    if came[:4].upper() == b"EHLO":
        return OFFERS
    return b"220 go ahead\r\n" if came == b"STARTTLS\r\n" else b"500 what?\r\n"


@pytest.mark.parametrize(
    ("moves", "greeting", "answer", "fault", "found"),
    [
        (3, GREETING, insecure, "no TLS", "tls.220: no TLS session comes about, or it breaks"),
        (3, GREETING, lambda came: insecure(came) if came != b"STARTTLS\r\n" else b"", "disconnected", "reply.one: "),
        (2, GREETING, lambda _: b"250-here\r\n251 there\r\n", "wrong reply: 2yz", "reply.multiline: "),
        (2, GREETING, lambda _: b"354 go ahead\r\n", "wrong reply: 3yz", "not an acceptable reply"),
        (2, GREETING, lambda _: b"250 here\r\n250 here\r\n", "None", "reply.one: a reply that nothing was owed"),
        (2, GREETING, lambda _: b"250-" + b"x" * 40_000, "a flood", "a reply of more than 16384 bytes"),
        (2, GREETING, lambda _: b"250-here\r\n" * 4_000, "a flood", "a reply of more than 16384 bytes"),
        (2, GREETING, lambda _: b"421 later\r\n", "None", ""),
        (2, GREETING, lambda _: b"250 here\r\n421 later\r\n", "None", "note: the server left a client, and said so"),
        (1, b"554 not you\r\n", insecure, "None", "note: a connection was not served, as its greeting said"),
        (1, b"hello\r\n", insecure, "not a reply", ": not a reply"),
    ],
    ids=[
        "no-tls",
        "closes-at-starttls",
        "two-codes",
        "wrong-class",
        "twice",
        "endless-line",
        "endless-lines",
        "421-alone",
        "421-behind",
        "554",
        "no-smtp",
    ],
)
def test_what_a_server_does_instead_is_named(
    answering: Answering,
    tmp_path: Path,
    moves: int,
    greeting: bytes,
    answer: Answer,
    fault: str,
    found: str,
) -> None:
    options, there = prepared(answering(greeting, answer), tmp_path, 1, tls="always", patience=PATIENCE)
    ledger = Ledger(there.profile)
    told: list[tuple[object, ...]] = []
    dialogue = there.profile.dialogue(CLIENT, talks=True)
    session = Session(there.profile, dialogue, ledger, options.address, lambda *one: told.append(one))
    for _ in range(moves):
        session.move()
    session.leave()
    assert str(told[-1][3]) == fault
    named = [*(f"{one.rule}: {one.what}" for one in ledger.findings), *(f"note: {one}" for one in ledger.notes)]
    assert [found in one for one in named] == ([True] if found else [])
