"""The submissions of a class: the files that a pattern names, and whose they are not."""

import re
from collections.abc import Sequence
from pathlib import Path

from reports.checked import WrongShape
from reports.escape import named, typed
from reports.students import Student, student_of

SHOWN = 5
"""Names that are shown of many."""


def found_files(pattern: str, home: Path) -> dict[str, Path]:
    """Find the files that a pattern names, below the roster's folder.

    Returns:
        Each by the part of its path that the pattern's first wild card stands for: its folder's name, mostly.

    Raises:
        WrongShape: the pattern has no wild card, names no file, or two of one submission; the message says so.
    """
    parts = Path(pattern).parts
    wild = next((at for at, part in enumerate(parts) if re.search(r"[*?\[]", part)), None)
    if wild is None or Path(pattern).is_absolute() or ".." in parts:
        raise WrongShape("submissions must be a pattern below the roster's folder, such as submissions/*/server.py")
    found: dict[str, Path] = {}
    for path in sorted(home.glob(pattern)):
        part = path.relative_to(home).parts[wild]
        name = Path(part).stem if wild == len(parts) - 1 else part
        if not path.is_file():
            continue
        if name in found:
            raise WrongShape(f"submissions: {named(name)} has more than one file: {typed(str(path.relative_to(home)))}")
        found[name] = path
    if not found:
        raise WrongShape(f"submissions: there is no file {typed(pattern)} in {typed(str(home))}")
    return found


def unmatched(names: Sequence[str], students: Sequence[Student]) -> tuple[str, ...]:
    """Tell which submissions belong to no student, and which students have none, in a line each."""
    owners = {name: student_of(name, students) for name in names}
    strangers = [name for name, student in owners.items() if student is None]
    without = [student.name for student in students if student not in owners.values()]
    told = {"in no line of the students' csv": strangers, "without a submission": without}
    return tuple(f"{what}: {_some(names)}" for what, names in told.items() if names)


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(map(named, names[:SHOWN]))
    return shown if len(names) <= SHOWN else f"{shown} and {len(names) - SHOWN} more"
