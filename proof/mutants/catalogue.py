"""All mutants by section, and which of them a run holds."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from proof.mutants import backup, clock, commands, field, lines, mailbox, message, order, pool, source
from proof.mutants.patch import Mutant
from proof.mutants.run import PROJECT

SECTIONS: dict[str, Sequence[Mutant]] = {
    "lines": lines.MUTANTS,
    "commands": commands.MUTANTS,
    "order": order.MUTANTS,
    "message": message.MUTANTS,
    "clock": clock.MUTANTS,
    "pool": pool.MUTANTS,
    "source": source.MUTANTS,
    "mailbox": mailbox.MUTANTS,
    "backup": backup.MUTANTS,
    "field": field.MUTANTS,
}
MUTANTS: tuple[Mutant, ...] = tuple(mutant for section in SECTIONS.values() for mutant in section)
PARTS = 12
"""Of which `commit` chooses one."""


class ChoiceError(Exception):
    """No such mutant, section or part; the message is one line."""


def chosen(names: Sequence[str], part: str | None) -> list[Mutant]:
    """The mutants that a run holds, in the order of the catalogue.

    Args:
        names: mutants and sections; none for all.
        part: `K/N` for the K-th of N parts, `commit` for a twelfth that follows from the checked-out commit, or None.

    Raises:
        ChoiceError: a name is unknown, or the part is none.
    """
    wanted: set[str] = set()
    for name in names:
        if name in SECTIONS:
            wanted |= {mutant.name for mutant in SECTIONS[name]}
        elif name in {mutant.name for mutant in MUTANTS}:
            wanted.add(name)
        else:
            raise ChoiceError(f"{name}: no such mutant, and none of the sections {', '.join(SECTIONS)}")
    mutants = [mutant for mutant in MUTANTS if not names or mutant.name in wanted]
    if part is None:
        return mutants
    first, step = _part_of_commit() if part == "commit" else _part(part)
    return mutants[first::step]


def _part(text: str) -> tuple[int, int]:
    number, _, count = text.partition("/")
    if not (number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
        raise ChoiceError(f"--part {text}: write K/N, for example 1/3, or commit")
    return int(number) - 1, int(count)


def _part_of_commit() -> tuple[int, int]:
    try:
        told = subprocess.run(["git", "rev-parse", "HEAD"], cwd=PROJECT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        raise ChoiceError("--part commit: this is no git checkout") from None
    return int(told.stdout, 16) % PARTS, PARTS
