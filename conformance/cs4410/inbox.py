"""What must hold of a mailbox as a whole: the numbers of its entries, their order, and the backups."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from conformance.cs4410 import heads, mailbox
from conformance.cs4410.client import Client
from conformance.cs4410.discrepancies import Discrepancies, discrepancies, not_each_once, order
from conformance.cs4410.entries import GROUP, SOON, USUAL, Entries
from conformance.cs4410.mailbox import Entry, Message
from conformance.harness.verdict import telling
from conformance.harness.verdict.verdict import Blocked, Skipped

BACKUP = 5.0
"""Seconds within which a backup has to be made."""


class Inbox(Entries):
    """The mailbox and the backups of the server that a case is run on."""

    def expect_order(self, requirement: str) -> None:
        """Judge that all entries stand in the order of their numbers, each once."""
        entries = self.settled_entries()
        numbers = [entry.number for entry in entries]
        if -1 in numbers:
            shown = entries[numbers.index(-1)].shown
            raise self._case.breach("mailbox.entry", "an entry whose head cannot be read", heads.HEAD, shown)
        for number in numbers:
            if numbers.count(number) > 1:
                why = f"entry {number} stands {numbers.count(number)} times"
                raise self._case.breach(self._rule_of_doubled(number, entries), why, "once", self.held([number]))
        if numbers != sorted(numbers):
            raise self._case.breach(requirement, f"entries out of order: {telling.falls(numbers)}", *order(numbers))

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
        why = f"number {second.number} came after {first.number}"
        if second.number == first.number:
            why = f"number {first.number} was given twice"
        elif second.number > first.number:
            skipped = telling.given_to_none([(first.number + 1, second.number - 1)])
            why = f"{skipped}: after {first.number} came {second.number}"
        raise self._case.breach(requirement, why, f"{first.number + 1}", f"{second.number}", about=[first, second])

    def _is_somebody_elses(self, numbers: range) -> bool:
        if self._case.server.launched or not numbers:
            return False
        if self._case.server.store is None:
            # Who else delivers does so now and then; a server that errs does so every time.
            gaps = {self._gap(lambda: None) for _ in range(3)}
            return gaps != {len(numbers) + 1}
        entries = {entry.number: entry for entry in self.settled_entries()}
        return all(number in entries and entries[number].sender not in self._case.senders for number in numbers)

    def _gap(self, action: Callable[[], object]) -> int:
        first = self._deliver_alone()
        action()
        return self._deliver_alone().number - first.number

    def _deliver_alone(self) -> Message:
        client = self._case.client("recipient")
        message = client.deliver(self._case.words.body(1))
        client.close()  # so that a server of one client at a time serves the next one
        return message

    def expect_no_number_between(self, action: Callable[[], object], requirement: str) -> None:
        """Judge that something takes no number: deliveries before and after it have numbers that follow each other.

        Args:
            action: what must not take a number.
            requirement: what is broken if it does.

        Raises:
            Skipped: somebody else delivers to this server.
        """
        with self._case.counting():
            messages = [self._deliver_alone()]
            action()
            # The second delivery after it sees a number that was taken late; further ones tell a number that somebody
            # else's message took from numbers that never follow each other.
            for _ in range(5):
                messages.append(self._deliver_alone())
                self.expect_told(*messages)
                if len(messages) > 2 and messages[-1].number == messages[-2].number + 1:
                    break
            else:
                self.expect_next(messages[-2], messages[-1], "numbers")
        numbers = [message.number for message in messages]
        if numbers != sorted(set(numbers)):
            why, shown = f"numbers that do not rise: {telling.falls(numbers)}", ", ".join(map(str, numbers))
            raise self._case.breach("numbers", why, "each higher than the one before", shown, about=messages)
        for first, second in pairwise(messages):
            self.expect_next(first, second, requirement)

    def expect_absent(self, mark: bytes, requirement: str) -> None:
        """Judge that no entry holds a mark."""
        found = [entry for entry in self.settled_entries() if entry.holds(mark)]
        if found:
            why = "a message that was never ended stands in the mailbox"
            raise self._case.breach(requirement, why, "no such entry", found[0].shown)

    def expect_consecutive(self, messages: Sequence[Message], requirement: str) -> None:
        """Judge that the numbers of all these messages follow each other without a gap, in whatever order."""
        self.expect_told(*messages)
        numbers = sorted(message.number for message in messages)
        wrong = any(two != one + 1 for one, two in pairwise(numbers))
        if wrong and not self._has_foreign_entries(numbers):
            why, about = not_each_once(messages)
            wanted = f"a number of its own for each of {len(numbers)} messages, without a gap"
            different = sorted(set(numbers))
            shown = f"{telling.counted(len(different), 'number')}: {telling.spans(different)}"
            raise self._case.breach(requirement, why, wanted, shown, "numbers", about)

    def _has_foreign_entries(self, numbers: list[int]) -> bool:
        if numbers[-1] - numbers[0] > len(numbers) + 1001:
            return False  # nor is a number that a server makes up to be counted up to
        missing = sorted(set(range(numbers[0], numbers[-1])) - set(numbers))
        if len(set(numbers)) < len(numbers) or not missing or missing[-1] - missing[0] > 1000:
            return False
        if self._is_somebody_elses(range(missing[0], missing[-1] + 1)):
            raise Skipped("somebody else delivers to this server")
        return False

    def expect_all_entries(self, messages: Sequence[Message], whole: str, in_order: str) -> None:
        """Judge that each of these messages stands once, whole and unmixed, and in the order of the numbers.

        Args:
            messages: all that was delivered.
            whole: what a lost, doubled, cut or mixed entry breaks.
            in_order: what another order breaks.
        """
        sent = {message.number: message for message in messages}
        entries, wrong = self._held_against(sent)
        numbers = [entry.number for entry in entries]
        if wrong.doubled and self._rule_of_doubled(wrong.doubled[0], entries) == "backup.emptied":
            why = f"in a backup and in the mailbox as well: {telling.spans(sorted(wrong.doubled))}"
            about = [sent[number] for number in wrong.doubled]
            raise self._case.breach("backup.emptied", why, "each in one file", self.held(wrong.doubled), about=about)
        self._expect_backups_of(wrong.lost, max(sent), [sent[number] for number in wrong.lost])
        if wrong.told(len(sent)):
            shown = wrong.differences or self.held(sent)
            self._expect_plain_entries()
            wanted, about = f"each of {len(sent)} messages once, as it was sent", [sent[one] for one in wrong.numbers]
            why = wrong.told(len(sent))
            if whole == "backup.whole":
                why += f"; {'lost' if wrong.lost else 'that was'} while a backup ran"
            raise self._case.breach(whole, why, wanted, shown, "mailbox.whole", about)
        if numbers != sorted(numbers):
            why = f"entries out of order: {telling.falls(numbers)}"
            about = [sent[one] for pair in pairwise(numbers) if pair[0] > pair[1] for one in pair]
            raise self._case.breach(in_order, why, *order(numbers), "numbers.file", about)

    def expect_groups(self, messages: Sequence[Message]) -> None:
        """Judge that the backups of all that was delivered are groups of 32, whose entries are others' to judge.

        Raises:
            Blocked: the entries are not all there once, whole and in order.
        """
        sent = {message.number: message for message in messages}
        entries, wrong = self._held_against(sent)
        if why := wrong.told(len(sent)):
            raise Blocked("mailbox.whole", why)
        numbers = [entry.number for entry in entries]
        if numbers != sorted(numbers):
            raise Blocked("numbers.file", f"entries out of order: {telling.falls(numbers)}")
        self.expect_backups_in_order()

    def _held_against(self, sent: Mapping[int, Message]) -> tuple[list[Entry], Discrepancies]:
        """The entries of messages, by number, waited for, and what is wrong with them beside what is with any entry."""
        deadline = time.monotonic() + BACKUP
        while True:
            entries = [entry for entry in self.settled_entries() if entry.number in sent or entry.number < 0]
            if len(entries) == len(sent) or time.monotonic() > deadline:
                break
        for entry in entries:
            if entry.number in sent:
                self._expect_told_number(entry, sent[entry.number], entries)
        if not any(mailbox.differences(one, sent[one.number]).keys() & USUAL for one in entries if one.number in sent):
            return entries, discrepancies(entries, sent)
        self._case.close()  # to have a place for one that shows what is wrong with any entry
        self.learn()
        return entries, discrepancies(entries, sent, self.differences)

    def expect_each_once_at_most(self, told: Sequence[Message], left: Mapping[bytes, Client]) -> None:
        """Judge that messages whose replies nobody read are there once or not at all, each with a number of its own.

        Args:
            told: messages that were acknowledged, in their order, before, between and after the others.
            left: the clients of the others, each by a mark that its message bears.
        """
        self.expect_told(*told)
        numbers = [message.number for message in told]
        why, shown = f"numbers that do not rise: {telling.falls(numbers)}", ", ".join(map(str, numbers))
        fall = next((at for at, (one, two) in enumerate(pairwise(numbers)) if two <= one), None)
        about: list[Client | Message] = [*list(left.values())[fall or 0 :][:1], told[0]]
        self._case.expect(fall is None, "numbers", why, "each higher than the one before", shown, about)
        if self._case.server.store is None:
            return
        entries = [entry for entry in self.settled_entries() if numbers[0] <= entry.number <= numbers[-1]]
        for mark, client in left.items():
            there = [entry.number for entry in entries if entry.holds(mark)]
            why = f"a message whose reply nobody read stands in {telling.counted(len(there), 'entry', 'entries')}"
            shown = f"entries {telling.spans(there)}"
            self._case.expect(len(there) < 2, "mailbox.whole", why, "one entry or none", shown, [client])
        held = sorted(entry.number for entry in entries)  # their order in the file is not judged here
        follow = all(two == one + 1 for one, two in pairwise(held))
        missing = telling.ranges(telling.gaps(held))
        why = f"no entry has number {missing}" if missing else "entries that have the same number"
        wanted = f"entries {numbers[0]}-{numbers[-1]}, each once"
        self._case.expect(follow, "numbers", why, wanted, telling.spans(held), told)

    def expect_empty_mailbox(self, requirement: str) -> None:
        """Judge that the file `mailbox` is there and empty."""
        path = self.folder.mailbox
        deadline = time.monotonic() + SOON
        while not (path.is_file() and path.stat().st_size == 0):
            if time.monotonic() > deadline:
                held = f"{path.stat().st_size} bytes" if path.is_file() else "no such file"
                raise self._case.breach(requirement, "no empty mailbox after the start", "an empty file", held)
            time.sleep(0.02)

    def expect_mailbox_holds(self, messages: Sequence[Message], requirement: str = "backup.emptied") -> None:
        """Judge that `mailbox` itself, its backups apart, holds exactly these messages."""
        wanted = [message.number for message in messages]
        deadline = time.monotonic() + BACKUP
        while (held := self._numbers_in(self.folder.mailbox)) != wanted:
            if time.monotonic() > deadline:
                shown = "no mailbox that can be read" if held is None else telling.spans(held, "no message")
                which = f"messages {telling.spans(wanted)}" if wanted else "no message after its backup"
                raise self._case.breach(requirement, f"mailbox should hold {which}", telling.spans(wanted), shown)
            time.sleep(0.02)

    def as_it_stands(self, message: Message) -> Message:
        """The message with the body that its entry has now: what it has become in its delivery is judged elsewhere.

        Raises:
            Broken, Blocked: there is no such entry, or its head is wrong.
        """
        stands = replace(message, body=bytes(self.entry(message).body))
        self.expect_entry(stands, "mailbox.entry")
        return stands

    def expect_backup(self, messages: Sequence[Message], requirement: str = "backup.group") -> None:
        """Judge that the backup of these messages is made in time and holds them and nothing else."""
        span = (messages[0].number, messages[-1].number)
        name = f"mailbox.{span[0]}-{span[1]}"
        deadline = time.monotonic() + BACKUP
        wrong, shown = f"there is no {name} {BACKUP:g} s after message {span[1]} was delivered", ""
        while time.monotonic() < deadline:
            if span in (backups := self.folder.backups()):
                wrong, shown = self._wrong_in(backups[span].name, messages)
                if not wrong:
                    return
            time.sleep(0.02)
        if span in self.folder.backups() and self._holds_older_too(name, span):
            held = telling.spans(self._numbers_in(self.folder.directory / name) or ())
            why, wanted = f"{name} holds what was backed up before as well", telling.ranges([span])
            raise self._case.breach("backup.emptied", why, wanted, held)
        self._expect_plain_entries()
        wanted = f"{name} with {telling.ranges([span])}"
        raise self._case.breach(requirement, wrong, wanted, shown or self._backups_there())

    def _holds_older_too(self, name: str, span: tuple[int, int]) -> bool:
        """Whether a backup holds its own messages behind older ones, which an emptied mailbox would not have had."""
        held = self._numbers_in(self.folder.directory / name) or [span[0]]
        return held[-GROUP:] == list(range(span[0], span[1] + 1)) and 0 < min(held) < span[0]

    def _wrong_in(self, name: str, messages: Sequence[Message]) -> tuple[str, str]:
        """What is wrong with a backup, and what it holds instead; empty where nothing is."""
        try:
            entries = mailbox.read(self.folder.directory / name)
        except mailbox.Unreadable as error:
            return str(error), f"{name}, which cannot be read"
        if [entry.number for entry in entries] != [message.number for message in messages]:
            held = telling.spans(entry.number for entry in entries)
            return f"{name} holds {held}", f"{name} with {held}"
        wrong = discrepancies(entries, {message.number: message for message in messages}, self.differences)
        told = wrong.told(len(messages))
        return (f"in {name}, {told}", wrong.differences) if told else ("", "")

    def expect_no_backup(self, first: int, last: int, requirement: str = "backup.group") -> None:
        """Judge that no backup holds any of the messages from first to last."""
        time.sleep(0.2)
        early = [path.name for (low, high), path in self.folder.backups().items() if low <= last and high >= first]
        if early:
            why = "a backup before all of its messages were delivered"
            raise self._case.breach(requirement, why, f"no backup of {first}-{last} yet", telling.names(early))

    def expect_backups_in_order(self, requirement: str = "backup.group") -> None:
        """Judge that every backup is a group of 32 and holds its numbers in order."""
        for (low, high), path in self.folder.backups().items():
            held = self._numbers_in(path)
            if high % GROUP or high - low != GROUP - 1 or held != list(range(low, high + 1)):
                shown = "it cannot be read" if held is None else telling.spans(held, "no message")
                if high % GROUP or high - low != GROUP - 1:
                    why, wanted = f"{path.name} is no group of {GROUP}", f"mailbox.1-{GROUP}, and so on"
                    raise self._case.breach(requirement, why, wanted, self._backups_there())
                self.expect_numbered()
                raise self._case.breach(requirement, f"{path.name} holds others", f"{low}-{high}", shown)
