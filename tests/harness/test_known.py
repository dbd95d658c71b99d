"""Known failures: what a file may say, which breaches they excuse, and what comes out otherwise than expected."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.cs4410 import ledger
from conformance.harness.settings import UsageError
from conformance.harness.verdict.known import LARGEST, Known, mistake, read
from conformance.harness.verdict.outcome import BROKEN, CONFORMS, FAULT, INTERRUPTED, exit_status, verdict_line
from conformance.harness.verdict.result import CaseResult, Finding, RequirementResult

CASES = Path(ledger.__file__).parent
NESTED = "cs4410/test_commands.py::test_reply[sender-MAIL]"


def row(id: str, verdict: str) -> RequirementResult:
    return RequirementResult(
        id, "SHOULD" if verdict == "warn" else "MUST", "Section", "Rule.", verdict=verdict, reason=""
    )


def case(id: str, *found: tuple[str, str]) -> CaseResult:
    findings = [Finding(requirement, verdict, "because") for requirement, verdict in found]
    rules = tuple(requirement for requirement, _ in found) or ("x",)
    return CaseResult(
        id, "", rules, findings=findings, section="", level="", seconds=0, waits=(), transcript=(), repeat=""
    )


# The file


def written(folder: Path, text: str) -> Known:
    (folder / "known.txt").write_text(text)
    return read(folder / "known.txt", ledger.load(), CASES)


def test_a_file_holds_an_id_a_line_with_comments(tmp_path: Path) -> None:
    text = f"# what we know\n\nmail.nested   # issue 12\n  {NESTED}\nmail.nested\n"
    assert written(tmp_path, text).names == ("mail.nested", NESTED)
    assert written(tmp_path, "").names == ()


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("mail.nestd", "requirement"),
        ("cs4410/test_commands.py::test_replies", "case"),
        ("cs4410/test_command.py::test_reply", "case"),
        ("cs4410/test_commands.py::", "case"),
        ("rfc5321/test_mail.py::test_null", "case"),
        ("../cs4410/test_commands.py::test_reply", "case"),
        ("\x1b[31m", "requirement"),
        ("x" * 10_000, "requirement"),
    ],
)
def test_what_there_is_not_is_refused_in_one_line(tmp_path: Path, line: str, what: str) -> None:
    with pytest.raises(UsageError) as refused:
        written(tmp_path, f"mail.nested\n{line}\n")
    said = str(refused.value)
    assert f"no such {what} of this profile" in said
    assert said.isprintable() and len(said) < 500


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"#" * (LARGEST + 1), None], ids=["no text", "large", "missing"])
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "known.txt").write_bytes(content)
    with pytest.raises(UsageError, match="known.txt: .*: give a file with "):
        read(tmp_path / "known.txt", ledger.load(), CASES)


def test_a_parameter_that_no_case_has_is_told_where_its_file_was_collected() -> None:
    known = Known(("mail.nested", f"{NESTED}x"))
    assert f"{NESTED}x: no such case" in mistake(known, {NESTED})
    assert mistake(known, {"cs4410/test_lines.py::test_x"}) == ""
    assert mistake(Known((NESTED,)), {NESTED}) == ""


# What is excused, and what is not


def test_a_breach_is_known_by_its_requirement_or_by_all_cases_that_show_it() -> None:
    rows = [row("a", "fail"), row("b", "fail"), row("c", "warn"), row("d", "pass")]
    cases = [case("1", ("a", "fail"), ("b", "fail")), case("2", ("b", "fail")), case("3", ("c", "warn")), case("4")]
    assert Known(("a", "d")).breaches(rows, cases) == {"a"}
    assert Known(("1", "3")).breaches(rows, cases) == {"a", "c"}
    assert Known(("1", "2")).breaches(rows, cases) == {"a", "b"}
    assert [Known(("a",)).excuses(one) for one in cases] == [False, False, False, False]
    assert [Known(("b", "c", "4")).excuses(one) for one in cases] == [False, True, True, False]
    assert [Known(("1",)).excuses(one) for one in cases] == [True, False, False, False]


def test_what_passes_is_told_and_what_was_not_judged_as_well() -> None:
    rows = [row("a", "pass"), row("b", "skip"), row("c", "fail"), row("d", "note")]
    cases = [case("1"), case("2", ("b", "skip")), case("3", ("c", "fail")), case("4", ("d", "note"))]
    known = Known(("a", "b", "c", "d", "1", "2", "3", "4", "5"))
    assert known.passing(rows, cases, True) == ("a", "d", "1", "4")
    assert known.passing(rows, cases, False) == ("1", "4")
    assert known.unseen(rows, cases) == ("b", "2", "5")


# The exit status, and the last line

ROWS = [row("a", "fail"), row("b", "fail"), row("c", "warn"), row("d", "pass")]


@pytest.mark.parametrize(
    ("known", "fail_on_warn", "passing", "status", "line"),
    [
        ("", False, (), BROKEN, "does not conform: 2 requirements of 4 broken, 2 kept, 1 warning"),
        ("a", False, (), BROKEN, "does not conform: 2 requirements of 4 broken (1 known), 2 kept, 1 warning"),
        ("ab", False, (), CONFORMS, "as expected: 2 requirements of 4 broken (2 known), 2 kept, 1 warning"),
        ("abc", True, (), CONFORMS, "as expected: 2 requirements of 4 broken (2 known), 2 kept, 1 warning (1 known)"),
        (
            "ab",
            True,
            (),
            BROKEN,
            "does not conform, for warnings count: 2 requirements of 4 broken (2 known), 2 kept, 1 warning",
        ),
        (
            *("ab", False, ("d",), BROKEN),
            "not as expected: 2 requirements of 4 broken (2 known), 2 kept, 1 warning, 1 known failure passed (d)",
        ),
        (
            *("a", False, ("d",), BROKEN),
            "does not conform: 2 requirements of 4 broken (1 known), 2 kept, 1 warning, 1 known failure passed (d)",
        ),
    ],
)
def test_known_failures_fail_no_run_and_one_that_passes_does(
    known: str, fail_on_warn: bool, passing: tuple[str, ...], status: int, line: str
) -> None:
    found = exit_status(ROWS, fail_on_warn, False, False, (), known, passing)
    assert found == status
    assert verdict_line(ROWS, found, (), (), known, passing) == line


def test_what_was_expected_excuses_neither_a_fault_nor_an_interrupt() -> None:
    assert exit_status(ROWS, False, True, False, (), "ab", ("d",)) == INTERRUPTED
    assert exit_status(ROWS, False, False, True, (), "ab", ()) == FAULT


def test_a_run_that_finds_but_what_is_known_has_judged_something() -> None:
    assert exit_status([row("a", "fail")], False, False, False, (), "a") == CONFORMS
