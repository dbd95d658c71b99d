"""What a case found, as text for whatever shows pytest's reports: JUnit files, and other plugins."""

from __future__ import annotations

from types import SimpleNamespace

from conformance.harness.verdict.result import CaseResult

HEAD, TAIL = 15, 24
"""Entries of a long transcript that are told."""
LONGEST = 300
"""Characters of an entry, or of a reply, that are told."""


class Told:
    """A case's finding: its text, and in `reprcrash.message`, where JUnit looks for it, the reason alone.

    Args:
        case: what the case came to.
    """

    def __init__(self, case: CaseResult) -> None:
        worst = case.worst
        self.reprcrash = SimpleNamespace(message=f"{worst.requirement}: {_escaped(worst.reason)}")
        entries = [f"{after:>6} ms  {way:<4}  {_cut(text)}" for after, way, text in worst.transcript or case.transcript]
        left_out = len(entries) - HEAD - TAIL
        if left_out > 1:
            entries[HEAD:-TAIL] = [f"[... {left_out} entries ...]"]
        self._lines = [
            self.reprcrash.message,
            case.title,
            "",
            f"expected  {_cut(worst.expected)}",
            f"came      {_cut(worst.actual)}",
            "",
            *entries,
            "",
            f"repeat: {case.repeat}",
        ]

    def __str__(self) -> str:
        return "\n".join(self._lines)


def _escaped(text: str) -> str:
    return text.encode("unicode_escape").decode("ascii")


def _cut(text: str) -> str:
    left_out = len(text) - LONGEST
    return _escaped(text[:LONGEST]) + (f" [... {left_out} more]" if left_out > 0 else "")
