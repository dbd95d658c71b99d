"""What a profile brings to the command line of the load: its options, and what follows from them."""

from __future__ import annotations

import argparse
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

from conformance.harness.server.kind import Kind
from conformance.harness.server.launch import Process
from conformance.history import Acknowledged
from conformance.load.options import Options
from conformance.load.profile import Profile, Store
from conformance.load.spool import Spool


@dataclass(frozen=True)
class Prepared:
    """What a run is made with.

    Attributes:
        profile: what it is about.
        spool: where acknowledged messages are written down, if the run has to do that.
        store: where they are looked up, and what has to be there; None where nobody can.
        secrets: what no transcript may have.
    """

    profile: Profile
    spool: Spool | None = None
    store: tuple[Store, Acknowledged] | None = None
    secrets: tuple[bytes, ...] = ()


class Front(ABC):
    """What a profile brings.

    Attributes:
        kind: of servers.
        title: of its options, for `--help`.
        most, least: connections.
    """

    kind: Kind
    title: str
    most: int
    least: int

    @abstractmethod
    def add(self, option: Callable[..., argparse.Action]) -> None:
        """Add its options; those that are not given are None."""

    @abstractmethod
    def options(self, given: argparse.Namespace, asked: Options) -> Options:
        """Check what is given, and complete what is asked for.

        Raises:
            UsageError: it cannot be; the message is one line.
        """

    @abstractmethod
    def command(self, given: argparse.Namespace) -> str | None:
        """The server that is started where none is named; None where one is looked for at the usual place."""

    @abstractmethod
    def prepare(self, given: argparse.Namespace, asked: Options, process: Process | None, file: IO[bytes]) -> Prepared:
        """What the run is made with.

        Args:
            given, asked: what is.
            process: the server, if it was started for the run.
            file: an empty one.
        """


def given_of(front: Front, given: argparse.Namespace) -> str:
    """The first option of a profile that is given; empty if none is."""
    found: list[str] = []
    parsed = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    front.add(parsed.add_argument)
    for name in vars(parsed.parse_args([])):
        if getattr(given, name) is not None:
            found.append(f"--{name.replace('_', '-')}")
    return found[0] if found else ""


def number(low: float, high: float, wanted: str, convert: Callable[[str], float] = float) -> Callable[[str], float]:
    """What reads a number from the command line.

    Args:
        low, high: its bounds.
        wanted: what it has to be, in words.
        convert: from text.
    """

    def parse(text: str) -> float:
        try:
            value = convert(text)
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is not {wanted}")
        return value

    return parse
