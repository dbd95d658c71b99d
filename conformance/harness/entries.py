"""What a case sees of the server's mailbox: its entries, each judged beside the message that it should be."""

from __future__ import annotations

import time
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.harness import mailbox
from conformance.harness.mailbox import Entry, Folder, Message
from conformance.harness.verdict import Skipped

if TYPE_CHECKING:
    from conformance.harness.case import Case

SOON = 2.0
"""Seconds within which an entry has to be in the mailbox."""
GROUP = 32
"""Messages that a backup holds."""
CONCERN = {
    "case.arguments": ("case",),
    "space.spaces": ("host", "sender", "recipients"),
    "rcpt.lines": ("recipients",),
    "helo.first-stays": ("host",),
    "mail.first-stays": ("sender",),
    "recipient.not-kept": ("recipients",),
    "order.no-trace": ("recipients",),
    "after.forgets": ("sender", "recipients", "body"),
    "end.dot": ("body",),
    "bytes": ("body",),
    "bytes.large": ("body",),
    "start.mailbox": (),
    "numbers.first": (),
}
"""What of an entry some requirements judge; what is wrong with the rest of it is the affair of `mailbox.entry`."""


class Entries:
    """The entries of the server that a case is held on.

    Args:
        case: the case, which holds the right to deliver where deliveries are counted.
    """

    def __init__(self, case: Case) -> None:
        self._case = case

    @property
    def folder(self) -> Folder:
        """The directory of mailbox and backups.

        Raises:
            Skipped: it is not known.
        """
        if self._case.server.folder is None:
            raise Skipped(f"the mailbox cannot be read: {self._case.server.no_folder}")
        return self._case.server.folder

    def entries(self) -> list[Entry]:
        """All entries of the server's mailbox and its backups.

        Raises:
            Skipped: its directory is not known.
            Broken, Blocked: a file cannot be read, and not only for the moment in which a backup is made.
        """
        deadline = time.monotonic() + SOON
        while True:
            try:
                return self.folder.entries()
            except mailbox.Unreadable as error:
                if time.monotonic() > deadline:
                    raise self._case.stop("start.mailbox", f"the mailbox cannot be read: {error}") from None
                time.sleep(0.02)

    def holds(self, message: Message) -> bool:
        """Whether a message stands in the mailbox or a backup now, by its number or by what it holds."""
        return any(
            one.number == message.number or mailbox.is_plainly(one, message) or (not one.netid and _holds(one, message))
            for one in self.entries()
        )

    def entry(self, message: Message) -> Entry:
        """The entry of a delivered message, waited for up to two seconds.

        Raises:
            Broken, Blocked: there is none, or more than one.
        """
        self.expect_told(message)
        hopeless = self._case.health.hopeless("mailbox.soon")
        deadline = time.monotonic() + (0.0 if hopeless else SOON)
        last = 0
        while True:
            entries = self.entries()
            # At the first look: what is delivered while it is waited for finishes its group as well.
            last = last or max([message.number, *(entry.number for entry in entries)])
            found = [entry for entry in entries if entry.number == message.number]
            # An entry may show in the mailbox and its backup for a moment.
            if len(found) == 1 or time.monotonic() > deadline:
                break
            del entries, found  # before they are read again: a body may be large
            time.sleep(0.02)
        if not found:
            self._expect_told_number(None, message, entries)
            # An entry without a head that can be read is still the message's, if it holds its body.
            headless = (entry for entry in entries if not entry.netid)
            found = [entry for entry in headless if message.body.strip() and _holds(entry, message)][:1]
        if not found:
            self._expect_kept_by_backup(message.number, last)
        self._case.health.step("mailbox.soon", bool(found))
        if not found:
            raise self._case.stop(
                "mailbox.soon", f"no entry with number {message.number} within {SOON:g} s of the reply"
            )
        self._expect_told_number(found[0], message, entries)
        if len(found) > 1:
            same = len({entry.raw.strip() for entry in found}) == 1
            rule = self._rule_of_doubled(message.number) if same else "numbers"
            raise self._case.stop(rule, f"{len(found)} entries with number {message.number}")
        return found[0]

    def _rule_of_doubled(self, number: int) -> str:
        """What an entry that stands twice breaks: in two files, what was backed up has not been removed."""
        files = (*self.folder.backups().values(), self.folder.mailbox)
        holding = sum(number in (self._numbers_in(path) or ()) for path in files)
        return "backup.emptied" if holding > 1 else "mailbox.whole"

    def _numbers_in(self, path: Path) -> list[int] | None:
        try:
            return [entry.number for entry in mailbox.read(path)]
        except mailbox.Unreadable:
            return None

    def _expect_backups_of(self, missing: Collection[int], last: int) -> None:
        """Go on only if missing entries are not those of groups whose backup is not there, or holds others."""
        backups = self.folder.backups()
        for number in sorted(missing):
            low, high = _group_of(number)
            if high > last:
                continue
            held = self._numbers_in(backups[low, high]) if (low, high) in backups else None
            if held is None or (held and not set(held) & set(range(low, high + 1))):
                why = "no such backup" if held is None else "a backup that holds others"
                there = " ".join(path.name for path in backups.values())
                raise self._case.stop("backup.group", why, f"mailbox.{low}-{high}", there)

    def _expect_kept_by_backup(self, number: int, last: int) -> None:
        """Go on only if a missing entry's group was not finished: otherwise its backup has lost it."""
        self._expect_backups_of([number], last)
        if _group_of(number)[1] <= last:
            raise self._case.stop("backup.whole", f"no entry with number {number} in the backup of its group")

    def expect_told(self, *messages: Message) -> None:
        """Go on only if the replies told the numbers of these messages.

        Raises:
            Broken, Blocked: one of them told none.
        """
        if any(message.number < 0 for message in messages):
            raise self._case.stop("delivered", "the reply to the end of data tells no number", "a number", "none")

    def _expect_told_number(self, entry: Entry | None, message: Message, entries: list[Entry]) -> None:
        """Judge that the entry with the told number is the message's, if another one plainly is."""
        if entry is None or not mailbox.is_plainly(entry, message):
            for other in entries:
                if mailbox.is_plainly(other, message):
                    told = f"the reply told {message.number}, the entry has {other.number}"
                    raise self._case.stop("numbers.file", told, f"{message.number}", f"{other.number}")

    def expect_entry(self, message: Message, requirement: str) -> Entry:
        """Judge that a message stands in the mailbox as it was sent."""
        entry = self.entry(message)
        if mailbox.differences(entry, message):
            self.settled_entries()  # it may be under way still
            entry = self.entry(message)
        wrong = mailbox.differences(entry, message)
        if wrong:
            actual = entry.raw[:2000].decode("latin-1")
            rule = _rule_of(wrong, requirement)
            raise self._case.stop(rule, "; ".join(wrong.values()), mailbox.wanted(message), actual, "mailbox.entry")
        return entry

    def _expect_plain_entries(self) -> None:
        """Go on only if messages that one client delivers one after the other stand in the mailbox as they were sent.

        What is wrong with those is no matter of who else delivers, nor of a backup.
        """
        self._case.close()
        client = self._case.client("greeted")
        for _ in range(3):
            client.give(self._case.words.fill("MAIL FROM: {address}"))
            client.give(self._case.words.fill("RCPT TO: {address}"))
            self.expect_entry(client.deliver(self._case.words.body()), "mailbox.entry")

    def settled_entries(self) -> list[Entry]:
        """All entries, read when no backup is under way: two readings agree.

        Raises:
            Skipped: the mailbox's directory is not known.
        """
        deadline = time.monotonic() + SOON
        before = self.entries()
        while time.monotonic() < deadline:
            time.sleep(0.05)
            after = self.entries()
            if [entry.raw for entry in before] == [entry.raw for entry in after]:
                break
            before = after
        return before


def _rule_of(wrong: dict[str, str], requirement: str) -> str:
    """The requirement that an entry breaks, of which something is wrong while this one is judged."""
    if set(wrong) == {"case"}:
        return "case.arguments"
    concerned = any(what in CONCERN.get(requirement, tuple(wrong)) for what in wrong)
    return requirement if concerned and "form" not in wrong else "mailbox.entry"


def _group_of(number: int) -> tuple[int, int]:
    """The first and the last number of the messages that are backed up together with this one."""
    low = (number - 1) // GROUP * GROUP + 1
    return low, low + GROUP - 1


def _holds(entry: Entry, message: Message) -> bool:
    return message.body.replace(b"\r\n", b"\n").strip() in entry.raw
