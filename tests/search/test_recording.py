"""What a search found, as it stands in the record of its case."""

from __future__ import annotations

import pytest

from conformance.harness.verdict.ledger import Requirement
from conformance.harness.verdict.verdict import Record
from conformance.harness.wire.transcript import Transcript
from conformance.search.failure import Cause, Failure, Found
from conformance.search.recording import record_one


@pytest.mark.parametrize(
    ("times", "enough", "verdict"), [(1, 2, "note"), (2, 2, "fail"), (3, 2, "fail"), (2, 3, "note"), (3, 3, "fail")]
)
def test_what_does_not_fail_often_enough_is_only_noted(times: int, enough: int, verdict: str) -> None:
    failure, cause = Failure("reply", "wrong", "250", "500", 0), Cause("reply", (), frozenset())
    found: Found[str] = Found(("say",), failure, failure, times, cause, lambda _, __: "", Transcript(), True)
    ledger = {"reply": Requirement("reply", "MUST", "Section", "A reply comes.")}
    record_one(found, into := Record("toy/test_x.py::test_x", "Title.", ("reply",), ledger), enough)
    assert into.verdict == verdict
    assert f"{times} of 3" in into.findings[0].reason
