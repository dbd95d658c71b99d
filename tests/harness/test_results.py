"""results.json of what the cases of a run came to, byte for byte but for what differs from run to run."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import execnet
import pytest
from pytest import TestReport

from conformance.cs4410.ledger import load
from conformance.cs4410.profile import PROFILE
from conformance.harness.run.probe import Found
from conformance.harness.run.report import CaseReport
from conformance.harness.run.results import Collector
from conformance.harness.settings import Settings
from conformance.harness.verdict.ledger import Ledger, Requirement
from conformance.harness.verdict.result import CaseResult
from conformance.harness.verdict.verdict import Record
from conformance.harness.wire import transcript
from tests.harness.plain import PLAIN

KEYS = [
    *(
        "schema",
        "profile",
        "assignment",
        "facts",
        "suite",
        "target",
        "dialect",
        "course",
        "seed",
        "time_limit",
        "quick",
    ),
    *("versions", "started", "seconds", "outcome", "requirements", "cases"),
]
CASES = """\
 "cases": [
  {
   "id": "test_x.py::test_waits",
   "title": "What is waited for.",
   "requirements": [
    "time.out",
    "reply.prompt"
   ],
   "section": "Time",
   "level": "MUST",
   "verdict": "fail",
   "reason": "no 421",
   "expected": "421",
   "actual": "\\u00ff",
   "blocked_by": null,
   "findings": [
    {
     "requirement": "reply.prompt",
     "verdict": "warn",
     "reason": "late",
     "expected": "",
     "actual": ""
    },
    {
     "requirement": "time.out",
     "verdict": "fail",
     "reason": "no 421",
     "expected": "421",
     "actual": "\\u00ff"
    }
   ],
   "seconds": 1.235,
   "waits": [
    [
     1.2,
     "kept"
    ]
   ],
   "transcript": [
    [
     0,
     "->",
     "HELO a"
    ]
   ],
   "repeat": "run test_x.py::test_waits"
  },
  {
   "id": "test_x.py::test_mail",
   "title": "What is blocked.",
   "requirements": [
    "mail"
   ],
   "section": "Commands",
   "level": "MUST",
   "verdict": "blocked",
   "reason": "no greeting",
   "expected": "220",
   "actual": "nothing",
   "blocked_by": "greeting",
   "findings": [
    {
     "requirement": "greeting",
     "verdict": "blocked",
     "reason": "no greeting",
     "expected": "220",
     "actual": "nothing"
    }
   ],
   "seconds": 0.0,
   "waits": [],
   "transcript": [],
   "repeat": "run -n 0 @before-1.txt test_x.py::test_mail"
  }
 ]
}"""


ROWS = """\
 "requirements": [
  {
   "id": "greeting",
   "level": "MUST",
   "section": "Section",
   "rule": "Rule greeting.",
   "verdict": "skip",
   "reason": "kept in 1 of 2 cases, 1 not judged: not here",
   "kept": "1 of 2"
  },
  {
   "id": "mail",
   "level": "MUST",
   "section": "Section",
   "rule": "Rule mail.",
   "verdict": "skip",
   "reason": "no case was run"
  }
 ],
"""
LEDGER = {name: Requirement(name, "MUST", "Section", f"Rule {name}.") for name in ("greeting", "mail")}


def travelled(sent: CaseReport) -> CaseReport:
    """What comes from a worker on the way that pytest's report takes."""
    report = TestReport("id", ("", None, "id"), {}, "passed", None, "call")
    sent.hang_on(report)
    data = report._to_json()
    CaseReport.pack(data)
    data = execnet.loads(execnet.dumps(data))
    CaseReport.unpack(data)
    arrived = CaseReport.on(TestReport._from_json(data))
    assert arrived
    return arrived


def written(folder: Path, settings: Settings, ledger: Ledger, *sent: CaseReport, whole: bool = True) -> str:
    """The text of results.json."""
    collector = Collector(settings, PROFILE, Found("server", "127.0.0.1", 25, None), datetime.now(UTC), 0.0)
    collector.ledger, collector.whole = ledger, whole
    for report in sent:
        collector.add(travelled(report))
    collector.finish(folder, None)
    return (folder / "results.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("order", [1, -1])
def test_cases_are_written_in_the_order_of_the_suite_with_all_that_is_known_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, order: int
) -> None:
    monkeypatch.setattr(transcript, "time", SimpleNamespace(monotonic=lambda: 0.0))
    waits = Record("test_x.py::test_waits", "What is waited for.", ("time.out", "reply.prompt"), load())
    waits.seconds, waits.waits = 1.23456, [(1.2, "kept")]
    waits.transcript.add("->", "HELO a")
    waits.find("reply.prompt", "late")
    waits.find("time.out", "no 421", "421", "\xff")
    mail = Record("test_x.py::test_mail", "What is blocked.", ("mail",), load())
    mail.set_aside("blocked", "no greeting", "greeting", "220", "nothing")
    sent = [
        CaseReport(waits.result(f"run {waits.id}"), 3, notes=["late", "worn"], complaints={"IndexError": 2}),
        CaseReport(mail.result(f"run {mail.id}"), 7, notes=["worn"], before=["test_x.py::test_waits"]),
    ][::order]
    text = written(tmp_path, replace(PLAIN, launch="server", shown_as="server"), load(), *sent)
    assert text[text.index(' "cases"') :] == CASES
    document = json.loads(text)
    assert list(document) == KEYS
    assert list(document["outcome"]) == ["exit", "line", "notes", "asides"]
    assert document["outcome"]["notes"][:2] == ["late", "worn"][::order]
    assert "IndexError" in document["outcome"]["notes"][2]
    assert (tmp_path / "before-1.txt").read_text() == "test_x.py::test_waits\n"


def test_a_requirement_carries_what_its_ledger_says_of_it_and_nothing_that_is_empty(tmp_path: Path) -> None:
    told = replace(LEDGER["mail"], strength="SHOULD", source="RFC 5321 3.3")
    plain, row = json.loads(written(tmp_path, PLAIN, LEDGER | {"mail": told}))["requirements"]
    assert set(plain) == {"id", "level", "section", "rule", "verdict", "reason"}
    assert set(row) - set(plain) == {"strength", "source"}
    assert (row["strength"], row["source"]) == ("SHOULD", "RFC 5321 3.3")


def test_only_a_requirement_that_was_kept_in_part_says_how_often(tmp_path: Path) -> None:
    kept, skipped = (Record(f"test_x.py::test_{name}", "", ("greeting",), LEDGER) for name in "ab")
    skipped.set_aside("skip", "not here")
    text = written(tmp_path, PLAIN, LEDGER, *(CaseReport(one.result(""), at) for at, one in enumerate((kept, skipped))))
    assert ROWS in text
    assert '"left out by --quick"' in written(tmp_path, replace(PLAIN, quick=True), LEDGER)
    assert "--quick, or not asked for" in written(tmp_path, replace(PLAIN, quick=True), LEDGER, whole=False)


def test_what_was_read_from_results_json_is_what_was_written() -> None:
    [first, second] = json.loads(f"{{{CASES}")["cases"]
    assert [CaseResult.of(one).verdict for one in (first, second)] == ["fail", "blocked"]
    assert json.dumps(CaseResult.of(first).plain()) == json.dumps(first)
