"""A run as TAP 14, the Test Anything Protocol: a test point for each case, and the last for the verdict."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from reports.escape import sentence, typed
from reports.evidence import BROKEN, Evidence, is_expected
from reports.results import Case, Results
from reports.summary import facts

_SPECIAL = re.compile(r"[\\#]")
_MAY_FAIL = "TODO"
"""TAP's own word for a test point that may be `not ok`; nothing here waits to be done."""


def render(results: Results) -> str:
    """Write the run; what a server sent is quoted, and can neither end a test point nor begin one.

    A case that breaks a SHOULD, or what is known to be broken, is `not ok` with the directive that fails no
    run: the last test point says whether this one conforms.

    Args:
        results: the run.

    Returns:
        Lines of printable ASCII, ending in a line end.
    """
    lines = ["TAP version 14", f"1..{len(results.cases) + 1}"]
    lines += [f"# {label}: {sentence(text)}" for label, text in facts(results)]
    for number, case in enumerate(results.cases, 1):
        lines += _point(results, number, case)
    verdict = "ok" if results.outcome.exit == 0 else "not ok"
    lines += [f"{verdict} {len(results.cases) + 1} - the verdict: {_free(sentence(results.outcome.line))}"]
    if results.outcome.notes:
        lines += _block({"notes": [sentence(note) for note in results.outcome.notes]})
    return "\n".join(lines) + "\n"


def _point(results: Results, number: int, case: Case) -> list[str]:
    broken = case.verdict in BROKEN
    directive = _directive(results, case)
    head = f"{'not ok' if broken else 'ok'} {number} - {_free(typed(case.id))}"
    head += f" # {directive}" if directive else ""
    return [head, *(_block(dict(_told(case))) if broken or case.verdict == "note" else [])]


def _directive(results: Results, case: Case) -> str:
    """What keeps a test point from being counted; mostly nothing does."""
    found = [one for one in case.findings if one.verdict in BROKEN]
    if case.verdict in BROKEN and found and all(is_expected(results, one.requirement, [case.id]) for one in found):
        return f"{_MAY_FAIL} a known failure"
    if case.verdict == "warn":
        return f"{_MAY_FAIL} a SHOULD, whose breach is a warning"
    if case.verdict in ("blocked", "skip"):
        by = f"blocked by {typed(case.blocked_by)}: " if case.blocked_by else ""
        return f"SKIP {_free(by + sentence(case.reason))}"
    return ""


def _told(case: Case) -> Iterator[tuple[str, str | Sequence[str]]]:
    yield "severity", case.verdict
    yield "case", sentence(case.title)
    worst = next((one for one in case.findings if one.verdict == case.verdict), None)
    if worst is None:
        return
    shown = Evidence(case, worst)
    yield "requirement", typed(worst.requirement)
    yield "message", shown.reason
    yield "expected", shown.expected
    yield "came", shown.came
    others = [Evidence(case, one) for one in case.findings if one is not worst]
    yield "also", [f"{typed(one.finding.requirement)}: {one.reason}" for one in others]
    yield "transcript", shown.transcript
    yield "repeat", shown.repeat


def _block(told: Mapping[str, str | Sequence[str]]) -> list[str]:
    """A block of YAML, each text quoted as JSON does it, which is YAML as well."""
    lines = []
    for key, value in told.items():
        if not value:
            continue
        if isinstance(value, str):
            lines.append(f"{key}: {json.dumps(value)}")
        else:
            lines += [f"{key}:", *(f"  - {json.dumps(one)}" for one in value)]
    return [f"  {line}" for line in ("---", *lines, "...")]


def _free(shown: str) -> str:
    """Text in which no directive begins."""
    return _SPECIAL.sub(lambda match: "\\" + match[0], shown)
