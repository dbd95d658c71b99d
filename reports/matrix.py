"""The matrix: servers as columns, requirements as rows, what fails most first. Knows no output format."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from reports import template
from reports.results import Case, Requirement, Results

LETTERS = {"fail": "F", "warn": "w", "blocked": "b", "skip": "s", "note": "n", "pass": "\N{MIDDLE DOT}"}


@dataclass(frozen=True)
class Cell:
    """What one server did about one requirement: the verdict, and where it is shown, if anywhere."""

    verdict: str
    link: str = ""


@dataclass(frozen=True)
class Column:
    """One server.

    Attributes:
        name: as the grader knows it.
        told: its verdict in one line, or why there is none.
        page: the address of its run's page, relative to the matrix; empty where there is none.
        log: the address of what the suite printed, likewise.
        rules: the requirements of its run.
        cells: by requirement; empty for a server that was not judged.
        conforms: whether the suite said so.
        points: by a rubric, or None.
    """

    name: str
    told: str
    page: str = ""
    rules: tuple[Requirement, ...] = ()
    cells: Mapping[str, Cell] = field(default_factory=dict)
    conforms: bool = False
    points: float | None = None
    log: str = ""
    version: str = ""

    def count(self, verdict: str) -> int:
        """How many requirements have this verdict."""
        return sum(cell.verdict == verdict for cell in self.cells.values())


@dataclass(frozen=True)
class Row:
    """One requirement, and which servers broke it: those with `fail`, those with `warn`."""

    rule: Requirement
    failed: tuple[Column, ...]
    warned: tuple[Column, ...]
    everybody: bool

    @property
    def kind(self) -> str:
        """Who broke it: `all`, `one`, `some`, `none`; or `warned`, where it is warned of only."""
        none = "warned" if self.warned else "none"
        return "all" if self.everybody else {0: none, 1: "one"}.get(len(self.failed), "some")


@dataclass(frozen=True)
class Matrix:
    """All servers and requirements, in the order in which they are shown."""

    columns: tuple[Column, ...]
    sections: Mapping[str, tuple[Row, ...]]

    @property
    def rows(self) -> list[Row]:
        """All rows."""
        return [row for rows in self.sections.values() for row in rows]

    @property
    def judged(self) -> list[Column]:
        """The servers that have a run."""
        return [column for column in self.columns if column.cells]


def column(name: str, results: Results, page: str = "") -> Column:
    """Take from a run what the matrix tells of it.

    Args:
        name: the server, as the grader knows it.
        results: its run.
        page: the address of the run's page, relative to the matrix, or empty.
    """
    places = _places(results) if page else {}
    cells = {}
    for rule in results.requirements:
        case = places.get(rule.id)
        fragment = template.link("case", case.id) if case else template.link("rule", rule.id)
        cells[rule.id] = Cell(rule.verdict, page + fragment if page else "")
    return Column(name, results.outcome.line, page, results.requirements, cells, results.conforms)


def matrix(columns: Iterable[Column]) -> Matrix:
    """Sort servers and requirements: those with most broken first, sections in the ledger's order."""
    sorted_columns = sorted(columns, key=lambda one: (-one.count("fail"), -one.count("warn"), one.name.casefold()))
    rules: dict[str, Requirement] = {}
    for one in sorted_columns:
        for rule in one.rules:
            rules.setdefault(rule.id, rule)
    sections: dict[str, list[Row]] = {}
    for rule in rules.values():
        sections.setdefault(rule.section, []).append(_row(rule, sorted_columns))
    # Sorting is stable: equals stay in the order of the ledger.
    most = {name: sorted(rows, key=lambda row: (-len(row.failed), -len(row.warned))) for name, rows in sections.items()}
    return Matrix(tuple(sorted_columns), {name: tuple(rows) for name, rows in most.items()})


def names(paths: Sequence[Path]) -> list[str]:
    """Name files as short as tells them apart: a results.json by its folder, another file by its own name."""
    parts = [path.absolute().parts[1:] for path in paths]
    parts = [one[:-1] if one[-1] == "results.json" else (*one[:-1], Path(one[-1]).stem) for one in parts]
    # What all end in tells nothing: in postfix/round-1 and exim/round-1 it is the folder above.
    while len(parts) > 1 and min(map(len, parts)) > 1 and len({one[-1] for one in parts}) == 1:
        parts = [one[:-1] for one in parts]
    told = ["/".join(one[-1:]) for one in parts]
    for depth in range(2, max(map(len, parts), default=0) + 1):
        told = ["/".join(one[-depth:]) if told.count(name) > 1 else name for one, name in zip(parts, told, strict=True)]
    return [str(path) if told.count(name) > 1 else name for path, name in zip(paths, told, strict=True)]


def page_of(results: Path, output: Path | None) -> str:
    """The address of a run's page beside its results.json, relative to where the matrix goes; empty without one."""
    page = results.with_name("report.html") if results.name == "results.json" else results.with_suffix(".html")
    if not page.is_file():
        return ""
    folder = output.absolute().parent if output else Path.cwd()
    return quote(Path(os.path.relpath(page.absolute(), folder)).as_posix())


def _row(rule: Requirement, columns: Sequence[Column]) -> Row:
    having = [one for one in columns if rule.id in one.cells]
    failed = tuple(one for one in having if one.cells[rule.id].verdict == "fail")
    warned = tuple(one for one in having if one.cells[rule.id].verdict == "warn")
    return Row(rule, failed, warned, everybody=len(failed) == len(having) > 1)


def _places(results: Results) -> dict[str, Case]:
    """For each requirement the case that shows its verdict in the shortest conversation."""
    verdicts = {rule.id: rule.verdict for rule in results.requirements}
    best: dict[str, Case] = {}
    for case in results.cases:
        shown = {found.requirement for found in case.findings if found.verdict == verdicts.get(found.requirement)}
        shown |= {id for id in case.requirements if verdicts.get(id) == case.verdict}
        for id in shown:
            known = best.get(id)
            if known is None or len(case.transcript) < len(known.transcript):
                best[id] = case
    return best
