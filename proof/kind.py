"""What a kind of servers brings: which there are, how one is tried, what is wrong with what came out, and its table."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from proof import tables
from proof.run import SEED, Run
from proof.servers.edit import Buildable

S = TypeVar("S", bound=Buildable)
R = TypeVar("R", bound=Run)


class Trial(NamedTuple):
    """One run of many on a server.

    Attributes:
        round: counted from 1.
        seed: of the suite.
        way: how the suite meets the server, of a kind that has several ways; empty otherwise.
    """

    round: int
    seed: int
    way: str = ""

    def __str__(self) -> str:
        return f"{self.way}-{self.round}" if self.way else f"round-{self.round}"


@dataclass(frozen=True)
class Row(Generic[S, R]):
    """A server, and what came of its trials."""

    server: S
    runs: Mapping[Trial, R]


class Kind(ABC, Generic[S, R]):
    """A kind of servers.

    Attributes:
        name: on the command line.
        about: what is tried, and what has to come out.
        section_names: what `sections` has.
        introduction: the page's first lines.
        heads: of the table's columns.
        form: what is kept of a run.
        ways: in which each server is met.
        rounds: how often, unless asked for otherwise.
        verdicts: the suite's exit statuses with which a run has its result.
    """

    name: str
    about: str
    section_names: Sequence[str]
    introduction: str
    heads: Sequence[str]
    form: type[R]
    ways: Sequence[str] = ("",)
    rounds = 1
    verdicts = frozenset({0, 1})

    @abstractmethod
    def sections(self) -> Mapping[str, Sequence[S]]:
        """All servers, by section."""

    @abstractmethod
    def run(self, server: S, home: Path, results: Path, trial: Trial) -> R:
        """Try a server once.

        Args:
            server: the server.
            home: where it was built.
            results: the folder for what the run writes; what stood there is replaced.
            trial: which trial of it this is.
        """

    def label(self, server: S, folder: Path, run: R) -> None:
        """Say in the folder of a run what its server is, for whoever reads the results; of a kept run as well."""
        return

    @abstractmethod
    def wrong(self, server: S, trial: Trial, run: R) -> list[str]:
        """What should not have come out of one run, in words."""

    @abstractmethod
    def cells(self, row: Row[S, R]) -> Sequence[str]:
        """What the table shows of a server."""

    @abstractmethod
    def summary(self, rows: Sequence[Row[S, R]]) -> str:
        """What came out, in one sentence."""

    def always(self) -> Sequence[S]:
        """Servers that are tried beside all that are chosen."""
        return ()

    def usual(self, results: Path) -> Sequence[str]:
        """Names of the servers that are meant where none is named; nothing for all.

        Args:
            results: the directory of the kind's results.

        Raises:
            ChoiceError: at least one has to be named.
        """
        return ()

    def unfit(self, folder: Path) -> str:
        """Why nothing can be judged here, in one line; empty if all can. The folder is for what it takes to know."""
        return ""

    def options(self, server: S) -> Sequence[str]:
        """Options of the suite that belong to the server."""
        return ()

    def seed(self, server: S, round: int) -> int:
        """The suite's seed for one round."""
        return SEED + round - 1

    def alone(self, server: S) -> bool:
        """Whether it is tried beside no other."""
        return False

    def slowness(self, server: S) -> int:
        """Those with more of it are tried first, or all else would have ended long before them."""
        return 0

    def faults(self, row: Row[S, R]) -> list[str]:
        """What should not have come out of any of a server's runs, in words."""
        many = len(row.runs) > 1
        found = [(trial, fault) for trial, run in row.runs.items() for fault in self.wrong(row.server, trial, run)]
        return [f"{trial}: {fault}" if many else fault for trial, fault in found]

    def below(self, rows: Sequence[Row[S, R]]) -> list[str]:
        """Lines of the page below the table."""
        return []

    def page(self, rows: Sequence[Row[S, R]]) -> str:
        """The table as a page of the documentation."""
        lines = [self.introduction, self.summary(rows), "", *tables.markdown(self.heads, map(self.cells, rows))]
        if faults := [f"- {row.server.name}: {fault}" for row in rows for fault in self.faults(row)]:
            lines += ["", "## Not as it should be", "", *faults]
        return "\n".join([*lines, *self.below(rows)]) + "\n"
