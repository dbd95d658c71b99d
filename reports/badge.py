"""A badge: by which profile a server was judged, how many rules of each level it keeps, and when that was."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from reports.escape import cut
from reports.results import Results
from reports.template import fill

_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_LONGEST = 40
COLORS = {
    "brightgreen": "#2e7d32",
    "green": "#4d7c0f",
    "yellowgreen": "#7a6f00",
    "orange": "#b45309",
    "red": "#c62828",
    "lightgrey": "#616161",
}
"""The colours by the names that shields.io knows, dark enough for white letters."""


@dataclass(frozen=True)
class Badge:
    """What a badge says: two texts, and the colour of the second, by its name."""

    label: str
    message: str
    color: str


def badge(results: Results) -> Badge:
    """Judge what a badge may say of a run.

    It is green only where no MUST is broken, an expected breach included, and tells how many rules were kept of how
    many there are, so that a part of a run does not look like a whole one.

    Args:
        results: the run.
    """
    date = _DATE.match(results.started)
    told = ", ".join(_share(results, level) for level in ("MUST", "SHOULD"))
    if results.outcome.exit not in (0, 1):
        told = "no verdict"
    return Badge(
        f"SMTP {cut(results.profile, _LONGEST)}",
        f"{told}, {date[0] if date else 'undated'}",
        _color(results),
    )


def endpoint(shown: Badge) -> Mapping[str, object]:
    """The badge as shields.io's endpoint takes it: what JSON is to be made of."""
    return {"schemaVersion": 1, "label": shown.label, "message": shown.message, "color": shown.color}


def svg(shown: Badge) -> str:
    """The badge as a picture of our own, which loads nothing."""
    widths = [7 * len(text) + 12 for text in (shown.label, shown.message)]
    return fill("badge.svg.j2", badge=shown, widths=widths, color=COLORS[shown.color])


def _share(results: Results, level: str) -> str:
    rules = [rule for rule in results.requirements if rule.level == level]
    # That a MUST is kept with a warning is possible; a SHOULD is broken by one.
    kept = sum(rule.verdict in ("pass", "note") or (level, rule.verdict) == ("MUST", "warn") for rule in rules)
    return f"{level} {kept}/{len(rules)}"


def _color(results: Results) -> str:
    verdicts = {rule.verdict for rule in results.requirements if rule.level != "NOTE"}
    if results.outcome.exit not in (0, 1):
        return "lightgrey"
    if "fail" in verdicts:
        return "red"
    if results.outcome.exit == 1:
        return "orange"
    if "warn" in verdicts:
        return "yellowgreen"
    return "brightgreen" if verdicts <= {"pass", "note"} else "green"
