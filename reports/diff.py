"""What changed between two runs: what broke, was mended, is new; and the known failures that are none any more."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from reports.escape import quotation, sentence, typed
from reports.results import Case, Finding, Requirement, Results, ResultsError
from reports.summary import counted, few

Item = TypeVar("Item")
COMPLETE = (0, 1)
"""Exit statuses of a run that went through."""
_LONGEST_QUOTE = 300
_LARGEST = 1 << 20


@dataclass(frozen=True)
class Broken:
    """A requirement that is broken now, by these cases, and how it was before.

    Attributes:
        before: its verdict then, or None where the run before did not know it.
        cases: those that break it now and did not then, with what they found.
    """

    rule: Requirement
    before: str | None
    cases: tuple[tuple[Case, Finding], ...]


@dataclass(frozen=True)
class Changed:
    """A requirement with another verdict than before; None where a run does not know it."""

    rule: Requirement
    before: str | None
    now: str | None


@dataclass(frozen=True)
class Diff:
    """All that is told of two runs.

    Attributes:
        broke: a MUST that broke, or that more cases break.
        worse: the same of a SHOULD.
        mended: broken before, kept now.
        unjudged: kept or broken before, not judged now.
        new, gone: requirements that only one run knows.
        expected: known failures that fail, by name.
        unexpected: known failures that pass.
        not_run: known failures of which no case was run.
        remarks: what makes the two runs hard to compare.
    """

    broke: tuple[Broken, ...]
    worse: tuple[Broken, ...]
    mended: tuple[Changed, ...]
    unjudged: tuple[Changed, ...]
    new: tuple[Changed, ...]
    gone: tuple[Changed, ...]
    expected: tuple[str, ...]
    unexpected: tuple[str, ...]
    not_run: tuple[str, ...]
    remarks: tuple[str, ...]


def read_expected(path: Path) -> list[str]:
    """Read known failures: the id of a requirement or of a case a line, comments after a `#` that begins a word.

    Args:
        path: the file.

    Raises:
        ResultsError: it cannot be read.
    """
    name = typed(str(path))
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
        text = data.decode("utf-8")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ResultsError(f"cannot read {name}: {sentence(str(why))}; give a file with an id a line") from None
    if len(data) > _LARGEST:
        raise ResultsError(f"{name} is larger than 1 MiB; give a file with an id a line")
    lines = (line.partition(" #")[0].strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def compare(old: Results, new: Results, expected: Iterable[str] = ()) -> Diff:
    """Compare two runs by their requirements, and broken ones by their cases.

    Args:
        old: the run before.
        new: the run now.
        expected: ids of requirements and cases that are known to fail; what they find is not held against the run.

    Raises:
        ResultsError: an expected id is neither a requirement of these runs nor looks like a case.
    """
    known = list(dict.fromkeys(expected))
    rules = {rule.id for rule in (*old.requirements, *new.requirements)}
    for name in known:
        if name not in rules and "::" not in name:
            raise ResultsError(f"the expected failure {typed(name)} is no requirement of these runs; correct the id")
    before = {rule.id: rule for rule in old.requirements}
    now = {rule.id: rule for rule in new.requirements}
    failing_before = _failing(old)
    failing_now = _failing(new)
    changed = [Changed(rule, _verdict(before, rule.id), rule.verdict) for rule in new.requirements]
    broken = [
        Broken(rule, _verdict(before, rule.id), cases)
        for rule in new.requirements
        if rule.verdict in ("fail", "warn") and rule.id not in known
        if (cases := _fresh(rule, failing_now, failing_before, known)) or _unshown(rule, failing_now, before)
    ]
    passing = [name for name in known if name not in {*_named(failing_now)}]
    held = {case.id for case in new.cases if case.verdict not in ("blocked", "skip")}
    judged = {rule.id for rule in new.requirements if rule.verdict not in ("blocked", "skip")}
    return Diff(
        broke=tuple(one for one in broken if one.rule.verdict == "fail"),
        worse=tuple(one for one in broken if one.rule.verdict == "warn"),
        mended=tuple(one for one in changed if one.before in ("fail", "warn") and one.now in ("pass", "note")),
        unjudged=tuple(
            one for one in changed if one.before in ("pass", "note", "fail", "warn") and one.now in ("blocked", "skip")
        ),
        new=tuple(one for one in changed if one.before is None),
        gone=tuple(Changed(rule, rule.verdict, None) for rule in old.requirements if rule.id not in now),
        expected=tuple(name for name in known if name not in passing),
        unexpected=tuple(name for name in passing if name in held or name in judged),
        not_run=tuple(name for name in passing if name not in held and name not in judged),
        remarks=tuple(_remarks(old, new)),
    )


def status(told: Diff, new: Results, fail_on_warn: bool = False) -> int:
    """The exit status for a gate: 1 when something broke, or the new run did not go through; else 0."""
    return int(bool(told.broke or (fail_on_warn and told.worse)) or new.outcome.exit not in COMPLETE)


def render(told: Diff, new: Results, paint: Callable[[str, str], str] = lambda text, _: text) -> str:
    """Write the difference as text; its last line says what it comes to.

    Args:
        told: the difference.
        new: the run now.
        paint: puts a text into an ANSI colour, given as its number.

    Returns:
        Printable ASCII but for line ends and colour, ending in a line end.
    """
    blocks = [
        *_section("BROKE", "31", told.broke, _broken, paint),
        *_section("WORSE: a SHOULD", "33", told.worse, _broken, paint),
        *_section("MENDED", "32", _alike(told.mended), _changed, paint, len(told.mended)),
        *_section("NO LONGER JUDGED", "1", _alike(told.unjudged), _changed, paint, len(told.unjudged)),
        *_section("NEW requirements", "1", _alike(told.new), _changed, paint, len(told.new)),
        *_section("GONE requirements", "1", _alike(told.gone), _changed, paint, len(told.gone)),
        *_section("EXPECTED to fail, but passes: take it from the list", "33", told.unexpected, _name, paint),
        *_section("EXPECTED to fail, but not judged", "1", told.not_run, _name, paint),
        *_section("REMARKS", "1", told.remarks, _name, paint),
    ]
    figures = [
        f"{len(told.broke)} broke",
        *([f"{len(told.worse)} worse"] if told.worse else []),
        f"{len(told.mended)} mended",
        f"{len(told.new)} new",
        *([f"{len(told.unjudged)} no longer judged"] if told.unjudged else []),
        *([f"{counted(len(told.expected), 'expected failure')}"] if told.expected else []),
        *([f"{counted(len(told.unexpected), 'known failure')} passed"] if told.unexpected else []),
    ]
    line = ", ".join(figures)
    if new.outcome.exit not in COMPLETE:
        line += "; the new run did not go through, so it proves nothing"
    good = not told.broke and new.outcome.exit in COMPLETE
    return "\n".join([*blocks, paint(line, "32" if good else "31")]) + "\n"


def _failing(results: Results) -> dict[tuple[str, str], tuple[Case, Finding]]:
    """What broke what: by requirement and case."""
    return {
        (found.requirement, case.id): (case, found)
        for case in results.cases
        for found in case.findings
        if found.verdict in ("fail", "warn")
    }


def _named(failing: Iterable[tuple[str, str]]) -> Iterable[str]:
    for requirement, case in failing:
        yield requirement
        yield case


def _fresh(
    rule: Requirement,
    now: Mapping[tuple[str, str], tuple[Case, Finding]],
    before: Mapping[tuple[str, str], tuple[Case, Finding]],
    known: Sequence[str],
) -> tuple[tuple[Case, Finding], ...]:
    found = [shown for pair, shown in now.items() if pair[0] == rule.id and pair not in before and pair[1] not in known]
    return tuple(sorted(found, key=lambda one: (not one[0].transcript, len(one[0].transcript))))


def _unshown(rule: Requirement, now: Iterable[tuple[str, str]], before: Mapping[str, Requirement]) -> bool:
    """Whether a requirement broke though no case of the file shows it."""
    return all(requirement != rule.id for requirement, _ in now) and _verdict(before, rule.id) != rule.verdict


def _verdict(rules: Mapping[str, Requirement], id: str) -> str | None:
    return rules[id].verdict if id in rules else None


def _remarks(old: Results, new: Results) -> Iterable[str]:
    if _commit(old.suite) != _commit(new.suite):
        yield f"the suite changed as well: {sentence(old.suite)} -> {sentence(new.suite)}"
    for what, one, other in (
        ("target", old.target.name, new.target.name),
        ("profile", old.profile, new.profile),
        *((name, old.facts.get(name, "none"), new.facts.get(name, "none")) for name in {**old.facts, **new.facts}),
        ("time limit", f"{old.time_limit:g} s", f"{new.time_limit:g} s"),
        ("seed", old.seed, new.seed),
    ):
        if one != other:
            yield f"another {what}: {sentence(one)} before, {sentence(other)} now"
    if old.quick != new.quick:
        yield f"the run {'before' if old.quick else 'now'} was a quick one"
    for which, run in (("before", old), ("now", new)):
        if run.outcome.exit not in COMPLETE:
            yield f"the run {which} did not go through: {sentence(run.outcome.line)}"


def _commit(suite: str) -> str:
    """What of a version tells two suites apart: a shallow clone of the same commit counts its way to it otherwise."""
    return suite.partition("+")[2] or suite


def _section(
    heading: str,
    color: str,
    items: Sequence[Item],
    show: Callable[[Item], list[str]],
    paint: Callable[[str, str], str],
    count: int | None = None,
) -> list[str]:
    if not items:
        return []
    head = f"{heading} ({len(items) if count is None else count})"
    return [paint(head, color), *(line for item in items for line in show(item)), ""]


def _broken(broken: Broken) -> list[str]:
    rule, was = broken.rule, broken.before or "new"
    change = f"{was} -> {rule.verdict}" if was != rule.verdict else f"{rule.verdict} in more cases than before"
    shown = [f"  {typed(rule.id)}  ({rule.level}, {sentence(rule.section)}): {change}", f"    {sentence(rule.rule)}"]
    if not broken.cases:
        return shown
    case, finding = broken.cases[0]
    for label, text in (("expected", finding.expected), ("actual", finding.actual)):
        lines = quotation(text, _LONGEST_QUOTE)
        shown += [f"    {'' if at else label:<10}{line}" for at, line in enumerate(lines)]
    shown += [f"    why       {sentence(finding.reason)}"] if finding.reason else []
    shown.append(f"    repeat    {typed(case.repeat)}")
    if others := [other.id for other, _ in broken.cases[1:]]:
        shown.append(f"    also by   {few(others, typed)}")
    return shown


def _alike(changes: Iterable[Changed]) -> list[list[Changed]]:
    """Changes in groups that are told in the same words."""
    groups: dict[str, list[Changed]] = {}
    for changed in changes:
        groups.setdefault(_how(changed), []).append(changed)
    return list(groups.values())


def _how(changed: Changed) -> str:
    reason = f" ({sentence(changed.rule.reason)})" if changed.now in ("blocked", "skip") else ""
    return f"{changed.before or 'unknown'} -> {changed.now or 'unknown'}{reason}"


def _changed(alike: Sequence[Changed]) -> list[str]:
    ids = [changed.rule.id for changed in alike]
    if len(ids) == 1:
        return [f"  {typed(ids[0])}: {_how(alike[0])}"]
    return [f"  {counted(len(ids), 'requirement')}: {_how(alike[0])}", f"    {few(ids, typed)}"]


def _name(name: str) -> list[str]:
    return [f"  {typed(name)}"]
