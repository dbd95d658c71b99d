"""From findings to verdicts: of a case, and of a requirement over all its cases."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from conformance.harness.run import again
from conformance.harness.verdict.ledger import Ledger, Requirement
from conformance.harness.verdict.result import NOTHING, WORST_FIRST, CaseResult, Finding, by_requirement
from conformance.harness.verdict.verdict import Blocked, Broken, Record

LEDGER: Ledger = {
    name: Requirement(name, level, "Section", f"Rule {name}.")
    for name, level in {"must": "MUST", "other": "MUST", "should": "SHOULD", "note": "NOTE", "never": "MUST"}.items()
}


def record(*requirements: str) -> Record:
    return Record("cs4410/test_x.py::test_x", "What is sent.", requirements or ("must", "should", "note"), LEDGER)


def result(made: Record) -> CaseResult:
    return made.result("repeat it")


def verdicts(*records: Record) -> dict[str, str]:
    return {row.id: row.verdict for row in by_requirement(LEDGER, [result(one) for one in records])}


# One case


def test_a_case_without_findings_passes() -> None:
    case = result(record())
    assert case.verdict == "pass" and case.worst == NOTHING
    assert (case.findings, case.blocked_by, case.repeat) == ([], None, "repeat it")
    assert (case.section, case.level) == ("Section", "MUST")
    assert case.requirements == ("must", "should", "note")


@pytest.mark.parametrize(("name", "verdict"), [("must", "fail"), ("should", "warn"), ("note", "note")])
def test_the_level_says_what_a_breach_is(name: str, verdict: str) -> None:
    made = record()
    made.find(name, "reason", "expected", "actual")
    case = result(made)
    assert case.verdict == verdict
    assert case.findings == [Finding(name, verdict, "reason", "expected", "actual")]


@pytest.mark.parametrize("order", [("note", "should", "must"), ("must", "should", "note")])
def test_the_worst_finding_decides(order: tuple[str, ...]) -> None:
    made = record()
    for name in order:
        made.find(name, f"reason of {name}", f"{name} expected", f"{name} came")
    case = result(made)
    assert case.worst == Finding("must", "fail", "reason of must", "must expected", "must came")
    assert len(case.findings) == 3


def test_of_two_findings_alike_the_first_is_shown() -> None:
    made = record()
    made.find("must", "first")
    made.find("must", "second")
    assert made.worst.reason == "first"


def test_the_same_finding_is_kept_once() -> None:
    made = record()
    for _ in range(3):
        made.find("must", "again")
    assert len(made.findings) == 1


def test_a_case_finds_only_what_it_judges() -> None:
    with pytest.raises(ValueError, match="does not judge other"):
        record().find("other", "reason")


def test_a_blocked_case_names_what_blocks_it() -> None:
    made = record()
    made.set_aside("blocked", "no greeting", "other", "220", "nothing")
    case = result(made)
    assert case.worst == Finding("other", "blocked", "no greeting", "220", "nothing")
    assert case.blocked_by == "other"


def test_a_skipped_case_says_why() -> None:
    made = record()
    made.set_aside("skip", "the mailbox cannot be read")
    case = result(made)
    assert (case.verdict, case.blocked_by, case.worst.reason) == ("skip", None, "the mailbox cannot be read")


def test_verdicts_have_the_rank_that_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "results.md").read_text(encoding="utf-8")
    [documented] = re.findall("Verdicts, worst first: (.*?`pass`)", page, re.DOTALL)
    assert ("void", *re.findall("`([a-z]+)`", documented)) == WORST_FIRST


def test_exceptions_carry_their_finding() -> None:
    assert Broken("must", "reason", "expected", "actual", "other").finding == ("must", "reason", "expected", "actual")
    assert Broken("must", "reason", "this", "that", base="other").base == "other"
    assert Blocked("other", "reason", "expected").finding == ("other", "reason", "expected", "")


# A requirement over all cases


def test_rows_are_the_ledger_in_its_order() -> None:
    rows = by_requirement(LEDGER, [])
    assert [row.id for row in rows] == list(LEDGER)
    assert (rows[0].level, rows[0].section, rows[0].rule) == ("MUST", "Section", "Rule must.")


def test_without_a_case_nothing_is_judged() -> None:
    for row in by_requirement(LEDGER, []):
        assert (row.verdict, row.reason) == ("skip", "no case was run")


def test_a_case_that_passes_counts_for_all_that_it_judges() -> None:
    found = verdicts(record("must", "should"))
    assert found == {"must": "pass", "should": "pass", "other": "skip", "note": "skip", "never": "skip"}


def test_a_breach_counts_for_the_requirement_that_it_names() -> None:
    made = record("must", "should")
    made.find("should", "late")
    assert (verdicts(made)["must"], verdicts(made)["should"]) == ("pass", "warn")


def test_a_failed_case_says_nothing_of_what_it_did_not_get_to() -> None:
    made = record("must", "should")
    made.find("must", "broken")
    rows = {row.id: row for row in by_requirement(LEDGER, [result(made)])}
    assert (rows["must"].verdict, rows["must"].reason) == ("fail", "broken")
    assert (rows["should"].verdict, rows["should"].reason) == ("skip", "no case got to it")


def test_a_case_about_what_this_kind_of_server_does_not_have_says_nothing_beside_others() -> None:
    foreign = record("must", "other")
    foreign.set_aside("skip", "not of LMTP: HELO")
    rows = {row.id: row for row in by_requirement(LEDGER, [result(record("must")), result(foreign)])}
    assert (rows["must"].verdict, rows["must"].kept) == ("pass", "")
    assert (rows["other"].verdict, rows["other"].reason) == ("skip", "not of LMTP: HELO")


@pytest.mark.parametrize("verdict", ["blocked", "skip"])
def test_where_some_cases_could_not_judge_it_is_said_how_many_kept_it(verdict: str) -> None:
    spoiled = record("must")
    spoiled.set_aside(verdict, "because", by="other" if verdict == "blocked" else None)
    rows = {row.id: row for row in by_requirement(LEDGER, [result(one) for one in (record("must"), spoiled)])}
    assert rows["must"].verdict == verdict
    assert rows["must"].kept == "1 of 2"
    assert rows["must"].reason == "kept in 1 of 2 cases, 1 not judged: because"
    [alone] = [row for row in by_requirement(LEDGER, [result(spoiled)]) if row.id == "must"]
    assert not alone.kept and alone.reason == "because"


@pytest.mark.parametrize("order", [1, -1])
def test_the_worst_of_all_cases_counts(order: int) -> None:
    failed, skipped, passed = record("must"), record("must"), record("must")
    failed.find("must", "broken")
    skipped.set_aside("skip", "not here")
    assert verdicts(*[failed, skipped, passed][::order])["must"] == "fail"
    assert verdicts(*[skipped, passed][::order])["must"] == "skip"


def test_a_blocked_case_blocks_all_that_it_judges_and_is_not_held_against_what_blocks_it() -> None:
    made = record("must", "should")
    made.set_aside("blocked", "no greeting", "other")
    found = verdicts(made, record("other"))
    assert (found["must"], found["should"], found["other"]) == ("blocked", "blocked", "pass")


@pytest.mark.parametrize(("level", "explained"), [("must", True), ("should", True), ("note", False)])
def test_a_block_that_no_breach_explains_is_remarked_on(level: str, explained: bool) -> None:
    blocked, finding = record("other"), record(level)
    blocked.set_aside("blocked", "no greeting", level)
    finding.find(level, "broken")
    cases = [result(blocked), result(finding)]
    remarks = again.remarks(by_requirement(LEDGER, cases), cases)
    told = f"{level} is found broken by no case, but kept 1 from their point: no greeting ({cases[0].id})"
    assert remarks == ([] if explained else [told])


def test_a_note_is_a_note() -> None:
    made = record("note")
    made.find("note", "seen")
    assert verdicts(made)["note"] == "note"


def test_a_breach_that_was_found_before_a_case_was_set_aside_still_counts() -> None:
    made = record("must")
    made.find("must", "broken")
    made.set_aside("skip", "the mailbox cannot be read")
    assert result(made).verdict == "fail"
    assert verdicts(made)["must"] == "fail"


@pytest.mark.parametrize("level", ["should", "note"])
def test_so_does_a_lesser_breach(level: str) -> None:
    """A warning beside a block: the case is judged by its warning, not by what stopped it."""
    made = record(level)
    made.find(level, "seen")
    made.set_aside("skip", "the mailbox cannot be read")
    assert verdicts(made)[level] == result(made).verdict


def test_of_a_requirement_found_twice_in_a_case_the_first_reason_is_told() -> None:
    made = record("must")
    made.find("must", "first")
    made.find("must", "second")
    [row] = [row for row in by_requirement(LEDGER, [result(made)]) if row.id == "must"]
    assert row.reason == made.worst.reason
