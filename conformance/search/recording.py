"""Writes what a search found into the record of its case, as a case records what it finds."""

from __future__ import annotations

from dataclasses import replace

from conformance.harness.verdict.result import Finding
from conformance.harness.verdict.verdict import Record
from conformance.search.failure import Found, Step
from conformance.search.hunt import Hunt
from conformance.search.profile import Pick


def record(hunt: Hunt[Pick, Step], into: Record, name: str, enough: int = 2) -> None:
    """Record all that a search found, and why it ended early if it did.

    Args:
        hunt: the search.
        into: the record of its case.
        name: what the search is called in the verdict line.
        enough: how often of three times what fails has to fail, to be more than noted.
    """
    for found in (*hunt.found, *hunt.unrepeated):
        record_one(found, into, enough)
    if hunt.stopped:
        into.notes.append(f"{into.id} ended after {_count(hunt.played, 'conversation')}: {hunt.stopped}")
    if hunt.cut_short:
        into.cut_short = f"{name} was cut short after {hunt.judged} of {hunt.budget.examples} conversations"


def record_one(found: Found[Step], into: Record, enough: int = 2) -> None:
    """Record one failure; one that did not repeat often enough is only noted, but for the end of the server."""
    rule, failure = found.cause.requirement, found.failure
    often = f"{found.times} of 3"
    if found.times < enough and not failure.is_end:
        into.requirements = tuple(dict.fromkeys((*into.requirements, rule)))
        why = "it did not repeat each time" if found.times > 1 else "not shrunk, for it did not repeat"
        reason = f"{failure.reason}; {why} ({often})"
        into.findings.append(Finding(rule, "note", reason, failure.expected, failure.actual))
    else:
        name = f"replay-{rule}.py"
        reason = f"{failure.reason}; {_size(found)}, fails {often} times; {name} runs it again"
        own = tuple(finding.requirement for finding in into.findings)
        # A search that found something says nothing of what it did not find.
        into.requirements = tuple(dict.fromkeys((*own, rule)))
        into.find(rule, reason, failure.expected, failure.actual)
        into.suspects[rule] = sorted(found.cause.suspects)
        into.files[name] = found.script(name, f"{rule}: {failure.reason}")
    if len(into.findings) == 1:
        into.transcript = found.transcript
    else:
        into.findings[-1] = replace(into.findings[-1], transcript=found.transcript.entries())


def _size(found: Found[Step]) -> str:
    if found.needs_nothing:
        return "needs no conversation"
    if not found.shrunk:
        return "not shrunk to the end"
    return f"shrunk to {_count(len(found.conversation), 'step')}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")
