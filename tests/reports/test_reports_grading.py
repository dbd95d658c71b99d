"""Grading: points by requirement and section, partial credit, messages, and Gradescope's own form."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from conformance.cs4410 import ledger
from reports.__main__ import main
from reports.grading import RULE

PROJECT = Path(__file__).parents[2]
RUBRIC = PROJECT / "reports" / "rubrics" / "cs4410.toml"
BLOCKED = {"verdict": "blocked", "findings": [], "blocked_by": "mail.nested", "requirements": ["mail.bad"]}


class Grader:
    """Grades a run by a rubric, through the command."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.capsys = capsys
        self.said = ""

    def run(self, document: Any, rubric: str, *options: str) -> tuple[int, str]:
        (self.folder / "results.json").write_text(json.dumps(document))
        (self.folder / "rubric.toml").write_text(rubric)
        paths = [str(self.folder / "results.json"), "--rubric", str(self.folder / "rubric.toml")]
        status = main(["gradescope", *paths, *options])
        out, self.said = self.capsys.readouterr()
        return status, out

    def grade(self, document: Any, rubric: str) -> dict[str, Any]:
        status, out = self.run(document, rubric)
        assert status == 0, self.said
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
        ({"sections": ["Greeting and lines"]}, 10),
        ({"sections": ["Commands"]}, 1.5),
        ({"sections": ["Commands"], "requirements": ["greeting"]}, 3.6),
    ],
)
def test_points_of_an_item(told: dict[str, Any], score: float, grader: Grader, document: Any) -> None:
    """Spread evenly; half for a warning, none for what nobody can say why it was blocked; skipped is left out."""
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
    graded = grader.grade(document, rubric)
    assert graded["score"] == 5
    assert "But here warn earns 1 of its share, blocked earns 0.25 of its share." in graded["output"]


def test_a_lost_point_says_why(grader: Grader, document: Any) -> None:
    """With the rule, what was expected, what came, the shortest transcript, and the command."""
    output = grader.grade(document, item(4, requirements=["mail.nested", "greeting"]))["tests"][0]["output"]
    for told in ("-2  FAIL  mail.nested", "503 5.5.1 Error: nested MAIL", "250 2.1.0 OK", "->  MAIL FROM: b", "repeat"):
        assert told in output
    assert all(" " <= character <= "~" or character == "\n" for character in output)
    undecided = grader.grade(document, item(4, requirements=["mail.bad"]))["tests"][0]["output"]
    assert "-4  BLOCKED  mail.bad" in undecided and "blocked by  mail.ok" in undecided


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


def blocked(document: Any, *cases: dict[str, Any]) -> None:
    """Put these cases in place of those about `mail.bad`, which is blocked."""
    template = next(case for case in document["cases"] if case["verdict"] == "pass")
    others = [case for case in document["cases"] if "mail.bad" not in case["requirements"]]
    ours = [{**template, "id": f"x::{at}", **case} for at, case in enumerate(cases)]
    document["cases"] = [*others, *ours]


@pytest.mark.parametrize(
    ("cases", "score"),
    [
        ([BLOCKED], 12),
        ([{**BLOCKED, "blocked_by": "helo.token"}], 12),
        ([{**BLOCKED, "blocked_by": "greeting"}], 6),
        ([{**BLOCKED, "blocked_by": None}], 6),
        ([{**BLOCKED, "blocked_by": "mail.bad"}], 6),
        ([BLOCKED, {**BLOCKED, "blocked_by": "mail.bad"}], 12),
        ([BLOCKED, {**BLOCKED, "blocked_by": "greeting"}], 6),
        ([], 6),
        ([BLOCKED, {"requirements": ["mail.bad"]}], 12),
        ([{**BLOCKED, "blocked_by": "greeting"}] * 3 + [{"requirements": ["mail.bad"]}], 7.5),
    ],
)
def test_what_was_paid_for_is_left_out(
    cases: list[dict[str, Any]], score: float, grader: Grader, document: Any
) -> None:
    """Blocked by what is broken, or by what that blocks, costs nothing more; by what nobody found broken, its share."""
    blocked(document, *cases)
    [test] = grader.grade(document, item(12, requirements=["greeting", "mail.bad"]))["tests"]
    assert test["score"] == score
    assert (test["max_score"], test["status"]) == (12, "passed" if score == 12 else "failed")


def test_cases_that_were_held_speak_for_a_blocked_requirement(grader: Grader, document: Any) -> None:
    """It is not left out, and stands for the whole of an item that has nothing else."""
    blocked(document, BLOCKED, {"requirements": ["mail.bad"]})
    [test] = grader.grade(document, item(5, requirements=["mail.bad"]))["tests"]
    assert test["score"] == 5
    assert test["output"] == "Every requirement that was judged is kept."


def test_an_item_of_which_all_was_skipped_is_left_out_of_the_total(grader: Grader, document: Any) -> None:
    """A server without a fault gets full marks of what was judged, and everybody is told of what was not."""
    rubric = item(15, name="Clocks", sections=["Time"]) + item(85, name="Rest", requirements=["greeting"])
    graded = grader.grade(document, rubric)
    clocks, rest = graded["tests"]
    assert graded["score"] == rest["score"] == rest["max_score"] == 85
    assert (clocks["name"], clocks["score"], clocks["max_score"]) == ("Clocks (left out)", 0, 0)
    assert "status" not in clocks
    assert "2 requirements: --quick leaves clocks out" in clocks["output"]
    assert "85 of 85 points." in graded["output"]
    assert "Left out: Clocks, 15 points (--quick leaves clocks out)." in graded["output"]
    assert grader.said == "reports: 85 of 85 points; left out: Clocks, 15 points (--quick leaves clocks out)\n"


def test_an_item_of_which_all_was_blocked_earns_nothing(grader: Grader, document: Any) -> None:
    """It stays in the total: else who breaks more could have the better part of less."""
    blocked(document, BLOCKED)
    [test] = grader.grade(document, item(5, requirements=["mail.bad", "time.start"]))["tests"]
    assert (test["score"], test["max_score"], test["status"]) == (0, 5, "failed")
    assert "1 requirement: blocked by mail.nested; 1 requirement: --quick leaves clocks out" in test["output"]
    assert "-5  Too little of this item was judged" in test["output"]
    assert "0 of 5 points; left out: x, all of 2 requirements (blocked by mail.nested, --quick" in grader.said


@pytest.mark.parametrize(("held_up", "score"), [(3, 12), (4, 9.6), (7, 6)])
def test_a_quarter_of_an_item_has_to_be_judged(held_up: int, score: float, grader: Grader, document: Any) -> None:
    """Else a server that dies of all that it cannot do would have what it can do count for everything."""
    rule = next(rule for rule in document["requirements"] if rule["id"] == "mail.bad")
    ids = [f"mail.{at}" for at in range(held_up)]
    document["requirements"] += [{**rule, "id": id} for id in ids]
    blocked(document, *({**BLOCKED, "requirements": [id]} for id in ids))
    [test] = grader.grade(document, item(12, requirements=["greeting", "time.start", *ids]))["tests"]
    assert (test["score"], test["max_score"]) == (score, 12)
    assert (f"-{12 - score:g}  Too little" in test["output"]) == (score < 12)


def test_an_item_that_no_case_got_to_earns_nothing(grader: Grader, document: Any) -> None:
    """Its cases failed before: that is no reason to leave it out of the total."""
    next(rule for rule in document["requirements"] if rule["id"] == "pool.threads")["reason"] = "no case got to it"
    next(case for case in document["cases"] if case["id"].endswith("test_32"))["requirements"].append("pool.threads")
    [test] = grader.grade(document, item(5, requirements=["pool.threads"]))["tests"]
    assert (test["score"], test["max_score"]) == (0, 5)
    assert "1 requirement: no case got to it" in test["output"]


def test_only_a_part_of_an_item_left_out(grader: Grader, document: Any) -> None:
    grader.grade(document, item(4, requirements=["greeting", "time.start"]))
    assert grader.said == "reports: 4 of 4 points; left out: x, 1 of 2 requirements (--quick leaves clocks out)\n"


def test_a_transcript_is_shown_once(grader: Grader, document: Any) -> None:
    """Where a case costs points in several items the later ones name the first that the same people may see."""
    ids = [f"many.{at}" for at in range(4)]
    rule = next(rule for rule in document["requirements"] if rule["id"] == "mail.nested")
    case = next(case for case in document["cases"] if "mail.nested" in case["requirements"])
    case["transcript"] = [[1, "->", "only once"]]
    document["requirements"] += [{**rule, "id": id} for id in ids]
    document["cases"] += [
        {
            **case,
            "id": "one",
            "requirements": ids,
            "findings": [{**case["findings"][0], "requirement": id} for id in ids],
        }
    ]
    seen = ("hidden", "visible", "hidden", "visible")
    rubric = "".join(item(1, name=id, requirements=[id], visibility=who) for id, who in zip(ids, seen, strict=True))
    outputs = [test["output"] for test in grader.grade(document, rubric)["tests"]]
    assert [output.count("only once") for output in outputs] == [1, 1, 0, 0]
    assert "transcript  that of many.0 in many.0" in outputs[2]
    assert "transcript  that of many.1 in many.1" in outputs[3]
    assert all("repeat" in output and "expected" in output for output in outputs)


def test_the_rule_is_said_in_the_same_words_everywhere(
    grader: Grader, document: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["gradescope", "--help"])
    told = [capsys.readouterr().out, grader.grade(document, item(1, sections=["Pool"]))["output"]]
    told.append((PROJECT / "docs" / "reports.md").read_text().replace("\n> ", " "))
    for text in told:
        assert RULE in " ".join(text.split())


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
        (
            "[credit]\nskip = 1\n" + item(-1, sections=["Pool"]) + item(1, name="a"),
            "from 0 to 1000000; the item a needs",
        ),
    ],
)
def test_a_wrong_rubric_is_one_line(rubric: str, told: str, grader: Grader, document: Any) -> None:
    status, _ = grader.run(document, rubric)
    assert status == 4
    assert told in grader.said and grader.said.count("\n") == 1


@pytest.mark.parametrize("exit", [2, 3])
def test_a_run_that_did_not_go_through_is_not_graded(exit: int, grader: Grader, document: Any) -> None:
    document["outcome"]["exit"] = exit
    status, _ = grader.run(document, item(1, sections=["Pool"]))
    assert status == 4
    assert "grade a complete run" in grader.said


def test_a_server_that_did_not_start_has_no_points(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What the suite said is told, escaped; without its output a missing file is an error."""
    (tmp_path / "log").write_bytes(b"conformance: the server ended at once\x1b[2J\xff")
    arguments = ["gradescope", str(tmp_path / "none.json"), "--rubric", str(RUBRIC)]
    assert main(arguments) == 4
    capsys.readouterr()
    assert main([*arguments, "--log", str(tmp_path / "log")]) == 0
    graded = json.loads(capsys.readouterr().out)
    assert graded["score"] == 0 and sum(test["max_score"] for test in graded["tests"]) == 100
    assert r"the server ended at once\x1b[2J" in graded["output"]
