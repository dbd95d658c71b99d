"""A grader's rubric in TOML: points by requirement or section, partial credit, and who sees them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reports import toml_input
from reports.checked import Checked, Faults, WrongShape
from reports.escape import sentence, typed
from reports.results import Requirement, ResultsError

VISIBILITIES = ("visible", "hidden", "after_due_date", "after_published")
PARTIAL = ("requirements", "cases", "none")
DEFAULT_CREDIT = {"pass": 1.0, "note": 1.0, "warn": 0.5, "blocked": 0.0, "fail": 0.0}
MOST_POINTS = 1_000_000.0


@dataclass(frozen=True)
class Item:
    """Points for some requirements.

    Attributes:
        requirements: the ids it names.
        sections: those whose other requirements it takes.
        partial: what a part of the points is earned by: `requirements`, `cases`, or `none`.
    """

    name: str
    points: float
    requirements: tuple[str, ...]
    sections: tuple[str, ...]
    partial: str
    visibility: str


@dataclass(frozen=True)
class Rubric:
    """Items, and the part of its share that a requirement earns for each verdict but `skip`."""

    visibility: str
    credit: Mapping[str, float]
    items: tuple[Item, ...]

    @property
    def points(self) -> float:
        """All points."""
        return math.fsum(item.points for item in self.items)

    def shared_out(self, rules: Sequence[Requirement]) -> dict[str, list[Requirement]]:
        """Give each item, by its name, its requirements.

        Raises:
            ResultsError: the rubric names a requirement or a section that the run does not have.
        """
        known = {rule.id for rule in rules}
        sections = {rule.section for rule in rules}
        for item in self.items:
            for name in (*(id for id in item.requirements if id not in known), *(set(item.sections) - sections)):
                raise ResultsError(
                    f"the rubric's item {sentence(item.name)} names {typed(name)}, which this run does not have; "
                    "correct it, or give the rubric of that assignment"
                )
        named = {id for item in self.items for id in item.requirements}
        return {
            item.name: [
                rule
                for rule in rules
                if rule.id in item.requirements or (rule.section in item.sections and rule.id not in named)
            ]
            for item in self.items
        }


def load_rubric(path: Path) -> Rubric:
    """Read a rubric.

    Raises:
        ResultsError: it cannot be read, is no TOML, or has a wrong key or value; the message says which.
    """
    return toml_input.read(path, "rubric", "`reports/rubrics/cs4410.toml` is an example", _rubric)


def _rubric(document: dict[str, Any]) -> Rubric:
    checked, faults = Checked({"visibility": "visible", "credit": {}, **document}), Faults()
    visibility, given, items = VISIBILITIES[0], {}, []
    with faults.noted():
        checked.only("visibility", "credit", "item")
    with faults.noted():
        visibility = checked.choice("visibility", VISIBILITIES)
    with faults.noted():
        given = _credit(checked.inner("credit"))
    for item in checked.objects("item"):
        with faults.noted():
            items.append(_item(item, visibility))
    faults.tell()
    if not items:
        raise WrongShape("item must have an entry at least")
    for what, names in (
        ("name", [item.name for item in items]),
        ("requirement", [id for item in items for id in item.requirements]),
        ("section", [section for item in items for section in item.sections]),
    ):
        for one in names:
            if names.count(one) > 1:
                raise WrongShape(f"the {what} {sentence(one)} is there twice")
    return Rubric(visibility, {**DEFAULT_CREDIT, **given}, tuple(items))


def _credit(credit: Checked) -> dict[str, float]:
    credit.only(*DEFAULT_CREDIT)
    return {verdict: _within(credit.number(verdict), 1.0, f"credit.{verdict}") for verdict in credit}


def _item(item: Checked, visibility: str) -> Item:
    item.only("name", "points", "requirements", "sections", "partial", "visibility")
    name = item.text("name")
    found = Item(
        name=name,
        points=_within(item.number("points"), MOST_POINTS, "points"),
        requirements=item.texts("requirements") if "requirements" in item else (),
        sections=item.texts("sections") if "sections" in item else (),
        partial=item.choice("partial", PARTIAL) if "partial" in item else "requirements",
        visibility=item.choice("visibility", VISIBILITIES) if "visibility" in item else visibility,
    )
    if not found.requirements and not found.sections:
        raise WrongShape(f"the item {sentence(name)} needs requirements or sections")
    return found


def _within(number: float, most: float, what: str) -> float:
    if not 0 <= number <= most:
        raise WrongShape(f"{what} must be from 0 to {most:.12g}")
    return float(number)
