"""Other ways to group a matrix than by its ledger: by the RFCs' sections, and by what was published of breaches."""

import re
from collections.abc import Sequence
from dataclasses import replace

from reports.matrix import Column
from reports.results import Requirement

_RFC = re.compile(r"(?P<rfc>RFC [0-9]+)(?: (?P<appendix>appendix )?(?P<place>[0-9A-Z]+(?:\.[0-9]+)?))?")
_CVE = re.compile(r"CVE-[0-9]{4}-[0-9]{4,7}")
_TELLING = ("fail", "warn", "blocked", "note", "pass", "skip")
"""Verdicts, in the order in which one of several tells most: a skip tells nothing."""


def has_rfcs(column: Column) -> bool:
    """Whether any of its rules stands in an RFC."""
    return any(_RFC.match(rule.source) for rule in column.rules)


def by_rfc(column: Column) -> Column:
    """Group a server's rules by the section of the RFC that is named first, in two levels and in the RFC's order.

    Args:
        column: the server. The RFCs keep the order in which its ledger names them first.

    Returns:
        The same, with other sections; a rule that stands in no RFC keeps its own.
    """
    order: dict[str, int] = {}
    keyed = []
    for rule in column.rules:
        found = _RFC.match(rule.source)
        rfc = found["rfc"] if found else rule.section
        place = order.setdefault(rfc, len(order)), bool(found and found["appendix"]), _numbers(found and found["place"])
        keyed.append((place, replace(rule, section=found[0] if found else rule.section)))
    keyed.sort(key=lambda pair: pair[0])  # stable: within a section the ledger's order stays
    return replace(column, rules=tuple(rule for _, rule in keyed))


def cves(rules: Sequence[Requirement]) -> dict[str, list[Requirement]]:
    """The vulnerabilities that rules name, each with those rules, in the order of the first of them."""
    found: dict[str, list[Requirement]] = {}
    for rule in rules:
        for name in sorted(set(_CVE.findall(rule.cve))):
            found.setdefault(name, []).append(rule)
    return found


def by_cve(column: Column) -> Column:
    """Make of a server's column one whose rows are vulnerabilities.

    Args:
        column: the server.

    Returns:
        For each vulnerability the worst that was found of the requirements that it came of; one that was skipped
        counts only where all were.
    """
    rules, cells = [], {}
    for name, broken in cves(column.rules).items():
        cells[name] = min((column.cells[rule.id] for rule in broken), key=lambda one: _TELLING.index(one.verdict))
        told = ", ".join(rule.id for rule in broken)
        rules.append(Requirement(name, "MUST", broken[0].section, told, cells[name].verdict, ""))
    return replace(column, rules=tuple(rules), cells=cells)


def _numbers(place: str | None) -> tuple[tuple[int, str], ...]:
    return tuple((int(part) if part.isdigit() else 0, part) for part in (place or "").split("."))
