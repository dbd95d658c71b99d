"""How numbers, names and what is wrong with them are told to a reader in a hurry: `33-50, 61 and 10 more`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

MOST = 6
"""Spans, names or places that are told of a long list."""
LONGEST = 160
"""Characters that are told of one thing."""


def counted(count: int, noun: str, nouns: str = "") -> str:
    """How many: `1 message`, `2 messages`; `nouns` where the plural has more than an s."""
    return f"{count} {noun if count == 1 else nouns or noun + 's'}"


def spans(numbers: Iterable[int], none: str = "none") -> str:
    """Numbers in their order, those that follow each other as a span: `33-50, 61 and 10 more`.

    Args:
        numbers: in the order in which they are told.
        none: what is told if there are none.
    """
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return ranges(found) or none


def ranges(found: Sequence[tuple[int, int]]) -> str:
    """The same of spans that are given by their first and last number, such as gaps that may be long."""
    shown = [str(low) if low == high else f"{low}-{high}" for low, high in found[:MOST]]
    return _and_more(shown, sum(high - low + 1 for low, high in found[MOST:]))


def gaps(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """The first and the last number of each gap between rising numbers."""
    return [(low + 1, high - 1) for low, high in pairwise(numbers) if high > low + 1]


def given_to_none(found: Sequence[tuple[int, int]]) -> str:
    """That numbers, in spans, were told to nobody: `numbers 4-6, 9 were given to no acknowledged message`."""
    one = len(found) == 1 and found[0][0] == found[0][1]
    return f"number{'' if one else 's'} {ranges(found)} {'was' if one else 'were'} given to no acknowledged message"


def names(those: Iterable[str]) -> str:
    """Names in their order, and how many more there are; `none` if there is none."""
    listed = list(those)
    return _and_more(listed[:MOST], len(listed[MOST:])) or "none"


def falls(numbers: Sequence[int]) -> str:
    """Where numbers that should rise do not: `7 after 9 and 3 more`; empty if they rise everywhere."""
    places = [f"{after} after {before}" for before, after in pairwise(numbers) if after <= before]
    return _and_more(places[:MOST], len(places[MOST:]))


def joined(clauses: Sequence[str]) -> str:
    """Clauses in a sentence: `a, b and c`."""
    return " and ".join(filter(None, [", ".join(clauses[:-1]), *clauses[-1:]]))


def short(text: str) -> str:
    """A text, and of a long one its begin."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 4]} ..."


def _and_more(shown: Sequence[str], more: int) -> str:
    return ", ".join(shown) + (f" and {more} more" if more else "")
