"""The difference of two runs: what it tells, its exit status as a gate, and known failures."""

import json
import os
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from reports.__main__ import main

GOLDEN = Path(__file__).parent / "goldens" / "diff.txt"


def verdicts(document: Any, **told: str) -> Any:
    """The run with other verdicts of some requirements, `_` standing for a dot, and of what their cases found."""
    document = deepcopy(document)
    wanted = {id.replace("_", "."): verdict for id, verdict in told.items()}
    for rule in document["requirements"]:
        rule["verdict"] = wanted.get(rule["id"], rule["verdict"])
    for case in document["cases"]:
        gone = [one for one in case["findings"] if wanted.get(one["requirement"]) == "pass"]
        case["findings"] = [one for one in case["findings"] if one not in gone]
        if gone and not case["findings"]:
            case["verdict"] = "pass"
    return document


class Runs:
    """Two runs in files, compared by the command."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.capsys = capsys

    def diff(self, old: Any, new: Any, *options: str) -> tuple[int, str]:
        for name, document in (("old", old), ("new", new)):
            (self.folder / f"{name}.json").write_text(json.dumps(document))
        status = main(["diff", str(self.folder / "old.json"), str(self.folder / "new.json"), *options])
        out, err = self.capsys.readouterr()
        return status, out + err

    def expected(self, *lines: str) -> str:
        path = self.folder / "expected.txt"
        path.write_text("\n".join(lines))
        return str(path)


@pytest.fixture
def runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Runs:
    return Runs(tmp_path, capsys)


def test_nothing_changed(runs: Runs, document: Any) -> None:
    assert runs.diff(document, document) == (0, "0 broke, 0 mended, 0 new\n")


def test_what_broke_is_a_gate(runs: Runs, document: Any) -> None:
    status, told = runs.diff(verdicts(document, mail_nested="pass"), document)
    assert status == 1
    assert "mail.nested  (MUST, Commands): pass -> fail" in told
    assert told.endswith("1 broke, 0 mended, 0 new\n")


def test_a_blank_that_nobody_sees_is_said_in_words(runs: Runs, document: Any) -> None:
    broken = deepcopy(document)
    for case in broken["cases"]:
        for finding in case["findings"]:
            finding["actual"] = "250 OK "
    _, told = runs.diff(verdicts(document, mail_nested="pass"), broken)
    assert "    actual    250 OK  [a blank at its end]\n" in told


def test_what_was_mended_is_none(runs: Runs, document: Any) -> None:
    status, told = runs.diff(document, verdicts(document, mail_nested="pass"))
    assert status == 0
    assert "  mail.nested: fail -> pass" in told


def test_what_changed_alike_is_told_once(runs: Runs, document: Any) -> None:
    new = deepcopy(document)
    for row in new["requirements"]:
        if row["id"] in ("mail.nested", "mail.ok", "pool.32"):
            row.update(verdict="skip", reason="left out by --quick")
    _, told = runs.diff(document, new)
    assert "NO LONGER JUDGED (3)\n  3 requirements: fail -> skip (left out by --quick)\n" in told
    assert "\n    mail.nested, mail.ok, pool.32\n" in told


def test_more_cases_of_what_was_broken_break_it_again(runs: Runs, document: Any) -> None:
    before = deepcopy(document)
    broken = [case for case in before["cases"] if any(one["requirement"] == "mail.nested" for one in case["findings"])]
    broken[-1]["findings"] = []
    status, told = runs.diff(before, document)
    assert status == 1
    assert "fail in more cases than before" in told
    assert broken[-1]["repeat"] in told


def test_a_should_counts_on_request(runs: Runs, document: Any) -> None:
    before = verdicts(document, helo_token="pass")
    assert runs.diff(before, document)[0] == 0
    status, told = runs.diff(before, document, "--fail-on-warn")
    assert status == 1
    assert "1 worse" in told


def test_a_run_that_did_not_go_through_is_no_proof(runs: Runs, document: Any) -> None:
    new = deepcopy(document)
    new["outcome"]["exit"] = 2
    status, told = runs.diff(document, new)
    assert status == 1
    assert "proves nothing" in told


def test_known_failures_do_not_count(runs: Runs, document: Any) -> None:
    before = verdicts(document, mail_nested="pass", mail_ok="pass")
    ok = next(case["id"] for case in document["cases"] if case["requirements"][0] == "mail.ok")
    known = runs.expected("# what we know", "mail.nested  # since 2015", "", ok)
    status, told = runs.diff(before, document, "--expected", known)
    assert (status, told) == (0, "0 broke, 0 mended, 0 new, 2 expected failures\n")


def test_a_known_failure_that_passes_is_told(runs: Runs, document: Any) -> None:
    known = runs.expected("mail.nested", "greeting", "time.invalid", "no/such.py::case")
    status, told = runs.diff(document, document, "--expected", known)
    assert status == 0
    passes, _, not_run = told.partition("not judged")
    assert "  greeting\n" in passes.partition("passes: take it from the list")[2]
    assert "  time.invalid\n  no/such.py::case\n" in not_run
    assert "1 known failure passed" in told


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        ("0.1.dev3+g0123456", "0.1.dev4+g89abcde", "REMARKS (1)\n  the suite changed as well: 0.1.dev3+g0123456 -> "),
        ("0.1.dev3+g0123456", "0.1.dev3+g0123456.d77", "REMARKS (1)\n  the suite changed as well: "),
        ("0.1.0", "0.2.0", "REMARKS (1)\n  the suite changed as well: 0.1.0 -> 0.2.0\n"),
        ("1.0", "\x1b[31m", "REMARKS (1)\n  the suite changed as well: 1.0 -> \\x1b[31m\n"),
        ("0.1.dev1+g0123456", "0.1.dev300+g0123456", ""),
    ],
    ids=["commit", "edits", "release", "hostile", "shallow-clone"],
)
def test_a_suite_that_changed_is_told(runs: Runs, document: Any, before: str, now: str, told: str) -> None:
    status, text = runs.diff({**document, "suite": before}, {**document, "suite": now})
    assert status == 0
    assert text.startswith(told)
    assert ("the suite changed" in text) == bool(told)


@pytest.mark.parametrize(("lines", "wrong"), [(["mial.nested"], "mial.nested"), ([], "No such file")])
def test_a_wrong_list_is_one_line(lines: list[str], wrong: str, runs: Runs, document: Any) -> None:
    """A slip of the pen would be a gate that never closes."""
    known = runs.expected(*lines) if lines else str(runs.folder / "missing")
    status, told = runs.diff(document, document, "--expected", known)
    assert status == 4
    assert wrong in told and told.count("\n") == 1


def test_output_is_the_golden_one(runs: Runs, document: Any) -> None:
    before = verdicts(document, mail_nested="pass", helo_token="pass", greeting="fail", time_invalid="pass")
    before["requirements"] = [rule for rule in before["requirements"] if rule["id"] != "line.bare"]
    before["target"]["name"] = "another"
    _, told = runs.diff(before, document, "--color", "always")
    if os.environ.get("UPDATE_GOLDENS"):
        GOLDEN.write_text(told, encoding="ascii")
    assert told == GOLDEN.read_text(encoding="ascii")
