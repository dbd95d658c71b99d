"""The ledger: every rule that a profile judges by, under the stable id that cases and reports use for it."""

from __future__ import annotations

import tomllib
from dataclasses import KW_ONLY, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Requirement:
    """One rule: a breach of a MUST fails, of a SHOULD warns, a NOTE is only observed.

    The engine judges by the first four and `rests_on`; the others it only carries, for a profile whose source is more
    than one text.

    Attributes:
        id: a stable word, by which cases and reports name the rule.
        level: what a breach of it does here.
        section: the heading under which reports list it.
        rule: what a server must do, in a sentence or two.
        rests_on: ids of requirements without which this one cannot be judged: where one of them is broken, that is to
            be mended first, and what looks like a breach of this one is put down to it.
        strength: how strongly the source itself says so, which may be more or less than the level.
        source: where the source says so, so that a finding can be checked against it.
        successor: where the text that replaces the source says so, so that the id outlives the source.
        cve: published vulnerabilities that came of a breach, so that nobody takes it for a formality.
        waived: why whoever tests does not want it judged.
        disputed: why correct servers differ, and what is made of it, so that a level explains itself.
    """

    id: str
    level: str
    section: str
    rule: str
    _: KW_ONLY
    rests_on: str = ""
    strength: str = ""
    source: str = ""
    successor: str = ""
    cve: str = ""
    disputed: str = ""
    waived: str = ""


Ledger = dict[str, Requirement]


def load(*paths: Path) -> Ledger:
    """Read a ledger, in its order, from one file or from several that go on with each other.

    Args:
        paths: the TOML files.

    Raises:
        ValueError: an id stands twice, or a level is none of the three.
    """
    ledger: Ledger = {}
    for path in paths:
        for row in tomllib.loads(path.read_text(encoding="utf-8"))["requirement"]:
            requirement = Requirement(**row)
            if requirement.id in ledger:
                raise ValueError(f"{path.name}: the id {requirement.id} stands twice")
            if requirement.level not in ("MUST", "SHOULD", "NOTE"):
                raise ValueError(f"{path.name}: {requirement.id} has no level MUST, SHOULD or NOTE")
            ledger[requirement.id] = requirement
    return ledger
