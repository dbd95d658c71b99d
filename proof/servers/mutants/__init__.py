"""Mutants: the reference server with one bug each, a module for each section of the requirements."""

from collections.abc import Sequence

from proof.servers.edit import Mutant
from proof.servers.mutants import backup, clock, commands, field, lines, mailbox, message, order, pool, rare, source

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
    "field": [*field.MUTANTS, *rare.MUTANTS],
}
MUTANTS: tuple[Mutant, ...] = tuple(mutant for section in SECTIONS.values() for mutant in section)
