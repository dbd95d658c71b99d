"""The report as Markdown: the same as on a terminal, for a file, an issue or a page."""

from collections.abc import Iterable, Sequence
from html import escape

from reports import transcript
from reports.escape import code, cut, fenced, markdown, quotation, sentence, typed
from reports.results import Results
from reports.summary import Breach, Group, counted, facts, few, hidden, summarize, table

_WIDTH = 120
_LONGEST_QUOTE = 600
MOST_SUMMARY = 200_000
"""Characters for the broken requirements of a summary."""


def render(results: Results, *, verbose: bool = False) -> str:
    """Write the report of a run; its last line is the run's verdict.

    Args:
        results: the run.
        verbose: show warnings with their transcripts, too.

    Returns:
        GitHub-flavoured Markdown in printable ASCII, ending in a line end.
    """
    told = summarize(results)
    everything = counted(len(results.requirements), "requirement")
    verdict = f"**{_prose(results.outcome.line)}**"
    blocks = [
        f"# Conformance of {code(sentence(results.target.name))}",
        verdict,
        "\n".join(f"- {label}: {code(sentence(text))}" for label, text in facts(results)),
        "## Cases by section",
        table(told, "pipe", _prose),
        *_section(
            f"Failed: {len(told.failed)} of {everything}",
            [block for breach in told.failed for block in _breach(breach, whole=True)],
        ),
        *_section(
            f"Warned: {len(told.warned)} of {everything}",
            [block for breach in told.warned for block in _breach(breach, whole=verbose)],
        ),
        *_section(
            "Noted, not judged", _list(f"{_id(note.requirement)}: {code(_quote(note.observed))}" for note in told.notes)
        ),
        *_section("Blocked", _list(_group(group, "case", "blocked") for group in told.blocked)),
        *_section(
            "Skipped",
            _list(
                [
                    *(_group(group, "case", "skipped:") for group in told.skipped),
                    *(_group(group, "requirement", "without a case:") for group in told.without_case),
                ]
            ),
        ),
        *_section("Remarks", _list(code(sentence(note)) for note in results.outcome.notes)),
        verdict,
    ]
    return "\n\n".join(blocks) + "\n"


def summary(results: Results) -> str:
    """Write a short report for a page that other things are on, too, such as the summary of a CI job.

    Args:
        results: the run.

    Returns:
        GitHub-flavoured Markdown of at most a quarter of a mebibyte (GitHub takes one for a step): the verdict, the
        cases by section, and each broken requirement folded, until there is no room left.
    """
    told = summarize(results)
    sign = "\N{CROSS MARK}" if results.outcome.exit == 1 else "\N{WARNING SIGN}"
    sign = "\N{WHITE HEAVY CHECK MARK}" if results.conforms else sign
    blocks = [
        f"### {sign} {code(sentence(results.target.name))} {_prose(results.outcome.line)}",
        table(told, "pipe", _prose),
    ]
    room = MOST_SUMMARY
    breaches = [*told.failed, *told.warned]
    for at, breach in enumerate(breaches):
        rule = breach.requirement
        inside = "\n\n".join(_breach(breach, whole=rule.verdict == "fail")[1:])
        # A blank line ends GitHub's HTML, so what is inside is Markdown again.
        head = f"<b>{rule.verdict}</b> <code>{escape(typed(rule.id))}</code> {escape(sentence(rule.rule))}"
        folded = f"<details><summary>{head}</summary>\n\n{inside}\n\n</details>"
        room -= len(folded)
        if room < 0:
            blocks.append(f"And {counted(len(breaches) - at, 'requirement')} more, which the whole report shows.")
            break
        blocks.append(folded)
    return "\n\n".join(blocks) + "\n"


def _section(heading: str, blocks: Sequence[str]) -> list[str]:
    return [f"## {heading}", *blocks] if blocks else []


def _breach(breach: Breach, *, whole: bool) -> list[str]:
    rule, case, finding = breach.requirement, breach.case, breach.finding
    shown = [f"### {_id(rule.id)} ({rule.level}, {_prose(rule.section)})", f"**Rule:** {_prose(rule.rule)}"]
    for label, said in (("Source", rule.source), ("Disputed", rule.disputed), ("Known as", rule.cve)):
        if said:
            shown.append(f"**{label}:** {_prose(said)}")
    if told := hidden(breach, _id):
        shown.append(f"**Mend first:** {told}")
    if case is None or finding is None:
        return [*shown, f"**Why:** {_prose(rule.reason or 'no case in this file shows it')}"]
    # In a block, one under the other, so that the eye finds the difference.
    if quoted := [*_labelled("expected", finding.expected), *_labelled("actual", finding.actual)]:
        shown.append(fenced(quoted))
    if finding.reason:
        shown.append(f"**Why:** {_prose(finding.reason)}")
    if whole:
        shown.append(f"**Case:** {_prose(case.title)}")
        shown.append(fenced(transcript.lines(case.transcript, _WIDTH) or ["(no transcript)"]))
    shown += ["**Repeat:**", fenced([typed(case.repeat)], "sh")]
    if breach.others:
        shown.append(f"**Also by:** {few(breach.others, _id)}")
    return shown


def _group(group: Group, noun: str, what: str) -> str:
    return f"{counted(len(group.ids), noun)} {what} {_prose(group.cause)} ({few(group.ids, _id)})"


def _list(items: Iterable[str]) -> list[str]:
    listed = [f"- {item}" for item in items]
    return ["\n".join(listed)] if listed else []


def _prose(text: str) -> str:
    return markdown(sentence(text))


def _quote(text: str) -> str:
    return cut(text, _LONGEST_QUOTE) or "(nothing)"


def _labelled(label: str, text: str) -> list[str]:
    return [f"{'' if at else label:<10}{line}" for at, line in enumerate(quotation(text, _LONGEST_QUOTE))]


def _id(text: str) -> str:
    return code(typed(text))
