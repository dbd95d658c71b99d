"""What pytest calls the verdicts, and how its last line counts them: each case once, by what it came to at last."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from conformance.harness.run.report import CaseReport

CATEGORIES = {
    "fail": ("broken", "F"),
    "warn": ("warned", "w"),
    "note": ("noted", "n"),
    "blocked": ("blocked", "b"),
    "skip": ("skipped", "s"),
    "pass": ("passed", "."),
}
"""By verdict: the word that is counted, and the letter of progress."""


def recount(terminal: pytest.TerminalReporter, verdicts: Mapping[str, str]) -> None:
    """Let pytest count what the report says: a case may have been run again since pytest heard of it.

    Args:
        terminal: pytest's reporter.
        verdicts: of the cases, by id.
    """
    words = {word for word, _ in CATEGORIES.values()}
    heard = {word: terminal.stats.pop(word) for word in words & terminal.stats.keys()}
    counted: set[str] = set()
    for word, reports in heard.items():
        for report in reports:
            sent = CaseReport.on(report)
            id = sent.case.id if sent else ""
            if id not in counted:
                verdict = verdicts.get(id)
                terminal.stats.setdefault(CATEGORIES[verdict][0] if verdict else word, []).append(report)
            counted |= {id} - {""}
