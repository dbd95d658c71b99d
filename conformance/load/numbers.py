"""The numbers that messages were given, over all connections: none twice, none missing, in the order of delivery."""

from __future__ import annotations

from bisect import bisect_right

MOST_SPANS = 4096
"""Spans of consecutive numbers that are kept; a server that numbers well needs no more than it has connections."""


class Numbers:
    """A set of numbers as spans, so that it stays small however long the run is.

    Attributes:
        unanswered: messages of ours whose end was sent and whose number nobody heard.
    """

    def __init__(self) -> None:
        self._spans: list[list[int]] = []
        self.count = 0
        self.unanswered = 0
        self.scattered = False

    @property
    def highest(self) -> int:
        """The highest number so far, or 0."""
        return self._spans[-1][1] if self._spans else 0

    @property
    def lowest(self) -> int:
        """The lowest number so far, or 0."""
        return self._spans[0][0] if self._spans else 0

    def add(self, number: int) -> bool:
        """Take in a number; whether it is new."""
        spans = self._spans
        at = bisect_right(spans, number, key=lambda span: span[0])
        if at and number <= spans[at - 1][1]:
            return False
        self.count += 1
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
        if len(spans) > MOST_SPANS:
            self.scattered = True
            spans[0][1] = spans[1][1]
            del spans[1]
        return True

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
