"""What is wrong with the numbers and the entries of many messages at once, told with counts in a line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from conformance.cs4410 import mailbox
from conformance.cs4410.mailbox import Entry, Message
from conformance.harness.verdict import telling


@dataclass(frozen=True)
class Discrepancies:
    """What is wrong with the entries of acknowledged messages, by their numbers.

    Attributes:
        lost: those that stand in no file.
        doubled: those that stand more than once.
        changed: those that are not as they were sent, and what differs.
        headless: how many entries have no head that could be read.
    """

    lost: Sequence[int] = ()
    doubled: Sequence[int] = ()
    changed: Mapping[int, str] = field(default_factory=dict)
    headless: int = 0

    @property
    def numbers(self) -> list[int]:
        """Those of all messages concerned."""
        return list(dict.fromkeys([*self.lost, *self.doubled, *self.changed]))

    @property
    def differences(self) -> str:
        """How the first three that are changed differ, a line each."""
        return "\n".join(f"{number}: {telling.short(what)}" for number, what in list(self.changed.items())[:3])

    def told(self, count: int) -> str:
        """How many of so many acknowledged messages are wrong, in which way, and which; empty if none is."""
        kinds = ((self.lost, "in no mailbox file"), (self.doubled, "there more than once"))
        clauses: list[str] = []
        for those, what in (*kinds, (self.changed, "not as they were sent")):
            if those:
                of_all = "" if clauses else f" of {telling.counted(count, 'acknowledged message')}"
                verb = "is" if len(those) == 1 else "are"
                clauses.append(f"{len(those)}{of_all} {verb} {what}: {telling.spans(sorted(those))}")
        if self.headless:
            clauses.append(f"{telling.counted(self.headless, 'entry has', 'entries have')} no head that can be read")
        return "; ".join(clauses)


def discrepancies(
    entries: Sequence[Entry],
    sent: Mapping[int, Message],
    differences: Callable[[Entry, Message], Mapping[str, str]] = mailbox.differences,
) -> Discrepancies:
    """Hold entries against messages.

    Args:
        entries: as they stand in the files.
        sent: what should stand there, by number; nothing else is among the entries but what has no number.
        differences: what is wrong with one of them.
    """
    numbers = [entry.number for entry in entries]
    return Discrepancies(
        lost=sorted(sent.keys() - numbers),
        doubled=[number for number in sent if numbers.count(number) > 1],
        changed={
            entry.number: "; ".join(differs.values())
            for entry in entries
            if entry.number in sent and (differs := differences(entry, sent[entry.number]))
        },
        headless=sum(entry.number not in sent for entry in entries),
    )


def not_each_once(messages: Sequence[Message]) -> tuple[str, list[Message]]:
    """What is wrong with the numbers that clients were told, and the messages that show it best.

    Args:
        messages: all that were delivered, in any order; their numbers should follow each other, each given once.
    """
    given: dict[int, list[Message]] = {}
    for message in sorted(messages, key=lambda one: one.number):
        given.setdefault(message.number, []).append(message)
    clauses: list[str] = []
    about: list[Message] = []
    if twice := sorted((n for n in given if len(given[n]) > 1), key=lambda n: len(given[n]), reverse=True):
        about = given[twice[0]]
        clients = len({message.connection for message in about})
        to = f"to {clients} clients" if clients == len(about) else f"{len(about)} times"
        others = sorted(twice[1:])
        more = f", and {telling.counted(len(others), 'other')} more than once: {telling.spans(others)}"
        clauses.append(f"number {twice[0]} was given {to}{more if others else ''}")
    if gaps := telling.gaps(list(given)):
        clauses.append(telling.given_to_none(gaps))
        about = about or [given[gaps[0][0] - 1][0], given[gaps[0][1] + 1][0]]
    return "; ".join(clauses), about


def order(numbers: Sequence[int]) -> tuple[str, str]:
    """What was expected of the numbers of entries in their order, and what came."""
    return "numbers that rise from entry to entry", telling.spans(numbers)
