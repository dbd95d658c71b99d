"""What a report tells: which requirements failed and by which case to show it. Knows no output format."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from tabulate import tabulate

from reports.results import VERDICTS, Case, Finding, Requirement, Results

MOST_IDS = 5
_CROWD = 4
"""Connections of which a transcript shows all."""
COLUMNS = ("pass", "fail", "warn", "blocked", "skip", "note")


@dataclass(frozen=True)
class Row:
    """How many cases of a section ended with which verdict."""

    section: str
    counts: Mapping[str, int]


@dataclass(frozen=True)
class Breach:
    """A requirement that was broken, the case that shows it in the fewest lines, and the ids of the others.

    A results.json in which no case shows it has neither case nor finding. Until it is mended, it hides what so many
    cases would find, and whether any of the unjudged requirements is kept.
    """

    requirement: Requirement
    case: Case | None
    finding: Finding | None
    others: tuple[str, ...]
    hides: int = 0
    unjudged: tuple[str, ...] = ()


@dataclass(frozen=True)
class Observation:
    """What was noted about a requirement that isn't judged."""

    requirement: str
    observed: str


@dataclass(frozen=True)
class Group:
    """Cases, or requirements, that have the same cause."""

    cause: str
    ids: tuple[str, ...]


@dataclass(frozen=True)
class Summary:
    """All that a report tells beside the options of the run and its last line."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    total: Row
    failed: tuple[Breach, ...]
    warned: tuple[Breach, ...]
    notes: tuple[Observation, ...]
    blocked: tuple[Group, ...]
    skipped: tuple[Group, ...]
    without_case: tuple[Group, ...]


def summarize(results: Results) -> Summary:
    """Select from a run what a report tells.

    Args:
        results: the run.

    Returns:
        Everything in the order in which it is shown: the ledger's, then that of the cases; but first those breaches
        that hide most, which are to be mended first.
    """
    total = Row("total", _count(results.cases))
    blocked = [case for case in results.cases if case.verdict == "blocked"]
    skipped = [case for case in results.cases if case.verdict == "skip"]
    return Summary(
        columns=tuple(verdict for verdict in COLUMNS if verdict != "note" or total.counts["note"]),
        rows=_rows(results),
        total=total,
        failed=_breaches(results, "fail"),
        warned=_breaches(results, "warn"),
        notes=_observations(results),
        blocked=_groups((_blocked_how(case), case.id) for case in blocked),
        skipped=_groups((case.reason, case.id) for case in skipped),
        without_case=_without_case(results),
    )


def facts(results: Results) -> list[tuple[str, str]]:
    """Tell what was judged, by which options, when.

    Args:
        results: the run.

    Returns:
        Pairs of a label and a text, which is as unsafe as it was stored.
    """
    target = results.target
    by = (
        f"{results.profile}, {''.join(f'{name} {value}, ' for name, value in results.facts.items())}"
        f"time limit {results.time_limit:g} s, seed {results.seed}"
    )
    versions = ", ".join(f"{name} {version}" for name, version in results.versions.items())
    told = [
        ("target", target.address if target.name == target.address else f"{target.name} at {target.address}"),
        ("started by", target.command or ""),
        ("judged by", f"{by}, quick" if results.quick else by),
        ("run", f"{results.started}, {results.seconds:.1f} s, suite {results.suite}, {versions}"),
    ]
    return [(label, text) for label, text in told if text]


def breach_of(results: Results, rule: Requirement) -> Breach:
    """Find the case that shows a requirement's verdict in the fewest lines: a breach of it, or what blocked it.

    Args:
        results: the run.
        rule: one of its requirements.
    """
    if rule.verdict != "blocked":
        return _breach(rule, results.cases)
    blocked = [case for case in results.cases if case.verdict == "blocked" and rule.id in case.requirements]
    found = [(case, case.findings[0]) for case in blocked if case.findings]
    if not found:
        return Breach(rule, None, None, ())
    case, finding = min(found, key=lambda pair: _length(pair[0]))
    return Breach(rule, case, finding, tuple(other.id for other in blocked if other is not case))


def table(summary: Summary, style: str, show: Callable[[str], str]) -> str:
    """Lay out the cases by section and verdict, with a total; a dash stands for none.

    Args:
        summary: what is told.
        style: one of tabulate's formats.
        show: how the name of a section is escaped.

    Returns:
        The table, without a line end after it.
    """
    cells = [
        [show(row.section), *(row.counts[verdict] or "-" for verdict in summary.columns)]
        for row in (*summary.rows, summary.total)
    ]
    alignment = ["left", *("right" for _ in summary.columns)]
    return tabulate(cells, ["section", *summary.columns], style, colalign=alignment, disable_numparse=True)


def few(ids: Sequence[str], show: Callable[[str], str]) -> str:
    """List ids, and where there are many only the first ones.

    Args:
        ids: ids of cases or requirements.
        show: how one is escaped.

    Returns:
        The first five, and how many more there are.
    """
    more = f", and {len(ids) - MOST_IDS} more" if len(ids) > MOST_IDS else ""
    return ", ".join(map(show, ids[:MOST_IDS])) + more


def hidden(breach: Breach, show: Callable[[str], str]) -> str:
    """Say what cannot be judged before a breach is mended; nothing if that is nothing.

    Args:
        breach: the breach.
        show: how an id is escaped.
    """
    if not breach.hides:
        return ""
    nor = f", nor anything of {few(breach.unjudged, show)}" if breach.unjudged else ""
    return f"{counted(breach.hides, 'case')} cannot be judged before this is mended{nor}"


def counted(count: int, noun: str) -> str:
    """Say how many: `1 case`, `2 cases`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _rows(results: Results) -> tuple[Row, ...]:
    ledger = [rule.section for rule in results.requirements]
    by_section: dict[str, list[Case]] = {section: [] for section in ledger}
    for case in results.cases:
        by_section.setdefault(case.section, []).append(case)
    return tuple(Row(section, _count(cases)) for section, cases in by_section.items())


def _count(cases: Sequence[Case]) -> dict[str, int]:
    return {verdict: sum(case.verdict == verdict for case in cases) for verdict in VERDICTS}


def _breaches(results: Results, verdict: str) -> tuple[Breach, ...]:
    found = (_hiding(_breach(rule, results.cases), results) for rule in results.requirements if rule.verdict == verdict)
    return tuple(sorted(found, key=lambda breach: -breach.hides))


def _hiding(breach: Breach, results: Results) -> Breach:
    """A breach with what it keeps from being judged."""
    hidden = [case for case in results.cases if case.verdict == "blocked" and case.blocked_by == breach.requirement.id]
    concerned = {id for case in hidden for id in case.requirements}
    unjudged = tuple(rule.id for rule in results.requirements if rule.verdict == "blocked" and rule.id in concerned)
    return replace(breach, hides=len(hidden), unjudged=unjudged)


def _breach(rule: Requirement, cases: Sequence[Case]) -> Breach:
    found = [(case, finding) for case in cases for finding in _findings(case, rule)[:1]]
    if not found:
        return Breach(rule, None, None, ())
    case, finding = min(found, key=lambda pair: _length(pair[0].showing(pair[1])))
    return Breach(rule, case.showing(finding), finding, tuple(other.id for other, _ in found if other is not case))


def _findings(case: Case, rule: Requirement) -> list[Finding]:
    return [found for found in case.findings if (found.requirement, found.verdict) == (rule.id, rule.verdict)]


def _length(case: Case) -> tuple[bool, bool, int, int]:
    # An empty transcript is the shortest, but shows nothing; that of a crowd shows only some of its connections.
    crowd = any(int(entry.direction[2:] or 1) > _CROWD for entry in case.transcript)
    return not case.transcript, crowd, len(case.transcript), sum(len(entry.text) for entry in case.transcript)


def _observations(results: Results) -> tuple[Observation, ...]:
    noted = (found for case in results.cases for found in case.findings if found.verdict == "note")
    told = [Observation(found.requirement, found.actual or found.reason) for found in noted]
    return tuple(dict.fromkeys(told))


def _blocked_how(case: Case) -> str:
    return f"by {case.blocked_by}" if case.blocked_by else f"because {case.reason or 'of something unnamed'}"


def _without_case(results: Results) -> tuple[Group, ...]:
    judged = {id for case in results.cases for id in case.requirements}
    return _groups(
        (rule.reason, rule.id) for rule in results.requirements if rule.verdict == "skip" and rule.id not in judged
    )


def _groups(pairs: Iterable[tuple[str, str]]) -> tuple[Group, ...]:
    by_cause: dict[str, list[str]] = {}
    for cause, id in pairs:
        by_cause.setdefault(cause, []).append(id)
    return tuple(Group(cause or "no reason given", tuple(ids)) for cause, ids in by_cause.items())
