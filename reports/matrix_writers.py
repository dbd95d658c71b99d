"""The matrix written out: as a page, as Markdown, as CSV."""

import csv
import io
from collections.abc import Callable, Mapping

from tabulate import tabulate

from reports import template
from reports.escape import markdown, named, sentence
from reports.matrix import LETTERS, Cell, Column, Matrix, Row
from reports.page import LEGEND
from reports.results import VERDICTS
from reports.summary import counted

_FORMULA = ("=", "+", "-", "@")


def html(told: Matrix) -> str:
    """Write the matrix as one page that needs no network; its cells lead to the cases in the pages of the runs."""
    rows = told.rows
    return template.page(
        "matrix",
        script="matrix",
        matrix=told,
        judged=told.judged,
        letters=LETTERS,
        legend=LEGEND,
        verdicts=VERDICTS,
        with_points=any(column.points is not None for column in told.columns),
        counted=counted,
        conforming=sum(column.conforms for column in told.judged),
        by_all=[row for row in rows if row.kind == "all"],
        by_one=[row for row in rows if row.kind == "one" and len(told.judged) > 1],
    )


def plain(told: Matrix) -> str:
    """Write the matrix as Markdown."""
    judged = told.judged
    heads = ["requirement", "level", "broken by", *(_escaped(column.name) for column in told.columns)]
    lines: list[list[str]] = []
    for section, rows in told.sections.items():
        lines.append([f"**{markdown(sentence(section))}**"])
        lines += [
            [
                markdown(sentence(row.rule.id)),
                row.rule.level,
                _broken_by(row, len(judged)),
                *(_marked(column.cells.get(row.rule.id)) for column in told.columns),
            ]
            for row in rows
        ]
    for verdict in ("fail", "warn", "pass"):
        counts = [str(column.count(verdict)) if column.cells else "" for column in told.columns]
        lines.append([f"**{verdict}**", "", "", *counts])
    letters = ", ".join(f"{letter} {word}" for word, letter in LETTERS.items())
    unjudged = [f"- {_linked(column)}: {_escaped(column.told)}" for column in told.columns if not column.cells]
    blocks = [
        "# Conformance of " + counted(len(told.columns), "server"),
        f"{letters}. What is broken by most comes first.",
        tabulate(lines, heads, "pipe", disable_numparse=True),
        *(["Without a verdict:", "\n".join(unjudged)] if unjudged else []),
    ]
    return "\n\n".join(blocks) + "\n"


def comma_separated(told: Matrix) -> str:
    """Write the matrix as CSV, one requirement a line, with words for verdicts."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(
        ["section", "requirement", "level", "rule", "broken by", *(spreadsheet(column.name) for column in told.columns)]
    )
    for row in told.rows:
        rule = row.rule
        words = [column.cells[rule.id].verdict if rule.id in column.cells else "" for column in told.columns]
        facts = [spreadsheet(text) for text in (rule.section, rule.id, rule.level, rule.rule)]
        writer.writerow([*facts, len(row.failed), *words])
    return text.getvalue()


WRITERS: Mapping[str, Callable[[Matrix], str]] = {".html": html, ".md": plain, ".csv": comma_separated}


def _broken_by(row: Row, servers: int) -> str:
    if row.kind == "all":
        return f"all {servers}"
    if row.kind == "one" and servers > 1:
        return f"only {_escaped(row.failed[0].name)}"
    return str(len(row.failed) or "")


def _marked(cell: Cell | None) -> str:
    if cell is None:
        return ""
    letter = LETTERS[cell.verdict]
    return f"[{letter}]({cell.link})" if cell.link and cell.verdict != "pass" else letter


def _linked(column: Column) -> str:
    """A server's name, leading to the log of one that was not judged."""
    return f"[{_escaped(column.name)}]({column.log})" if column.log else _escaped(column.name)


def _escaped(text: str) -> str:
    return markdown(named(text))


def spreadsheet(text: str) -> str:
    """Show a text so that no spreadsheet takes it for a formula."""
    shown = named(text)
    return f"'{shown}" if shown.startswith(_FORMULA) else shown
