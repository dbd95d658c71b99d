"""A finding about many clients or a whole mailbox: its words name numbers and counts, and whom it is about."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.cs4410 import crowd, entries, inbox, ledger
from conformance.cs4410.case import Case
from conformance.cs4410.client import Client
from conformance.cs4410.inbox import Inbox
from conformance.cs4410.kind import KIND
from conformance.cs4410.mailbox import Message, wanted
from conformance.cs4410.profile import PROFILE
from conformance.harness.client.scene import Scene
from conformance.harness.server import proc
from conformance.harness.server.patience import Patience
from conformance.harness.server.target import Addressed
from conformance.harness.verdict.verdict import Blocked, Record, Stopped, Void
from conformance.harness.wire.manners import Manners
from tests.harness.plain import PLAIN

DEADLINE = 30.0


def message(number: int, connection: int = 0) -> Message:
    body = f"text {number}\r\n".encode()
    return Message("a.example", f"sender{connection}@example.org", ("b@example.org",), body, number, connection)


def write(path: Path, messages: Iterable[Message]) -> None:
    path.write_text("".join(wanted(one).replace("<netid>", "me") + "\n" for one in messages))


def some(*spans: range) -> list[Message]:
    return [message(number, number) for span in spans for number in span]


def made(folder: str | None, address: tuple[str, int], limit: float = 1.0) -> Case:
    record = Record("cs4410/test_x.py::test_x", "Title.", ("mailbox.entry",), ledger.load())
    server = Addressed(KIND, address, Manners(), folder, "it cannot be seen")
    settings = replace(PLAIN, time_limit=limit, target=f"{address[0]}:{address[1]}")
    return PROFILE.case(Scene(record, server, settings, Patience(limit, KIND.rules)))


@pytest.fixture
def case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Case:
    for module, name in ((entries, "SOON"), (inbox, "SOON"), (inbox, "BACKUP")):
        monkeypatch.setattr(module, name, 0.1)  # what is not there yet will not come
    monkeypatch.setattr(Inbox, "_expect_plain_entries", lambda _: None)
    return made(str(tmp_path), ("127.0.0.1", 1))


def test_lost_messages_are_counted_and_named(case: Case, tmp_path: Path) -> None:
    write(tmp_path / "mailbox.1-32", some(range(1, 33)))
    write(tmp_path / "mailbox.33-64", some(range(51, 65)))
    write(tmp_path / "mailbox.65-96", some(range(65, 70), range(71, 97)))
    write(tmp_path / "mailbox", [])
    with pytest.raises(Stopped) as stopped:
        case.inbox.expect_all_entries(some(range(1, 97)), "backup.whole", "backup.whole")
    rule, reason, expected, actual = stopped.value.finding
    assert rule == "backup.whole"
    assert reason == "19 of 96 acknowledged messages are in no mailbox file: 33-50, 70; lost while a backup ran"
    assert expected == "each of 96 messages once, as it was sent"
    assert actual == "mailbox.1-32: 1-32\nmailbox.33-64: 51-64\nmailbox.65-96: 65-69, 71-96"
    assert stopped.value.about[:2] == (33, 34)


def test_changed_messages_are_shown_by_what_differs(case: Case, tmp_path: Path) -> None:
    kept = [replace(one, body=b"mixed\r\n") if one.number in (2, 3) else one for one in some(range(1, 6))]
    write(tmp_path / "mailbox", kept)
    with pytest.raises(Stopped) as stopped:
        case.inbox.expect_all_entries(some(range(1, 6)), "mailbox.whole", "numbers.file")
    _, reason, _, actual = stopped.value.finding
    assert reason == "2 of 5 acknowledged messages are not as they were sent: 2-3"
    assert actual == "\n".join(
        f"{number}: line 1 of the body is 'mixed' instead of 'text {number}'" for number in (2, 3)
    )
    assert stopped.value.about == (2, 3)


def test_a_number_given_to_several_is_told_with_them(case: Case) -> None:
    given = [*some(range(1, 5)), message(5, 6), message(5, 7), message(5, 8)]
    with pytest.raises(Stopped) as stopped:
        case.inbox.expect_consecutive(given, "numbers")
    _, reason, expected, actual = stopped.value.finding
    assert reason == "number 5 was given to 3 clients"
    assert (expected, actual) == ("a number of its own for each of 7 messages, without a gap", "5 numbers: 1-5")
    assert stopped.value.about == (6, 7, 8)


def test_a_number_that_is_made_up_is_not_counted_up_to(case: Case) -> None:
    with pytest.raises(Stopped) as stopped:
        case.inbox.expect_consecutive([message(1, 1), message(10**17, 2)], "numbers")
    assert stopped.value.finding[1] == f"numbers 2-{10**17 - 1} were given to no acknowledged message"


def test_an_entry_whose_number_was_told_twice_is_nobodys(case: Case, tmp_path: Path) -> None:
    write(tmp_path / "mailbox", [message(5, 7)])
    case.told += [message(5, 6), message(5, 7)]
    for one in case.told:
        with pytest.raises(Stopped) as stopped:
            case.inbox.expect_entry(one, "line.split")
        assert stopped.value.finding[:2] == ("numbers", "number 5 was given to 2 clients")
        assert stopped.value.about == (6, 7)


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        (3, 5, "number 4 was given to no acknowledged message: after 3 came 5"),
        (3, 3, "number 3 was given twice"),
        (3, 1, "number 1 came after 3"),
    ],
)
def test_a_number_that_is_not_the_next(case: Case, tmp_path: Path, first: int, second: int, reason: str) -> None:
    write(tmp_path / "mailbox", [])
    with pytest.raises(Stopped) as stopped:
        case.inbox.expect_next(message(first, 1), message(second, 2), "numbers")
    assert stopped.value.finding == ("numbers", reason, str(first + 1), str(second))
    assert stopped.value.about == (1, 2)


def test_entries_out_of_order_are_told_where_they_fall(case: Case, tmp_path: Path) -> None:
    write(tmp_path / "mailbox", some(range(1, 4), range(6, 7), range(4, 6), range(7, 9)))
    with pytest.raises(Stopped) as stopped:
        case.inbox.expect_all_entries(some(range(1, 9)), "mailbox.whole", "numbers.file")
    rule, reason, _, actual = stopped.value.finding
    assert (rule, reason, actual) == ("numbers.file", "entries out of order: 4 after 6", "1-3, 6, 4-5, 7-8")
    assert stopped.value.about == (6, 4)


def test_an_entry_of_another_client_is_not_shown_as_mine(case: Case, tmp_path: Path) -> None:
    case.senders.add("sender1@example.org")
    theirs = replace(message(5, 2), body=b"theirs\r\n")
    write(tmp_path / "mailbox", [*some(range(1, 5)), theirs])
    with pytest.raises(Stopped) as stopped:
        case.inbox.expect_entry(message(5, 1), "mailbox.entry")
    rule, reason, expected, actual = stopped.value.finding
    assert rule == "mailbox.entry"
    assert reason == "the entry with number 5 is another client's, from 'sender2@example.org'"
    assert "text 5" in expected and "theirs" not in actual


def test_an_entry_of_mine_that_is_wrong_is_shown(case: Case, tmp_path: Path) -> None:
    mine = message(5, 1)
    case.senders.add(mine.sender)
    write(tmp_path / "mailbox", [replace(mine, body=b"another text\r\n")])
    with pytest.raises(Stopped) as stopped:
        case.inbox.expect_entry(mine, "mailbox.entry")
    assert "another text" in stopped.value.finding[3]


def test_a_backup_is_told_by_what_it_holds(case: Case, tmp_path: Path) -> None:
    write(tmp_path / "mailbox.33-64", some(range(34, 65)))
    write(tmp_path / "mailbox", [])
    with pytest.raises(Stopped) as stopped:
        case.inbox.expect_backup(some(range(33, 65)))
    shown = ("mailbox.33-64 with 33-64", "mailbox.33-64 with 34-64")
    assert stopped.value.finding == ("backup.group", "mailbox.33-64 holds 34-64", *shown)


def test_a_backup_that_is_not_there_is_told_by_those_that_are(case: Case, tmp_path: Path) -> None:
    write(tmp_path / "mailbox.1-32", some(range(1, 33)))
    with pytest.raises(Stopped) as stopped:
        case.inbox.expect_backup(some(range(33, 65)))
    why = "there is no mailbox.33-64 0.1 s after message 64 was delivered"
    assert stopped.value.finding[1:] == (why, "mailbox.33-64 with 33-64", "mailbox.1-32")


@pytest.fixture
def greeting_few() -> Iterator[tuple[str, int]]:
    """The address of a server that greets its first three clients."""
    listener = socket.create_server(("127.0.0.1", 0))
    kept: list[socket.socket] = []

    def serve() -> None:
        try:
            while True:
                client = listener.accept()[0]
                kept.append(client)
                if len(kept) <= 3:
                    client.sendall(b"220 me SMTP CS4410MP3\r\n")
        except OSError:
            return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listener.getsockname()
    listener.shutdown(socket.SHUT_RDWR)
    thread.join(DEADLINE)
    for one in (listener, *kept):
        one.close()


def test_a_pool_that_is_too_small_is_told_by_its_size(greeting_few: tuple[str, int]) -> None:
    case = made(None, greeting_few, limit=5.0)
    with pytest.raises(Stopped) as stopped:
        crowd.fill(case)
    rule, reason, expected, actual = stopped.value.finding
    assert (rule, reason) == ("pool.32", "3 of 32 clients were greeted")
    assert (expected, actual) == ("32 greetings", "3, and no more")
    assert stopped.value.about == (4, 3)
    case.close()


def test_those_that_have_left_before_are_counted(greeting_few: tuple[str, int]) -> None:
    case = made(None, greeting_few, limit=5.0)
    for how in ("reset", "reset", "close"):
        client = case.client()
        client.leave(how)
        client.close()
    with pytest.raises(Stopped) as stopped:
        crowd.fill(case, 4)
    assert stopped.value.finding[1] == "0 of 4 clients were greeted after 2 had reset and 1 had left"
    assert stopped.value.about == (4, 3)
    assert ("--3", "closed by the client") in [entry[1:] for entry in case.record.transcript.entries()]
    case.close()


@pytest.mark.parametrize(("since", "late"), [(0.0, False), (50.0, False), (95.0, True), (200.0, True)])
def test_who_may_have_been_timed_out_left_a_place_to_those_that_are_accepted(
    since: float, late: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = made(None, ("127.0.0.1", 1), limit=100.0)
    monkeypatch.setattr(proc, "unowned", lambda _: 0)
    served, beyond = case.unconnected_client(), case.unconnected_client()
    served.valid_sent = time.monotonic() - since
    with pytest.raises(Void) if late else nullcontext():
        assert crowd.waiting_in_backlog(case, [beyond], 0) == 0


@pytest.mark.parametrize("greeted", [True, False])
def test_who_may_have_been_timed_out_left_a_place_to_the_one_that_waits(
    greeted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = made(None, ("127.0.0.1", 1), limit=100.0)
    served, waiting = case.unconnected_client(), case.unconnected_client()
    served.valid_sent = time.monotonic() - 95.0
    monkeypatch.setattr(crowd, "fill", lambda _: [served])
    monkeypatch.setattr(crowd, "beyond", lambda _: [waiting])
    monkeypatch.setattr(waiting, "is_greeted", lambda _: greeted)
    with pytest.raises(Void):
        crowd.expect_whole_limit_after_queue(case, "time.start")


def test_who_was_closed_on_left_a_place_to_those_that_are_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proc, "unowned", lambda _: 0)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        case = made(None, listener.getsockname(), limit=100.0)
        served, beyond = case.unconnected_client(), case.unconnected_client()
        served.connect()
        listener.accept()[0].close()
        with pytest.raises(Blocked) as blocked:
            crowd.waiting_in_backlog(case, [beyond], 0)
    assert blocked.value.finding[0] == "time.early" and blocked.value.about == (served.connection,)
    case.close()


def test_what_several_of_a_crowd_met_is_counted(case: Case) -> None:
    clients = [Client(case, case.words) for _ in range(4)]

    def act(client: Client) -> list[Message]:
        if client is not clients[2]:
            raise case.breach("mailbox.entry", "no reply", "250", "none", about=[client])
        return []

    with pytest.raises(Stopped, match="no reply") as stopped:
        crowd.together(clients, act)
    assert stopped.value.finding[1] == "no reply, for 3 of 4 clients at once"
