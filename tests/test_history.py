"""What was acknowledged against what is stored, and the numbers that were told."""

import random
from typing import NamedTuple

import pytest

from conformance.history import MOST_SPANS, Fate, Misnumbered, Numbers, Whose, check


class Entry(NamedTuple):
    number: int
    content: str
    whose: Whose = Whose.OURS


def fates(acknowledged: dict[int, str], *stored: Entry) -> list[tuple[Fate, int]]:
    return [(fate, number) for fate, number, _ in check(acknowledged, stored)]


SENT = {1: "a", 2: "b", 3: "c"}
A, B, C = (Entry(number, content) for number, content in SENT.items())
WHOLE = [(Fate.WHOLE, 1), (Fate.WHOLE, 2), (Fate.WHOLE, 3)]


@pytest.mark.parametrize(
    ("stored", "found"),
    [
        ((A, B, C), WHOLE),
        ((A, C), [(Fate.WHOLE, 1), (Fate.WHOLE, 3), (Fate.LOST, 2)]),
        ((), [(Fate.LOST, 1), (Fate.LOST, 2), (Fate.LOST, 3)]),
        ((A, B, B, C), [*WHOLE[:2], (Fate.DOUBLED, 2), WHOLE[2]]),
        ((A, Entry(2, "x"), C), [WHOLE[0], (Fate.ALTERED, 2), WHOLE[2]]),
        ((A, C, B), [WHOLE[0], WHOLE[2], (Fate.DISORDERED, 2), WHOLE[1]]),
        ((A, B, C, Entry(4, "d")), [*WHOLE, (Fate.UNACKNOWLEDGED, 4)]),
        ((A, B, C, Entry(-1, "", Whose.UNKNOWN)), [*WHOLE, (Fate.FOREIGN, -1)]),
        ((A, B, C, Entry(4, "d", Whose.UNENDED)), [*WHOLE, (Fate.UNENDED, 4)]),
        ((A, Entry(2, "b", Whose.UNENDED), C), [WHOLE[0], (Fate.UNENDED, 2), WHOLE[2], (Fate.LOST, 2)]),
        ((A, Entry(2, "b", Whose.UNKNOWN), C), WHOLE),
    ],
)
def test_every_message_has_its_fate(stored: tuple[Entry, ...], found: list[tuple[Fate, int]]) -> None:
    assert fates(SENT, *stored) == found


def test_many_gaps_between_entries_are_no_reason_to_call_one_doubled() -> None:
    sent = {number: "" for number in range(0, 6 * MOST_SPANS, 2)}
    assert {fate for fate, _ in fates(sent, *(Entry(number, "") for number in sent))} == {Fate.WHOLE}


def test_numbers_are_told_once_and_in_order() -> None:
    known = Numbers()
    assert known.add(5) is None and known.add(7, floor=5) is None and known.add(6, floor=5) is None
    assert known.add(6) is Misnumbered.REPEATED
    assert known.add(4, floor=7) is Misnumbered.BACKWARDS
    assert 4 in known and 5 in known and 3 not in known and 8 not in known


def test_numbers_in_any_order_become_one_span() -> None:
    numbers, known = list(range(1, 500)), Numbers()
    random.Random(1).shuffle(numbers)
    assert {known.add(number) for number in numbers} == {None}
    assert {known.add(number) for number in numbers} == {Misnumbered.REPEATED}
    assert known.gaps(1) == [] and (known.lowest, known.highest, known.count) == (1, 499, 499)


def test_missing_numbers_are_told() -> None:
    known = Numbers()
    for number in (3, 4, 8):
        known.add(number)
    assert known.gaps(1) == [(1, 2), (5, 7)]
    assert known.gaps(3) == [(5, 7)]


def test_scattered_numbers_stay_few() -> None:
    known = Numbers()
    for number in range(0, 10 * MOST_SPANS, 2):
        known.add(number)
    assert known.scattered and len(known.gaps(0)) <= MOST_SPANS
