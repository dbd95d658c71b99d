"""Reading results.json, schema 1: keys and types are checked here, so that nothing behind it needs to."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from reports.checked import Checked, WrongShape
from reports.escape import sentence, typed

SCHEMA = 1
MAX_BYTES = 100 * 1024 * 1024
VERDICTS = ("fail", "warn", "blocked", "skip", "note", "pass")
LEVELS = ("MUST", "SHOULD", "NOTE")
_DIRECTION = re.compile(r"(->|<-|--)[0-9]{0,6}")
_ADVICE = "give the results.json that a run of the suite wrote"


class ResultsError(Exception):
    """The file can't be shown; the message is one printable line that says why and what to do."""


@dataclass(frozen=True)
class Target:
    """The server that was judged."""

    name: str
    address: str
    command: str | None


@dataclass(frozen=True)
class Outcome:
    """How the run ended."""

    exit: int
    line: str
    notes: tuple[str, ...]
    asides: tuple[str, ...] = ()


@dataclass(frozen=True)
class Requirement:
    """A rule, and what the run found about it; empty is what its ledger does not say.

    Attributes:
        source, strength: where the rule stands, and how strongly.
        cve: published vulnerabilities that came of a breach.
        disputed: why servers differ, and what is made of it.
    """

    id: str
    level: str
    section: str
    rule: str
    verdict: str
    reason: str
    source: str = ""
    strength: str = ""
    cve: str = ""
    disputed: str = ""


@dataclass(frozen=True)
class Entry:
    """A moment of a transcript."""

    milliseconds: float
    direction: str
    text: str


@dataclass(frozen=True)
class Finding:
    """What a case found about a requirement; with a `transcript` where another shows it than the case's."""

    requirement: str
    verdict: str
    reason: str
    expected: str
    actual: str
    transcript: tuple[Entry, ...] = ()


@dataclass(frozen=True)
class Wait:
    """A wait for the server's clock: how long, and whether a `timeout` ended it or the server `kept` serving."""

    seconds: float
    end: str


@dataclass(frozen=True)
class Case:
    """A case that was run."""

    id: str
    title: str
    requirements: tuple[str, ...]
    section: str
    level: str
    verdict: str
    reason: str
    expected: str
    actual: str
    blocked_by: str | None
    findings: tuple[Finding, ...]
    seconds: float
    transcript: tuple[Entry, ...]
    repeat: str
    waits: tuple[Wait, ...] = ()

    def showing(self, finding: Finding) -> Case:
        """The case with the conversation that shows one of its findings, and with that finding alone."""
        own = finding.transcript
        return replace(self, transcript=own, findings=(finding,)) if own else self


@dataclass(frozen=True)
class Results:
    """A whole run; `expected` are the ids of requirements and cases that it took for known failures."""

    profile: str
    suite: str
    target: Target
    facts: Mapping[str, str]
    seed: str
    time_limit: float
    quick: bool
    versions: Mapping[str, str]
    started: str
    seconds: float
    outcome: Outcome
    requirements: tuple[Requirement, ...]
    cases: tuple[Case, ...]
    expected: tuple[str, ...] = ()

    @property
    def conforms(self) -> bool:
        """Whether it conforms; a run that came out as expected may have broken what is known to be."""
        return self.outcome.exit == 0 and all(rule.verdict != "fail" for rule in self.requirements)


def load(path: Path) -> Results:
    """Read a results.json and check it against schema 1; keys that the schema doesn't know are ignored.

    Args:
        path: the file.

    Returns:
        The run, with all text as it was stored: unsafe to show.

    Raises:
        ResultsError: the file is missing, too large, no JSON, of another schema, or wrong in a key or a type.
    """
    name = typed(str(path))
    document = read(path, _ADVICE)
    try:
        checked = Checked(document)
        schema = checked.integer("schema")
        if schema != SCHEMA:
            raise ResultsError(f"{name} has schema {schema}, not {SCHEMA}; use the reports of the suite that wrote it")
        return _results(checked)
    except WrongShape as error:
        raise ResultsError(f"{name} is no results.json of schema {SCHEMA}: {error}; {_ADVICE}") from None


def read(path: Path, advice: str) -> object:
    """Read a JSON document, whatever is in it.

    Args:
        path: the file.
        advice: what to give instead, for messages.

    Raises:
        ResultsError: the file is missing, too large, or no JSON.
    """
    name = typed(str(path))
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise ResultsError(f"cannot read {name}: {sentence(str(why))}; {advice}") from None
    if len(data) > MAX_BYTES:
        raise ResultsError(f"{name} is larger than {MAX_BYTES >> 20} MiB; {advice}, or run fewer cases at once")
    try:
        document: object = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ResultsError(f"{name} is no JSON ({sentence(str(error))}); {advice}") from None
    return document


def _results(run: Checked) -> Results:
    target, outcome, versions = run.inner("target"), run.inner("outcome"), run.inner("versions")
    facts = run.inner("facts") if "facts" in run else None
    return Results(
        profile=run.text("profile" if "profile" in run else "assignment"),
        suite=run.text("suite"),
        target=Target(target.text("name"), target.text("address"), target.text_or_null("command")),
        facts={key: (facts or run).word(key) for key in facts or ("dialect", "course")},
        seed=run.word("seed"),
        time_limit=run.number("time_limit"),
        quick=run.flag("quick"),
        versions={key: versions.text_or_null(key) or "none" for key in versions},
        started=run.text("started"),
        seconds=run.number("seconds"),
        outcome=Outcome(
            outcome.integer("exit"),
            outcome.text("line"),
            outcome.texts("notes"),
            outcome.texts("asides") if "asides" in outcome else (),
        ),
        requirements=tuple(map(_requirement, run.objects("requirements"))),
        cases=tuple(map(_case, run.objects("cases"))),
        expected=run.texts("expected") if "expected" in run else (),
    )


def _requirement(rule: Checked) -> Requirement:
    return Requirement(
        id=rule.text("id"),
        level=rule.choice("level", LEVELS),
        section=rule.text("section"),
        rule=rule.text("rule"),
        verdict=rule.choice("verdict", VERDICTS),
        reason=rule.text("reason"),
        **{key: rule.text(key) for key in ("source", "strength", "cve", "disputed") if key in rule},
    )


def _case(case: Checked) -> Case:
    return Case(
        id=case.text("id"),
        title=case.text("title"),
        requirements=case.texts("requirements"),
        section=case.text("section"),
        level=case.choice("level", LEVELS),
        verdict=case.choice("verdict", VERDICTS),
        reason=case.text("reason"),
        expected=case.text("expected"),
        actual=case.text("actual"),
        blocked_by=case.text_or_null("blocked_by"),
        findings=tuple(map(_finding, case.objects("findings"))),
        seconds=case.number("seconds"),
        transcript=_transcript(case),
        repeat=case.text("repeat"),
        # Runs from before the time line have none.
        waits=tuple(map(_wait, case.rows("waits", ("seconds", "end")))) if "waits" in case else (),
    )


def _wait(row: Checked) -> Wait:
    return Wait(row.number("seconds"), row.choice("end", ("timeout", "kept")))


def _finding(finding: Checked) -> Finding:
    return Finding(
        requirement=finding.text("requirement"),
        verdict=finding.choice("verdict", VERDICTS),
        reason=finding.text("reason"),
        expected=finding.text("expected"),
        actual=finding.text("actual"),
        transcript=_transcript(finding) if "transcript" in finding else (),
    )


def _transcript(shown: Checked) -> tuple[Entry, ...]:
    return tuple(map(_entry, shown.rows("transcript", ("milliseconds", "direction", "text"))))


def _entry(row: Checked) -> Entry:
    return Entry(
        row.number("milliseconds"),
        row.matching("direction", _DIRECTION, "->, <- or --, and a number"),
        row.text("text"),
    )
