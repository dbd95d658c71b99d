"""What was acknowledged against what is stored: are both one history of deliveries? No I/O, and no protocol.

Every acknowledged message is stored once and as it was sent, nothing else of ours is; numbers are given once each,
without gaps, and in an order that agrees with real time: what was acknowledged before another message was sent comes
first.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Iterable, Iterator
from enum import Enum
from typing import Generic, NamedTuple, Protocol, TypeVar

MOST_SPANS = 4096
"""Spans of consecutive numbers that are kept; a server that numbers well needs no more than it has connections."""
PAGE = 2**15
"""Numbers whose bits lie together."""


class Fate(Enum):
    """What became of a message."""

    WHOLE = "stored as it was sent"
    ALTERED = "stored otherwise than it was sent"
    DOUBLED = "stored once more"
    DISORDERED = "stored after a higher number"
    LOST = "acknowledged, and not stored"
    UNENDED = "stored though it was never ended"
    REFUSED = "stored though it was refused"
    STRAY = "stored where it was not sent to"
    UNACKNOWLEDGED = "stored though nobody was told its number"
    FOREIGN = "somebody else's"


class Misnumbered(Enum):
    """What is wrong with a number that a reply told."""

    REPEATED = "a number that another message has"
    BACKWARDS = "a number below one that was told before the message was sent"


class Whose(Enum):
    """What an entry says of its sender."""

    OURS = "a message that we ended"
    UNENDED = "a message that we began and never ended"
    REFUSED = "a message that was refused"
    STRAY = "a message of ours that was for others"
    UNKNOWN = "no mark of ours"


class Stored(Protocol):
    """One stored message: its number, what identifies its content, and whose it is."""

    @property
    def number(self) -> int:
        """Its number, negative if it has none."""

    @property
    def content(self) -> Hashable:
        """What must be equal to what was acknowledged under its number."""

    @property
    def whose(self) -> Whose:
        """Whose it is by itself."""


class Acknowledged(Protocol):
    """The content of the acknowledged messages by number; a `dict` is one."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[int]: ...

    def get(self, number: int, /) -> Hashable | None:
        """The content that was acknowledged under a number, or None."""


One = TypeVar("One", bound=Stored)


class Met(NamedTuple, Generic[One]):
    """A message and what became of it; no entry of one that is lost."""

    fate: Fate
    number: int
    entry: One | None


def check(acknowledged: Acknowledged, stored: Iterable[One], ordered: bool = True) -> Iterator[Met[One]]:
    """Tell of every message what became of it, in the order of the entries, the lost ones last.

    One that stands after a higher number is told of twice, for it may be whole beside that.

    Args:
        acknowledged: what must be stored.
        stored: all entries in their order; read once.
        ordered: whether they have to stand in the order of their numbers.
    """
    seen = Seen()
    before = 0
    for entry in stored:
        number = entry.number
        content = acknowledged.get(number)
        if entry.whose is Whose.UNENDED:
            yield Met(Fate.UNENDED, number, entry)
        elif entry.whose is Whose.REFUSED:
            yield Met(Fate.REFUSED, number, entry)
        elif entry.whose is Whose.STRAY:
            yield Met(Fate.STRAY, number, entry)
        elif content is None:
            yield Met(Fate.UNACKNOWLEDGED if entry.whose is Whose.OURS else Fate.FOREIGN, number, entry)
        elif seen.add(number):
            yield Met(Fate.DOUBLED, number, entry)
        else:
            if ordered and number < before:
                yield Met(Fate.DISORDERED, number, entry)
            yield Met(Fate.WHOLE if entry.content == content else Fate.ALTERED, number, entry)
        before = max(before, number)
    if seen.count < len(acknowledged):
        yield from (Met(Fate.LOST, number, None) for number in acknowledged if number not in seen)


class Seen:
    """Numbers that were met, in any order, a bit each: small where they lie close together.

    Attributes:
        count: how many.
    """

    def __init__(self) -> None:
        self._pages: dict[int, bytearray] = {}
        self.count = 0

    def __contains__(self, number: int) -> bool:
        page = self._pages.get(number // PAGE)
        return page is not None and bool(page[number % PAGE >> 3] >> (number & 7) & 1)

    def add(self, number: int) -> bool:
        """Take in a number; whether it was there already."""
        if number in self:
            return True
        page = self._pages.setdefault(number // PAGE, bytearray(PAGE // 8))
        page[number % PAGE >> 3] |= 1 << (number & 7)
        self.count += 1
        return False


class Numbers:
    """The numbers that messages were given, as spans, so that it stays small however long the run is.

    Args:
        most_spans: how many are kept; beyond it the lowest gaps are forgotten.

    Attributes:
        count: how many.
        highest: the highest one, or 0.
        unanswered: messages of ours whose end was sent and whose number nobody heard.
        scattered: gaps had to be forgotten.
    """

    def __init__(self, most_spans: int = MOST_SPANS) -> None:
        self._most = most_spans
        self._spans: list[list[int]] = []
        self.count = self.highest = 0
        self.unanswered = 0
        self.scattered = False

    @property
    def lowest(self) -> int:
        """The lowest number so far, or 0."""
        return self._spans[0][0] if self._spans else 0

    def __contains__(self, number: int) -> bool:
        at = bisect_right(self._spans, number, key=_begin)
        return at > 0 and number <= self._spans[at - 1][1]

    def add(self, number: int, floor: int = -1) -> Misnumbered | None:
        """Take in a number.

        Args:
            number: from the reply.
            floor: the highest number that was known before the message's end was sent.

        Returns:
            What is wrong with it.
        """
        spans = self._spans
        at = bisect_right(spans, number, key=_begin)
        if at and number <= spans[at - 1][1]:
            return Misnumbered.REPEATED
        self.count += 1
        self.highest = max(self.highest, number)
        after_last = at > 0 and number == spans[at - 1][1] + 1
        before_next = at < len(spans) and number == spans[at][0] - 1
        if after_last and before_next:
            spans[at - 1][1] = spans[at][1]
            del spans[at]
        elif after_last:
            spans[at - 1][1] = number
        elif before_next:
            spans[at][0] = number
        else:
            spans.insert(at, [number, number])
        if len(spans) > self._most:
            self.scattered = True
            spans[0][1] = spans[1][1]
            del spans[1]
        return Misnumbered.BACKWARDS if number <= floor else None

    def gaps(self, first: int) -> list[tuple[int, int]]:
        """The spans that are missing, from a first number on.

        Args:
            first: the number that the first message has.
        """
        before = first - 1
        found = []
        for low, high in self._spans:
            if low > before + 1:
                found.append((before + 1, low - 1))
            before = max(before, high)
        return found


def _begin(span: list[int]) -> int:
    return span[0]
