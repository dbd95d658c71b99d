"""The start: where the server listens, and the mailbox that it makes anew."""

import pytest

from conformance.cs4410.case import Case
from conformance.harness.verdict import telling

STALE = b"Received: from old by old (CS4410MP3)\nNumber: 77\nFrom: old@sender\nTo: old@recipient\n\nstale\n\n"


@pytest.mark.alone(fresh=False)
@pytest.mark.judges("start.address")
def test_address_without_arguments(case: Case) -> None:
    """Started without arguments the server listens on 127.0.0.1, port 8765."""
    case.expect_plain_address()


@pytest.mark.alone(fresh=False)
@pytest.mark.judges("start.mailbox")
@pytest.mark.parametrize("stale", [None, STALE, b"no mailbox at all"], ids=["none", "mailbox", "garbage"])
def test_mailbox_is_made_anew(case: Case, stale: bytes | None) -> None:
    """After its start the server's directory holds an empty mailbox, whatever stood there before."""
    case.restart(stale)
    case.inbox.expect_empty_mailbox("start.mailbox")


@pytest.mark.alone(fresh=False)
@pytest.mark.judges("start.mailbox")
def test_stale_messages_do_not_come_back(case: Case) -> None:
    """After the first delivery there is that message alone, and nothing of an earlier run."""
    case.restart(STALE)
    message = case.client("recipient").deliver(case.words.body())
    first = case.inbox.expect_entry(message, "start.mailbox").number
    numbers = [entry.number for entry in case.inbox.settled_entries()]
    why, wanted = "the mailbox holds other entries than the first message", f"entry {first} alone"
    case.expect(numbers == [first], "start.mailbox", why, wanted, f"entries {telling.spans(numbers)}")


@pytest.mark.alone(fresh=False)
@pytest.mark.judges("numbers.first")
@pytest.mark.parametrize("stale", [None, STALE], ids=["none", "mailbox"])
def test_first_number(case: Case, stale: bytes | None) -> None:
    """The first message after the start is number 1, whatever an earlier run left."""
    case.restart(stale)
    entry = case.inbox.expect_entry(case.client("recipient").deliver(case.words.body()), "numbers.first")
    case.inbox.expect_numbered()
    case.expect(entry.number == 1, "numbers.first", "the first message has another number", "1", f"{entry.number}")
