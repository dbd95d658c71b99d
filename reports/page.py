"""The page of one run: verdict, bars, what is broken, the time line of the waits, and every case to open."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

from reports import template
from reports.conversation import Turn, sent_before_fault, turns
from reports.escape import sentence, typed
from reports.results import VERDICTS, Case, Finding, Requirement, Results
from reports.summary import Row, counted, facts, hidden, summarize
from reports.timeline import timeline

HEADLINES = {0: "Conforms", 1: "Does not conform", 2: "Interrupted"}
EXPECTED = {"as expected": "Does not conform, as expected", "not as expected": "Not as expected"}
"""The headlines of runs with known failures, by how the run's last line begins."""
LEGEND = {
    "fail": "A MUST is broken. This is what counts against the server.",
    "warn": "A SHOULD is broken. The server conforms all the same.",
    "blocked": "Something that another requirement judges kept the case from its point. It does not count again.",
    "skip": "Not judged here; the reason says why.",
    "note": "Observed, and never judged.",
    "pass": "Nothing wrong was found.",
}
NARROWEST = 0.012
"""The part of a bar that a single case has at least, so that one of a thousand is seen."""


@dataclass(frozen=True)
class CaseView:
    """A case as the page shows it, with the rules that it judges."""

    case: Case
    rules: tuple[Requirement, ...]

    @property
    def name(self) -> str:
        """What tells it from the others of its section: its id without the file."""
        return self.case.id.partition("::")[2] or self.case.id

    @property
    def findings(self) -> Sequence[Finding]:
        """What was found, worst first."""
        return sorted(self.case.findings, key=lambda finding: VERDICTS.index(finding.verdict))

    @cached_property
    def turns(self) -> Sequence[Turn]:
        """The conversation."""
        return turns(self.case)

    @cached_property
    def sent(self) -> Turn | None:
        """What was sent before the line that is wrong."""
        return sent_before_fault(self.turns)


@dataclass(frozen=True)
class Bar:
    """A part of a bar: where it begins and how long it is, in parts of the whole."""

    verdict: str
    start: float
    share: float


@dataclass(frozen=True)
class Section:
    """A section of the assignment: its cases counted, drawn and listed, and its rules."""

    row: Row
    bars: tuple[Bar, ...]
    views: tuple[CaseView, ...]
    rules: tuple[Requirement, ...]


def render(results: Results, *, name: str | None = None) -> str:
    """Write the page.

    Args:
        results: the run.
        name: what the server is called, such as a student's name; by default what the suite calls it.

    Returns:
        One HTML document that needs no other file and no network; everything a server sent is text in it.
    """
    told = summarize(results)
    ledger = {rule.id: rule for rule in results.requirements}
    views = [CaseView(case, tuple(ledger[id] for id in case.requirements if id in ledger)) for case in results.cases]
    judged = Counter(id for case in results.cases for id in case.requirements)
    verdicts = Counter(rule.verdict for rule in results.requirements)
    return template.page(
        "run",
        script="run",
        results=results,
        name=name or sentence(results.target.name),
        headline=_headline(results),
        line=_line(results.outcome.line),
        facts=facts(results),
        told=told,
        views={view.case.id: view for view in views},
        rules=verdicts,
        rule_bars=bars(verdicts),
        judged=judged,
        sections=_sections(told.rows, views, results.requirements),
        timeline=timeline(results),
        legend=LEGEND,
        verdicts=[verdict for verdict in VERDICTS if told.total.counts[verdict]],
        levels=list(dict.fromkeys(case.level for case in results.cases)),
        counted=counted,
        hidden=partial(hidden, show=typed),
    )


def _headline(results: Results) -> str:
    told = (headline for head, headline in EXPECTED.items() if results.outcome.line.startswith(head))
    return next(told, HEADLINES.get(results.outcome.exit, "No verdict"))


def _line(line: str) -> str:
    """The run's last line without the words that are the headline."""
    for head in ("conforms", "does not conform", "interrupted", "no verdict", *EXPECTED):
        if line.startswith(head):
            return line.removeprefix(head).lstrip(":, ")
    return line


def _sections(rows: Iterable[Row], views: Iterable[CaseView], ledger: Iterable[Requirement]) -> list[Section]:
    cases: defaultdict[str, list[CaseView]] = defaultdict(list)
    rules: defaultdict[str, list[Requirement]] = defaultdict(list)
    for view in views:
        cases[view.case.section].append(view)
    for rule in ledger:
        rules[rule.section].append(rule)
    return [Section(row, bars(row.counts), tuple(cases[row.section]), tuple(rules[row.section])) for row in rows]


def bars(counts: Mapping[str, int]) -> tuple[Bar, ...]:
    """Draw counts of verdicts as one bar, the worst first."""
    total = sum(counts.values())
    wide = {verdict: max(counts[verdict] / total, NARROWEST) for verdict in VERDICTS if counts.get(verdict)}
    whole = sum(wide.values())
    bars: list[Bar] = []
    start = 0.0
    for verdict, share in wide.items():
        bars.append(Bar(verdict, start, share / whole))
        start += share / whole
    return tuple(bars)
