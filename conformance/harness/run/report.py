"""What hangs on pytest's report of a case: what the case came to, and what the controller has to know beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from conformance.harness.verdict.result import CaseResult


@dataclass(frozen=True)
class CaseReport:
    """A case's result on its way from the worker to the controller.

    Args:
        case: the result.
        position: of the case in the suite.
        notes, cut_short, suspects, files, before: as the case's `Record` has them; the worker's notes stand first.
        complaints: what the worker's servers printed since the case before, how often each.
        refusal: why no case can be run on the server any more; mostly empty.
    """

    case: CaseResult
    position: int = 0
    notes: Sequence[str] = ()
    cut_short: str = ""
    suspects: Mapping[str, Sequence[str]] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    before: Sequence[str] = ()
    complaints: Mapping[str, int] = field(default_factory=dict)
    refusal: str = ""

    def hang_on(self, report: pytest.TestReport) -> None:
        """Hang it on pytest's report."""
        vars(report)["conformance"] = self

    @staticmethod
    def on(report: pytest.TestReport) -> CaseReport | None:
        """What hangs on pytest's report; None if it is not that of a case that was run."""
        return getattr(report, "conformance", None)

    @staticmethod
    def pack(data: dict[str, Any]) -> None:
        """Make plain data of what hangs on a report, in the data that pytest made of the report to send it."""
        if report := data.get("conformance"):
            data["conformance"] = {**vars(report), "case": report.case.plain()}

    @staticmethod
    def unpack(data: dict[str, Any]) -> None:
        """Undo `pack`, before pytest makes a report of the data."""
        if plain := data.get("conformance"):
            data["conformance"] = CaseReport(**{**plain, "case": CaseResult.of(plain["case"])})
