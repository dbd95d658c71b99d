"""The servers of a site: of each run what its pages show, and what is known of the server beside it."""

import re
import shlex
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reports import toml_input
from reports.checked import Checked
from reports.escape import typed
from reports.matrix import names
from reports.progress import Progress
from reports.reasons import Reason, Reasons
from reports.results import Case, Finding, Requirement, Results, ResultsError, load
from reports.summary import breach_of

LABEL = "server.toml"
"""Beside a results.json: what the server is called."""
_ADVICE = "it has the keys name, version and about, each a text that may be left out"
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST = 60


@dataclass(frozen=True)
class Label:
    """What a server is called, its version, and one sentence about it; empty is what nobody said."""

    name: str = ""
    version: str = ""
    about: str = ""


@dataclass(frozen=True)
class Shown:
    """What a server did about a requirement, and how it is shown.

    Attributes:
        rule: the requirement with the verdict of this run.
        case: the one that shows the verdict in the fewest lines, if any does.
        finding: of that case.
        others: the ids of further cases with that verdict.
        why: what a person found who looked.
        repeat: the command that has the same conversation with a server of the reader's.
    """

    rule: Requirement
    case: Case | None = None
    finding: Finding | None = None
    others: tuple[str, ...] = ()
    why: Reason | None = None
    repeat: str = ""


@dataclass(frozen=True)
class Server:
    """A server, and what its newest run found.

    Attributes:
        label: its name and version.
        file: its name as a part of an address.
        profile, suite, options: what it was judged by.
        started: the day, and what else the run says of its time.
        line: the verdict in one line.
        exit: the suite's exit status.
        remarks: of the run, for a reader.
        shown: by requirement.
    """

    label: Label
    file: str
    profile: str
    suite: str
    options: str
    started: str
    line: str
    exit: int
    remarks: tuple[str, ...]
    shown: Mapping[str, Shown]

    @property
    def rules(self) -> list[Requirement]:
        """The requirements of its run, in the ledger's order."""
        return [one.rule for one in self.shown.values()]

    @property
    def counts(self) -> Counter[str]:
        """How many requirements have which verdict."""
        return Counter(rule.verdict for rule in self.rules)

    @property
    def day(self) -> str:
        """When it was judged."""
        return self.started.partition("T")[0]

    def having(self, *verdicts: str) -> list[Shown]:
        """What has one of these verdicts, in the ledger's order."""
        return [one for one in self.shown.values() if one.rule.verdict in verdicts]


def read(runs: Sequence[Path], reasons: Reasons) -> list[Server]:
    """Read runs; of several runs of one version of a server the newest counts.

    Args:
        runs: each a results.json, or the folder that it is in.
        reasons: what a person found who looked, by the servers' names.

    Returns:
        The servers, by name.

    Raises:
        ResultsError: one cannot be read, or they are not all of one profile.
    """
    paths = [path / "results.json" if path.is_dir() else path for path in runs]
    newest: dict[tuple[str, str], Server] = {}
    taken = {"main"}  # pages have a place of that name
    with Progress(len(paths), "runs read") as progress:
        for name, path in zip(names(paths), paths, strict=True):
            label = _label(path, name)
            results = load(path)
            known = newest.get((label.name, label.version))
            if known is None or known.started < results.started:
                file = known.file if known else address(label.name, taken)
                newest[label.name, label.version] = reduced(label, file, results, reasons)
            progress.step()
    if len(profiles := {server.profile for server in newest.values()}) > 1:
        told = ", ".join(map(typed, sorted(profiles)))
        raise ResultsError(f"these runs are of several profiles ({told}); give those of one")
    return sorted(newest.values(), key=lambda server: server.label.name.casefold())


def address(name: str, taken: set[str]) -> str:
    """Make of a name a part of an address that is safe everywhere, and that no other has.

    Args:
        name: of a server or a requirement.
        taken: what was given out, in small letters; it is added to.
    """
    plain = _UNSAFE.sub("_", name).strip("._")[:_LONGEST] or "unnamed"
    numbered = (f"{plain}-{number}" for number in range(2, len(taken) + 3))
    free = plain if plain.lower() not in taken else next(one for one in numbered if one.lower() not in taken)
    taken.add(free.lower())
    return free


def _label(results: Path, name: str) -> Label:
    path = results.with_name(LABEL)
    if not path.is_file():
        return Label(name)

    def shape(document: dict[str, object]) -> Label:
        told = Checked(document)
        told.only("name", "version", "about")
        return Label(**{"name": name, **{key: told.text(key) for key in told}})

    return toml_input.read(path, "label", _ADVICE, shape)


def reduced(label: Label, file: str, results: Results, reasons: Reasons) -> Server:
    """Keep of a run what a site shows of it; many whole ones would not fit into everybody's memory.

    Args:
        label: what the server is called.
        file: its name as a part of an address.
        results: the run.
        reasons: what a person found who looked, by the servers' names.
    """
    judging: dict[str, list[Case]] = {}
    for case in results.cases:
        for id in case.requirements:
            judging.setdefault(id, []).append(case)
    shown = {}
    for rule in results.requirements:
        breach = breach_of(results, rule)
        shows = breach.case or (_keeping(judging.get(rule.id, ()), rule) if rule.verdict == "pass" else None)
        why = reasons.get((label.name, rule.id)) if rule.verdict in ("fail", "warn") else None
        repeat = _repeat(results, shows) if shows else ""
        shown[rule.id] = Shown(rule, shows, breach.finding, breach.others, why, repeat)
    options = [f"{name} {value}" for name, value in results.facts.items()]
    options += [f"seed {results.seed}", *(["quick"] if results.quick else [])]
    return Server(
        label=label,
        file=file,
        profile=results.profile,
        suite=results.suite,
        options=", ".join(options),
        started=results.started,
        line=results.outcome.line,
        exit=results.outcome.exit,
        remarks=results.outcome.notes,
        shown=shown,
    )


def _keeping(cases: Iterable[Case], rule: Requirement) -> Case | None:
    """Of the cases that passed the one that is about this rule before all, and the shortest."""
    passed = [case for case in cases if case.verdict == "pass" and case.transcript]
    return min(passed, key=lambda case: (case.requirements[0] != rule.id, len(case.transcript)), default=None)


def _repeat(results: Results, case: Case) -> str:
    # The run's own command names places on the machine that it was made on.
    words = ["python", "-m", "conformance", "--profile", results.profile, "--target", "HOST:PORT"]
    return shlex.join([*words, "--seed", results.seed, case.id])
