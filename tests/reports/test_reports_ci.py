"""What CI systems read: SARIF by its published schema, TAP line by line, and the badge."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
import yaml

from reports import badge, markdown, matrix, page, sarif, tap
from reports.__main__ import main
from reports.results import Case, Entry, Finding, Outcome, Results

SCHEMA = json.loads(Path(__file__).with_name("sarif.schema.json").read_text())
POINT = re.compile(r"(ok|not ok) (\d+) - ((?:[^\\#]|\\[\\#])*?)(?: # (SKIP|TODO) (.+))?")


def log(results: Results, file: str | None = None) -> Any:
    """The one run of a log that is as the schema asks for."""
    document = json.loads(json.dumps(sarif.document(results, file)))
    jsonschema.Draft4Validator(SCHEMA).validate(document)
    [run] = document["runs"]
    return run


def texts(document: Any) -> Iterator[str]:
    """All that stands in a document."""
    inner = document.items() if isinstance(document, dict) else enumerate(document)
    for key, value in inner:
        yield str(key)
        yield from texts(value) if isinstance(value, dict | list) else [str(value)]


def points(results: Results) -> list[tuple[bool, str, str, Any]]:
    """Each test point: whether it is ok, its name, its directive, and what its block says."""
    text = tap.render(results)
    assert text.isascii() and text.isprintable() is False
    version, plan, *lines = text.splitlines()
    assert version == "TAP version 14"
    found: list[tuple[bool, str, str, Any]] = []
    block: list[str] | None = None
    for line in lines:
        if line.startswith("  "):
            if line == "  ---":
                block = []
            elif line == "  ..." and block is not None:
                found[-1] = (*found[-1][:3], yaml.safe_load("\n".join(block)))
                block = None
            else:
                assert block is not None
                block.append(line[2:])
        elif not line.startswith("# "):
            point = POINT.fullmatch(line)
            assert point and int(point[2]) == len(found) + 1, line
            name = re.sub(r"\\(.)", r"\1", point[3])
            found.append((point[1] == "ok", name, f"{point[4]} {point[5]}" if point[4] else "", None))
    assert plan == f"1..{len(found)}"
    return found


def broken(results: Results, id: str) -> Case:
    return next(case for case in results.cases if any(one.requirement == id for one in case.findings))


# SARIF


def test_each_broken_requirement_is_one_result(results: Results) -> None:
    run = log(results)
    verdicts = {rule.id: rule.verdict for rule in results.requirements}
    wanted = [(id, verdict) for verdict in ("fail", "warn") for id, one in verdicts.items() if one == verdict]
    levels = {"fail": "error", "warn": "warning"}
    assert sorted((one["ruleId"], one["level"]) for one in run["results"]) == sorted(
        (id, levels[v]) for id, v in wanted
    )
    rules = run["tool"]["driver"]["rules"]
    assert [rules[one["ruleIndex"]]["id"] for one in run["results"]] == [one["ruleId"] for one in run["results"]]
    assert run["invocations"][0]["executionSuccessful"] is True


def test_a_result_holds_what_came_and_how_to_see_it_again(results: Results) -> None:
    found = Finding("mail.nested", "fail", "taken", "503\r\n", "250 OK\r\n")
    case = replace(broken(results, "mail.nested"), findings=(found,), repeat="python -m conformance x")
    rule = next(rule for rule in results.requirements if rule.id == "mail.nested")
    [one] = log(replace(results, requirements=(rule,), cases=(case,)))["results"]
    message = one["message"]["text"]
    assert message.startswith("taken.\n\nexpected  503\\r\\n\ncame      250 OK\\r\\n\n\n")
    assert message.endswith("\n\nrepeat: python -m conformance x")
    told = one["properties"]
    assert (told["expected"], told["came"], told["repeat"]) == (["503\\r\\n"], ["250 OK\\r\\n"], case.repeat)
    assert len(told["transcript"]) == len(case.transcript) > 0
    assert all(line in message for line in told["transcript"])


def test_what_a_server_sent_is_text(results: Results) -> None:
    evil = "250 [click](http://evil.example) {0} \x1b[31m\u202e" + "x" * 100_000
    found = Finding("mail.nested", "fail", evil, evil, evil)
    entries = tuple(Entry(at, "<-", evil) for at in range(1000))
    case = replace(broken(results, "mail.nested"), findings=(found,), transcript=entries, id="a.py::b[](c)#\n")
    run = log(replace(results, cases=(case,)))
    whole = json.dumps(run)
    assert len(whole) < 60_000 and all(text.isascii() for text in texts(run))
    message = next(one["message"]["text"] for one in run["results"] if one["ruleId"] == "mail.nested")
    assert "[click](" not in message and "{{0}}" in message and "\x1b" not in message


def test_findings_are_shown_at_a_file_where_one_is_named(results: Results) -> None:
    places = [one["locations"][0] for one in log(results, "src/my server.py")["results"]]
    assert {place["physicalLocation"]["artifactLocation"]["uri"] for place in places} == {"src/my%20server.py"}
    assert all("physicalLocation" not in one["locations"][0] for one in log(results)["results"])


def test_a_run_that_did_not_go_through_says_so(results: Results) -> None:
    run = log(replace(results, outcome=Outcome(2, "interrupted", ("it was",)), started="yesterday"))
    [invocation] = run["invocations"]
    assert (invocation["executionSuccessful"], invocation["exitCode"]) == (False, 2)
    assert "startTimeUtc" not in invocation
    assert invocation["toolExecutionNotifications"][0]["message"]["text"] == "it was"


def test_a_known_failure_is_suppressed(results: Results) -> None:
    run = log(replace(results, expected=("mail.nested",)))
    assert [one["ruleId"] for one in run["results"] if "suppressions" in one] == ["mail.nested"]
    cases = [case.id for case in results.cases if any(one.requirement == "mail.nested" for one in case.findings)]
    run = log(replace(results, expected=tuple(cases)))
    assert "mail.nested" in [one["ruleId"] for one in run["results"] if "suppressions" in one]


# TAP


def test_each_case_is_a_test_point_and_the_last_is_the_verdict(results: Results) -> None:
    found = points(results)
    assert [name for _, name, _, _ in found[:-1]] == [case.id.replace("\x1b", r"\x1b") for case in results.cases]
    for case, (good, _, directive, block) in zip(results.cases, found, strict=False):
        assert good == (case.verdict not in ("fail", "warn"))
        assert directive.startswith("SKIP ") == (case.verdict in ("skip", "blocked"))
        assert directive.startswith("TODO ") == (case.verdict == "warn")
        assert (block is not None) == (case.verdict in ("fail", "warn", "note"))
    good, name, _, _ = found[-1]
    assert (good, name.startswith("the verdict: does not conform")) == (False, True)


def test_the_block_of_a_broken_case_says_what_came(results: Results) -> None:
    found = Finding("mail.nested", "fail", "taken", "503\r\n", "250 OK\r\n")
    also = Finding("mail.ok", "warn", "odd", "", "")
    case = replace(broken(results, "mail.nested"), findings=(also, found), verdict="fail")
    [(_, _, _, block), _] = points(replace(results, cases=(case,)))
    assert (block["expected"], block["came"], block["message"]) == (["503\\r\\n"], ["250 OK\\r\\n"], "taken")
    assert (block["requirement"], block["also"]) == ("mail.nested", ["mail.ok: odd"])
    assert len(block["transcript"]) == len(case.transcript) > 0
    assert block["repeat"] == case.repeat


def test_nothing_that_a_server_sent_is_a_line_of_its_own(results: Results) -> None:
    evil = "x\n  ...\nok 1 - fine\nBail out! # TODO \x1b[31m" + "y" * 100_000
    found = Finding("mail.nested", "fail", evil, evil, evil)
    entries = tuple(Entry(at, "<-", evil) for at in range(1000))
    case = replace(broken(results, "mail.nested"), findings=(found,), transcript=entries, id="a.py::b[# TODO c]\nok")
    ill = replace(results, cases=(case,), outcome=Outcome(1, evil, (evil,)))
    [(good, name, directive, _), (verdict, _, none, notes)] = points(ill)
    assert (good, name, directive) == (False, "a.py::b[# TODO c]\\nok", "")
    assert (verdict, none, len(notes["notes"])) == (False, "", 1)
    assert len(tap.render(ill)) < 30_000


def test_a_known_failure_is_to_do(results: Results) -> None:
    found = Finding("mail.nested", "fail", "taken", "", "")
    case = replace(broken(results, "mail.nested"), findings=(found,), verdict="fail")
    for known in ("mail.nested", case.id):
        run = replace(results, cases=(case,), expected=(known,), outcome=Outcome(0, "as expected", ()))
        [(good, _, directive, _), (verdict, _, _, _)] = points(run)
        assert (good, directive, verdict) == (False, "TODO a known failure", True)


# The badge


def judged(results: Results, exit: int, *verdicts: tuple[str, str]) -> badge.Badge:
    rules = tuple(replace(results.requirements[0], level=level, verdict=verdict) for level, verdict in verdicts)
    return badge.badge(replace(results, requirements=rules, outcome=Outcome(exit, "", ())))


@pytest.mark.parametrize(
    ("exit", "verdicts", "message", "color"),
    [
        (0, [("MUST", "pass"), ("SHOULD", "note"), ("NOTE", "skip")], "MUST 1/1, SHOULD 1/1", "brightgreen"),
        (0, [("MUST", "pass"), ("MUST", "skip"), ("SHOULD", "pass")], "MUST 1/2, SHOULD 1/1", "green"),
        (0, [("MUST", "warn"), ("SHOULD", "warn")], "MUST 1/1, SHOULD 0/1", "yellowgreen"),
        (1, [("MUST", "blocked"), ("SHOULD", "pass")], "MUST 0/1, SHOULD 1/1", "orange"),
        (1, [("MUST", "fail"), ("SHOULD", "pass")], "MUST 0/1, SHOULD 1/1", "red"),
        (0, [("MUST", "fail"), ("SHOULD", "pass")], "MUST 0/1, SHOULD 1/1", "red"),
        (2, [("MUST", "pass"), ("SHOULD", "pass")], "no verdict", "lightgrey"),
    ],
    ids=["all kept", "in part", "warned", "not judged", "broken", "broken as expected", "interrupted"],
)
def test_a_badge_tells_the_level_and_is_never_falsely_green(
    results: Results, exit: int, verdicts: list[tuple[str, str]], message: str, color: str
) -> None:
    shown = judged(results, exit, *verdicts)
    assert (shown.label, shown.message, shown.color) == ("SMTP cs4410", f"{message}, 2026-01-31", color)


def test_a_badge_is_written_for_others_and_as_a_picture(hostile: Path, tmp_path: Path) -> None:
    for name in ("badge.json", "badge.svg"):
        assert main(["badge", str(hostile), "-o", str(tmp_path / name)]) == 0
    told = json.loads((tmp_path / "badge.json").read_text())
    assert told["schemaVersion"] == 1 and told["label"] == "SMTP cs4410" and told["color"] == "red"
    picture = ElementTree.parse(tmp_path / "badge.svg").getroot()
    assert picture.get("aria-label") == f"{told['label']}: {told['message']}"
    shown = [element.text for element in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert shown == [told["label"], told["message"]]


def test_a_badge_holds_no_markup_of_others(results: Results) -> None:
    shown = badge.badge(replace(results, profile="<script>\x1b" + "x" * 1000, started="</svg>"))
    assert shown.message.endswith(", undated") and len(shown.label) < 60
    assert "<script>" not in badge.svg(shown) and "\x1b" not in badge.svg(shown)


def test_what_is_broken_as_expected_does_not_look_like_a_pass(results: Results) -> None:
    run = replace(results, outcome=Outcome(0, "as expected: 4 requirements of 13 broken (4 known)", ()))
    assert not run.conforms
    assert "<h1>Does not conform, as expected</h1>" in page.render(run)
    assert "\N{WARNING SIGN}" in markdown.summary(run) and "\N{WHITE HEAVY CHECK MARK}" not in markdown.summary(run)
    assert not matrix.column("x", run).conforms


# The commands


@pytest.mark.parametrize(("command", "begins"), [("sarif", '{\n "$schema"'), ("tap", "TAP version 14\n")])
def test_the_commands_write_to_a_file_or_print(
    hostile: Path, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes], command: str, begins: str
) -> None:
    assert main([command, str(hostile)]) == 0
    assert main([command, str(hostile), "-o", str(tmp_path / "out")]) == 0
    printed = capfdbinary.readouterr().out.decode()
    assert printed.startswith(begins)
    assert (tmp_path / "out").read_text() == printed
    assert main([command, str(tmp_path / "missing.json")]) == 4
