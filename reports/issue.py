"""What one would file at the server's project: one broken requirement, with its rule, the exact bytes, and a script."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from reports import transcript
from reports.escape import code, fenced, markdown, quotation, sentence, typed
from reports.results import Case, Entry, Requirement, Results, ResultsError
from reports.summary import Breach, summarize

_WIDTH = 110
_LONGEST_QUOTE = 600
_SCRIPT = Path(__file__).with_name("templates") / "replay.py.txt"
_LEFT_OUT = " left out"


def render(results: Results, id: str) -> str:
    """Write an issue about a requirement that was found broken.

    Args:
        results: the run.
        id: of the requirement.

    Returns:
        GitHub-flavoured Markdown in printable ASCII whose first line is the title.

    Raises:
        ResultsError: the requirement was not found broken.
    """
    told = summarize(results)
    broken = {breach.requirement.id: breach for breach in (*told.failed, *told.warned)}
    if id not in broken:
        among = f"; broken are {', '.join(map(typed, broken))}" if broken else ", for nothing is"
        raise ResultsError(f"{typed(id)} is not broken in this run{among}")
    return "\n\n".join(_blocks(results, broken[id])) + "\n"


def _blocks(results: Results, breach: Breach) -> Iterator[str]:
    rule, case, finding = breach.requirement, breach.case, breach.finding
    where = rule.source.split(";")[0].split(",")[0] or rule.section
    reason = finding.reason if finding and finding.reason else rule.reason
    yield f"# {_prose(reason)} ({_prose(where)})"
    yield f"## What is asked\n\n{_prose(rule.rule)}"
    yield _standing(rule)
    if case is None or finding is None:
        return
    yield f"## Steps\n\n{_prose(case.title)} `->` was sent, `<-` received; the milliseconds are those of one run."
    yield fenced(transcript.lines(case.transcript, _WIDTH) or ["(no transcript)"])
    for label, text in (("Expected", finding.expected), ("Observed", finding.actual or reason)):
        if text:
            yield f"## {label}\n\n" + fenced(quotation(text, _LONGEST_QUOTE))
    yield f"## Versions\n\n{_versions(results)}"
    script = _replay(results, case)
    yield f"## To repeat it\n\nWith the suite that found it:\n\n{fenced([typed(case.repeat)], 'sh')}"
    if script:
        yield "Without, by Python alone (it says what it sends and what comes):\n\n" + fenced(script, "python")


def _standing(rule: Requirement) -> str:
    """Where the rule stands, how strongly, and whether servers are known to differ."""
    said = [f"Source: {rule.source}." if rule.source else ""]
    if rule.strength:
        strong = rule.strength.isupper()
        said.append(
            f"The text itself says {rule.strength}." if strong else f"The text's own strength: {rule.strength}."
        )
    said += [f"Known as {rule.cve}." if rule.cve else "", rule.disputed]
    return _prose(" ".join(filter(None, said)))


def _versions(results: Results) -> str:
    greeting = next(
        (entry.text for case in results.cases for entry in case.transcript if entry.direction.startswith("<-")), ""
    )
    rows = [
        ("server", f"{results.target.name}, which greets with: {greeting.strip()}"),
        ("found", f"on {results.started} by {results.suite}, profile {results.profile}"),
    ]
    return "\n".join(f"- {label}: {code(sentence(text))}" for label, text in rows)


def _replay(results: Results, case: Case) -> list[str]:
    """A script that says again what the case said, in its order; nothing where the transcript is not whole."""
    if any(_LEFT_OUT in entry.text or " bytes ...]" in entry.text for entry in case.transcript):
        return []
    steps = [f"    {step}," for step in _steps(case.transcript)]
    host, _, port = results.target.address.rpartition(":")
    text = _SCRIPT.read_text(encoding="utf-8")
    for name, value in (("host", repr(host.strip("[]"))), ("port", port), ("steps", "\n".join(steps))):
        text = text.replace(f"{{{name}}}", value)
    return text.splitlines()


def _steps(entries: Sequence[Entry]) -> Iterator[str]:
    """What is sent, and where a reply is waited for before the next is, on which connection."""
    for before, entry in zip([None, *entries], entries, strict=False):
        kind, number = entry.direction[:2], entry.direction[2:] or "1"
        if kind == "->":
            yield f'({number}, "send", {entry.text.encode("latin-1", "replace")!r})'
        elif kind == "<-" and not (before and before.direction == entry.direction):
            yield f'({number}, "read", b"")'
        elif kind == "--" and entry.text in ("half-closed", "reset by the client", "closed by the client"):
            yield f'({number}, "close", b"")'


def _prose(text: str) -> str:
    return markdown(sentence(text))
