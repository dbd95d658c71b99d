"""A run as SARIF 2.1.0, for what gathers the findings of many tools: a result for each requirement that is broken."""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from reports.escape import sentence, typed
from reports.evidence import Evidence, is_expected
from reports.results import Requirement, Results
from reports.summary import Breach, counted, summarize

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
TOOL = "smtp-conformance"
LEVELS = {"MUST": "error", "SHOULD": "warning", "NOTE": "note"}
COMPLETE = (0, 1)
"""Exit statuses of a run that went through."""
_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def document(results: Results, file: str | None = None) -> Mapping[str, object]:
    """Make the log; what a server sent is text in it, and neither a link nor a placeholder.

    Args:
        results: the run.
        file: the path of a file in the server's repository that the findings are shown at; without one they are at
            their cases alone.

    Returns:
        What JSON is to be made of.
    """
    told = summarize(results)
    breaches = [*told.failed, *told.warned]
    driver = {"name": TOOL, "version": sentence(results.suite), "rules": [_rule(one.requirement) for one in breaches]}
    run = {
        "tool": {"driver": driver},
        # What tells the runs of two profiles apart that are uploaded for one commit.
        "automationDetails": {"id": f"{TOOL}/{quote(sentence(results.profile))}/"},
        "invocations": [_invocation(results)],
        "results": [_result(results, number, breach, file) for number, breach in enumerate(breaches)],
        "properties": {"target": sentence(results.target.name), "verdict": sentence(results.outcome.line)},
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(rule: Requirement) -> dict[str, object]:
    standing = {"source": rule.source, "strength there": rule.strength, "known as": rule.cve, "disputed": rule.disputed}
    said = [f"{label}: {sentence(text)}" for label, text in standing.items() if text]
    return {
        "id": typed(rule.id),
        "shortDescription": _text(sentence(rule.rule)),
        "fullDescription": _text(sentence(rule.rule)),
        "help": _text("\n".join([f"{rule.level}: {sentence(rule.rule)}", *said])),
        "defaultConfiguration": {"level": LEVELS[rule.level]},
        "properties": {"tags": [sentence(rule.section)]},
    }


def _invocation(results: Results) -> dict[str, object]:
    outcome = results.outcome
    notes = [{"level": "note", "message": _text(sentence(note))} for note in outcome.notes]
    when = {"startTimeUtc": results.started} if _UTC.fullmatch(results.started) else {}
    return {
        "executionSuccessful": outcome.exit in COMPLETE,
        "exitCode": outcome.exit,
        **when,
        "toolExecutionNotifications": notes,
    }


def _result(results: Results, number: int, breach: Breach, file: str | None) -> dict[str, object]:
    rule, case, finding = breach.requirement, breach.case, breach.finding
    told: dict[str, object] = {
        "ruleId": typed(rule.id),
        "ruleIndex": number,
        "level": "error" if rule.verdict == "fail" else "warning",
        "message": _text(sentence(rule.reason) or "no case in this file shows it"),
        "locations": [_location(file, case.id if case else rule.id)],
        "partialFingerprints": {"requirement/v1": f"{sentence(results.profile)}/{typed(rule.id)}"},
    }
    if case and finding:
        shown = Evidence(case, finding)
        told["message"] = _text(_message(shown, breach.others))
        told["properties"] = {
            "case": typed(case.id),
            "expected": shown.expected,
            "came": shown.came,
            "transcript": shown.transcript,
            "repeat": shown.repeat,
        }
    if is_expected(results, rule.id, [*([case.id] if case else []), *breach.others]):
        told["suppressions"] = [{"kind": "external", "justification": "a known failure of this run"}]
    return told


def _message(shown: Evidence, others: Sequence[str]) -> str:
    reason = shown.reason or "The rule is not kept"
    blocks = [
        [reason if reason.endswith((".", "!", "?")) else f"{reason}."],
        [*_labelled("expected", shown.expected), *_labelled("came", shown.came)],
        shown.transcript,
        [f"repeat: {shown.repeat}"],
        [f"also by: {counted(len(others), 'more case')}"] if others else [],
    ]
    return "\n\n".join("\n".join(lines) for lines in blocks if lines)


def _labelled(label: str, lines: Sequence[str]) -> list[str]:
    return [f"{'' if at else label:<10}{line}" for at, line in enumerate(lines)]


def _location(file: str | None, case: str) -> dict[str, object]:
    told: dict[str, object] = {"logicalLocations": [{"fullyQualifiedName": typed(case), "kind": "function"}]}
    if file is not None:
        told["physicalLocation"] = {"artifactLocation": {"uri": quote(file)}, "region": {"startLine": 1}}
    return told


def _text(shown: str) -> dict[str, str]:
    # In a message of SARIF `{0}` is a placeholder and `[text](address)` a link.
    return {"text": shown.replace("{", "{{").replace("}", "}}").replace("](", "\\](")}
