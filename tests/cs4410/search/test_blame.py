"""A shrunk conversation and its failure lead to one requirement; what is broken already is not found again."""

from __future__ import annotations

import pytest

from conformance.cs4410 import ledger
from conformance.cs4410.search import words
from conformance.cs4410.search.blame import cause_of
from conformance.cs4410.search.conversation import Pick, plan
from conformance.cs4410.search.player import JUDGED, JUDGED_BY_CLOCK
from conformance.harness.verdict.result import CaseResult, Finding, set_aside_explained
from conformance.harness.verdict.verdict import Record
from conformance.search.failure import Failure

LEDGER = ledger.load()
BRACKETED, HOST_LIKE_A_VERB = 24, 34
STUMBLE = Pick(kind="line", template="mkdir")


def blamed(*picks: Pick, requirement: str = "mail", what: str = "", shrunk: bool = True) -> str:
    conversation = plan(picks)
    in_mailbox = bool(what)
    step = len(conversation) - 1 if in_mailbox else len(picks) - 1
    failure = Failure(requirement, "", "", "", step, what, in_mailbox)
    return cause_of(conversation, failure, LEDGER, shrunk).requirement


@pytest.mark.parametrize(
    ("picks", "expected"),
    [
        ([Pick(), Pick()], "mail"),
        ([Pick(), STUMBLE, Pick()], "recover"),
        ([Pick(kind="message"), Pick()], "after.forgets"),
        ([Pick(), Pick(cut="-1")], "line.split"),
        ([Pick(joined=True), Pick()], "line.joined"),
        ([Pick(), Pick(spelling=words.Spelling(case="lower"))], "case.verbs"),
        ([Pick(), Pick(spelling=words.Spelling(end="  "))], "space.spaces"),
        ([Pick(), Pick(kind="wait"), Pick(), Pick()], "time.no-trace"),
        ([Pick(), Pick(client=1), Pick()], "pool.no-influence"),
        ([Pick(), Pick(number=BRACKETED)], "address.characters"),
        ([Pick(number=HOST_LIKE_A_VERB)], "helo.hosts"),
        ([Pick(kind="message", number=BRACKETED)], "address.characters"),
    ],
)
def test_what_is_left_in_the_conversation_decides(picks: list[Pick], expected: str) -> None:
    assert blamed(*picks) == expected


def test_what_is_not_shrunk_is_put_down_to_the_reply() -> None:
    assert blamed(Pick(), STUMBLE, Pick(), shrunk=False) == "mail"


@pytest.mark.parametrize(
    ("picks", "what", "expected"),
    [
        ([Pick(), Pick(), Pick(), Pick(kind="line", template="RCPT TO: a b"), Pick(kind="message")], "recipients",
         "recipient.not-kept"),
        ([Pick(), Pick(), Pick(kind="right", template="MAIL"), Pick(kind="message")], "sender", "mail.first-stays"),
        ([Pick(), Pick(kind="right", template="HELO"), Pick(kind="message")], "host", "helo.first-stays"),
        ([Pick(kind="message")], "body", "bytes"),
    ],
)  # fmt: skip
def test_a_wrong_entry_is_put_down_to_what_can_have_spoiled_that_part(
    picks: list[Pick], what: str, expected: str
) -> None:
    assert blamed(*picks, requirement="mailbox.entry", what=what) == expected


def test_all_that_is_judged_is_in_the_ledger() -> None:
    assert {*JUDGED, *JUDGED_BY_CLOCK} <= set(LEDGER)


def case(name: str, *broken: str) -> CaseResult:
    """A case that broke what it judges."""
    made = Record(name, "Title.", broken, LEDGER)
    for requirement in broken:
        made.find(requirement, f"{requirement} is broken")
    return made.result("")


def test_what_is_broken_already_is_not_found_again() -> None:
    cases = [case("scripted", "mail"), case("search", "recover")]
    set_aside_explained(cases, {"search": {"recover": ["mail", "recover"]}})
    assert (cases[1].verdict, cases[1].blocked_by, cases[1].requirements) == ("blocked", "mail", ("mail",))
    assert cases[1].findings == [Finding("mail", "blocked", "found as well by the search: recover is broken")]


def test_what_nothing_explains_stays() -> None:
    cases = [case("scripted", "unknown"), case("search", "recover")]
    set_aside_explained(cases, {"search": {"recover": ["mail", "recover"]}})
    assert cases == [case("scripted", "unknown"), case("search", "recover")]


def test_what_nothing_explains_stays_beside_what_something_does() -> None:
    """The case then says what is left of it."""
    cases = [case("scripted", "mail"), case("search", "recover", "bytes")]
    set_aside_explained(cases, {"search": {"recover": ["mail"], "bytes": ["bytes"]}})
    assert cases[1].requirements == ("bytes",) and cases[1].worst.reason == "bytes is broken"
