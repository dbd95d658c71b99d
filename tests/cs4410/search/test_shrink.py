"""Shrinking: what is not needed goes, and what is needed stays."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from conformance.cs4410.search import words
from conformance.cs4410.search.conversation import Conversation, Pick, lines, plan
from conformance.cs4410.search.plainness import LANGUAGE
from conformance.search import shrink as engine
from conformance.search.failure import Failure

NOISE = (
    Pick(number=3), Pick(kind="line", template="mkdir"), Pick(client=1), Pick(number=11), Pick(1, "message"),
    Pick(number=21, cut="half"), Pick(1, "leave", how="reset"), Pick(joined=True), Pick(kind="message"),
    Pick(number=4, spelling=words.SPELLINGS[1]), Pick(kind="stumble", number=2), Pick(client=2), Pick(number=7),
)  # fmt: skip

FAILURE = Failure("mail", "why", "", "", 0)


def shrink(picks: Sequence[Pick], fails: Callable[[Conversation], bool]) -> tuple[Pick, ...]:
    def failure(conversation: Conversation) -> Failure | None:
        return FAILURE if fails(conversation) else None

    return engine.shrink(tuple(picks), FAILURE, failure, LANGUAGE)[0]


def test_two_messages_are_what_is_left() -> None:
    def fails(conversation: Conversation) -> bool:
        return [line.kind for line in lines(conversation[:-1]) if line.client == 0].count("delivered") >= 2

    shortest = shrink(NOISE * 3, fails)
    assert shortest == (Pick(kind="message"), Pick(kind="message"))


def test_the_cut_that_is_needed_stays() -> None:
    def fails(conversation: Conversation) -> bool:
        return any(step.cut == "half" and any(part.startswith(b"RCPT") for part in step.parts) for step in conversation)

    picks = (Pick(), Pick(), Pick(cut="half"), *NOISE)
    steps = plan(shrink(picks, fails))
    assert [step.cut for step in steps[:-1]] == ["", "", "half"]


def test_all_clients_become_one() -> None:
    def fails(conversation: Conversation) -> bool:
        return any(line.kind == "data" for line in lines(conversation[:-1]))

    assert {pick.client for pick in shrink([Pick(client=2)] * 4, fails)} == {0}


def test_no_conversation_is_tried_twice() -> None:
    tried: list[Conversation] = []

    def fails(conversation: Conversation) -> bool:
        tried.append(conversation)
        return len(conversation) > 4

    shrink(NOISE, fails)
    assert len(tried) == len(set(tried)) < 300


def test_what_never_fails_again_stays_as_it_is() -> None:
    assert plan(shrink(NOISE, lambda _: False)) == plan(NOISE)


def test_a_message_sent_around_another_is_begun_as_late_as_can_be() -> None:
    def fails(conversation: Conversation) -> bool:
        said = [(line.client, line.kind) for line in lines(conversation[:-1])]
        delivered = [client for client, kind in said if kind == "delivered"]
        if len(delivered) < 2 or delivered[0] == delivered[1]:
            return False
        return (delivered[1], "mail") in said[: said.index((delivered[0], "delivered"))]

    around = (*[Pick(1)] * 4, Pick(0, "message"), Pick(1))
    assert len(shrink(around, fails)) == 4
