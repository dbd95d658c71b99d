"""A server that greets and never says another word costs three waits, not one for each case."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from conformance.harness.client.scene import Scene
from conformance.harness.run.bench import Bench, Plan
from conformance.harness.server import patience
from conformance.harness.server.target import Addressed
from conformance.harness.settings import Settings
from conformance.harness.verdict.verdict import Record
from conformance.harness.wire.connection import Connection, Slow
from conformance.harness.wire.manners import QUIET, Manners
from conformance.rfc5321 import hearing, link
from conformance.rfc5321.case import Case
from conformance.rfc5321.profile import PROFILE
from conformance.rfc5321.search.player import Player
from conformance.rfc5321.search.words import Book

SETTINGS = Settings(PROFILE.name, PROFILE.time_limit, 1, target="127.0.0.1:1", own=PROFILE.usual())


MUTE = pytest.mark.parametrize("bench", [b""], indirect=True)
LATE = pytest.mark.parametrize("bench", [b"250 mail.example\r\n"], indirect=True)


@pytest.fixture
def bench(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """A server that greets, and answers as the test wants; it is waited for a little."""
    monkeypatch.setattr(patience, "SHORTER_WAITS", ((0, 0.1),))
    monkeypatch.setattr(hearing, "PROOF", 0.1)
    listener = socket.create_server(("127.0.0.1", 0))
    clients: list[socket.socket] = []

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                clients.append(listener.accept()[0])
                clients[-1].sendall(b"220 mail.example ESMTP\r\n")
                if request.param:
                    clients[-1].recv(1000)
                    clients[-1].sendall(request.param)

    threading.Thread(target=serve, daemon=True).start()
    server = Addressed(PROFILE.kind, listener.getsockname(), Manners(), None, "it cannot be seen")
    late = ("time.reply",) if request.param else ()
    yield Bench(server, SETTINGS, PROFILE, late, learned={"client name": "[127.0.0.1]"})
    listener.shutdown(socket.SHUT_RDWR)
    for one in (listener, *clients):
        one.close()


def greets(case: Case) -> None:
    """A client says EHLO."""
    case.client("ehlo")


def is_greeted(case: Case) -> None:
    """A client is greeted, and leaves."""
    case.unconnected_client().open()


def run(bench: Bench, *requirements: str) -> Record:
    return bench.run(Plan("rfc5321/test_x.py::test_x", "Title.", requirements, greets))


@MUTE
def test_a_server_that_answers_nothing_is_given_up_and_by_cases_about_it_later(bench: Bench) -> None:
    records = [run(bench, "ehlo.250") for _ in range(4)]
    assert [one.findings[0].reason.startswith("no reply to EHLO") for one in records] == [True, True, True, False]
    assert records[-1].findings[0].reason.startswith("no reply came three times in a row")
    assert {one.blocked_by for one in records} == {"reply.one"}  # or a run in which nothing is judged might conform
    assert run(bench, "reply.one").findings[0].reason.startswith("no reply to EHLO")


def says_one(case: Case) -> None:
    """A client says EHLO and another command."""
    case.client("ehlo").say("NOOP")


@pytest.mark.parametrize("bench", [b"250-mail.example\r\n"], indirect=True)
def test_a_server_is_given_up_whose_one_reply_has_no_end(bench: Bench) -> None:
    bench.server.manners.lasts[b"250-mail.example\r\n"] = QUIET
    plan = Plan("rfc5321/test_x.py::test_x", "Title.", ("noop.250",), says_one)
    records = [bench.run(plan) for _ in range(4)]
    assert [one.findings[0].reason.startswith("no reply to NOOP") for one in records] == [True, True, True, False]
    assert {one.blocked_by for one in records} == {"reply.one"}


def sends_two(case: Case) -> None:
    """A client says two commands in one go."""
    case.client("ehlo").say_together("NOOP", "NOOP")


@pytest.mark.parametrize("bench", [b"250 mail.example"], indirect=True)
def test_replies_that_end_with_nothing_are_not_counted(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hearing, "QUIET", 0.1)
    record = bench.run(Plan("rfc5321/test_x.py::test_x", "Title.", ("pipe.group",), sends_two))
    assert record.blocked_by == "reply.crlf"


@LATE
def test_a_server_that_takes_octets_slowly_is_not_judged(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    send = Connection.send

    def takes_long(wire: Connection, data: bytes, *args: Any, **kwargs: Any) -> None:
        if data.startswith(b"NOOP"):
            raise Slow("the server has not taken all bytes in 10 s")
        send(wire, data, *args, **kwargs)

    monkeypatch.setattr(Connection, "send", takes_long)
    record = bench.run(Plan("rfc5321/test_x.py::test_x", "Title.", ("noop.250",), says_one))
    assert (record.verdict, record.findings[0].reason[:22]) == ("skip", "too slow to be judged:")


def says_ten(case: Case) -> None:
    """A client says ten commands in one go, and hears ten replies."""
    assert len(case.client("ehlo").say_together(*10 * ["NOOP"])) == 10


def test_a_slow_server_may_take_as_long_for_a_group_as_for_its_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hearing, "QUIET", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with listener.accept()[0] as client:
                client.sendall(b"220 mail.example ESMTP\r\n")
                client.recv(1000)
                time.sleep(0.2)
                client.sendall(b"250 mail.example\r\n")
                client.recv(1000)
                time.sleep(1.0)  # more than twice what a command takes, and less than ten times that
                client.sendall(10 * b"250 OK\r\n")
                client.recv(1000)

        served = threading.Thread(target=serve)
        served.start()
        server = Addressed(PROFILE.kind, listener.getsockname(), Manners(), None, "it cannot be seen")
        bench = Bench(server, SETTINGS, PROFILE, (), learned={"client name": "[127.0.0.1]"})
        record = bench.run(Plan("x.py::test_x", "Title.", ("pipe.many",), says_ten))
        served.join()
    assert record.verdict == "pass"


def test_who_is_not_greeted_beside_another_client_is_not_waited_for_again_and_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(patience, "SHORTER_WAITS", ((0, 0.1),))
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:  # one at a time
                    with listener.accept()[0] as client:
                        client.sendall(b"220 mail.example ESMTP\r\n")
                        while line := client.recv(1000):
                            client.sendall(b"221 bye\r\n" if line.startswith(b"QUIT") else b"250 mail.example\r\n")

        threading.Thread(target=serve, daemon=True).start()
        server = Addressed(PROFILE.kind, listener.getsockname(), Manners(), None, "it cannot be seen")
        bench = Bench(server, SETTINGS, PROFILE, (), learned={"client name": "[127.0.0.1]"})
        plan = Plan("rfc5321/test_x.py::test_x", "Title.", ("state.own",), greet_two)
        records = [bench.run(plan) for _ in range(4)]
        listener.shutdown(socket.SHUT_RDWR)
    assert {one.blocked_by for one in records} == {"conn.parallel"}
    assert [one.transcript.connections for one in records] == [2, 2, 2, 1]


def test_a_server_that_takes_no_connection_any_more_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "SHORTER_WAITS", ((0, 0.1),))
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        stack.enter_context(socket.create_connection(listener.getsockname()))  # which fills the backlog
        server = Addressed(PROFILE.kind, listener.getsockname(), Manners(), None, "it cannot be seen")
        bench = Bench(server, SETTINGS, PROFILE, (), learned={"client name": "[127.0.0.1]"})
        records = [run(bench, "ehlo.250") for _ in range(4)]
    assert [one.verdict for one in records] == ["skip"] * 3 + ["blocked"]
    assert records[-1].blocked_by == "greet.first"


def greet_two(case: Case) -> None:
    """Two clients are greeted, and both stay."""
    case.client("greeted")
    case.client("greeted")


@LATE
def test_a_server_whose_replies_were_all_late_is_given_up(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hearing, "LATE", 0.0)
    record = run(bench, "ehlo.250")
    assert record.findings[0].reason.startswith("too slow to be judged")
    later = run(bench, "ehlo.250")
    assert later.blocked_by == "reply.one" and later.findings[0].reason.startswith("no reply in time")


@LATE
def test_one_reply_in_time_is_enough_to_go_on(bench: Bench) -> None:
    assert [run(bench, "ehlo.250").verdict for _ in range(4)] == ["pass"] * 4


def notifies(case: Case) -> None:
    """A client may ask for notifications."""
    case.client("ehlo", "DSN")


@LATE
@pytest.mark.parametrize(("first", "asked"), [({"announced": "SIZE 1000"}, 1), ({}, 3)], ids=["seen", "not seen"])
def test_a_server_is_not_asked_for_ever_for_what_it_does_not_announce(
    bench: Bench, first: dict[str, str], asked: int
) -> None:
    bench = Bench(bench.server, SETTINGS, PROFILE, (), learned={"client name": "[127.0.0.1]", **first})
    plan = Plan("rfc5321/test_x.py::test_x", "Title.", ("dsn.mail",), notifies)
    records = [bench.run(plan) for _ in range(5)]
    assert {one.findings[0].reason for one in records} == {"not announced: DSN"}
    assert [one.transcript.connections for one in records] == [1] * asked + [0] * (5 - asked)


@MUTE
def test_whoever_is_not_answered_is_not_accused(bench: Bench) -> None:
    records = [run(bench, rule) for rule in ("ehlo.250", "reply.one", "close.error", "tls.reset")]
    assert {one.verdict for one in records} <= {"skip", "blocked"}


def test_a_server_that_answers_quit_when_the_client_has_ended_its_side_is_heard() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            for _ in range(4):
                with listener.accept()[0] as client:
                    client.sendall(b"220 mail.example ESMTP\r\n")
                    while client.recv(1000):
                        pass
                    client.sendall(b"221 mail.example\r\n")

        served = threading.Thread(target=serve)
        served.start()
        server = Addressed(PROFILE.kind, listener.getsockname(), Manners(), None, "it cannot be seen")
        bench = Bench(server, SETTINGS, PROFILE, (), learned={"client name": "[127.0.0.1]"})
        said = [bench.run(Plan("x.py::test_x", "Title.", ("greet.first",), is_greeted)).transcript for _ in range(4)]
        served.join()
    assert all(any("221 mail.example" in text for *_, text in one.entries()) for one in said)


def test_a_server_that_greets_otherwise_than_smtp_does_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    with listener.accept()[0] as client:
                        client.sendall(b"SSH-2.0-OpenSSH_9.2p1\r\n")

        threading.Thread(target=serve, daemon=True).start()
        server = Addressed(PROFILE.kind, listener.getsockname(), Manners(), None, "it cannot be seen")
        bench = Bench(server, SETTINGS, PROFILE, (), learned={})
        records = [run(bench, "ehlo.250") for _ in range(4)]
        listener.shutdown(socket.SHUT_RDWR)
    assert {one.blocked_by for one in records} == {"greet.code"}
    assert [one.transcript.connections for one in records] == [1, 1, 1, 0]


def test_clients_have_a_name_where_nothing_was_learned() -> None:
    server = Addressed(PROFILE.kind, ("127.0.0.1", 1), Manners(), None, "it cannot be seen")
    names: list[str] = []

    def called(case: Case) -> None:
        names.append(case.client_name)
        case.call_clients("client.example")
        names.append(case.client_name)

    bench = Bench(server, SETTINGS, PROFILE, (), learned={})
    bench.run(Plan("rfc5321/test_x.py::test_x", "Title.", ("trace.from-both",), called))
    assert names == ["[127.0.0.1]", "client.example"]


@pytest.mark.parametrize("drip", [b"2", b"2\n"], ids=["no line", "lines"])
def test_a_server_that_drips_is_left_in_time(monkeypatch: pytest.MonkeyPatch, drip: bytes) -> None:
    monkeypatch.setattr(link, "GOODBYE", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError), listener.accept()[0] as client:
                while True:
                    client.sendall(drip)
                    time.sleep(0.05)

        threading.Thread(target=serve, daemon=True).start()
        server = Addressed(PROFILE.kind, listener.getsockname(), Manners(), None, "it cannot be seen")
        bench = Bench(server, SETTINGS, PROFILE, (), learned={"client name": "[127.0.0.1]"})
        monkeypatch.setattr(patience, "SHORTER_WAITS", ((0, 0.3),))
        record = bench.run(Plan("x.py::test_x", "Title.", ("ehlo.250",), is_greeted))
    assert (record.verdict, record.seconds < 10 * link.GOODBYE) == ("blocked", True)
    assert record.blocked_by == ("greet.first" if drip == b"2" else "greet.code")


@pytest.mark.parametrize(("trouble", "judges"), [("", True), ("it was not found there", False)])
def test_a_search_judges_no_mail_where_not_even_the_first_message_was_seen(trouble: str, judges: bool) -> None:
    server = Addressed(PROFILE.kind, ("127.0.0.1", 1), Manners(), None, trouble)
    record = Record("rfc5321/test_x.py::test_x", "Title.", ("reply.one",), PROFILE.ledger(PROFILE.usual()))
    scene = Scene(record, server, SETTINGS, patience.Patience(1.0, PROFILE.kind.rules))
    player = Player(Case(scene), Book("[127.0.0.1]", "probe@d.example", ("u@d.example",)))
    assert player.judges_mail == judges
