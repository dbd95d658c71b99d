"""pytest's last line: each case is counted once, by what it came to at last, and what is no case stays as it was."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from conformance.categories import recount


def test_a_case_is_counted_by_what_it_came_to_at_last() -> None:
    def report(id: str) -> Any:
        return SimpleNamespace(conformance=SimpleNamespace(case=SimpleNamespace(id=id)))

    other = SimpleNamespace()
    stats: dict[str, list[Any]] = {
        "": [other],
        "broken": [report("a"), report("b"), report("b")],
        "blocked": [report("c")],
        "passed": [report("d"), other],
        "known": [report("e")],
    }
    terminal = cast(pytest.TerminalReporter, SimpleNamespace(stats=stats))
    recount(terminal, {"a": "blocked", "b": "fail", "c": "pass", "d": "pass", "e": "fail"})
    counts = {word: len(reports) for word, reports in terminal.stats.items()}
    assert counts == {"": 1, "broken": 1, "blocked": 1, "passed": 3, "known": 1}
