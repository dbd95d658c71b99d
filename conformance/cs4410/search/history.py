"""What several clients were told and what the mailbox then holds: are both one history of deliveries?

Each 250 is one entry, each entry is an acknowledged message or one whose client did not wait for its 250, and the order
of numbers and entries agrees with real time: a message that was acknowledged before another one ended comes first.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import permutations

from conformance.cs4410 import mailbox
from conformance.cs4410.mailbox import Entry, Message
from conformance.harness.verdict.verdict import Broken

NO_ENTRY = "no such entry"


class Differs(Broken):
    """An entry is not what was sent; `what` of it, a key of `mailbox.differences`."""

    def __init__(self, what: str, reason: str, expected: str, actual: str) -> None:
        super().__init__("mailbox.entry", reason, expected, actual)
        self.what = what


@dataclass(frozen=True)
class Delivery:
    """A message that was ended: when its dot began to be sent, and when its 250 was read, in seconds."""

    message: Message
    sent: float
    read: float


@dataclass
class History:
    """What is known of the deliveries of one server.

    Attributes:
        known: the highest number so far; None before the first one of a server that somebody else started.
        told: the deliveries that were acknowledged since then.
        unanswered: the messages that were ended without waiting for a reply: delivered now, later, or never.
        begun: the senders of all messages of ours that were never ended.
    """

    known: int | None
    told: list[Delivery] = field(default_factory=list)
    unanswered: list[Message] = field(default_factory=list)
    begun: set[str] = field(default_factory=set)

    def judge_numbers(self) -> None:
        """Judge the numbers that the replies told.

        Raises:
            Broken: one was told twice, or does not agree with the order in which messages were delivered.
        """
        for first, second in permutations(self.told, 2):
            one, two = first.message.number, second.message.number
            if first.read < second.sent and one >= two:
                raise Broken("numbers", "a later message has no higher number", f"more than {one}", f"{two}")
            if one == two:
                raise Broken("numbers", "a number that was told twice", "each number once", f"{one}, twice")
        if self.known is None:
            return
        numbers = sorted(delivery.message.number for delivery in self.told)
        if numbers and numbers[0] <= self.known:
            raise Broken("numbers", "not the next number", f"{self.known + 1}", f"{numbers[0]}")

    def judge_gaps(self) -> None:
        """Judge that no number is left out but for messages that went unanswered.

        Raises:
            Broken: one is.
        """
        if self.known is None or not self.told:
            return
        numbers = {delivery.message.number for delivery in self.told}
        missing = sorted(set(range(self.known + 1, max(numbers))) - numbers)
        if len(missing) > len(self.unanswered):
            raise Broken("numbers", "a gap in the numbers", f"{missing[0]}", f"{missing[0] + 1}")

    def judge_entries(self, entries: Sequence[Entry], ours_alone: bool, usual: Collection[str] = ()) -> None:
        """Judge the entries that the mailbox and its backups hold.

        Args:
            entries: all of them, in their order.
            ours_alone: whether nobody else delivers to this server.
            usual: what is known to be wrong with every entry, as keys of `mailbox.differences`.

        Raises:
            Broken: they are not what was delivered.
        """
        numbers = [delivery.message.number for delivery in self.told]
        known = self.known if self.known is not None else min(numbers, default=10**18) - 1
        new = [entry for entry in entries if entry.number > known or (ours_alone and entry.number < 0)]
        for delivery in self.told:
            self._judge_told(delivery.message, new, usual)
        numbers = [entry.number for entry in new]
        if ours_alone and numbers != sorted(numbers):
            wanted, actual = (" ".join(map(str, some)) for some in (sorted(numbers), numbers))
            raise Broken("numbers.file", "numbers out of order in the file", wanted, actual)
        told = {delivery.message.number for delivery in self.told}
        waiting = list(self.unanswered)
        for entry in new:
            if entry.number in told:
                continue
            whose = next((message for message in waiting if mailbox.same_sender_and_body(entry, message)), None)
            if whose:
                waiting.remove(whose)
            elif entry.sender.strip("<>") in self.begun:
                raise Broken("mailbox.no-trace", "a message that was never ended is delivered", NO_ENTRY, entry.shown)
            elif ours_alone:
                raise Broken("mailbox.whole", "an entry that nobody sent", NO_ENTRY, entry.shown)

    def _judge_told(self, message: Message, entries: list[Entry], usual: Collection[str]) -> None:
        found, wanted = [entry for entry in entries if entry.number == message.number], mailbox.wanted(message)
        if not found:
            raise Broken("mailbox.soon", f"no entry with number {message.number}", wanted, NO_ENTRY)
        if len(found) > 1:
            actual = "\n".join(entry.shown for entry in found)
            raise Broken("mailbox.whole", f"{len(found)} entries with number {message.number}", wanted, actual)
        for what, wrong in mailbox.differences(found[0], message).items():
            if what not in usual:
                raise Differs(what, wrong, wanted, found[0].shown)

    def settle(self, entries: Sequence[Entry]) -> None:
        """Take what was judged as the past of what comes."""
        numbers = [delivery.message.number for delivery in self.told] + [entry.number for entry in entries[-64:]]
        self.known = max([self.known or 0, *numbers]) if numbers else self.known
        for entry in entries[-64:]:
            whose = next((message for message in self.unanswered if mailbox.same_sender_and_body(entry, message)), None)
            if whose:
                self.unanswered.remove(whose)
        self.told.clear()

    def complete(self, entries: Sequence[Entry]) -> bool:
        """Whether every message that was told of stands there."""
        there = {entry.number for entry in entries}
        return all(delivery.message.number in there for delivery in self.told)
