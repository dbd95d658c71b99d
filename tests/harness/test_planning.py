"""In which order cases run, which of them belong together, and what is said of one that cannot be run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import permutations
from typing import Any, cast

import pytest

from conformance.harness.run import planning

PACKAGE = "conformance.cs4410"


class Item:
    """What planning asks of a pytest item: its markers, and of a function its name and parameters.

    Args:
        name: of the case.
        marks: as they stand above it.
        function: the case itself.
        parameters: those of this item.
    """

    def __init__(
        self, name: str, *marks: pytest.MarkDecorator, function: Callable[..., None] = print, **parameters: object
    ) -> None:
        self.originalname = self.nodeid = name
        self.function = function
        self._marks = [mark.mark for mark in marks]
        if parameters:
            self.callspec = type("Callspec", (), {"params": parameters})

    def iter_markers(self) -> Iterator[pytest.Mark]:
        return iter(self._marks)

    def get_closest_marker(self, name: str) -> pytest.Mark | None:
        return next((mark for mark in self._marks if mark.name == name), None)


def item(*marks: pytest.MarkDecorator) -> Item:
    return Item("test_x", *marks)


def variant(name: str, judged: str, *marks: pytest.MarkDecorator) -> Item:
    return Item(name, pytest.mark.judges(judged), *marks)


clock, alone, long = pytest.mark.clock, pytest.mark.alone, pytest.mark.long
PLAIN = item()
SHORT, LONGER = item(clock(1.0)), item(clock(2.5, own=True))
ALONE, HEAVY = item(alone), item(alone(heavy=True))
LONG_AND_HEAVY = item(alone(heavy=True), long)
SEARCH = item(pytest.mark.conversations(300, 10), pytest.mark.places(3))
FEW, MANY = item(pytest.mark.places(3)), item(pytest.mark.places(4))


@pytest.mark.parametrize(
    ("distributed", "shared", "order"),
    [
        (False, 0, [PLAIN, SHORT, LONGER, LONG_AND_HEAVY, ALONE, HEAVY]),
        (True, 0, [SHORT, LONGER, PLAIN, LONG_AND_HEAVY, ALONE, HEAVY]),
        (True, 6, [SHORT, LONGER, PLAIN, MANY, ALONE, HEAVY]),
        (False, 6, [PLAIN, SHORT, LONGER, MANY, ALONE, LONG_AND_HEAVY]),
        (True, 6, [SHORT, LONGER, FEW, MANY]),
        (True, 0, [SHORT, LONGER, MANY, ALONE]),
        (True, 6, [SHORT, LONGER, SEARCH, PLAIN, ALONE]),
    ],
    ids=["one-process", "workers", "workers-on-one-server", "one-process-and-server", "places", "own-places", "search"],
)
def test_cases_run_in_this_order_however_they_were_collected(distributed: bool, shared: int, order: list[Item]) -> None:
    for collected in permutations(order):
        planned = sorted(collected, key=lambda one: planning.sort_key(cast(pytest.Item, one), distributed, shared))
        assert planned == order


@pytest.mark.parametrize(
    ("marks", "group"),
    [(set(), ""), ({"judges", "places"}, ""), ({"clock"}, "clock"), ({"alone", "judges"}, "alone")],
)
def test_what_belongs_together_is_told_by_markers(marks: set[str], group: str) -> None:
    assert planning.group_of_marks(marks) == group


def quick(*items: Item) -> list[Item]:
    return cast(list[Item], planning.quick(cast(list[pytest.Item], list(items))))


def test_a_quick_run_leaves_out_what_waits_and_what_takes_long() -> None:
    assert quick(PLAIN, ALONE, SHORT, LONG_AND_HEAVY) == [PLAIN, ALONE]


def test_a_quick_run_has_variants_from_all_over_and_of_crowds_one_for_what_they_judge() -> None:
    five = [variant("test_line", "line") for _ in range(5)]
    assert quick(*five) == [five[0], five[2]]
    assert quick(five[1]) == [five[1]]
    crowds = [variant(name, judged, alone) for name, judged in (("a", "pool"), ("b", "pool"), ("b", "backup"))]
    assert quick(*five[:2], *crowds) == [*five[:2], crowds[0], crowds[2]]


@pytest.mark.parametrize(
    ("path", "inside"),
    [
        ("conformance/cs4410/test_x.py::test_y[a/b::c]", "cs4410/test_x.py::test_y[a/b::c]"),
        ("/usr/lib/conformance/cs4410/test_x.py", "cs4410/test_x.py"),
        ("/home/conformance/suite/conformance/cs4410/test_x.py::test_y", "cs4410/test_x.py::test_y"),
        ("conformance/cs4410/test_x.py::test_y[conformance/z]", "cs4410/test_x.py::test_y[conformance/z]"),
    ],
)
def test_a_case_has_the_same_id_wherever_the_suite_is_installed(path: str, inside: str) -> None:
    assert planning.inside(PACKAGE, path) == inside


def test_markers_are_found_without_collecting() -> None:
    assert planning.marks_of(PACKAGE, "cs4410/test_greeting.py::test_greeting").keys() == {"judges"}
    waiting = "cs4410/test_clock.py::test_nobody_for_longer_than_the_limit"
    assert "clock" in planning.marks_of(PACKAGE, waiting) and planning.limits_of(PACKAGE, waiting) > 1
    assert planning.limits_of(PACKAGE, "cs4410/test_greeting.py::test_greeting") == 0
    assert planning.marks_of(PACKAGE, "cs4410/test_greeting.py::test_not_there[x]") == {}


# What cannot be run


def with_case(case: object) -> None: ...


def with_parameter(case: object, line: str) -> None: ...


def with_two_more(case: object, tmp_path: object, capsys: object) -> None: ...


def with_nothing() -> None: ...


@pytest.mark.parametrize(
    ("function", "ids", "parameters", "said"),
    [
        (with_case, ["helo"], {}, ""),
        (with_parameter, ["mail.nested", "helo"], {"line": "x"}, ""),
        (with_parameter, ["helo"], {}, "test_x asks for the fixture line: a case gets `case` and its parameters only"),
        (with_two_more, ["helo"], {}, "test_x asks for the fixture capsys: "),
        (with_nothing, ["helo"], {}, "test_x does not ask for `case`: "),
        (
            with_case,
            ["helo", "mail.nestde"],
            {},
            "test_x names mail.nestde: no such requirement; did you mean mail.nested?",
        ),
        (with_case, ["zzzz"], {}, "test_x names zzzz: no such requirement"),
    ],
)
def test_a_mistake_is_named(
    function: Callable[..., None], ids: list[str], parameters: dict[str, Any], said: str
) -> None:
    one = Item("test_x", pytest.mark.judges(*ids), function=function, **parameters)
    told = planning.mistake(cast(pytest.Function, one), ["helo", "mail", "mail.nested"])
    assert told.startswith(said) and bool(told) == bool(said)
