"""The ledger: every rule that a profile judges by, under the stable id that cases and reports use for it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Requirement:
    """One rule: a breach of a MUST fails, of a SHOULD warns, a NOTE is only observed."""

    id: str
    level: str
    section: str
    rule: str


Ledger = dict[str, Requirement]


def load(path: Path) -> Ledger:
    """Read a ledger, in its order.

    Args:
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
        ledger[requirement.id] = requirement
    return ledger
