"""The report for a terminal: what failed and why, in printable ASCII, folded to a width."""

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from reports import transcript
from reports.escape import cut, quotation, sentence, typed
from reports.results import Results
from reports.summary import Breach, Group, Observation, counted, facts, few, hidden, summarize, table

_RED, _GREEN, _YELLOW, _BOLD = "31", "32", "33", "1"
_LONGEST_QUOTE = 600
_LABEL = 12


def render(results: Results, *, width: int = 100, color: bool = False, verbose: bool = False) -> str:
    """Write the report of a run; its last line is the run's verdict.

    Args:
        results: the run.
        width: columns to fold to; commands and the last line stay whole, so that they can be copied.
        color: add colour, which never says anything by itself.
        verbose: show warnings with their transcripts, too.

    Returns:
        The text, printable ASCII but for line ends (and colour), ending in a line end.
    """
    return "\n".join(_Page(width, color).report(results, verbose)) + "\n"


def breach_lines(breach: Breach, width: int, *, whole: bool = True) -> list[str]:
    """Show one requirement that was not kept: its rule, what was expected and came, the transcript, the command.

    Args:
        breach: the requirement, with the case that shows it.
        width: columns to fold to.
        whole: show the transcript, too.
    """
    return _Page(width, color=False).breach(breach, whole=whole)[1:]


def painter(color: bool) -> Callable[[str, str], str]:
    """Give what puts a text into an ANSI colour, given as its number, or leaves it as it is."""
    return (lambda text, number: f"\x1b[{number}m{text}\x1b[0m") if color else (lambda text, number: text)


@dataclass(frozen=True)
class _Page:
    width: int
    color: bool

    def report(self, results: Results, verbose: bool) -> list[str]:
        told = summarize(results)
        everything = len(results.requirements)
        return [
            *(line for label, text in facts(results) for line in self.field(label, sentence(text))),
            "",
            *table(told, "simple", sentence).splitlines(),
            *self.section(
                f"FAILED: {len(told.failed)} of {counted(everything, 'requirement')}",
                _RED,
                [self.breach(breach, whole=True) for breach in told.failed],
            ),
            *self.section(
                f"WARNED: {len(told.warned)} of {counted(everything, 'requirement')}",
                _YELLOW,
                [self.breach(breach, whole=verbose) for breach in told.warned],
            ),
            *self.section("NOTED, not judged", _BOLD, self.notes(told.notes)),
            *self.section("BLOCKED", _BOLD, [self.group(group, "case", "blocked") for group in told.blocked]),
            *self.section(
                "SKIPPED",
                _BOLD,
                [
                    *(self.group(group, "case", "skipped:") for group in told.skipped),
                    *(self.group(group, "requirement", "without a case:") for group in told.without_case),
                ],
            ),
            *self.section("REMARKS", _BOLD, self.remarks(results.outcome.notes)),
            *self.section("FOR MAINTAINERS", _BOLD, self.remarks(results.outcome.asides) if verbose else []),
            "",
            self.paint(
                typed(results.outcome.line),
                _GREEN if results.conforms else _YELLOW if results.outcome.exit == 0 else _RED,
            ),
        ]

    def section(self, heading: str, color: str, blocks: Sequence[list[str]]) -> list[str]:
        if not blocks:
            return []
        return ["", self.paint(heading, color), *(line for block in blocks for line in block)]

    def breach(self, breach: Breach, *, whole: bool) -> list[str]:
        rule, case, finding = breach.requirement, breach.case, breach.finding
        word = self.paint(rule.verdict.upper(), _RED if rule.verdict == "fail" else _YELLOW)
        shown = [
            "",
            f"{word}  {self.paint(typed(rule.id), _BOLD)}  ({rule.level}, {sentence(rule.section)})",
            *self.field("rule", sentence(rule.rule)),
        ]
        for label, said in (("source", rule.source), ("disputed", rule.disputed), ("known as", rule.cve)):
            if said:
                shown += self.field(label, sentence(said))
        if told := hidden(breach, typed):
            shown += self.field("mend first", told)
        if rule.verdict == "blocked" and case is not None and case.blocked_by:
            shown += self.field("blocked by", typed(case.blocked_by))
        if case is None or finding is None:
            return [*shown, *self.field("why", sentence(rule.reason) or "no case in this file shows it")]
        for label, text in (("expected", finding.expected), ("actual", finding.actual)):
            if text:
                shown += self.field(label, *quotation(text, _LONGEST_QUOTE))
        if finding.reason:
            shown += self.field("why", sentence(finding.reason))
        if whole:
            shown += self.field("case", sentence(case.title))
            shown.append("  transcript" if case.transcript else "  no transcript")
            shown += ["    " + line for line in transcript.lines(case.transcript, self.width - 4)]
        shown.append(f"  {'repeat':<{_LABEL}}{typed(case.repeat)}")
        if breach.others:
            shown += self.field("also by", few(breach.others, typed))
        return shown

    def notes(self, notes: Sequence[Observation]) -> list[list[str]]:
        return [self.fold(f"{typed(note.requirement)}: {cut(note.observed, _LONGEST_QUOTE)}", "  ") for note in notes]

    def remarks(self, remarks: Sequence[str]) -> list[list[str]]:
        return [self.fold(sentence(remark), "  ") for remark in remarks]

    def group(self, group: Group, noun: str, what: str) -> list[str]:
        head = f"{counted(len(group.ids), noun)} {what} {sentence(group.cause)}"
        return [*self.fold(head, "  "), *self.fold(few(group.ids, typed), "      ")]

    def field(self, label: str, *texts: str) -> list[str]:
        indent = f"  {'':<{_LABEL}}"
        first, *rest = [line for text in (texts if any(texts) else ("(nothing)",)) for line in self.fold(text, indent)]
        return [f"  {label:<{_LABEL}}{first.removeprefix(indent)}", *rest]

    def fold(self, text: str, indent: str) -> list[str]:
        lines = textwrap.wrap(text, self.width - len(indent), break_on_hyphens=False) or [""]
        # White space at the end of a quotation is part of it, and textwrap drops it.
        lines[-1] += text[len(text.rstrip()) :]
        return [indent + line if line else "" for line in lines]

    def paint(self, text: str, color: str) -> str:
        return painter(self.color)(text, color)
