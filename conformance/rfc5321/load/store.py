"""Where delivered mail is read: each copy of a message is looked up in the mailbox of its recipient.

Whose mailbox is whose is learned from the messages to one recipient alone: several may share one, and then there is one
copy for them. Where a store does not tell whose a copy is, messages to several recipients are not looked up.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator

from conformance.history import Whose
from conformance.load.profile import Breach, Entry, Nowhere, Unreadable
from conformance.rfc5321 import envelope
from conformance.rfc5321.load.letters import Letters
from conformance.rfc5321.load.register import MOST_RECIPIENTS, OTHERS, Became, Record, Register
from conformance.stores.message import Stored
from conformance.stores.store import MailStore, StoreError

SLOTS = 2 * MOST_RECIPIENTS
"""Mailboxes that are told apart: those of the recipients, and as many others."""
UNKNOWN = SLOTS - 1
"""The slot of a copy of which the store does not tell whose it is, and of the mailboxes that are too many."""
PAUSE = 0.3
"""Seconds between two looks at what has arrived."""
OTHER_SENDER = Breach("trace.return-path", "an entry's Return-Path: is not the sender that MAIL named")


class Mail:
    """What `conformance.load.profile.Store` asks for, and what `history` calls acknowledged: a number for each copy.

    Args:
        mail: the store.
        letters: how messages are read.
        register: what became of them.
        recipients: their addresses.
        arrives: seconds within which something more arrives, if anything does.
        sure: whether somebody has said that mail is there.
    """

    def __init__(
        self,
        mail: MailStore,
        letters: Letters,
        register: Register,
        recipients: tuple[str, ...],
        arrives: float,
        sure: bool = True,
    ) -> None:
        self._mail = mail
        self._letters = letters
        self._register = register
        self._recipients = recipients
        self._arrives = arrives
        self._sure = sure
        self._slots = {address.lower(): place for place, address in enumerate(recipients)}
        self._others = MOST_RECIPIENTS
        self._mailbox_of: dict[int, int] = {}
        self._count, self._since = -1, 0.0

    def settle(self) -> None:
        """Wait until all has arrived, or nothing more has come for long enough; learn whose mailbox is whose."""
        while True:
            count = self._learn()
            if count != self._count:
                self._count, self._since = count, time.monotonic()
            if count >= len(self) or time.monotonic() - self._since > self._arrives:
                return
            time.sleep(PAUSE)

    def entries(self) -> Iterator[Entry]:
        """Read copy by copy.

        Raises:
            Unreadable: the store cannot be read.
        """
        return (self._entry(copy, mailbox) for copy in self._copies() for mailbox in _mailboxes(copy))

    def name(self, number: int) -> str:
        """What a reader is told of a copy that is not there."""
        number, slot = divmod(number, SLOTS)
        whose = f" to {self._recipients[slot]}" if slot < len(self._recipients) else ""
        return f"message {number} of run {self._letters.run.decode()}{whose}"

    def __len__(self) -> int:
        return sum(len(self._owed(record)) for _, record in self._register.taken())

    def __iter__(self) -> Iterator[int]:
        for number, record in self._register.taken():
            yield from (number * SLOTS + slot for slot in self._owed(record))

    def get(self, number: int, /) -> int | None:
        """The fingerprint of a copy that was acknowledged, or None."""
        record = self._register.get(number // SLOTS)
        return record.fingerprint if number % SLOTS in self._owed(record) else None

    def _owed(self, record: Record) -> frozenset[int]:
        """The slots in which a message has to be."""
        if record.became != Became.TAKEN:
            return frozenset()
        to = _bits(record.recipients)
        found = frozenset(self._mailbox_of.get(place, place) for place in to)
        return frozenset() if UNKNOWN in found and len(to) > 1 else found

    def _copies(self) -> Iterator[Stored]:
        try:
            yield from self._mail.every(self._letters.run)
        except StoreError as error:
            if not self._register.any_taken:
                return  # where nothing was delivered there need be no store
            if self._sure:
                raise Unreadable(str(error)) from None
            raise Nowhere(
                "no message is looked up, for the server keeps no Maildir where it was started: give --store"
            ) from None

    def _learn(self) -> int:
        """Learn from all copies that are there; returns how many of them are those of messages that were taken."""
        seen: dict[int, Counter[int]] = {}
        count = 0
        for copy in self._copies():
            found = self._letters.read(copy.raw)
            record = self._register.get(found.number) if found else None
            if record and record.became == Became.TAKEN:
                to = _bits(record.recipients)
                mailboxes = _mailboxes(copy)
                count += len(mailboxes)
                if len(to) == 1:
                    seen.setdefault(to[0], Counter()).update(map(self._slot, mailboxes))
        self._mailbox_of = {place: slots.most_common(1)[0][0] for place, slots in seen.items()}
        return count

    def _slot(self, mailbox: str) -> int:
        if mailbox and mailbox not in self._slots and self._others < UNKNOWN:
            self._slots[mailbox] = self._others
            self._others += 1
        return self._slots.get(mailbox, UNKNOWN)

    def _entry(self, copy: Stored, mailbox: str) -> Entry:
        found = self._letters.read(copy.raw)
        if found is None:
            return Entry(-1, 0, Whose.UNKNOWN, copy.raw)
        record = self._register.get(found.number)
        number = found.number * SLOTS + self._slot(mailbox)
        whose = Whose.OURS if found.ended else Whose.UNENDED
        if record.became == Became.REFUSED:
            whose = Whose.REFUSED
        elif record.became == Became.GIVEN_UP:
            whose = Whose.UNENDED
        elif record.became == Became.TAKEN and number % SLOTS not in self._owed(record):
            whose = Whose.UNKNOWN if _elsewhere(record, number % SLOTS) else Whose.STRAY
        sender = envelope.reverse_path(copy) if self._mail.final else None
        faults = (OTHER_SENDER,) if sender is not None and found.sender not in (sender, "?") else ()
        return Entry(number, found.fingerprint, whose, copy.raw, faults)


def _mailboxes(copy: Stored) -> tuple[str, ...]:
    """The mailboxes that a copy is in, or those of all for whom it is; one without a name where none is told."""
    if copy.envelope_to:
        return tuple(dict.fromkeys(one.lower() for one in copy.envelope_to))
    if mailbox := envelope.mailbox(copy):
        return (mailbox,)
    return tuple(sorted(envelope.forward_paths((copy,)))) or ("",)


def _bits(recipients: int) -> list[int]:
    return [place for place in range(MOST_RECIPIENTS) if recipients >> place & 1]


def _elsewhere(record: Record, slot: int) -> bool:
    """Whether nobody can say that a copy must not be there."""
    return bool(record.recipients & OTHERS) or slot >= MOST_RECIPIENTS
