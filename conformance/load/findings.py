"""What was found wrong: each kind once with its transcript, and how often."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

MOST = 40
"""Kinds of finding that are kept."""
LONGEST_SHOWN = 300

LogEntry = tuple[float, str, bytes]


@dataclass
class Finding:
    """One kind of finding.

    Attributes:
        rule: the requirement that is broken.
        what: what happened.
        wanted, actual: what should have come and what did, the first time; printable ASCII.
        transcript: lines that lead up to the first one; printable ASCII.
        count: how often it was found.
    """

    rule: str
    what: str
    wanted: str
    actual: str
    transcript: list[str]
    count: int


class Findings:
    """All findings of a run."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], Finding] = {}
        self.total = 0

    def __iter__(self) -> Iterator[Finding]:
        return iter(self._found.values())

    def put_first(self, rule: str) -> None:
        """Put first what breaks a requirement: that the server is gone, say, which explains what connections met."""
        self._found = dict(sorted(self._found.items(), key=lambda one: one[1].rule != rule))

    def keep_root(self, roots: Sequence[str]) -> None:
        """Keep one finding, of which all others are a consequence: for a server that speaks no such protocol.

        Args:
            roots: requirements that explain all else, what comes first before what follows from it.
        """
        order = {rule: place for place, rule in enumerate(roots)}
        ranked = sorted(self._found.items(), key=lambda one: order.get(one[1].rule, len(order)))
        self._found = dict(ranked[:1])

    def add(
        self, rule: str, what: str, wanted: str = "", actual: str = "", log: Iterable[LogEntry] = (), count: int = 1
    ) -> None:
        """Take in a finding.

        Args:
            rule: the requirement that is broken.
            what: what happened, in words of ours: the same for findings of one kind.
            wanted, actual: what should have come and what did.
            log: the connection's last entries.
            count: how often it was found.
        """
        self.total += count
        known = self._found.get((rule, what))
        if known is not None:
            known.count += count
        elif len(self._found) < MOST:
            self._found[rule, what] = Finding(rule, what, shown(wanted), shown(actual), transcript(log), count)

    def merge(self, finding: Finding) -> None:
        """Take in one that was found elsewhere, with its transcript."""
        known = self._found.get((finding.rule, finding.what))
        self.total += finding.count
        if known is not None:
            known.count += finding.count
        elif len(self._found) < MOST:
            self._found[finding.rule, finding.what] = finding


def transcript(log: Iterable[LogEntry]) -> list[str]:
    """A connection's log for a reader: milliseconds, `->` or `<-`, and the text."""
    entries = list(log)
    return [f"{(at - entries[0][0]) * 1000:8.1f} ms {mark} {shown(data)}" for at, mark, data in entries]


def shown(text: str | bytes) -> str:
    r"""Untrusted text as printable ASCII on one line, a CR as `\r`; the middle of a long one is left out."""
    if isinstance(text, str):
        text = text.encode("latin-1", "replace")
    half = LONGEST_SHOWN // 2
    if len(text) > LONGEST_SHOWN:
        text = text[:half] + b"[... %d bytes ...]" % (len(text) - 2 * half) + text[-half:]
    named = {"\r": r"\r", "\n": r"\n", "\t": r"\t", "\\": "\\\\"}
    return re.sub(r"[^ -\[\]-~]", lambda m: named.get(m[0], f"\\x{ord(m[0]):02x}"), text.decode("latin-1"))
