"""Whatever a server does to a case, the case ends with a record, and the blame falls where it belongs."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.cs4410.case import Case
from conformance.cs4410.kind import KIND
from conformance.cs4410.profile import PROFILE
from conformance.harness.run.bench import Bench, Plan
from conformance.harness.server import target
from conformance.harness.server.launch import Unreachable
from conformance.harness.server.target import Addressed, Launched
from conformance.harness.verdict.verdict import Record, Skipped
from conformance.harness.wire.connection import Connection
from conformance.harness.wire.manners import Manners
from tests.harness.plain import PLAIN

DEADLINE = 30.0
SETTINGS = replace(PLAIN, target="127.0.0.1:1", time_limit=5.0)
RIGHT = {
    b"HELO": b"250 me\r\n",
    b"MAIL": b"250 2.1.0 OK\r\n",
    b"RCPT": b"250 2.1.5 OK\r\n",
    b"DATA": b"354 End data with <CR><LF>.<CR><LF>\r\n",
}
GREETING = b"220 me SMTP CS4410MP3\r\n"
Hold = Callable[..., Record]


@pytest.fixture
def hold() -> Iterator[Hold]:
    """Hold a case on a server that answers each verb as it is told to, by hanging up with nothing; deaf after DATA."""
    over = threading.Event()
    listeners: list[socket.socket] = []

    def serve(listener: socket.socket, replies: dict[bytes, bytes], greeting: bytes) -> None:
        with contextlib.suppress(OSError):
            while True:
                client = listener.accept()[0]
                threading.Thread(target=talk, args=(client, replies, greeting), daemon=True).start()

    def talk(client: socket.socket, replies: dict[bytes, bytes], greeting: bytes) -> None:
        with contextlib.suppress(OSError), client, client.makefile("rb") as lines:
            client.sendall(greeting)
            for line in lines:
                verb = line[:4].upper()
                reply = replies.get(verb, b"502 5.5.2 Error: command not recognized\r\n")
                if not reply:
                    return
                client.sendall(reply)
                if verb == b"DATA":
                    over.wait(DEADLINE)

    def hold_one(
        body: Callable[[Case], object],
        *requirements: str,
        replies: dict[bytes, bytes] | None = None,
        greeting: bytes = GREETING,
        control: Callable[[Case], None] | None = None,
        beside_others: bool = False,
        twice: bool = False,
        searches: bool = False,
    ) -> Record:
        listeners.append(listener := socket.create_server(("127.0.0.1", 0)))
        threading.Thread(target=serve, args=(listener, RIGHT | (replies or {}), greeting), daemon=True).start()
        server = Addressed(replace(KIND, twice=twice), listener.getsockname(), Manners(), None, "it cannot be seen")
        bench = Bench(server, SETTINGS, PROFILE)

        def case_body(case: Case) -> None:
            body(case)

        run = bench.attempt if beside_others else bench.run
        return run(Plan("cs4410/test_x.py::test_x", "Title.", requirements, case_body, control, searches=searches))

    yield hold_one
    over.set()
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


@pytest.fixture
def mortal(script: Callable[[str], str], temporary: Path) -> Iterator[Launched]:
    """A server that ends with its first client."""
    command = script("""
        import os, socket, sys
        listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
        listener.accept()[0].sendall(b"220 me SMTP CS4410MP3\\r\\n")
        os._exit(3)
    """)
    server = Launched(KIND, f"{command} {{port}}", 5.0, Manners())
    yield server
    server.stop()


def test_a_server_that_ends_while_nobody_is_there_has_ended(mortal: Launched) -> None:
    bench = Bench(mortal, replace(PLAIN, time_limit=5.0), PROFILE)
    mortal.prepare()
    socket.create_connection(mortal.address, DEADLINE).close()
    assert mortal.ended(DEADLINE)
    record = bench.run(Plan("x.py::test_x", "Title.", ("helo",), lambda case: None))
    assert (record.verdict, record.findings[0].requirement) == ("fail", "pool.alive")
    assert bench.notes == ["the server ended with exit status 3 before x.py::test_x, and was started again"]


def test_what_a_case_has_ended_twice_is_not_held_against_the_next(mortal: Launched) -> None:
    def end_it(case: Case) -> None:
        socket.create_connection(mortal.address, DEADLINE).close()
        assert mortal.ended(DEADLINE)

    bench = Bench(mortal, replace(PLAIN, time_limit=5.0), PROFILE)
    ends = bench.run(Plan("x.py::test_x", "Title.", ("helo",), end_it))
    assert [finding.requirement for finding in ends.findings] == ["pool.alive"]
    assert bench.run(Plan("x.py::test_y", "Title.", ("helo",), lambda case: None)).verdict == "pass"
    assert not bench.notes


def test_a_right_reply_passes(hold: Hold) -> None:
    record = hold(lambda case: case.client("greeted").expect("MAIL FROM: a"), "mail")
    assert (record.verdict, record.findings) == ("pass", [])


def test_what_clients_say_does_not_depend_on_who_comes_first(hold: Hold) -> None:
    said: list[dict[int, bytes]] = []

    def draw(case: Case, order: int) -> None:
        clients = [case.unconnected_client() for _ in range(4)]
        said.append({at: clients[at].words.body() for at in range(4)[::order]})

    hold(lambda case: draw(case, 1), "helo")
    hold(lambda case: draw(case, -1), "helo")
    assert said[0] == said[1] and len(set(said[0].values())) == 4


def test_a_wrong_reply_is_held_against_what_the_case_judges(hold: Hold) -> None:
    record = hold(lambda case: case.client("greeted").expect("MAIL FROM: a"), "mail", replies={b"MAIL": b"502 no\r\n"})
    assert (record.verdict, record.findings[0].requirement) == ("fail", "mail")
    assert (record.findings[0].expected, record.findings[0].actual) == ("250 2.1.0 OK", "502 no")


def test_a_wrong_set_up_step_blocks_in_its_own_name(hold: Hold) -> None:
    record = hold(lambda case: case.client("sender").expect("RCPT TO: a"), "rcpt", replies={b"MAIL": b"502 no\r\n"})
    assert (record.verdict, record.blocked_by) == ("blocked", "mail")


@pytest.mark.parametrize("end", [b"\n", b" "], ids=["LF", "other-words"])
def test_a_set_up_step_needs_only_the_right_kind_of_reply(hold: Hold, end: bytes) -> None:
    record = hold(
        lambda case: case.client("sender").expect("RCPT TO: a"), "rcpt", replies={b"MAIL": b"250 fine" + end + b"\n"}
    )
    assert record.verdict == "pass"


def test_a_line_end_is_one_finding_of_its_own(hold: Hold) -> None:
    replies = {b"MAIL": b"250 2.1.0 OK\n"}
    assert hold(lambda case: case.client("greeted").expect("MAIL FROM: a"), "mail", replies=replies).verdict == "pass"
    record = hold(lambda case: case.client("greeted").expect("MAIL FROM: a"), "reply.crlf", replies=replies)
    assert record.verdict == "fail"


def test_what_breaks_without_what_is_judged_as_well_is_blocked(hold: Hold) -> None:
    def plain(case: Case) -> None:
        case.client("greeted").expect("MAIL FROM: a")

    record = hold(
        lambda case: case.client("greeted").expect("mail from: a"),
        "case.verbs",
        replies={b"MAIL": b"502 no\r\n"},
        control=plain,
    )
    assert (record.verdict, record.blocked_by) == ("blocked", "mail")


def test_a_skip_after_a_finding_leaves_the_finding(hold: Hold) -> None:
    def body(case: Case) -> None:
        case.find_if_judged("mail", "broken", "this", "that")
        raise Skipped("the mailbox cannot be read")

    assert hold(body, "mail").verdict == "fail"


def test_a_server_that_takes_no_more_bytes_is_judged(hold: Hold, monkeypatch: pytest.MonkeyPatch) -> None:
    send = Connection.send
    monkeypatch.setattr(Connection, "send", lambda connection, data, **_: send(connection, data, patience=0.2))
    record = hold(lambda case: case.client("body").expect_delivered(b"x" * 64 * 2**20 + b"\r\n"), "bytes")
    assert record.verdict == "fail"


@pytest.mark.parametrize("flooded", ["greeting", "MAIL"])
@pytest.mark.parametrize("act", ["expect", "expect_silence", "give", "wait_closed"])
def test_a_server_that_floods_is_judged(hold: Hold, act: str, flooded: str) -> None:
    flood = b"250 again\r\n" * 300_000

    def body(case: Case) -> None:
        client = case.client("sender")
        for _ in range(30):
            match act:
                case "expect":
                    client.expect("mkdir")
                case "expect_silence":
                    client.expect_silence()
                case "give":
                    client.set_up("RCPT TO: a")
                case "wait_closed":
                    client.wire.wait_closed(0.0)
        case.expect(False, "reply.one", "the flood was not seen", "a flood", "none")

    greeting = GREETING + (flood if flooded == "greeting" else b"")
    record = hold(body, "reply.one", greeting=greeting, replies={b"MAIL": flood} if flooded == "MAIL" else {})
    assert record.verdict == "fail" or (record.verdict, act) == ("blocked", "give")
    assert act in ("give", "wait_closed") or record.findings[0].reason != "the flood was not seen"


def test_a_server_that_floods_with_right_replies_fails(hold: Hold) -> None:
    def body(case: Case) -> None:
        client = case.client("greeted")
        for _ in range(400):
            client.expect("mkdir")

    flood = b"502 5.5.2 Error: command not recognized\r\n" * 60_000
    assert hold(body, "unknown", replies={b"MKDI": flood}).verdict == "fail"


# What belongs to another requirement

SHOWN = b"504 5.5.2 <two words>: Sender address rejected\r\n"


@pytest.mark.parametrize(("judged", "verdict"), [("sender.refused", "pass"), ("case.arguments", "fail")])
def test_an_address_shown_in_another_letter_case_breaks_one_rule(hold: Hold, judged: str, verdict: str) -> None:
    record = hold(lambda case: case.client("greeted").expect("MAIL FROM: Two WORDS"), judged, replies={b"MAIL": SHOWN})
    assert (record.verdict, [finding.requirement for finding in record.findings]) == (
        verdict,
        [judged] if verdict == "fail" else [],
    )


def test_another_address_shown_is_no_matter_of_letter_case(hold: Hold) -> None:
    record = hold(
        lambda case: case.client("greeted").expect("MAIL FROM: a b"), "sender.refused", replies={b"MAIL": SHOWN}
    )
    assert record.findings[0].requirement == "sender.refused"


def test_the_netid_of_a_reply_in_other_words_is_not_looked_at(hold: Hold) -> None:
    replies = {b"HELO": b"250-me is at your service\r\n"}
    assert hold(lambda case: case.client().expect("HELO client"), "netid", replies=replies).verdict == "pass"
    replies = {b"HELO": b"250 you\r\n"}
    assert hold(lambda case: case.client().expect("HELO client"), "netid", replies=replies).verdict == "fail"


def test_a_soft_rule_is_not_broken_by_what_breaks_without_it_as_well(hold: Hold) -> None:
    def plain(case: Case) -> None:
        case.client().expect("HELO host")

    def odd(case: Case) -> None:
        case.client().expect("HELO my_host")

    record = hold(odd, "helo.printable", replies={b"HELO": b"550 go away\r\n"}, control=plain)
    assert (record.verdict, record.blocked_by) == ("blocked", "helo")
    assert hold(odd, "helo.printable", replies={b"HELO": b"550 go away\r\n"}).verdict == "warn"


def test_a_reply_too_many_is_no_early_time_out(hold: Hold) -> None:
    record = hold(
        lambda case: case.client("greeted").stay_silent(0.1),
        "time.early",
        replies={b"HELO": b"250 me\r\n250 go on\r\n"},
    )
    assert record.verdict == "pass"
    late = b"250 me\r\n421 4.4.2 me Error: timeout exceeded\r\n"
    record = hold(lambda case: case.client("greeted").stay_silent(0.1), "time.early", replies={b"HELO": late})
    assert record.verdict == "fail"


def test_a_greeting_of_two_lines_is_no_single_line(hold: Hold) -> None:
    def body(case: Case) -> None:
        case.server.manners.chatty = True
        case.client().expect_silence()

    assert hold(body, "greeting", greeting=GREETING + b"220 welcome\r\n").verdict == "fail"


def test_a_time_out_after_a_long_wait_is_no_reply(hold: Hold) -> None:
    """What was waited for did not come: the words of the 421 are not judged in its place."""
    seen = []

    def body(case: Case) -> None:
        for waited in (0.0, case.limit):
            client = case.client("greeted")
            client.send(b"mkdir\r\n")
            client.wire.sent -= waited
            seen.append(client.peek(DEADLINE))

    hold(body, "unknown", replies={b"MKDI": b"421 4.4.2 me Error: timeout exceeded\r\n"})
    assert seen == ["421 4.4.2 me Error: timeout exceeded", ""]


def test_who_hangs_up_after_an_error_breaks_one_rule(hold: Hold) -> None:
    record = hold(lambda case: case.client("after-error").expect("MAIL FROM: a"), "mail", replies={b"MAIL": b""})
    assert (record.verdict, record.blocked_by) == ("blocked", "recover")
    record = hold(lambda case: case.client("greeted").expect("MAIL FROM: a"), "mail", replies={b"MAIL": b""})
    assert record.findings[0].requirement == "mail"


@pytest.mark.parametrize(("by_another_case", "verdict"), [(True, "void"), (False, "fail")])
def test_what_fails_while_another_case_starts_the_server_again_is_void(
    hold: Hold, by_another_case: bool, verdict: str
) -> None:
    def body(case: Case) -> None:
        client = case.client("greeted")
        case.server.starts += by_another_case
        client.expect("MAIL FROM: a@b.example")

    replies = {b"MAIL": b"250 no\r\n"}
    assert hold(body, "mail", replies=replies, beside_others=True).verdict == verdict


def test_a_start_counts_before_the_new_server_can_be_taken_for_the_old_one(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Launched(KIND, "true {port}", 5.0, Manners())

    def start(*_: object) -> None:
        assert server.starts == 1
        raise Unreachable("it takes its time")

    monkeypatch.setattr(target, "Process", start)
    with pytest.raises(Unreachable, match="its time"):
        server.prepare()


def test_where_breaches_are_to_be_seen_twice_one_that_is_not_is_only_noted(hold: Hold) -> None:
    tries = []

    def now_and_then(case: Case) -> None:
        tries.append(case)
        case.expect(len(tries) % 2 == 0, "mail", "not as it should be", "this", "that")

    record = hold(now_and_then, "mail", twice=True)
    assert (record.verdict, len(tries)) == ("note", 2)
    assert record.worst.reason.startswith("unsteady") and record.worst.actual == "that"


@pytest.mark.parametrize(("every", "verdict"), [(1, "fail"), (2, "note")])
def test_what_a_case_finds_and_goes_on_after_is_to_be_seen_twice_as_well(hold: Hold, every: int, verdict: str) -> None:
    tries = []

    def goes_on(case: Case) -> None:
        tries.append(case)
        if (len(tries) - 1) % every == 0:
            case.record.find("mail", "not as it should be", "this", "that")

    record = hold(goes_on, "mail", twice=True)
    assert (record.verdict, record.worst.actual) == (verdict, "that")


def test_a_search_has_seen_by_itself_that_it_fails_again(hold: Hold) -> None:
    tries = []

    def finds(case: Case) -> None:
        tries.append(case)
        case.record.find("mail", "not as it should be", "this", "that")

    record = hold(finds, "mail", twice=True, searches=True)
    assert (record.verdict, len(tries)) == ("fail", 1)


def test_a_breach_that_is_seen_twice_is_found(hold: Hold) -> None:
    record = hold(lambda case: case.expect(False, "mail", "not as it should be", "this", "that"), "mail", twice=True)
    assert (record.verdict, record.worst.reason) == ("fail", "not as it should be")


def test_a_breach_may_be_said_to_only_warn(hold: Hold) -> None:
    record = hold(lambda case: case.record.find("mail", "odd", at_most="warn"), "mail")
    assert record.verdict == "warn"
    record = hold(lambda case: case.record.find("reply.prompt", "late", at_most="note"), "reply.prompt")
    assert record.verdict == "note"
