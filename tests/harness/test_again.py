"""What comes of cases that something kept from their point which no case finds broken."""

from __future__ import annotations

import pytest

from conformance.harness.run import again
from conformance.harness.verdict import outcome
from conformance.harness.verdict.ledger import Ledger, Requirement
from conformance.harness.verdict.result import CaseResult, Finding, by_requirement
from conformance.harness.verdict.verdict import CONTROL_BREAKS, Record

LEDGER: Ledger = {
    name: Requirement(name, level, "Section", f"Rule {name}.")
    for name, level in {"reply": "MUST", "bytes": "MUST", "order": "MUST", "prompt": "SHOULD"}.items()
}


def case(
    name: str, *judged: str, blocked_by: str = "", verdict: str = "pass", reason: str = "no reply", seconds: float = 1.0
) -> CaseResult:
    """A case that passed, was blocked, or has a verdict of its own; one that took no time was not even begun."""
    made = Record(name, "Title.", judged, LEDGER, seconds=seconds)
    if seconds:
        made.transcript.add("--", "connected", 1)
    if blocked_by:
        made.set_aside("blocked", reason, blocked_by)
    elif verdict != "pass":
        made.findings.append(Finding(judged[0], verdict, reason))
    return made.result(f"run {name}")


def verdicts(cases: list[CaseResult]) -> dict[str, str]:
    return {row.id: row.verdict for row in by_requirement(LEDGER, cases)}


def undecided(cases: list[CaseResult]) -> list[str]:
    return again.undecided(by_requirement(LEDGER, cases), cases)


def chosen(cases: list[CaseResult]) -> list[str]:
    return again.chosen(by_requirement(LEDGER, cases), cases)


def test_a_case_is_run_again_where_no_case_finds_broken_what_blocked_it() -> None:
    cases = [case("a", "reply"), case("b", "bytes", blocked_by="reply")]
    assert chosen(cases) == ["b"]
    assert undecided(cases) == ["bytes"]


@pytest.mark.parametrize("verdict", ["fail", "warn"])
def test_a_case_that_something_broken_blocked_is_not_run_again(verdict: str) -> None:
    cases = [case("a", "reply", verdict=verdict), case("b", "bytes", blocked_by="reply")]
    assert (chosen(cases), undecided(cases)) == ([], [])


def test_nor_one_that_is_blocked_by_what_something_broken_keeps_from_being_judged() -> None:
    cases = [
        case("a", "order", verdict="fail"),
        case("b", "reply", blocked_by="order"),
        case("c", "bytes", blocked_by="reply"),
    ]
    assert (chosen(cases), undecided(cases)) == ([], [])


def test_nothing_is_run_again_where_a_must_is_broken_for_that_may_show_in_other_guises() -> None:
    cases = [case("a", "order", verdict="fail"), case("b", "reply"), case("c", "bytes", blocked_by="reply")]
    assert (chosen(cases), undecided(cases)) == ([], ["bytes"])


def test_what_lasts_is_not_waited_for_again() -> None:
    cases = [case("a", "reply"), case("b", "bytes", blocked_by="reply"), case("c", "order", blocked_by="bytes")]
    requirements = by_requirement(LEDGER, cases)
    assert again.chosen(requirements, cases, lasting=("reply",)) == []
    assert undecided(cases) == ["bytes", "order"]


def test_two_that_block_each_other_explain_nothing() -> None:
    cases = [case("a", "reply", blocked_by="bytes"), case("b", "bytes", blocked_by="reply")]
    assert undecided(cases) == ["reply", "bytes"]


def test_a_case_that_comes_to_its_point_alone_says_what_it_then_says() -> None:
    cases = [case("a", "reply"), case("b", "bytes", blocked_by="reply")]
    again.settle(LEDGER, cases, [case("b", "bytes")])
    assert verdicts(cases)["bytes"] == "pass" and undecided(cases) == []
    cases = [case("a", "reply"), case("b", "bytes", blocked_by="reply")]
    again.settle(LEDGER, cases, [case("b", "bytes", verdict="fail", reason="a byte is lost")])
    assert verdicts(cases)["bytes"] == "fail" and cases[1].worst.reason == "a byte is lost"


def test_a_case_that_is_blocked_twice_by_what_works_elsewhere_is_broken() -> None:
    cases = [case("a", "reply"), case("b", "bytes", "order", blocked_by="reply")]
    again.settle(LEDGER, cases, [case("b", "bytes", "order", blocked_by="reply", reason="no reply")])
    assert verdicts(cases) == {"reply": "pass", "bytes": "fail", "order": "skip", "prompt": "skip"}
    assert "no reply" in cases[1].worst.reason and cases[1].blocked_by is None
    assert cases[1].findings[0].requirement == "bytes" and cases[1].repeat == "run b"
    assert undecided(cases) == []


def test_a_case_that_is_blocked_twice_by_a_silence_that_proves_nothing_stays_undecided() -> None:
    cases = [case("a", "reply"), case("b", "bytes", blocked_by="reply")]
    again.settle(LEDGER, cases, [case("b", "bytes", blocked_by="reply", reason="no reply")], unproved=("reply",))
    assert verdicts(cases)["bytes"] == "blocked" and undecided(cases) == ["bytes"]


def test_one_whose_requirement_is_a_should_warns() -> None:
    cases = [case("a", "reply"), case("b", "prompt", blocked_by="reply")]
    assert undecided(cases) == []
    again.settle(LEDGER, cases, [case("b", "prompt", blocked_by="reply")])
    assert verdicts(cases)["prompt"] == "warn"


@pytest.mark.parametrize("printed", ["", "; the server printed meanwhile: IndexError"])
def test_a_control_that_fails_speaks_for_the_requirement(printed: str) -> None:
    reason = CONTROL_BREAKS + printed
    cases = [case("a", "reply"), case("b", "bytes", blocked_by="reply", reason=reason)]
    again.settle(LEDGER, cases, [case("b", "bytes", blocked_by="reply", reason=reason)])
    assert verdicts(cases)["bytes"] == "blocked" and undecided(cases) == ["bytes"]


def test_what_no_case_judges_decides_nothing() -> None:
    cases = [case("a", "order"), case("b", "bytes", blocked_by="reply")]
    assert chosen(cases) == []
    again.settle(LEDGER, cases, [case("b", "bytes", blocked_by="reply")])
    assert undecided(cases) == ["bytes"]


def test_a_case_that_is_skipped_when_it_is_run_again_stays_undecided() -> None:
    cases = [case("a", "reply"), case("b", "bytes", blocked_by="reply")]
    again.settle(LEDGER, cases, [case("b", "bytes", verdict="skip")])
    assert undecided(cases) == ["bytes"]


def test_no_more_is_run_again_than_there_is_time_for() -> None:
    slow = [case(f"{at}", "bytes", blocked_by="reply", seconds=again.WORK / 3) for at in range(9)]
    assert chosen([case("a", "reply"), *slow, case("quick", "bytes", blocked_by="reply")]) == ["quick", "0", "1"]
    endless = case("b", "bytes", blocked_by="reply", seconds=2 * again.WORK)
    assert chosen([case("a", "reply"), endless]) == ["b"]


def test_a_case_that_was_not_even_begun_will_take_as_long_as_those_before_it() -> None:
    begun = [case(f"{at}", "bytes", blocked_by="reply", seconds=again.WORK / 4) for at in range(3)]
    given_up = [case(f"later {at}", "bytes", blocked_by="reply", seconds=0.0) for at in range(500)]
    assert len(chosen([case("a", "reply"), *begun, *given_up])) == 4


def test_a_case_that_waited_less_than_others_will_take_as_long_as_those_before_it() -> None:
    waited = [
        case(f"{at}", "bytes", blocked_by="reply", reason="none in 10 s", seconds=again.WORK / 4) for at in range(3)
    ]
    less = [case(f"less {at}", "bytes", blocked_by="reply", reason="none in 2.5 s", seconds=3.0) for at in range(20)]
    assert len(chosen([case("a", "reply"), *waited, *less])) == 4


def test_each_requirement_has_its_turn_before_another_case_of_the_same() -> None:
    short = [case(f"{at}", "bytes", blocked_by="reply", seconds=again.WORK / 4) for at in range(9)]
    long = case("long", "order", blocked_by="reply", reason="no greeting", seconds=again.WORK / 2)
    assert chosen([case("a", "reply"), *short, long]) == ["0", "long", "1"]


def test_an_undecided_must_does_not_conform_and_has_a_line_of_its_own() -> None:
    cases = [case("a", "reply"), case("b", "bytes", blocked_by="reply")]
    rows = by_requirement(LEDGER, cases)
    status = outcome.exit_status(rows, False, False, False, undecided(cases))
    assert status == outcome.BROKEN
    line = outcome.verdict_line(rows, status, undecided(cases))
    assert line.startswith("does not conform, for 1 MUST could not be judged (bytes): 1 of 4 requirements kept")
