"""How counts and numbers are told: what is wrong with many messages, in a line that a reader takes in at once."""

from __future__ import annotations

import pytest

from conformance.cs4410 import mailbox
from conformance.cs4410.discrepancies import Discrepancies, discrepancies, not_each_once
from conformance.cs4410.mailbox import Message, wanted
from conformance.harness.verdict import telling


def message(number: int, connection: int = 0, text: str = "") -> Message:
    body = (text or f"text {number}").encode() + b"\r\n"
    return Message("a.example", f"sender{connection}@example.org", ("b@example.org",), body, number, connection)


@pytest.mark.parametrize(
    ("numbers", "told"),
    [
        ([], "none"),
        ([7], "7"),
        ([1, 2, 3], "1-3"),
        ([33, 34, 35, 61], "33-35, 61"),
        ([3, 2, 1, 2], "3, 2, 1-2"),
        ([1, 3, 5, 7, 9, 11, 13, 14, 20], "1, 3, 5, 7, 9, 11 and 3 more"),
    ],
)
def test_numbers_are_told_as_spans(numbers: list[int], told: str) -> None:
    assert telling.spans(numbers) == told


def test_gaps_are_not_counted_through() -> None:
    """A server may say any number; what it says is neither listed nor iterated."""
    assert telling.ranges(telling.gaps([1, 2, 5, 10**18])) == f"3-4, 6-{10**18 - 1}"


def test_falls_are_told_by_the_number_before() -> None:
    assert telling.falls([1, 3, 2, 2, 4]) == "2 after 3, 2 after 2"
    assert telling.falls(range(9)) == ""
    assert telling.falls([9, 1] * 8) == ", ".join(["1 after 9"] * 6) + " and 2 more"


@pytest.mark.parametrize(
    ("clauses", "told"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")]
)
def test_clauses_are_joined(clauses: list[str], told: str) -> None:
    assert telling.joined(clauses) == told


def test_names_are_told_up_to_some() -> None:
    assert telling.names([]) == "none"
    assert telling.names("abcdefgh") == "a, b, c, d, e, f and 2 more"


def test_a_number_that_several_clients_got_is_named_with_their_count() -> None:
    given = [message(5, connection) for connection in range(1, 8)] + [message(4, 8), message(4, 9), message(3, 10)]
    why, about = not_each_once(given)
    assert why == "number 5 was given to 7 clients, and 1 other more than once: 4"
    assert {one.connection for one in about} == set(range(1, 8))


def test_a_number_that_a_client_got_twice_was_not_given_to_two() -> None:
    assert not_each_once([message(5, 1), message(5, 1), message(6, 2)])[0] == "number 5 was given 2 times"


def test_numbers_that_nobody_got_are_named_and_shown_by_their_neighbours() -> None:
    why, about = not_each_once([message(number, number) for number in (7, 2, 3, 10)])
    assert why == "numbers 4-6, 8-9 were given to no acknowledged message"
    assert [one.connection for one in about] == [3, 7]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (Discrepancies(), ""),
        (Discrepancies(lost=[61, 33, 34]), "3 of 96 acknowledged messages are in no mailbox file: 33-34, 61"),
        (Discrepancies(doubled=[7]), "1 of 96 acknowledged messages is there more than once: 7"),
        (
            Discrepancies(lost=[1], changed={3: "x", 4: "y"}, headless=1),
            "1 of 96 acknowledged messages is in no mailbox file: 1; 2 are not as they were sent: 3-4; "
            "1 entry has no head that can be read",
        ),
    ],
)
def test_what_is_wrong_with_entries_is_counted(wrong: Discrepancies, told: str) -> None:
    assert wrong.told(96) == told


def test_entries_are_held_against_messages() -> None:
    sent = {number: message(number) for number in range(1, 6)}
    kept = [message(1), message(2), message(2), message(3, text="another text")]
    text = "".join(wanted(one).replace("<netid>", "me") + "\n" for one in kept)
    wrong = discrepancies(mailbox.parse(b"no head\n\n" + text.encode()), sent)
    assert (wrong.lost, wrong.doubled, list(wrong.changed), wrong.headless) == ([4, 5], [2], [3], 1)
    assert wrong.numbers == [4, 5, 2, 3]
    assert wrong.differences == "3: line 1 of the body is 'another text' instead of 'text 3'"
