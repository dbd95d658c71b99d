"""The date-time of a header field, as a writer must form it: RFC 5322 section 3.3, without its obsolete forms."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass

LONGEST = 200
"""Characters of a date; what is longer is none."""

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_OFFSET = re.compile(r"[+-]\d{4}", re.ASCII)
_DATE = re.compile(
    r"""[ \t]*(?:(?P<name>[A-Za-z]+)[ \t]*,)?
    [ \t]*(?P<day>\d+)[ \t]+(?P<month>[A-Za-z]+)[ \t]+(?P<year>\d+)[ \t]+
    (?P<hour>\d+):(?P<minute>\d+)(?::(?P<second>\d+))?
    (?:[ \t]+(?P<zone>[^\s()]+))?[ \t]*""",
    re.VERBOSE | re.ASCII,
)


@dataclass(frozen=True)
class Date:
    """A date-time that was looked at.

    Attributes:
        problem: why it is none, or nothing; what the zone looks like is asked apart.
        zone: as it was written; nothing if there is none.
    """

    problem: str
    zone: str = ""

    @property
    def numeric_zone(self) -> bool:
        """Whether the zone is an offset from UTC, not a name."""
        return bool(_OFFSET.fullmatch(self.zone)) and int(self.zone[3:]) < 60


def look(text: str) -> Date:
    """Look at a date-time.

    Args:
        text: unfolded, and without the comment that may follow it.
    """
    match = _DATE.fullmatch(text) if len(text) <= LONGEST else None
    if match is None:
        return Date("it has not the form `Mon, 1 Jan 2024 12:00:00 +0000`")
    return Date(_problem(match), match["zone"] or "")


def _problem(match: re.Match[str]) -> str:
    if len(match["year"]) != 4:
        return f"its year has {len(match['year'])} digits, not 4"
    if match["month"].lower() not in _MONTHS:
        return "its month is none of Jan to Dec"
    if len(match["day"]) > 2:
        return "its day has more than 2 digits"
    try:
        date = datetime.date(int(match["year"]), _MONTHS.index(match["month"].lower()) + 1, int(match["day"]))
    except ValueError:
        return "there is no such day"
    if match["name"] and match["name"].lower() != _DAYS[date.weekday()]:
        return f"that day was not `{match['name']}`"
    clock = [part for part in (match["hour"], match["minute"], match["second"]) if part is not None]
    if any(len(part) != 2 for part in clock):
        return "its time has not two digits a part"
    if int(clock[0]) > 23 or int(clock[1]) > 59 or int(match["second"] or 0) > 60:
        return "there is no such time of day"
    zone = match["zone"]
    if not zone:
        return "it has no zone"
    if zone[0] in "+-" and not Date("", zone).numeric_zone:
        return "its zone is an offset of another form than `+0100`"
    return ""
