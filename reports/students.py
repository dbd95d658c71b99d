"""Who is in a class: names and e-mail addresses from the csv that Gradescope or GitHub Classroom exports."""

import csv
import io
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reports.checked import WrongShape
from reports.escape import sentence, typed

LARGEST = 1 << 22
KNOWN_BY = (
    *("sid", "email", "submission id"),  # Gradescope's roster and its grades
    *("identifier", "github_username"),  # GitHub Classroom's classroom_roster.csv
    *("roster_identifier", "student_repository_name"),  # and its grades
)
"""The columns by which a student's submission is recognized."""


@dataclass(frozen=True)
class Student:
    """One student.

    Attributes:
        name: the full name, or else what the class knows him by.
        email: empty where it is not known.
        keys: what his submission may be called, in plain letters.
    """

    name: str
    email: str
    keys: frozenset[str]


def load_students(path: Path) -> list[Student]:
    """Read the students; staff is left out.

    Raises:
        WrongShape: it cannot be read, or has no column that tells who a student is; the message says so.
    """
    shown = typed(str(path))
    try:
        with path.open("rb") as file:
            text = file.read(LARGEST).decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except (OSError, ValueError, csv.Error) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise WrongShape(f"students: cannot read {shown}: {sentence(str(why))}") from None
    heads = [head.strip().casefold() for head in rows[0]] if rows else []
    if not set(heads) & set(KNOWN_BY):
        raise WrongShape(f"students: {shown} has none of the columns {', '.join(KNOWN_BY)} in its first line")
    cells = [{head: cell.strip() for head, cell in zip(heads, row, strict=False)} for row in rows[1:]]
    return [_student(one) for one in cells if any(one.values()) and one.get("role", "student").casefold() == "student"]


def student_of(submission: str, students: Sequence[Student]) -> Student | None:
    """Find whose submission it is.

    Args:
        submission: the name of its folder, such as `ada`, `mp3-ada`, `submission_1234` or `Ada Lovelace`.
        students: all.

    Returns:
        The only student of whom the name, or its end behind a dash, tells most; else None.
    """
    name = _plain(submission)
    lengths = [max((len(key) for key in one.keys if f"-{name}".endswith(f"-{key}")), default=0) for one in students]
    best = max(lengths, default=0)
    return students[lengths.index(best)] if best and lengths.count(best) == 1 else None


def _student(cells: Mapping[str, str]) -> Student:
    names = (cells.get("first name", ""), cells.get("last name", ""))
    name = " ".join(filter(None, names)) or cells.get("name", "")
    known = [cells[column] for column in KNOWN_BY if cells.get(column)]
    email = next((one for one in (cells.get("email", ""), *known) if "@" in one), "")
    keys = {_plain(one) for one in (*known, name, email.partition("@")[0])} - {""}
    return Student(name or next(iter(known), ""), email, frozenset(keys))


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", "-", unicodedata.normalize("NFKC", text).casefold()).strip("-")
