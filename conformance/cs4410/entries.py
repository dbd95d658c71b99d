"""What a case sees of the server's mailbox: its entries, each judged beside the message that it should be."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from contextlib import nullcontext
from pathlib import Path

from conformance.cs4410 import blame, heads, mailbox
from conformance.cs4410.clients import Clients
from conformance.cs4410.discrepancies import not_each_once
from conformance.cs4410.mailbox import Entry, Folder, Message
from conformance.harness.verdict import telling
from conformance.harness.verdict.verdict import Skipped

SOON = 2.0
"""Seconds within which an entry has to be in the mailbox."""
GROUP = 32
"""Messages that a backup holds."""
USUAL = {
    "form": "mailbox.entry",
    "number": "numbers.file",
    "case": "case.arguments",
    "host": "mailbox.entry",
    "sender": "mailbox.entry",
    "recipients": "mailbox.entry",
}
"""What may be wrong with every entry, and is no news of a special one, with the requirement that judges it."""
SOUGHT = 1024
"""Bytes of a body by which an entry without a number is known."""
UNNUMBERED = "unnumbered"
"""As what an entry without a number is known, where plain ones have none."""
OF_ANOTHER = {"sender", "body"}
"""What is wrong with an entry that is another client's."""


class Entries:
    """The entries of the server that a case is run on.

    Args:
        case: the case, which holds the right to deliver where deliveries are counted.
    """

    def __init__(self, case: Clients) -> None:
        self._case = case

    @property
    def folder(self) -> Folder:
        """The directory of mailbox and backups.

        Raises:
            Skipped: it is not known.
        """
        store = self._case.server.store
        if store is None:
            raise Skipped(f"the mailbox cannot be read: {self._case.server.no_store}")
        assert isinstance(store, Folder)
        return store

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
                    why = "the mailbox cannot be read"
                    raise self._case.breach("start.mailbox", why, "a file that can be read", str(error)) from None
                time.sleep(0.02)

    def holds(self, message: Message) -> bool:
        """Whether a message stands in the mailbox or a backup now, by its number or by what it holds."""
        return any(
            one.number == message.number
            or mailbox.same_sender_and_body(one, message)
            or (one.number < 0 and _holds(one, message))
            for one in self.entries()
        )

    def entry(self, message: Message, by_number: bool = True) -> Entry:
        """The entry of a delivered message, waited for up to two seconds.

        Args:
            message: which.
            by_number: whether its number has to be what the reply told, though that is wrong of every message.

        Raises:
            Broken, Blocked: there is none, or more than one.
        """
        self.expect_told(message)
        self._expect_told_once(message.number)
        hopeless = self._case.patience.given_up("mailbox.soon")
        deadline = time.monotonic() + (0.0 if hopeless else SOON)
        last = 0
        while True:
            entries = self.entries()
            # At the first look: what is delivered while it is waited for finishes its group as well.
            last = last or max([message.number, *(entry.number for entry in entries)])
            found = _numbered(entries, message)
            # An entry may show in the mailbox and its backup for a moment.
            if len(found) == 1 or time.monotonic() > deadline:
                break
            useless = self._unnumbered or (self._wrong_numbers and not by_number)
            if useless and (there := _own(entries, message)):
                return there[0]
            del entries, found  # before they are read again: a body may be large
            time.sleep(0.02)
        own = [] if by_number else _own(entries, message)
        if not own and not by_number and (not found or self._wrong_numbers):
            own = _named_alike(entries, message)
        if own and not any(one in found for one in own) and self._numbers_are_wrong():
            return own[0]
        if not found:
            self._expect_told_number(None, message, entries)
            # An entry without a number is still the message's, if it holds its body.
            headless = [entry for entry in entries if entry.number < 0]
            holding = (entry for entry in headless if message.body.strip() and _holds(entry, message))
            found = [*_own(headless, message), *holding][:1]
        if not found:
            self._expect_kept_by_backup(message.number, last)
        self._case.patience.record_setup("mailbox.soon", bool(found))
        if not found:
            why = f"no entry with number {message.number} within {SOON:g} s of the reply"
            last_few = telling.spans(entry.number for entry in entries[-GROUP:])
            shown = f"the last entries are {last_few}" if entries else "no entry at all"
            raise self._case.breach(
                "mailbox.soon", why, f"an entry with number {message.number}", shown, about=[message]
            )
        self._expect_told_number(found[0], message, entries)
        if len(found) > 1:
            rule = self._rule_of_doubled(message.number, found)
            why, shown = f"{len(found)} entries with number {message.number}", self.held([message.number])
            raise self._case.breach(rule, why, "one", shown, about=[message])
        return found[0]

    def _rule_of_doubled(self, number: int, entries: Sequence[Entry]) -> str:
        """What an entry that stands twice breaks: in two files, what was backed up has not been removed.

        Args:
            number: its number.
            entries: in which it stands; others may be among them, and another message with its number is one.
        """
        alike = len({bytes(entry.raw).strip() for entry in entries if entry.number == number}) == 1
        files = (*self.folder.backups().values(), self.folder.mailbox)
        return blame.number_twice(alike, sum(number in (self._numbers_in(path) or ()) for path in files))

    def held(self, numbers: Collection[int]) -> str:
        """Which of these numbers each file holds, a line a file."""
        files = (*self.folder.backups().values(), self.folder.mailbox)
        found = {path.name: [one for one in self._numbers_in(path) or () if one in numbers] for path in files}
        lines = [f"{name}: {telling.spans(held)}" for name, held in found.items() if held]
        return "\n".join(lines) or "no file holds any of them"

    def _backups_there(self) -> str:
        names = [path.name for path in self.folder.backups().values()]
        return telling.names(names[-telling.MOST :]) if names else "no backup"

    def _numbers_in(self, path: Path) -> list[int] | None:
        try:
            return [entry.number for entry in mailbox.read(path)]
        except mailbox.Unreadable:
            return None

    def _expect_backups_of(self, missing: Collection[int], last: int, about: Sequence[Message] = ()) -> None:
        """Go on only if missing entries are not those of groups whose backup is not there, or holds others."""
        lost = f"{telling.counted(len(missing), 'message')}: {telling.spans(sorted(missing))}"
        backups = self.folder.backups()
        for number in sorted(missing):
            low, high = _group_of(number)
            if high > last:
                continue
            held = self._numbers_in(backups[low, high]) if (low, high) in backups else None
            if held is None or (held and not set(held) & set(range(low, high + 1))):
                name = f"mailbox.{low}-{high}"
                why = f"there is no {name}" if held is None else f"{name} holds {telling.spans(held)}"
                why += f", and no file holds {lost}, though {last} were delivered"
                wanted = f"{name} with {GROUP} messages"
                raise self._case.breach("backup.group", why, wanted, self._backups_there(), about=about)

    def _expect_kept_by_backup(self, number: int, last: int) -> None:
        """Go on only if a missing entry's group was not finished: otherwise its backup has lost it."""
        self._expect_backups_of([number], last)
        low, high = _group_of(number)
        if high <= last:
            why, wanted = f"no entry with number {number} in the backup of its group", f"{low}-{high}, each once"
            raise self._case.breach("backup.whole", why, wanted, self.held(range(low, high + 1)))

    def expect_told(self, *messages: Message) -> None:
        """Go on only if the replies told the numbers of these messages.

        Raises:
            Broken, Blocked: one of them told none.
        """
        if untold := [message for message in messages if message.number < 0]:
            why = "the reply to the end of data tells no number"
            raise self._case.breach("delivered", why, "a number", "none", about=untold)

    def _expect_told_once(self, number: int) -> None:
        """Go on only if a number was told of one message: which of them an entry with it should be, nobody can say."""
        about = [message for message in self._case.told if message.number == number]
        if len(about) > 1:
            why, _ = not_each_once(about)
            raise self._case.breach("numbers", why, "a number of its own for each message", f"{number}", about=about)

    def _expect_told_number(self, entry: Entry | None, message: Message, entries: list[Entry]) -> None:
        """Judge that the entry with the told number is the message's, if another one plainly is."""
        if entry is None or not mailbox.same_sender_and_body(entry, message):
            own = _own(entries, message)
            # One that has none is not the message's with another number: its head is wrong.
            if own and all(other.number not in (message.number, -1) for other in own):
                told = f"the reply told {message.number}, the entry has {own[0].number}"
                wanted, shown = f"{message.number}", f"{own[0].number}"
                raise self._case.breach("numbers.file", told, wanted, shown, about=[message])

    def expect_entry(self, message: Message, requirement: str) -> Entry:
        """Judge that a message stands in the mailbox as it was sent."""
        entry = self.entry(message, by_number=False)
        if self.differences(entry, message):
            self.settled_entries()  # it may be under way still
            entry = self.entry(message, by_number=False)
        wrong = self.differences(entry, message)
        if wrong:
            rule, why, shown = blame.entry(wrong, requirement), "; ".join(wrong.values()), entry.shown
            if wrong.keys() >= OF_ANOTHER and entry.sender.strip("<>") not in self._case.senders:
                # What another client wrote is no answer to what this one sent.
                why = f"the entry with number {message.number} is another client's, from {entry.sender!r}"
                shown = "no entry of this message with its number"
            raise self._case.breach(rule, why, mailbox.wanted(message), shown, "mailbox.entry", [message])
        return entry

    def differences(self, entry: Entry, message: Message) -> dict[str, str]:
        """What is wrong with an entry, as `mailbox.differences` has it, but for what is wrong with plain ones, too."""
        wrong = mailbox.differences(entry, message)
        if wrong.keys() & USUAL and not wrong.keys() >= OF_ANOTHER:
            self.learn()
        known, judges = self._case.patience.known, self._case.judges
        concerned = {what for rule in self._case.record.requirements for what in blame.FIELDS_JUDGED_BY.get(rule, ())}
        for what, rule in USUAL.items():
            if what != "form" and known.get(what) and not judges(rule) and what not in concerned:
                wrong.pop(what, None)
        if (usual := known.get("form")) and not judges("mailbox.entry"):
            if usual == heads.TO and mailbox.same_body(entry.raw[entry.body_at - 1 :], message.body):
                wrong.pop("body", None)  # its own first line is empty, and was taken for the one that is missing
            if wrong.get("form") == usual or entry.flaw == usual:
                wrong.pop("form", None)
        return wrong

    @property
    def _unnumbered(self) -> str:
        """An entry that has no number, where plain ones are known to have none; else an empty string."""
        return self._case.patience.known.get(UNNUMBERED, "")

    @property
    def _wrong_numbers(self) -> bool:
        """Whether replies are known to tell other numbers than entries have, which other cases judge."""
        return bool(self._case.patience.known.get("number")) and not self._case.judges("numbers.file")

    def _numbers_are_wrong(self) -> bool:
        self.learn()
        return self._wrong_numbers

    def learn(self, plain: Message | None = None) -> None:
        """Learn what is wrong with the entry of the most ordinary message, if that has not been done.

        Args:
            plain: such a message, or None for one to be delivered now.
        """
        case = self._case
        if "form" not in case.patience.known:
            with nullcontext() if case.counts else case.counting(), case.patience.learning:
                if "form" not in case.patience.known:
                    self._learn(plain)

    def _learn(self, message: Message | None) -> None:
        known = self._case.patience.known
        known["form"] = ""
        if message is None:
            client = self._case.client("recipient")
            message = client.deliver(self._case.words.body())
            self._case.record.transcript.hide(client.connection)
        entries = self.settled_entries()
        for entry in _own(entries, message) or [one for one in entries if _holds(one, message)]:
            wrong = mailbox.differences(entry, message)
            known |= {what: wrong.get(what, "") for what in USUAL} | ({"form": entry.flaw} if entry.flaw else {})
            known |= {UNNUMBERED: entry.shown} if entry.number < 0 else {}

    def _expect_plain_entries(self) -> None:
        """Go on only if messages that one client delivers one after the other stand in the mailbox as they were sent.

        What is wrong with those is no matter of who else delivers, nor of a backup.
        """
        self._case.close()
        client = self._case.client("greeted")
        for _ in range(3):
            client.set_up(self._case.words.fill("MAIL FROM: {address}"))
            client.set_up(self._case.words.fill("RCPT TO: {address}"))
            self.expect_entry(client.deliver(self._case.words.body()), "mailbox.entry")
        self._case.record.transcript.hide(client.connection)
        self.expect_numbered()

    def expect_numbered(self) -> None:
        """Go on only if entries have numbers: without them it cannot be told which is whose, nor in which order."""
        self.learn()
        if self._unnumbered:
            raise self._case.breach("mailbox.entry", "an entry has no number", "Number: N", self._unnumbered)

    def settled_entries(self) -> list[Entry]:
        """All entries, read when no backup is under way: the files are after it what they were before.

        Raises:
            Skipped: the mailbox's directory is not known.
        """
        deadline = time.monotonic() + SOON
        while True:
            before = self.folder.stamps()
            time.sleep(0.05)
            entries = self.entries()
            if self.folder.stamps() == before or time.monotonic() > deadline:
                return entries
            del entries  # before they are read again: a body may be large


def _group_of(number: int) -> tuple[int, int]:
    """The first and the last number of the messages that are backed up together with this one."""
    low = (number - 1) // GROUP * GROUP + 1
    return low, low + GROUP - 1


def _own(entries: Sequence[Entry], message: Message) -> list[Entry]:
    """The entries that are a message's by its sender and body, whatever their number."""
    return [entry for entry in entries if mailbox.same_sender_and_body(entry, message)]


def _named_alike(entries: Sequence[Entry], message: Message) -> list[Entry]:
    """The only entry with a message's sender and recipients, whatever became of its body; none if there are more."""
    found = [entry for entry in entries if mailbox.same_names(entry, message)]
    return found if len(found) == 1 else []


def _numbered(entries: Sequence[Entry], message: Message) -> list[Entry]:
    """The entries with a message's number; only its own ones where others have that number as well."""
    found = [entry for entry in entries if entry.number == message.number]
    return (_own(found, message) or found) if len(found) > 1 else found


def _holds(entry: Entry, message: Message) -> bool:
    return entry.holds(message.body[:SOUGHT].replace(b"\r\n", b"\n").strip())
