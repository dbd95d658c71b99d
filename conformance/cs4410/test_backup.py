"""The backup: groups of 32, an emptied mailbox, and nothing lost while others deliver."""

import time
from collections.abc import Sequence
from dataclasses import replace

import pytest

from conformance.cs4410 import crowd
from conformance.cs4410.case import Case
from conformance.cs4410.client import Client, whole
from conformance.cs4410.entries import GROUP
from conformance.cs4410.mailbox import Message
from conformance.harness.verdict.verdict import Blocked, Skipped
from conformance.harness.wire.connection import Silent


def deliver_one(client: Client) -> Message:
    """One more message of a client."""
    client.set_up(f"MAIL FROM: {client.words.token()}@example.org")
    client.set_up(f"RCPT TO: {client.words.address()}")
    return client.deliver(client.words.body(1))


def deliver_some(client: Client, count: int, requirement: str) -> list[Message]:
    """A client's next messages; one that is not acknowledged breaks the requirement."""
    messages = []
    for _ in range(count):
        client.begin_message()
        messages.append(client.expect_delivered(client.words.body(1), requirement))
    return messages


def deliver_up_to(case: Case, client: Client, place: int) -> list[Message]:
    """Messages until one has this place in its group of 32; 32 being the last."""
    messages = [deliver_one(client)]
    case.inbox.entry(messages[0])
    case.inbox.learn(messages[0])
    while (messages[-1].number - place) % GROUP and len(messages) <= GROUP:
        messages.append(deliver_one(client))
    return messages


@pytest.mark.alone(fresh=False)
@pytest.mark.judges("backup.group")
def test_no_backup_of_nothing(case: Case) -> None:
    """A client is greeted and no message was delivered yet: there is no backup."""
    case.restart(None)
    case.client("greeted")
    case.inbox.expect_backups_in_order()


@pytest.mark.alone
@pytest.mark.judges("backup.group")
def test_no_backup_before_32(case: Case) -> None:
    """After message 31 there is no backup yet, because messages are backed up in groups of 32."""
    client = case.client("greeted")
    with case.counting():
        before = deliver_up_to(case, client, 32)
        messages = deliver_up_to(case, client, 31)
        case.inbox.expect_consecutive([*before, *messages], "numbers")
        last = messages[-1].number
        case.inbox.expect_no_backup(last - 30, last + 1)


@pytest.mark.alone
@pytest.mark.judges("backup.group", "backup.emptied")
@pytest.mark.parametrize("groups", [1, 2])
def test_backup_of_32(case: Case, groups: int) -> None:
    """After message 32k the backup holds exactly the last 32, and mailbox is empty."""
    client = case.client("greeted")
    with case.counting():
        deliver_up_to(case, client, 32)
        for _ in range(groups):
            messages = deliver_up_to(case, client, 32)
            case.inbox.expect_backup(messages)
            case.inbox.expect_mailbox_holds([])


UNUSUAL = (
    bytes(range(128, 256)) + b"\r\n",
    b"\xff\xfe\xc3\x28\r\n",
    b"\x00begin\x00end\x00\r\n",
    b"\x0c\x1a\x1b\x85\r\n",
    b"CR\rand LF\nalone\r\n",
    b" \t trailing \t \r\n \r\n",
    b"\r\n\r\nempty lines\r\n\r\n\r\n",
    b"From a mailbox\r\nNumber: 7\r\n",
    b"100% {0} \\r\\n $HOME\r\n",
    b"long" * 20_000 + b"\r\n",
    b"line\r\n" * 2000,
    b"",
)
"""Bodies that one who reads and writes text, or line by line, may not copy as they are."""


@pytest.mark.alone
@pytest.mark.judges("backup.group")
def test_backup_of_unusual_bodies(case: Case) -> None:
    """Messages stand in their backup as they stood in the mailbox, whatever their bytes are."""
    client = case.client("greeted")
    with case.counting():
        deliver_up_to(case, client, 32)
        messages = []
        for body in UNUSUAL:
            client.begin_message()
            messages.append(case.inbox.as_it_stands(client.expect_delivered(body, "bytes")))
        case.inbox.expect_backup([*messages, *deliver_up_to(case, client, 32)])


@pytest.mark.alone
@pytest.mark.judges("backup.emptied")
def test_mailbox_after_backup(case: Case) -> None:
    """Message 33 stands in the mailbox alone, because the 32 before it are in the backup."""
    client = case.client("greeted")
    with case.counting():
        deliver_up_to(case, client, 32)
        case.inbox.expect_backup(deliver_up_to(case, client, 32))
        case.inbox.expect_mailbox_holds([deliver_one(client)])


@pytest.mark.alone
@pytest.mark.judges("backup.numbers")
def test_numbers_go_on(case: Case) -> None:
    """Messages 32 and 33, 64 and 65 have numbers that follow each other, because a backup restarts nothing."""
    client = case.client("greeted")
    with case.counting():
        for _ in range(3):
            last = deliver_up_to(case, client, 32)[-1]
            case.inbox.expect_next(last, deliver_one(client), "backup.numbers")


@pytest.mark.alone
@pytest.mark.judges("backup.whole", "backup.group", control={"each": 1, "clients": 24})
@pytest.mark.parametrize("clients", [32], ids=["32"])
@pytest.mark.parametrize("each", [3, 5])
def test_backup_under_load(case: Case, each: int, clients: int) -> None:
    """32 clients deliver at once across several backups: every message stands once, where its number says."""
    crew = crowd.fill(case, clients)
    with case.counting():
        for client in crew:
            client.set_up(client.words.fill("HELO {host}"))
        messages = crowd.together(crew, lambda client: deliver_some(client, each, "backup.whole"))
        case.inbox.expect_consecutive(messages, "numbers")
        case.inbox.expect_all_entries(messages, "backup.whole", "backup.whole")
        case.inbox.expect_backups_in_order()


FEW, MANY = 4, 60
"""Messages that a client sends at once: first to see how long they take, and then, at the most."""
LONGEST_BURST = 8.0
"""Seconds that the latter may take."""


@pytest.mark.long
@pytest.mark.alone
@pytest.mark.judges("backup.group", "numbers", control={"clients": 1})
@pytest.mark.parametrize("clients", [32], ids=["32"])
def test_backup_under_joined_load(case: Case, clients: int) -> None:
    """32 clients send many messages at once, so that deliveries follow each other closely: every group is one of 32."""
    crew = crowd.fill(case)[:clients]
    with case.counting():
        for client in crew:
            client.set_up(client.words.fill("HELO {host}"))
        began = time.monotonic()
        messages = deliver_at_once(crew, FEW)
        each = FEW * LONGEST_BURST / (time.monotonic() - began)
        messages += deliver_at_once(crew, max(1, min(MANY, int(each))))
        case.inbox.expect_consecutive(messages, "numbers")
        case.inbox.expect_groups(messages)


def deliver_at_once(crew: Sequence[Client], each: int) -> list[Message]:
    """So many messages of each client, sent together without a look at the replies.

    Raises:
        Skipped: the server is too slow for so many.
        Blocked: a reply is wrong, as another case will say.
    """
    scripts = {client: [part for _ in range(each) for part in joined(client)] for client in crew}
    try:
        return crowd.together(crew, lambda client: client.expect_replies(scripts[client], whole, "delivered", True))
    except Blocked as blocked:
        if isinstance(blocked.__context__, Silent):
            raise Skipped("the server does not answer so many messages at once in time") from None
        raise


def joined(client: Client) -> list[bytes]:
    """The lines of a message, and its body."""
    lines = ("MAIL FROM: {address}", "RCPT TO: {address}", "DATA")
    return [*(client.words.fill(line).encode() + b"\r\n" for line in lines), client.words.body(1) + b".\r\n"]


@pytest.mark.long
@pytest.mark.alone
@pytest.mark.judges("backup.whole", control={"place": GROUP})
@pytest.mark.parametrize("place", [24], ids=["large"])
def test_deliveries_that_wait_for_a_backup(case: Case, place: int) -> None:
    """32 large messages end at once, in the middle of a group of 32: those that wait for its backup go on."""
    crew = crowd.fill(case)
    with case.counting():
        for client in crew:
            client.set_up(client.words.fill("HELO {host}"))
        deliver_up_to(case, crew[0], place)
        bodies = {client: client.words.body(1) + client.words.octets(128 * 1024) for client in crew}

        def end_message(client: Client) -> list[Message]:
            return [replace(client.expect_delivered(b"", "backup.whole"), body=bodies[client])]

        messages = []
        for _ in range(4):
            for client in crew:
                client.begin_message()
                client.send(bodies[client])
            messages += crowd.together(crew, end_message)
        case.inbox.expect_consecutive(messages, "numbers")
        case.inbox.expect_all_entries(messages, "backup.whole", "backup.whole")
