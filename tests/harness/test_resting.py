"""What rests on a requirement that is broken is put down to that, if it is as grave."""

from __future__ import annotations

import pytest

from conformance.harness.verdict.ledger import Requirement
from conformance.harness.verdict.result import CaseResult, set_aside_resting
from conformance.harness.verdict.verdict import Record

LEDGER = {
    "base": Requirement("base", "MUST", "S", "R."),
    "advice": Requirement("advice", "SHOULD", "S", "R."),
    "above": Requirement("above", "MUST", "S", "R.", rests_on="base advice"),
    "soft": Requirement("soft", "SHOULD", "S", "R.", rests_on="advice base"),
}


def case(*broken: str) -> CaseResult:
    made = Record("cases.py::test_x", "Title.", broken, LEDGER)
    for requirement in broken:
        made.find(requirement, f"{requirement} is broken")
    return made.result("")


@pytest.mark.parametrize(
    ("broken", "above", "by"),
    [
        ("base", "above", "base"),
        ("base", "soft", "base"),
        ("advice", "soft", "advice"),
        ("advice", "above", None),
        ("soft", "above", None),
    ],
)
def test_it_is_set_aside_in_the_name_of_what_is_as_grave(broken: str, above: str, by: str | None) -> None:
    cases = [case(above), case(broken)]
    set_aside_resting(cases, LEDGER)
    assert cases[0].blocked_by == by
    assert cases[0].worst.reason == (f"mend {by} first: {above} is broken" if by else f"{above} is broken")
    assert cases[1] == case(broken)


def test_a_case_that_found_more_still_says_so() -> None:
    cases = [case("base"), case("above", "advice")]
    set_aside_resting(cases, LEDGER)
    assert (cases[1].verdict, cases[1].blocked_by) == ("warn", None)
    assert [(one.requirement, one.verdict) for one in cases[1].findings] == [("base", "blocked"), ("advice", "warn")]
