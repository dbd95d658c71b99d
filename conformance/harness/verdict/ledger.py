"""The ledger: every rule of an assignment, under the stable id that cases and reports use for it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from pathlib import Path

LEDGER = Path(__file__).parents[2] / "cs4410" / "requirements.toml"
EXTRA_CREDIT = "backup."


@dataclass(frozen=True)
class Requirement:
    """One rule: a breach of a MUST fails, of a SHOULD warns, a NOTE is only observed."""

    id: str
    level: str
    section: str
    rule: str


Ledger = dict[str, Requirement]


def load(course: str = "4410", path: Path = LEDGER) -> Ledger:
    """Read the ledger, in its order.

    Args:
        course: `4410`, or `4411`, for whom the backup is extra credit and so a SHOULD.
        path: the TOML file.

    Raises:
        ValueError: an id stands twice, or a level is none of the three.
    """
    ledger: Ledger = {}
    for row in tomllib.loads(path.read_text(encoding="utf-8"))["requirement"]:
        requirement = Requirement(**row)
        if requirement.id in ledger:
            raise ValueError(f"{path.name}: the id {requirement.id} stands twice")
        if requirement.level not in ("MUST", "SHOULD", "NOTE"):
            raise ValueError(f"{path.name}: {requirement.id} has no level MUST, SHOULD or NOTE")
        if course == "4411" and requirement.id.startswith(EXTRA_CREDIT):
            requirement = replace(requirement, level="SHOULD")
        ledger[requirement.id] = requirement
    return ledger
