"""What a conversation is made of, and what no conversation does."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from conformance.cs4410.search import strategies, words
from conformance.cs4410.search.conversation import CONNECTIONS, ERRORS, LAST, Conversation, Pick, lines, plan
from conformance.search import cuts
from conformance.search.hunt import drawn

ACCEPTED = ("", "helo", "mail", "rcpt", "data", "delivered")


def conversations(seed: int, count: int = 60) -> list[Conversation]:
    return [plan(picks) for picks in drawn(strategies.conversations(), count, random.Random(seed))]


def test_the_seed_decides_what_is_drawn() -> None:
    assert conversations(3) == conversations(3)
    assert conversations(3) != conversations(4)


def test_words_are_those_of_their_number() -> None:
    assert words.address(7) == words.address(7)
    assert len({words.address(number) for number in range(words.NUMBERS)}) > 50


def test_forward_leads_to_a_message_and_on_to_the_next() -> None:
    kinds = [line.kind for line in lines(plan([Pick()] * 9)[:-1])]
    assert kinds == ["helo", "mail", "rcpt", "data", "delivered", "mail", "rcpt", "data", "delivered"]


def test_a_plain_message_comes_last() -> None:
    (last,) = plan([])
    assert last.client == LAST and [line.kind for line in lines((last,))][-1] == "delivered"


def test_no_session_makes_more_errors_than_every_server_bears() -> None:
    picks = [Pick(kind="line", template="mkdir")] * 20
    assert len(plan(picks)) == ERRORS + 1
    for conversation in conversations(1):
        errors: Counter[tuple[int, int]] = Counter()
        left: Counter[int] = Counter()
        for place, step in enumerate(conversation):
            for line in lines(conversation):
                if line.step == place:
                    errors[step.client, left[step.client]] += line.kind not in ACCEPTED
            left[step.client] += bool(step.leave)
        assert max(errors.values()) <= ERRORS


def test_connections_are_bounded() -> None:
    leave = [Pick(), Pick(kind="leave", how="close")]
    assert sum(bool(step.leave) for step in plan(leave * 50)) == CONNECTIONS


def test_what_a_server_may_refuse_is_not_joined_with_what_follows() -> None:
    tabs = Pick(spelling=words.Spelling(between="\t"), joined=True)
    assert [step.joined for step in plan([tabs, Pick(joined=True)])] == [False, True, False]


@pytest.mark.parametrize("how", cuts.CUTS)
def test_a_cut_keeps_every_byte(how: str) -> None:
    data = b"one line\r\nand another\r\n.\r\n"
    pieces = cuts.cut(data, how)
    assert b"".join(pieces) == data and all(pieces) and (len(pieces) > 1) == bool(how)


def test_long_lines_end_at_powers_of_two() -> None:
    lengths = {len(words.long_line("RCPT", number)) for number in range(words.NUMBERS + 1)}
    assert {64, 128, 256, 512} <= lengths


def test_no_body_ends_early_or_looks_like_an_entry() -> None:
    for number in range(words.NUMBERS + 1):
        body = words.body(number) + words.END
        assert (words.CRLF + body).count(b"\r\n.\r\n") == 1 and b"Received: from" not in body
        assert not body.replace(b"\r\n", b"").count(b"\n") and not body.replace(b"\r\n", b"").count(b"\r")
