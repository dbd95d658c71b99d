"""Writes a table: for a terminal, and as Markdown for a page of the documentation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tabulate import tabulate

WIDEST = 40
"""Characters of a column on a terminal."""
Cells = Sequence[str]


def terminal(heads: Cells, rows: Iterable[Cells]) -> str:
    """The table in columns, long cells broken into lines."""
    return tabulate(list(rows), headers=heads, maxcolwidths=WIDEST)


def markdown(heads: Cells, rows: Iterable[Cells]) -> list[str]:
    """The lines of the table, one a row, so that a change of a row is a change of a line."""
    return [_line(heads), _line(["---"] * len(heads)), *(_line(row) for row in rows)]


def _line(cells: Cells) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
