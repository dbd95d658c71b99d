"""What must hold of a mailbox as a whole: the numbers of its entries, their order, and the backups."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from itertools import pairwise

from conformance.harness import mailbox
from conformance.harness.entries import GROUP, SOON, Entries
from conformance.harness.mailbox import Message
from conformance.harness.verdict import Skipped

BACKUP = 5.0
"""Seconds within which a backup has to be made."""


class Inbox(Entries):
    """The mailbox and the backups of the server that a case is held on."""

    def expect_order(self, requirement: str) -> None:
        """Judge that all entries stand in the order of their numbers, each once."""
        numbers = [entry.number for entry in self.settled_entries()]
        if -1 in numbers:
            raise self._case.stop("mailbox.entry", "an entry whose head cannot be read")
        for number in numbers:
            if numbers.count(number) > 1:
                raise self._case.stop(self._rule_of_doubled(number), f"entry {number} stands twice", "once", "twice")
        if numbers != sorted(numbers):
            raise self._case.stop(requirement, "numbers out of order", "", " ".join(map(str, numbers)))

    def expect_next(self, first: Message, second: Message, requirement: str) -> None:
        """Judge that two messages have numbers that follow each other, nobody else having delivered between them.

        Raises:
            Skipped: somebody else delivers to this server.
        """
        self.expect_told(first, second)
        if second.number == first.number + 1:
            return
        if self._is_somebody_elses(range(first.number + 1, second.number)):
            raise Skipped("somebody else delivers to this server")
        raise self._case.stop(requirement, "not the next number", f"{first.number + 1}", f"{second.number}")

    def _is_somebody_elses(self, numbers: range) -> bool:
        if self._case.server.launched or not numbers:
            return False
        if self._case.server.folder is None:
            # Who else delivers does so now and then; a server that errs does so every time.
            gaps = {self._gap(lambda: None) for _ in range(3)}
            return gaps != {len(numbers) + 1}
        entries = {entry.number: entry for entry in self.settled_entries()}
        return all(number in entries and entries[number].sender not in self._case.senders for number in numbers)

    def _gap(self, action: Callable[[], object]) -> int:
        first = self._case.client("recipient").deliver(self._case.words.body(1))
        action()
        return self._case.client("recipient").deliver(self._case.words.body(1)).number - first.number

    def expect_no_number_between(self, action: Callable[[], object], requirement: str) -> None:
        """Judge that something takes no number: deliveries before and after it have numbers that follow each other.

        Args:
            action: what must not take a number.
            requirement: what is broken if it does.

        Raises:
            Skipped: somebody else delivers to this server.
        """
        with self._case.counting():
            messages = [self._case.client("recipient").deliver(self._case.words.body(1))]
            action()
            # The second delivery after it sees a number that was taken late; further ones tell a number that somebody
            # else's message took from numbers that never follow each other.
            for _ in range(5):
                messages.append(self._case.client("recipient").deliver(self._case.words.body(1)))
                self.expect_told(*messages)
                if len(messages) > 2 and messages[-1].number == messages[-2].number + 1:
                    break
            else:
                self.expect_next(messages[-2], messages[-1], "numbers")
        numbers = [message.number for message in messages]
        if numbers != sorted(set(numbers)):
            raise self._case.stop("numbers", "numbers that do not rise", "", " ".join(map(str, numbers)))
        for first, second in pairwise(messages):
            self.expect_next(first, second, requirement)

    def expect_absent(self, mark: bytes, requirement: str) -> None:
        """Judge that no entry holds a mark."""
        found = [entry for entry in self.settled_entries() if mark in entry.raw]
        if found:
            shown = found[0].raw[:2000].decode("latin-1")
            raise self._case.stop(requirement, "the message stands in the mailbox", "no such entry", shown)

    def expect_consecutive(self, messages: Sequence[Message], requirement: str) -> None:
        """Judge that the numbers of all these messages follow each other without a gap, in whatever order."""
        self.expect_told(*messages)
        numbers = sorted(message.number for message in messages)
        wrong = [f"{one} then {two}" for one, two in pairwise(numbers) if two != one + 1]
        if wrong and not self._has_foreign_entries(numbers):
            found = ", ".join(wrong[:20])
            raise self._case.stop(requirement, "a gap, or a number twice", "each number once", found, "numbers")

    def _has_foreign_entries(self, numbers: list[int]) -> bool:
        missing = sorted(set(range(numbers[0], numbers[-1])) - set(numbers))
        if len(set(numbers)) < len(numbers) or not missing or missing[-1] - missing[0] > 1000:
            return False
        if self._is_somebody_elses(range(missing[0], missing[-1] + 1)):
            raise Skipped("somebody else delivers to this server")
        return False

    def expect_all_entries(self, messages: Sequence[Message], whole: str, order: str) -> None:
        """Judge that each of these messages stands once, whole and unmixed, and in the order of the numbers.

        Args:
            messages: all that was delivered.
            whole: what a lost, doubled, cut or mixed entry breaks.
            order: what another order breaks.
        """
        sent = {message.number: message for message in messages}
        deadline = time.monotonic() + BACKUP
        while True:
            entries = [entry for entry in self.settled_entries() if entry.number in sent or entry.number < 0]
            if len(entries) == len(sent) or time.monotonic() > deadline:
                break
        for entry in entries:
            if entry.number in sent:
                self._expect_told_number(entry, sent[entry.number], entries)
        wrong = []
        for entry in entries:
            if entry.number not in sent:
                wrong.append("an entry whose head cannot be read")
            else:
                wrong += [f"{entry.number}: {what}" for what in mailbox.differences(entry, sent[entry.number]).values()]
        numbers = [entry.number for entry in entries]
        doubled = [number for number in sent if numbers.count(number) > 1]
        if doubled and self._rule_of_doubled(doubled[0]) == "backup.emptied":
            raise self._case.stop("backup.emptied", f"entry {doubled[0]} stands in a backup and in the mailbox")
        self._expect_backups_of(sent.keys() - numbers, max(sent))
        wrong += [f"{number}: {numbers.count(number)} entries" for number in sent if numbers.count(number) != 1]
        if wrong:
            self._expect_plain_entries()
            why = f"{len(wrong)} of {len(sent)} entries are wrong"
            raise self._case.stop(whole, why, "", "\n".join(wrong[:20]), "mailbox.whole")
        if numbers != sorted(numbers):
            shown = " ".join(map(str, numbers))
            raise self._case.stop(order, "entries out of order", "", shown, "numbers.file")

    def expect_each_once_at_most(self, told: Sequence[Message], left: Sequence[bytes]) -> None:
        """Judge that messages whose replies nobody read are there once or not at all, each with a number of its own.

        Args:
            told: messages that were acknowledged, in their order, before, between and after the others.
            left: a mark that each of the others bears.
        """
        self.expect_told(*told)
        numbers = [message.number for message in told]
        wrong = [f"{one} then {two}" for one, two in pairwise(numbers) if two <= one]
        self._case.expect(not wrong, "numbers", "a number given twice, or one that does not rise", "", ", ".join(wrong))
        if self._case.server.folder is None:
            return
        entries = [entry for entry in self.settled_entries() if numbers[0] <= entry.number <= numbers[-1]]
        for mark in left:
            there = sum(mark in entry.raw for entry in entries)
            self._case.expect(
                there < 2, "mailbox.whole", "a message whose reply nobody read stands twice", "once or never"
            )
        held = [entry.number for entry in entries]
        wrong = [f"{one} then {two}" for one, two in pairwise(held) if two != one + 1]
        self._case.expect(not wrong, "numbers", "a gap, or a number twice", "each number once", ", ".join(wrong[:20]))

    def expect_empty_mailbox(self, requirement: str) -> None:
        """Judge that the file `mailbox` is there and empty."""
        path = self.folder.mailbox
        deadline = time.monotonic() + SOON
        while not (path.is_file() and path.stat().st_size == 0):
            if time.monotonic() > deadline:
                held = f"{path.stat().st_size} bytes" if path.is_file() else "no such file"
                raise self._case.stop(requirement, "no empty mailbox after the start", "an empty file", held)
            time.sleep(0.02)

    def expect_mailbox_holds(self, messages: Sequence[Message], requirement: str = "backup.emptied") -> None:
        """Judge that `mailbox` itself, its backups apart, holds exactly these messages."""
        wanted = [message.number for message in messages]
        deadline = time.monotonic() + BACKUP
        while (held := self._numbers_in(self.folder.mailbox)) != wanted:
            if time.monotonic() > deadline:
                shown = "no mailbox that can be read" if held is None else " ".join(map(str, held))
                raise self._case.stop(requirement, "mailbox holds other messages", " ".join(map(str, wanted)), shown)
            time.sleep(0.02)

    def expect_backup(self, messages: Sequence[Message], requirement: str = "backup.group") -> None:
        """Judge that the backup of these messages is made in time and holds them and nothing else."""
        span = (messages[0].number, messages[-1].number)
        name = f"mailbox.{span[0]}-{span[1]}"
        deadline = time.monotonic() + BACKUP
        wrong = "there is no such file"
        while time.monotonic() < deadline:
            if span in (backups := self.folder.backups()):
                wrong = self._wrong_in(backups[span].name, messages)
                if not wrong:
                    return
            time.sleep(0.02)
        there = " ".join(path.name for path in self.folder.backups().values())
        if span in self.folder.backups() and self._holds_older_too(name, span):
            raise self._case.stop("backup.emptied", f"{name} holds what was backed up before", "", there)
        self._expect_plain_entries()
        raise self._case.stop(requirement, f"{name}: {wrong}", f"{name} with {len(messages)} messages", there)

    def _holds_older_too(self, name: str, span: tuple[int, int]) -> bool:
        """Whether a backup holds its own messages behind older ones, which an emptied mailbox would not have had."""
        held = self._numbers_in(self.folder.directory / name) or [span[0]]
        return held[-GROUP:] == list(range(span[0], span[1] + 1)) and 0 < min(held) < span[0]

    def _wrong_in(self, name: str, messages: Sequence[Message]) -> str:
        try:
            entries = mailbox.read(self.folder.directory / name)
        except mailbox.Unreadable as error:
            return str(error)
        if [entry.number for entry in entries] != [message.number for message in messages]:
            return "it holds " + " ".join(str(entry.number) for entry in entries)
        pairs = zip(entries, messages, strict=True)
        return "; ".join(what for entry, message in pairs for what in mailbox.differences(entry, message).values())

    def expect_no_backup(self, first: int, last: int, requirement: str = "backup.group") -> None:
        """Judge that no backup holds any of the messages from first to last."""
        time.sleep(0.2)
        early = [path.name for (low, high), path in self.folder.backups().items() if low <= last and high >= first]
        if early:
            raise self._case.stop(requirement, "a backup of an unfinished group", "none yet", " ".join(early))

    def expect_backups_in_order(self, requirement: str = "backup.group") -> None:
        """Judge that every backup is a group of 32 and holds its numbers in order."""
        for (low, high), path in self.folder.backups().items():
            held = self._numbers_in(path)
            if high % GROUP or high - low != GROUP - 1 or held != list(range(low, high + 1)):
                shown = "it cannot be read" if held is None else " ".join(map(str, held))
                raise self._case.stop(requirement, f"{path.name} holds others", f"{low} to {high}", shown)
