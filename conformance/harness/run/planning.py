"""From pytest's items to plans: what a case judges, how it is run, and in which order."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Collection, Iterable
from difflib import get_close_matches
from functools import cache
from typing import Any

import pytest

from conformance.harness.run.bench import Plan
from conformance.harness.verdict.verdict import Record

POSITION = pytest.StashKey[int]()
RECORD = pytest.StashKey[Record]()
VARIANTS = 2
"""How many variants of a case a quick run has at most."""
PACKAGE = pytest.StashKey[str]()
"""The package of the profile's cases, in the stash of the config."""


def is_case(item: pytest.Item) -> bool:
    """Whether an item is a case of the suite."""
    return item.get_closest_marker("judges") is not None


def mistake(item: pytest.Function, known: Iterable[str]) -> str:
    """Why an item cannot be run as a case, in one line; mostly empty.

    Args:
        item: a case.
        known: the ids of all requirements.
    """
    marker = item.get_closest_marker("judges")
    if wrong := misnamed(item.originalname, marker.args if marker else (), known):
        return wrong
    asked = set(inspect.signature(item.function).parameters) - set(_parameters(item))
    if more := asked - {"case"}:
        return f"{item.originalname} asks for the fixture {min(more)}: a case gets `case` and its parameters only"
    return "" if asked else f"{item.originalname} does not ask for `case`: it could not say what it finds"


def misnamed(who: str, ids: Iterable[str], known: Iterable[str]) -> str:
    """That somebody names a requirement that there is not, in one line; mostly empty."""
    known = list(known)
    for id in ids:
        if id not in known:
            meant = "".join(f"; did you mean {close}?" for close in get_close_matches(str(id), known, 1))
            return f"{who} names {id}: no such requirement{meant}"
    return ""


def plan_of(item: pytest.Function) -> Plan:
    """How an item is to be run."""
    marker = item.get_closest_marker("judges")
    assert marker, f"{item.nodeid} does not say what it judges"
    alone, places = item.get_closest_marker("alone"), item.get_closest_marker("places")
    clock = item.get_closest_marker("clock")
    again = item.config.option.alone_again
    own = again or bool(clock and clock.kwargs.get("own"))
    control = marker.kwargs.get("control")
    return Plan(
        id=case_id(item),
        title=marker.kwargs.get("title") or inspect.cleandoc(item.function.__doc__ or ""),
        requirements=tuple(marker.args),
        body=_bound(item, {}),
        control=_bound(item, control) if control else None,
        places=None if alone or own else places.args[0] if places else 1,
        fresh=own or bool(alone and alone.kwargs.get("fresh", True)),
        own=own,
        searches=item.get_closest_marker("conversations") is not None,
    )


def _bound(item: pytest.Function, changed: dict[str, Any]) -> Callable[[Any], None]:
    parameters = _parameters(item)
    function = item.function

    def body(case: Any) -> None:
        function(case=case, **{**parameters, **changed})

    return body


def _parameters(item: pytest.Function) -> dict[str, Any]:
    return dict(item.callspec.params) if hasattr(item, "callspec") else {}


def case_id(item: pytest.Item) -> str:
    """The path from the package of the profile's cases on and the name, the same wherever the suite is installed."""
    return inside(item.config.stash[PACKAGE], item.path.as_posix()) + "::" + item.name


def inside(package: str, path: str) -> str:
    """What follows from the package's own folder on in a path, or in pytest's id of an item.

    Args:
        package: of the profile's cases.
        path: the path, or the id.
    """
    path, colons, name = path.partition("::")
    folder = package.rpartition(".")[2]
    return folder + "/" + path.rpartition(f"{folder}/")[2] + colons + name


@cache
def _marks(package: str, path: str, function: str) -> tuple[pytest.Mark, ...]:
    inside = path.removesuffix(".py").replace("/", ".")
    module = importlib.import_module(".".join(filter(None, (package.rpartition(".")[0], inside))))
    return tuple(getattr(getattr(module, function, None), "pytestmark", ()))


def marks_of(package: str, id: str) -> dict[str, pytest.Mark]:
    """A case's markers by name, looked up in its module: a controller of workers collects nothing itself.

    Args:
        package: of the profile's cases.
        id: of the case.
    """
    path, _, name = id.partition("::")
    return {mark.name: mark for mark in _marks(package, path, name.partition("[")[0])}


def limits_of(package: str, id: str) -> float:
    """How many time limits a case waits, looked up as `marks_of` does; 0 for one that does not."""
    mark = marks_of(package, id).get("clock")
    return float(mark.args[0]) if mark else 0.0


def group(item: pytest.Item) -> str:
    """The group that an item belongs to, or an empty string."""
    return group_of_marks({marker.name for marker in item.iter_markers()})


def group_of_marks(names: Collection[str]) -> str:
    """Cases that belong together: those that wait, and those that hold the server alone."""
    return "clock" if "clock" in names else "alone" if "alone" in names else ""


def quick(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """What a quick run has: nothing that waits for a clock or has much to send, and of all else a few variants.

    Args:
        items: in the order of the files.
    """
    variants: dict[tuple[object, ...], list[pytest.Item]] = {}
    for item in items:
        if not any(item.get_closest_marker(name) for name in ("clock", "long")):
            variants.setdefault(_kind(item), []).append(item)
    return [item for kind, alike in variants.items() for item in _from_all_over(alike, VARIANTS if kind[0] else 1)]


def _kind(item: pytest.Item) -> tuple[object, ...]:
    """What has an item's variants in common; of those that are a crowd, or want none beside them, what they judge."""
    marker = item.get_closest_marker("judges")
    crowd = any(item.get_closest_marker(name) for name in ("alone", "places"))
    return "" if crowd else item.nodeid.partition("[")[0], marker.args if marker else ()


def _from_all_over(items: list[pytest.Item], most: int) -> list[pytest.Item]:
    most = min(len(items), most)
    return [items[len(items) * at // most] for at in range(most)]


def _limits(item: pytest.Item) -> float:
    marker = item.get_closest_marker("clock")
    return float(marker.args[0]) if marker else 0.0


def sort_key(item: pytest.Item, distributed: bool, shared: int) -> tuple[int, float]:
    """Where an item stands in the order; in one process the waiting ones are asked for when they have waited.

    Who needs more than half of the places that all share would keep the others waiting for clocks, and comes after
    them. Heavy cases are the last of the exclusive ones, for a server may not survive them. Where each has a server of
    its own the longest is the first, so that it is neither left to be waited for nor run beside another heavy one; and
    where all share one, the random search is the first of its group.

    Args:
        item: the case.
        distributed: whether workers run the cases.
        shared: how many places there are on the server that all share; 0 where each has its own.
    """
    order = {"clock": 0 if distributed else 1, "": 1 if distributed else 0, "alone": 2}
    alone, places = item.get_closest_marker("alone"), item.get_closest_marker("places")
    if shared and not group(item) and places and places.args[0] > shared / 2:
        return order["alone"], -1.0
    if shared and distributed and item.get_closest_marker("conversations"):
        return order[""], -1.0
    heavy = float(bool(alone and alone.kwargs.get("heavy")))
    first = heavy and item.get_closest_marker("long") and not shared
    return order[group(item)], -heavy if first else heavy or _limits(item)


def waiting(items: list[pytest.Item]) -> list[Plan]:
    """The cases that wait, longest first."""
    chosen = [item for item in items if isinstance(item, pytest.Function) and item.get_closest_marker("clock")]
    return [plan_of(item) for item in sorted(chosen, key=_limits, reverse=True)]
