"""Known failures: what a run is expected to find broken, and where it comes out otherwise."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from conformance.harness.settings import UsageError
from conformance.harness.verdict.ledger import Ledger
from conformance.harness.verdict.result import CaseResult, Judged, RequirementResult
from conformance.harness.verdict.telling import short

LARGEST = 1 << 20
"""Bytes of a file of known failures."""
BROKEN = ("fail", "warn")
KEPT = ("pass", "note")


@dataclass(frozen=True)
class Known:
    """The ids of the requirements and the cases that are known to fail."""

    names: tuple[str, ...] = ()

    def excuses(self, case: Judged) -> bool:
        """Whether all that a case found broken is known."""
        found = [one.requirement for one in case.findings if one.verdict in BROKEN]
        return bool(found) and (case.id in self.names or all(name in self.names for name in found))

    def breaches(self, requirements: Sequence[RequirementResult], cases: Sequence[CaseResult]) -> frozenset[str]:
        """The broken requirements that are known to be: themselves, or by each case that shows it.

        Args:
            requirements: the ledger's rules with their verdicts.
            cases: the records of all cases.
        """
        broken = [row for row in requirements if row.verdict in BROKEN]
        return frozenset(row.id for row in broken if row.id in self.names or self._only_cases(row, cases))

    def _only_cases(self, row: RequirementResult, cases: Sequence[CaseResult]) -> bool:
        breach = (row.id, row.verdict)
        by = [case.id for case in cases if any((one.requirement, one.verdict) == breach for one in case.findings)]
        return bool(by) and all(id in self.names for id in by)

    def passing(
        self, requirements: Sequence[RequirementResult], cases: Sequence[CaseResult], whole: bool
    ) -> tuple[str, ...]:
        """Those that pass.

        Args:
            requirements: the ledger's rules with their verdicts.
            cases: the records of all cases.
            whole: whether all cases were run; of a requirement a part of them proves nothing.
        """
        kept = {case.id for case in cases if case.verdict in KEPT}
        kept |= {row.id for row in requirements if whole and row.verdict in KEPT}
        return tuple(name for name in self.names if name in kept)

    def unseen(self, requirements: Sequence[RequirementResult], cases: Sequence[CaseResult]) -> tuple[str, ...]:
        """Those that were not judged, or, of a requirement, not by all of its cases."""
        found = {case.id for case in cases if case.verdict in (*KEPT, *BROKEN)}
        found |= {row.id for row in requirements if row.verdict in (*KEPT, *BROKEN)}
        return tuple(name for name in self.names if name not in found)


NONE = Known()


def read(path: Path, ledger: Ledger, cases: Path) -> Known:
    """Read known failures: the id of a requirement or of a case a line, comments after a `#` that begins a word.

    Args:
        path: the file.
        ledger: the requirements.
        cases: the folder of the files of cases.

    Raises:
        UsageError: it cannot be read, or names what there is not.
    """
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
        text = data.decode("utf-8")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise UsageError(
            f"--expected {path}: {why}: give a file with the id of a requirement or a case a line"
        ) from None
    if len(data) > LARGEST:
        raise UsageError(f"--expected {path}: it is larger than 1 MiB: give a file with an id a line")
    lines = (line.partition(" #")[0].strip() for line in text.splitlines())
    names = dict.fromkeys(line for line in lines if line and not line.startswith("#"))
    for name in names:
        if name not in ledger and not _stands(name, cases):
            what = "case" if "::" in name else "requirement"
            raise UsageError(f"--expected {path}: {_shown(name)}: no such {what} of this profile: correct the id")
    return Known(tuple(names))


def _stands(case: str, folder: Path) -> bool:
    place, _, name = case.partition("::")
    path = folder.parent / place
    if not name or Path(place).parent != Path(folder.name) or not path.is_file():
        return False
    return f"\ndef {name.partition('[')[0]}(" in path.read_text(encoding="utf-8")


def mistake(known: Known, collected: Collection[str]) -> str:
    """What is said of a known failure that is no case of its file, in one line; mostly empty.

    Args:
        known: the known failures.
        collected: the ids of all cases of some files.
    """
    files = {id.partition("::")[0] for id in collected}
    for name in known.names:
        place, colons, _ = name.partition("::")
        if colons and place in files and name not in collected:
            return f"--expected: {_shown(name)}: no such case: `--collect-only -q` lists them"
    return ""


def _shown(name: str) -> str:
    return short(name).encode("unicode_escape").decode("ascii")
