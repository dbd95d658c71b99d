"""What a search found, as it stands in the record of its case."""

from __future__ import annotations

import json

import pytest

from conformance.harness.verdict.ledger import Requirement
from conformance.harness.verdict.result import CaseResult
from conformance.harness.verdict.verdict import Record
from conformance.harness.wire.transcript import Transcript
from conformance.search.failure import Cause, Failure, Found
from conformance.search.recording import record_one

LEDGER = {id: Requirement(id, "MUST", "Section", f"Rule {id}.") for id in ("reply", "order")}


def found(rule: str, times: int = 3, is_end: bool = False) -> Found[str]:
    failure, transcript = Failure(rule, "wrong", "250", "500", 0, is_end=is_end), Transcript()
    transcript.add("->", f"{rule}\r\n")
    return Found(("say",), failure, failure, times, Cause(rule, (), frozenset()), lambda _, __: "", transcript, True)


@pytest.fixture
def record() -> Record:
    return Record("toy/test_x.py::test_x", "Title.", tuple(LEDGER), LEDGER)


@pytest.mark.parametrize(
    ("times", "enough", "verdict"), [(1, 2, "note"), (2, 2, "fail"), (3, 2, "fail"), (2, 3, "note"), (3, 3, "fail")]
)
def test_what_does_not_fail_often_enough_is_only_noted(record: Record, times: int, enough: int, verdict: str) -> None:
    record_one(found("reply", times), record, enough)
    assert record.verdict == verdict
    assert f"{times} of 3" in record.findings[0].reason


def test_a_server_that_has_ended_once_has_ended(record: Record) -> None:
    record_one(found("reply", 1, is_end=True), record, enough=3)
    assert record.verdict == "fail"


def test_each_finding_has_the_conversation_that_shows_it(record: Record) -> None:
    for rule in LEDGER:
        record_one(found(rule), record)
    result = CaseResult.of(json.loads(json.dumps(record.result("again").plain())))
    shown = [one.transcript or result.transcript for one in result.findings]
    assert [entries[-1][-1] for entries in shown] == ["reply\r\n", "order\r\n"]
