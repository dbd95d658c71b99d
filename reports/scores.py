"""The scores of a class: a line for each server, on the terminal and as CSV, and its column of the matrix."""

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tabulate import tabulate

from reports import grading
from reports.classroom import Ended
from reports.escape import named, sentence, typed
from reports.matrix import Column
from reports.matrix_writers import spreadsheet
from reports.summary import counted

MOST_LINES = 5
"""What is left out of points is told so often on the terminal; the CSV has it for each server."""
HEADS = ("server", "e-mail", "verdict", "kept", "broken", "warned", "not judged", "points", "max", "s")
_MAYBE = ("e-mail", "points", "max")
"""Those that are shown only where there is something in them."""


@dataclass(frozen=True)
class Score:
    """One server's line; the points are None without a rubric or a verdict, the most points without a rubric.

    What the points leave out is in words.
    """

    ended: Ended
    column: Column
    points: float | None
    most: float | None = None
    left_out: str = ""

    @property
    def verdict(self) -> str:
        """In two words at the most."""
        if not self.column.cells:
            return "no verdict"
        return "does not conform" if self.ended.status else "conforms"

    def row(self) -> list[str | int | float]:
        """The values under the heads."""
        column, entry = self.column, self.ended.entry
        most = "" if self.most is None else self.most
        head = [entry.name, entry.email, self.verdict]
        points = "" if self.points is None else self.points
        if not column.cells:
            return [*head, "", "", "", "", points, most, self.ended.seconds]
        kept = column.count("pass") + column.count("note") + column.count("warn")
        unjudged = column.count("blocked") + column.count("skip")
        counts = [kept, column.count("fail"), column.count("warn"), unjudged]
        return [*head, *counts, points, most, self.ended.seconds]


def alike(scores: Sequence[Score]) -> list[Score]:
    """Give those that were not tested the most points that any that was could earn: a quick class has fewer for all."""
    judged = [score.most for score in scores if score.column.cells and score.most is not None]
    most = max(judged, default=None)
    return [replace(score, most=most) if judged and not score.column.cells else score for score in scores]


def comma_separated(scores: Sequence[Score]) -> str:
    """Write them as CSV, with the suite's own line at the end of each, and what the points leave out."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([*HEADS, "told", "left out"])
    for score in scores:
        cells = [spreadsheet(cell) if isinstance(cell, str) else cell for cell in score.row()]
        writer.writerow([*cells, spreadsheet(sentence(score.ended.told)), spreadsheet(score.left_out)])
    return text.getvalue()


def table(scores: Sequence[Score]) -> str:
    """Lay them out for a terminal, with the reason where there is no verdict; the points only if there are any."""
    rows = [dict(zip(HEADS, score.row(), strict=True)) for score in scores]
    heads = [head for head in HEADS if head not in _MAYBE or any(row[head] != "" for row in rows)]
    cells = [[_shown(row[head]) for head in heads] for row in rows]
    alignment = ["left" if head in ("server", "e-mail", "verdict") else "right" for head in heads]
    lines = [tabulate(cells, heads, "simple", colalign=alignment, disable_numparse=True)]
    for score in scores:
        if not score.column.cells:
            log = f" ({typed(score.column.log)})" if score.column.log else ""
            lines.append(f"{named(score.ended.entry.name)}: {sentence(score.ended.told)}{log}")
    for out, count in Counter(score.left_out for score in scores if score.left_out).most_common(MOST_LINES):
        lines.append(f"left out of the points of {counted(count, 'server')}: {out}")
    return "\n".join(lines)


def _shown(cell: str | int | float) -> str:
    return named(cell) if isinstance(cell, str) else grading.shown(cell)
