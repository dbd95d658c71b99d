"""The history of several clients: numbers, order and entries against what was acknowledged."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.cs4410.mailbox import Entry, Message, parse
from conformance.cs4410.search.history import Delivery, History
from conformance.harness.verdict.verdict import Broken


def message(number: int, sender: str = "a") -> Message:
    return Message("h", sender, ("b",), f"body of {sender}\r\n".encode(), number)


def entry(number: int, sender: str = "a", body: str = "") -> Entry:
    head = f"Received: from h by n (CS4410MP3)\nNumber: {number}\nFrom: {sender}\nTo: b\n\n"
    return parse(f"{head}{body or f'body of {sender}'}\n\n".encode())[0]


def history(*told: tuple[int, float, float], known: int | None = 0) -> History:
    """Deliveries as number, when they were sent and when they were acknowledged."""
    return History(known, [Delivery(message(number, f"s{number}"), sent, read) for number, sent, read in told])


def broken_by(past: History, *entries: Entry, alone: bool = True) -> str:
    try:
        past.judge_numbers()
        past.judge_gaps()
        past.judge_entries(entries, alone)
    except Broken as broken:
        assert all(broken.finding), "what was expected, and what came instead, is said"
        return broken.finding[0]
    return ""


def test_what_was_told_and_stands_there_is_right() -> None:
    assert broken_by(history((1, 0, 1), (2, 2, 3)), entry(1, "s1"), entry(2, "s2")) == ""


def test_at_the_same_time_either_may_be_first() -> None:
    assert broken_by(history((2, 0, 5), (1, 1, 4)), entry(1, "s1"), entry(2, "s2")) == ""


def test_a_later_message_needs_a_higher_number() -> None:
    assert broken_by(history((2, 0, 1), (1, 2, 3)), entry(1, "s1"), entry(2, "s2")) == "numbers"


@pytest.mark.parametrize(
    "told",
    [((1, 0, 5), (1, 1, 4)), ((2, 0, 1),), ((1, 0, 1), (3, 2, 3))],
    ids=["twice", "first", "gap"],
)
def test_numbers_are_given_once_and_without_a_gap(told: tuple[tuple[int, float, float], ...]) -> None:
    assert broken_by(history(*told), *(entry(number, f"s{number}") for number, _, _ in told)) == "numbers"


def test_a_server_that_others_use_may_leave_numbers_out() -> None:
    assert broken_by(history((5, 0, 1), (9, 2, 3), known=None), entry(5, "s5"), entry(9, "s9"), alone=False) == ""


def test_an_unanswered_message_may_have_been_delivered_or_not() -> None:
    for entries in ([entry(1, "s1"), entry(3, "s3")], [entry(1, "s1"), entry(2, "late"), entry(3, "s3")]):
        past = history((1, 0, 1), (3, 2, 3))
        past.unanswered.append(message(0, "late"))
        assert broken_by(past, *entries) == ""


def test_each_acknowledged_message_is_one_entry() -> None:
    assert broken_by(history((1, 0, 1))) == "mailbox.soon"
    assert broken_by(history((1, 0, 1)), entry(1, "s1"), entry(1, "s1")) == "mailbox.whole"
    assert broken_by(history((1, 0, 1)), entry(1, "s1", body="other")) == "mailbox.entry"


def test_each_entry_is_a_message() -> None:
    assert broken_by(history((1, 0, 1)), entry(1, "s1"), entry(2, "nobody")) == "mailbox.whole"
    past = history((1, 0, 1))
    past.begun.add("left")
    assert broken_by(past, entry(1, "s1"), entry(2, "left")) == "mailbox.no-trace"


def test_entries_stand_in_order() -> None:
    assert broken_by(history((1, 0, 1), (2, 2, 3)), entry(2, "s2"), entry(1, "s1")) == "numbers.file"


def test_what_was_judged_is_the_past() -> None:
    past = history((1, 0, 1))
    past.settle([entry(1, "s1")])
    assert past.known == 1 and past.told == []


def test_what_is_wrong_with_every_entry_hides_nothing_else() -> None:
    past = history((1, 0, 1))
    odd = replace(entry(1, "s1"), host="other")
    past.judge_entries([odd], True, {"host"})
    with pytest.raises(Broken):
        past.judge_entries([odd], True, {"form"})
    with pytest.raises(Broken):
        past.judge_entries([entry(1, "s1", "another body")], True, {"host"})
