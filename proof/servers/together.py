"""Servers with several bugs at once: mutants that can live together, drawn from the catalogue."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from proof.servers.edit import Edit, MisfitError, Mutant, sources
from proof.servers.mutants import MUTANTS, SECTIONS

SEED = 1
HOW_MANY = {"two": (2, 90), "three": (3, 40), "five": (5, 20)}
"""Bugs of a server, and how many such servers there are."""
LEFT_OUT = ("start.address", *(mutant.main for mutant in SECTIONS.get("source", ())))
"""What can be seen of one server on a machine at a time, or of the source alone."""


@dataclass(frozen=True)
class Together:
    """The reference server with several bugs.

    Attributes:
        bugs: the mutants.
    """

    bugs: tuple[Mutant, ...]

    @property
    def name(self) -> str:
        """The names of its bugs."""
        return " + ".join(bug.name for bug in self.bugs)

    @property
    def edits(self) -> Sequence[Edit]:
        """Those of all bugs."""
        return [edit for bug in self.bugs for edit in bug.edits]

    @property
    def breaks(self) -> set[str]:
        """The requirements that it breaks."""
        return {name for bug in self.bugs for name in bug.breaks.split()}

    @property
    def also(self) -> set[str]:
        """Those that may be blamed beyond."""
        return {name for bug in self.bugs for name in bug.also.split()}


@cache
def sections() -> dict[str, list[Together]]:
    """All servers with several bugs, by how many they have; no two of one have their main requirement in common."""
    chance = random.Random(SEED)
    mutants = [mutant for mutant in MUTANTS if mutant.main not in LEFT_OUT]
    return {name: _drawn(chance, mutants, bugs, count) for name, (bugs, count) in HOW_MANY.items()}


def _drawn(chance: random.Random, mutants: Sequence[Mutant], bugs: int, count: int) -> list[Together]:
    found: dict[str, Together] = {}
    while len(found) < count:
        one = Together(tuple(sorted(chance.sample(mutants, bugs), key=lambda mutant: mutant.name)))
        if len({bug.main for bug in one.bugs}) == bugs and _fits(one):
            found[one.name] = one
    return list(found.values())


def _fits(server: Together) -> bool:
    try:
        sources(server)
    except MisfitError:
        return False
    return True
