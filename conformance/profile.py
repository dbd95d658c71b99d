"""The seam between the engine and a protocol: what a profile brings, and how it is found by its name."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from typing import Any, Protocol

from conformance.harness.client.scene import Scene
from conformance.harness.server.kind import Kind, Store
from conformance.harness.server.look import Look
from conformance.harness.settings import Settings, UsageError
from conformance.harness.verdict.ledger import Ledger

GROUP = "smtp_conformance.profiles"
"""The entry points by which profiles of other packages are found: each names an object that is a `Profile`."""
DEFAULT = "cs4410"
OWN = tuple(metadata.EntryPoint(name, f"conformance.{name}.profile:PROFILE", GROUP) for name in (DEFAULT, "rfc5321"))
"""The profiles of the suite itself, which is used without being installed as well."""


@dataclass(frozen=True)
class Option:
    """An option of the command line that is a profile's own.

    Attributes:
        name: without its hyphens, words joined by underscores.
        default: what it is when it is not given; a value of another kind is read from the command line as that kind.
            With False it is a switch, and with an empty tuple it may be given several times.
        help: for `--help`.
        metavar: what `--help` calls its value.
        choices: the values that it may have, if they are few.
        of_server: whether it belongs to this machine's server, and so to none that is shown in its place.
    """

    name: str
    default: Any
    help: str
    metavar: str | None = None
    choices: Sequence[str] | None = None
    of_server: bool = False

    @property
    def flag(self) -> str:
        """As it is written on the command line."""
        return f"--{self.name.replace('_', '-')}"


class Run(Protocol):
    """What a case is given."""

    @property
    def hung_up_on(self) -> bool:
        """Whether the server has ended the connection of any of its clients."""

    def close(self) -> None:
        """Close what is open."""


class Profile(ABC):
    """A protocol to judge by: its ledger, its words, its servers, its cases.

    Attributes:
        name: as `--profile` takes it.
        package: of its cases, `test_*.py`; their ids begin with its last part.
        options: its own options; their values are in `Settings.own`.
        kind: its servers.
        time_limit: seconds: the time limit of its servers if `--time-limit` says nothing else.
    """

    name: str
    package: str
    kind: Kind
    time_limit: float
    options: Sequence[Option] = ()

    def usual(self) -> Mapping[str, Any]:
        """What its options are when none is given."""
        return {option.name: option.default for option in self.options}

    @abstractmethod
    def check(self, settings: Settings) -> None:
        """Refuse what cannot be of its options.

        Raises:
            UsageError: an option has no sense, or the target may not be tested without another one.
        """

    def by_one_process(self, settings: Settings) -> bool:
        """Whether only one process is to talk to the server, for manners' sake."""
        return False

    def seconds_a_case(self, settings: Settings) -> float:
        """What manners cost beyond what the server takes, in seconds a case."""
        return 0.0

    @abstractmethod
    def ledger(self, own: Mapping[str, Any]) -> Ledger:
        """The requirements."""

    def facts(self, own: Mapping[str, Any]) -> Mapping[str, str]:
        """Which edition it is that is judged by: words that reports show and compare, by name."""
        return {}

    def directory(self, own: Mapping[str, Any]) -> str | None:
        """Where the server keeps its mail, as the user says; None if nothing is said."""
        return None

    def mail(self, settings: Settings) -> Store | None:
        """Where delivered mail is read if the user names such a place; then it is looked for nowhere else."""
        return None

    @abstractmethod
    def look(self, look: Look) -> None:
        """Hold the conversation of the first look: greeted, answered, and a message delivered that bears the mark.

        Raises:
            WireError: the server does not go along.
            UsageError: the server is none that can be judged by this profile, and which one may judge it.
        """

    @abstractmethod
    def case(self, scene: Scene) -> Run:
        """What a case has in hand; nothing is judged in making it, for the case has not begun yet."""


@cache
def names() -> Mapping[str, metadata.EntryPoint]:
    """All profiles: those of the suite, and those that other packages bring."""
    return {point.name: point for point in (*OWN, *metadata.entry_points(group=GROUP))}


@cache
def find(name: str) -> Profile:
    """The profile of a name.

    Raises:
        UsageError: there is none, or it cannot be imported.
    """
    if name not in names():
        raise UsageError(f"--profile {name}: no such profile; there are {', '.join(sorted(names()))}")
    try:
        profile: Profile = names()[name].load()
    except Exception as error:
        raise UsageError(f"--profile {name}: cannot be imported: {type(error).__name__}: {error}") from error
    return profile
