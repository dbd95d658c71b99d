"""Grading: points by requirement and section, partial credit, messages, and Gradescope's own form."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from conformance.harness import ledger
from reports.__main__ import main

RUBRIC = Path(__file__).parents[2] / "reports" / "rubrics" / "cs4410.toml"
# What Gradescope's documentation of results.json allows, with the types.
GRADESCOPE = {
    "score": float,
    "execution_time": int,
    "output": str,
    "output_format": str,
    "visibility": str,
    "stdout_visibility": str,
    "tests": list,
}
TEST = {
    "score": float,
    "max_score": float,
    "status": str,
    "name": str,
    "number": str,
    "output": str,
    "output_format": str,
    "visibility": str,
}


class Grader:
    """Grades a run by a rubric, through the command."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.capsys = capsys

    def run(self, document: Any, rubric: str, *options: str) -> tuple[int, str]:
        (self.folder / "results.json").write_text(json.dumps(document))
        (self.folder / "rubric.toml").write_text(rubric)
        paths = [str(self.folder / "results.json"), "--rubric", str(self.folder / "rubric.toml")]
        status = main(["gradescope", *paths, *options])
        out, err = self.capsys.readouterr()
        return status, out + err

    def grade(self, document: Any, rubric: str) -> dict[str, Any]:
        status, out = self.run(document, rubric)
        assert status == 0, out
        graded: dict[str, Any] = json.loads(out)
        return graded


@pytest.fixture
def grader(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Grader:
    return Grader(tmp_path, capsys)


def item(points: float, **told: Any) -> str:
    lines = [f"points = {points}", *(f"{key} = {json.dumps(value)}" for key, value in told.items())]
    return "\n".join(["[[item]]", *([] if "name" in told else ['name = "x"']), *lines, ""])


@pytest.mark.parametrize(
    ("told", "score"),
    [
        ({"requirements": ["greeting"]}, 12),
        ({"requirements": ["mail.nested"]}, 0),
        ({"requirements": ["greeting", "mail.nested"]}, 6),
        ({"requirements": ["greeting", "mail.nested"], "partial": "none"}, 0),
        ({"requirements": ["greeting", "line.bare"], "partial": "none"}, 12),
        ({"requirements": ["helo.token"]}, 6),
        ({"requirements": ["mail.bad"]}, 0),
        ({"requirements": ["greeting", "time.invalid"]}, 12),
        ({"requirements": ["time.invalid"]}, 0),
        ({"sections": ["Greeting and lines"]}, 10),
        ({"sections": ["Commands"]}, 1.5),
        ({"sections": ["Commands"], "requirements": ["greeting"]}, 3.6),
    ],
)
def test_points_of_an_item(told: dict[str, Any], score: float, grader: Grader, document: Any) -> None:
    """Spread evenly; half for a warning, none for what was blocked; what was not judged is left out."""
    graded = grader.grade(document, item(12, **told))
    assert graded["score"] == graded["tests"][0]["score"] == score
    assert graded["tests"][0]["max_score"] == 12
    assert graded["tests"][0]["status"] == ("passed" if score == 12 else "failed")


def test_credit_by_cases(grader: Grader, document: Any) -> None:
    """A requirement that most of its cases keep earns most of its share."""
    template = next(case for case in document["cases"] if case["verdict"] == "pass")
    document["cases"] = [{**template, "id": f"x::{at}", "requirements": ["mail.nested"]} for at in range(4)]
    found = {"requirement": "mail.nested", "verdict": "fail", "reason": "r", "expected": "e", "actual": "a"}
    document["cases"][0] |= {"verdict": "fail", "findings": [found]}
    told = {"requirements": ["mail.nested"]}
    assert grader.grade(document, item(10, **told, partial="cases"))["score"] == 7.5
    assert grader.grade(document, item(10, **told))["score"] == 0


def test_a_requirement_named_is_not_counted_in_its_section(grader: Grader, document: Any) -> None:
    rubric = item(1, name="a", sections=["Greeting and lines"]) + item(3, name="b", requirements=["line.empty"])
    graded = grader.grade(document, rubric)
    assert [test["score"] for test in graded["tests"]] == [1, 1.5]
    assert "line.empty" not in graded["tests"][0]["output"]


def test_credit_can_be_given_for_every_verdict(grader: Grader, document: Any) -> None:
    rubric = "[credit]\nblocked = 0.25\nwarn = 1\n" + item(8, requirements=["mail.bad", "helo.token"])
    assert grader.grade(document, rubric)["score"] == 5


def test_a_lost_point_says_why(grader: Grader, document: Any) -> None:
    """With the rule, what was expected, what came, the shortest transcript, and the command."""
    output = grader.grade(document, item(4, requirements=["mail.nested", "greeting"]))["tests"][0]["output"]
    for told in ("-2  FAIL  mail.nested", "503 5.5.1 Error: nested MAIL", "250 2.1.0 OK", "->  MAIL FROM: b", "repeat"):
        assert told in output
    assert all(" " <= character <= "~" or character == "\n" for character in output)
    blocked = grader.grade(document, item(4, requirements=["mail.bad"]))["tests"][0]["output"]
    assert "-4  BLOCKED  mail.bad" in blocked and "blocked by  mail.ok" in blocked


def test_messages_are_bounded(grader: Grader, document: Any) -> None:
    rule = next(rule for rule in document["requirements"] if rule["id"] == "mail.nested")
    case = next(case for case in document["cases"] if "mail.nested" in case["requirements"])
    case["transcript"] = [[at, "->", "x" * 99] for at in range(99)]
    for at in range(100):
        id = f"mail.{at}"
        document["requirements"].append({**rule, "id": id, "section": "Many"})
        found = [{**case["findings"][0], "requirement": id}]
        document["cases"].append({**case, "id": id, "requirements": [id], "findings": found})
    output = grader.grade(document, item(4, sections=["Many"]))["tests"][0]["output"]
    assert len(output) < 65_000
    assert "And without their transcripts: " in output


def test_the_form_is_gradescopes(grader: Grader, document: Any) -> None:
    rubric = 'visibility = "after_due_date"\n' + item(4, requirements=["mail.nested"], visibility="hidden")
    graded = grader.grade(document, rubric)
    assert {key: type(value) for key, value in graded.items()} == GRADESCOPE
    [test] = graded["tests"]
    assert {key: type(value) for key, value in test.items()} == TEST
    assert (graded["visibility"], test["visibility"], test["output_format"]) == ("after_due_date", "hidden", "text")
    assert "points" not in graded["output"], "it would tell what a hidden item is worth"


def test_the_rubric_that_ships_fits_the_assignment(grader: Grader, document: Any) -> None:
    """A hundred points, and every requirement of the ledger is in one of its items."""
    rows = [{**vars(rule), "verdict": "pass", "reason": ""} for rule in ledger.load("4410").values()]
    document |= {"requirements": rows, "cases": []}
    document["outcome"]["exit"] = 0
    graded = grader.grade(document, RUBRIC.read_text())
    assert graded["score"] == sum(test["max_score"] for test in graded["tests"]) == 100
    sections = {section for entry in tomllib.loads(RUBRIC.read_text())["item"] for section in entry.get("sections", [])}
    assert sections == {row["section"] for row in rows}


@pytest.mark.parametrize(
    ("rubric", "told"),
    [
        ("", "item is missing"),
        ("item = []", "item must have an entry"),
        ("[[item]", "cannot read the rubric"),
        (item(1), "needs requirements or sections"),
        (item(-1, sections=["Pool"]), "points must be from 0"),
        (item(1, sections=["Pool"], weight=2), "weight is no key"),
        (item(1, sections=["Pool"], partial="some"), "partial must be one of requirements, cases, none"),
        (item(1, sections=["Pool"]) * 2, "the name x is there twice"),
        (item(1, name="a", sections=["Pool"]) + item(1, sections=["Pool"]), "the section Pool is there twice"),
        (item(1, requirements=["mial.nested"]), "names mial.nested, which this run does not have"),
        ("[credit]\nwarn = 2\n" + item(1, sections=["Pool"]), "credit.warn must be from 0 to 1"),
        ("[credit]\nskip = 1\n" + item(1, sections=["Pool"]), "credit.skip is no key"),
    ],
)
def test_a_wrong_rubric_is_one_line(rubric: str, told: str, grader: Grader, document: Any) -> None:
    status, shown = grader.run(document, rubric)
    assert status == 4
    assert told in shown and shown.count("\n") == 1


@pytest.mark.parametrize("exit", [2, 3])
def test_a_run_that_did_not_go_through_is_not_graded(exit: int, grader: Grader, document: Any) -> None:
    document["outcome"]["exit"] = exit
    status, shown = grader.run(document, item(1, sections=["Pool"]))
    assert status == 4
    assert "grade a complete run" in shown


def test_a_server_that_did_not_start_has_no_points(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What the suite said is told, escaped; without its output a missing file is an error."""
    (tmp_path / "log").write_bytes(b"conformance: the server ended at once\x1b[2J\xff")
    arguments = ["gradescope", str(tmp_path / "none.json"), "--rubric", str(RUBRIC)]
    assert main(arguments) == 4
    capsys.readouterr()
    assert main([*arguments, "--log", str(tmp_path / "log")]) == 0
    graded = json.loads(capsys.readouterr().out)
    assert graded["score"] == 0
    assert r"the server ended at once\x1b[2J" in graded["output"]
