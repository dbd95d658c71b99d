"""32 clients that deliver at once: numbers, and entries that are neither mixed, cut, lost nor doubled."""

import pytest

from conformance.cs4410 import crowd
from conformance.cs4410.case import Case
from conformance.cs4410.client import Client, whole
from conformance.cs4410.entries import GROUP
from conformance.cs4410.mailbox import Message


def deliver_some(
    case: Case, client: Client, count: int, lines: int, pieces: bool, requirement: str = "mailbox.whole"
) -> list[Message]:
    """One client's messages, every line of them marked as its own; one without a reply breaks the requirement."""
    messages = []
    name = f"client{case.clients.index(client)}"
    for number in range(count):
        client.set_up(f"MAIL FROM: {name}-{number}@example.org")
        client.set_up(f"RCPT TO: {name}@example.org")
        client.set_up("DATA")
        body = b"".join(f"{name} message {number} line {line} {'x' * 60}\r\n".encode() for line in range(lines))
        messages.append(client.expect_delivered(body, requirement, client.words.cuts if pieces else whole))
    return messages


def deliver_plain(client: Client) -> Message:
    """One message of a client that waits for its reply."""
    client.begin_message()
    return client.expect_delivered(client.words.body(1), "pool.no-influence")


# How many of them deliver, how many messages each, of how many lines, and whether in pieces. No backup is due in the
# first shape, so that what it finds is none's fault.
SHAPES = {
    "before-a-backup": (31, 1, 100, False),
    "small": (32, 3, 1, False),
    "large": (32, 2, 400, False),
    "in-pieces": (32, 3, 40, True),
}


@pytest.mark.alone
@pytest.mark.judges("numbers", "numbers.file", "mailbox.whole")
@pytest.mark.parametrize("shape", SHAPES)
def test_deliveries_at_once(case: Case, shape: str) -> None:
    """32 clients deliver at once: numbers are unique and without a gap, and every entry is whole and stands once."""
    delivering, count, lines, pieces = SHAPES[shape]
    clients = crowd.fill(case)[:delivering]
    waits_for = "backup.whole" if delivering * count >= GROUP else "mailbox.whole"
    with case.counting():
        for client in clients:
            client.set_up(client.words.fill("HELO {host}"))
        messages = crowd.together(clients, lambda client: deliver_some(case, client, count, lines, pieces, waits_for))
        case.inbox.expect_consecutive(messages, "numbers")
        case.inbox.expect_all_entries(messages, "mailbox.whole", "numbers.file")


CONVERSATION = b"HELO client\r\nMAIL FROM: sender@example.org\r\nRCPT TO: recipient@example.org\r\nDATA\r\n"


@pytest.mark.long
@pytest.mark.alone
@pytest.mark.judges("numbers", "mailbox.whole", "pool.no-influence", control={"leave": ""})
@pytest.mark.parametrize("leave", ["reset", "close"])
def test_reply_that_nobody_reads(case: Case, leave: str) -> None:
    """Clients end a message and leave at once: each is there once or never, and every number is given once."""
    if not leave:
        # What is lost though nobody leaves, for others deliver at the same time, is no matter of these numbers.
        clients = [case.client("greeted") for _ in range(8)]
        with case.counting():
            messages = crowd.together(clients, lambda client: deliver_some(case, client, 3, 100, pieces=False))
            case.inbox.expect_consecutive(messages, "numbers")
            case.inbox.expect_all_entries(messages, "mailbox.whole", "numbers.file")
    ordinary = case.client("greeted")
    with case.counting():
        told, left = [], {}
        for state, sent in [("body", b""), ("connected", CONVERSATION)] * 6:
            told.append(deliver_plain(ordinary))
            if leave:
                mark = case.words.token(20).encode()
                left[mark] = case.abandon(state, sent + mark + b"\r\n.\r\n", leave)
        told += [deliver_plain(ordinary) for _ in range(4)]
        case.inbox.expect_each_once_at_most(told, left)


@pytest.mark.alone
@pytest.mark.judges("mailbox.no-trace", control={"abandoned": False})
@pytest.mark.parametrize("abandoned", [True], ids=["abandoned"])
def test_numbers_with_some_abandoned(case: Case, abandoned: bool) -> None:
    """While half of the clients abandon their messages, the others' numbers have no gap."""
    clients = crowd.fill(case)
    with case.counting():
        for client in clients:
            client.reach("recipient")

        def act(client: Client) -> list[Message]:
            if case.clients.index(client) % 2:
                return [client.deliver(b"kept\r\n")]
            if abandoned:
                client.set_up("DATA")
                client.send(b"abandoned\r\n")
                client.leave("reset")
            return []

        case.inbox.expect_consecutive(crowd.together(clients, act), "mailbox.no-trace")
