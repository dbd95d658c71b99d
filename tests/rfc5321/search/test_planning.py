"""What a conversation of the standard is made of, and what no conversation does."""

from __future__ import annotations

import random

import pytest

from conformance.rfc5321.search import strategies, words
from conformance.rfc5321.search.conversation import (
    CONNECTIONS,
    ERRORS,
    FIRST_IN_GROUP,
    LAST,
    MESSAGES,
    Conversation,
    Part,
    Pick,
    Planner,
    Step,
    joined_up,
)
from conformance.rfc5321.search.plainness import language
from conformance.rfc5321.search.words import Book
from conformance.search.hunt import drawn

BOOK = Book(
    "[127.0.0.1]",
    "probe@d.example",
    ("u@d.example", "v@d.example"),
    ("nobody@d.example",),
    frozenset({"PIPELINING", "CHUNKING", "SIZE", "8BITMIME", "DSN"}),
)
PLAIN = Book("[127.0.0.1]", "probe@d.example", ("u@d.example",), rude=False)


def conversations(book: Book = BOOK, seed: int = 1, count: int = 60) -> list[Conversation]:
    return [Planner(book).plan(picks) for picks in drawn(strategies.conversations(), count, random.Random(seed))]


def verb(part: Part, book: Book = BOOK) -> str:
    return "TEXT" if not part.line else "BDAT" if part.line == b"BDAT" else book.read(part.line).verb


def test_the_seed_decides_what_is_drawn() -> None:
    assert conversations(seed=3, count=20) == conversations(seed=3, count=20) != conversations(seed=4, count=20)


def test_forward_leads_to_a_message_and_on_to_the_next() -> None:
    *steps, closing = Planner(BOOK).plan([Pick()] * 8)
    said = [verb(part) for step in steps for part in step.parts]
    assert said == ["EHLO", "MAIL", "RCPT", "DATA", "TEXT", "MAIL", "RCPT", "DATA", "TEXT"]
    assert closing == Planner(BOOK).closing[0] and closing.client == LAST


def test_joined_picks_are_groups_in_which_what_has_to_be_last_is_last() -> None:
    picks = [Pick(), *[Pick(joined=True)] * 3, Pick()]
    steps = Planner(BOOK).plan(picks)[:-1]
    said = [[verb(part) for part in step.parts] for step in steps]
    assert said == [["EHLO", "MAIL"], ["RCPT", "DATA"], ["TEXT", "MAIL"]]
    assert [step.together for step in steps] == [False, True, True]


def test_no_conversation_does_what_is_not_announced_or_is_rude() -> None:
    for conversation in conversations(PLAIN):
        assert not any(step.leave or (step.together and len(step.parts) > 1) for step in conversation)
        assert not any(verb(part, PLAIN) == "BDAT" for step in conversation for part in step.parts)


def test_no_chunk_is_sent_before_ehlo_has_announced_it() -> None:
    chunks = 0
    for conversation in conversations(count=100):
        for session in sessions(conversation):
            extended = False
            for part in (part for step in session for part in step.parts):
                said = verb(part)
                if part.meant and said in ("EHLO", "HELO"):
                    extended = said == "EHLO"
                chunks += said == "BDAT"
                assert extended or said != "BDAT"
    assert chunks


def test_manners_are_kept_and_a_text_follows_each_data_that_is_meant() -> None:
    for conversation in conversations(count=100):
        for session in sessions(conversation):
            parts = [part for step in session for part in step.parts]
            assert sum(not part.meant for part in parts) <= ERRORS
            assert sum(verb(part) == "DATA" for part in parts) <= MESSAGES + ERRORS
            for one, following in zip(parts, parts[1:], strict=False):
                assert (verb(following) == "TEXT") == (verb(one) == "DATA" and one.meant)
        for step in conversation:
            group = step.parts[:-1] if step.together else ()
            assert all(verb(part) in (*FIRST_IN_GROUP, "TEXT") for part in group)
        assert len(list(sessions(conversation))) <= CONNECTIONS + 1


def sessions(conversation: Conversation) -> list[list[Step]]:
    found: list[list[Step]] = []
    current: dict[int, list[Step]] = {}
    for step in conversation:
        if step.client not in current:
            current[step.client] = []
            found.append(current[step.client])
        current[step.client].append(step)
        if step.leave or any(part.line == b"QUIT" for part in step.parts):
            del current[step.client]
    return found


def test_everything_is_drawn() -> None:
    parts = [part for conversation in conversations(count=150) for step in conversation for part in step.parts]
    said = {verb(part) for part in parts}
    assert said >= {"EHLO", "HELO", "MAIL", "RCPT", "DATA", "TEXT", "BDAT", "RSET", "NOOP", "VRFY", "HELP", "QUIT"}
    lines = b"\n".join(part.line for part in parts)
    assert all(word in lines for word in (b"<>", b"SIZE=", b"NOTIFY=", b'"a b"@', b"[192.0.2.1]", b"@one.example"))
    assert any(part.text.startswith(b".") for part in parts) and any(len(part.text) > 990 for part in parts)


@pytest.mark.parametrize("how", words.CUTS)
def test_a_cut_keeps_every_byte(how: str) -> None:
    data = b"one line\r\n.and another\r\n.\r\n"
    pieces = words.cut(data, how)
    assert b"".join(pieces) == data and all(pieces) and len(pieces) > 1


def test_no_text_has_a_line_too_long_or_a_bare_line_end() -> None:
    for number in range(words.NUMBERS + 1):
        text = words.text(number)
        assert text.replace(b"\r\n", b"").translate(None, b"\r\n") == text.replace(b"\r\n", b"")
        assert max(map(len, text.split(b"\r\n"))) <= words.LONGEST_TEXT_LINE
        assert not text or text.endswith(b"\r\n")


def test_what_is_sent_together_is_not_smaller_than_the_same_apart() -> None:
    picks = [Pick(), Pick(joined=True), Pick(joined=True), Pick()]
    joined = Planner(BOOK).plan(picks)
    apart = Planner(BOOK).plan([Pick()] * 4)
    size = language(BOOK).size
    assert size(apart) < size(joined)


def test_an_odd_line_is_not_smaller_than_a_plain_one() -> None:
    size = language(BOOK).size
    assert size(Planner(BOOK).plan([Pick()])) < size(Planner(BOOK).plan([Pick(number=3)]))


def test_an_odd_line_is_told_from_a_plain_one() -> None:
    made = language(BOOK)
    assert made.oddities(made.closing) == frozenset()
    assert "cmd.case" in made.oddities(made.plan([Pick(spelling="lower")]))


def test_conversations_are_joined_up_by_goodbyes() -> None:
    one = Planner(BOOK).plan([Pick()])
    joined = joined_up([one, one])
    assert len(joined) == 2 * (len(one) + 2)
    assert joined[-1].parts == (Part(b"QUIT"),)
