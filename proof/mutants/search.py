"""`python -m proof.mutants.search`: how surely random conversations find each deep fault, and how small they get it."""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from pathlib import Path

from tabulate import tabulate

from conformance.cs4410 import dialect, ledger
from conformance.cs4410.kind import KIND
from conformance.cs4410.search import run as search
from conformance.cs4410.search import strategies
from conformance.cs4410.search.conversation import Pick, Step
from conformance.cs4410.search.player import Player
from conformance.harness.server.target import Launched
from conformance.harness.wire.connection import Manners
from conformance.search.budget import EXAMPLES, Budget
from conformance.search.hunt import Hunt
from proof.mutants import deep, run
from proof.mutants.patch import Mutant, build
from tests.harness import plain

SEEDS = 10
FOUND_IN = 0.9
"""Of the seeds, how many have to find a fault."""
STEPS = 6
"""To how many steps each is to be shrunk; a whole plain message is one."""
LIMIT = 5.0
"""Seconds: the servers' time limit, but where clients are timed out."""


@dataclass
class Row:
    """What came of one mutant.

    Attributes:
        held: for each seed that found it, after how many conversations.
        steps: to how many steps it was shrunk; None where shrinking did not come to its end.
        blamed: the requirements, each once.
        times: how often the shrunk one failed of three times, at the least.
        seconds: what the search and shrinking took.
    """

    mutant: Mutant
    seeds: int
    held: list[int] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    blamed: dict[str, None] = field(default_factory=dict)
    times: int = 3
    seconds: list[float] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether it was found often enough and shrunk far enough."""
        small = sum(steps <= STEPS for steps in self.steps)
        return small >= FOUND_IN * self.seeds and self.times > 1

    def cells(self) -> list[object]:
        """The row of the table."""
        found = f"{len(self.held)} of {self.seeds}"
        if not self.held:
            return [self.mutant.name, found, "", "", "", ""]
        median = statistics.median
        return [
            self.mutant.name,
            found,
            round(median(self.held)),
            f"{round(median(self.steps))}, at most {max(self.steps)}",
            f"{median(self.seconds):.0f}",
            " ".join(self.blamed),
        ]


def search_for(mutant: Mutant, folder: Path, seed: int) -> tuple[Hunt[Pick, Step], float]:
    """Search once as a run does by default, to the first fault.

    Args:
        mutant: the fault.
        folder: where its server is built.
        seed: of the search.
    """
    timed = mutant.main.startswith("time.")
    limit = search.SHORT_LIMIT if timed else LIMIT
    options = replace(plain.PLAIN, time_limit=limit, seed=seed)
    server = Launched(KIND, run.launched(folder)[1], limit, Manners())
    began = time.monotonic()
    try:
        player = Player(server, options, dialect.load("cs4410-2016"), ledger.load(), "search", alone=True)
        examples = EXAMPLES // search.TIMED_SHARE if timed else EXAMPLES
        hunt = Hunt(player, Budget(examples, causes=1), limit)
        hunt.run(strategies.timed_conversations() if timed else strategies.conversations(), f"{seed}/search")
    finally:
        server.stop()
    return hunt, time.monotonic() - began


def measure(mutants: Sequence[Mutant], seeds: int, jobs: int) -> Iterator[Row]:
    """Search for each mutant with each seed, several at a time; yields the rows as they are complete."""
    with tempfile.TemporaryDirectory(prefix="deep-") as folder, ThreadPoolExecutor(jobs) as threads:
        homes = {mutant.name: build(mutant, Path(folder)) for mutant in mutants}
        rows = {mutant.name: Row(mutant, seeds) for mutant in mutants}
        tasks = {
            threads.submit(search_for, mutant, homes[mutant.name], seed): mutant.name
            for mutant in mutants
            for seed in range(seeds)
        }
        left = {mutant.name: seeds for mutant in mutants}
        for task in as_completed(tasks):
            name = tasks[task]
            _add(rows[name], *task.result())
            left[name] -= 1
            if not left[name]:
                yield rows[name]


def _add(row: Row, hunt: Hunt[Pick, Step], seconds: float) -> None:
    if not hunt.found:
        return
    found = hunt.found[0]
    row.held.append(hunt.played)
    row.steps.append(len(found.conversation))
    row.blamed[found.cause.requirement] = None
    row.times = min(row.times, found.times)
    row.seconds.append(seconds)


def main(words: Sequence[str] | None = None) -> int:
    """Measure and print the table; returns 1 if a fault was not found or not shrunk as it should be."""
    parser = argparse.ArgumentParser(
        prog="python -m proof.mutants.search",
        description="Searches for deep faults of the reference server with random conversations, as a run of the suite "
        f"does by default: each is to be found with nine of ten seeds and shrunk to {STEPS} steps.",
    )
    parser.add_argument("mutants", nargs="*", metavar="NAME", help="faults (default: all)")
    parser.add_argument("--seeds", type=int, default=SEEDS, metavar="N", help="searches for each (%(default)s)")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="searches at a time (%(default)s)")
    options = parser.parse_args(words)
    if unknown := set(options.mutants) - {mutant.name for mutant in deep.MUTANTS}:
        parser.error(f"no fault named {min(unknown)}")
    mutants = [mutant for mutant in deep.MUTANTS if not options.mutants or mutant.name in options.mutants]
    rows = []
    for row in measure(mutants, options.seeds, options.jobs):
        rows.append(row)
        if sys.stderr.isatty():
            print(f"{len(rows)} of {len(mutants)}: {row.mutant.name}", file=sys.stderr)
    rows.sort(key=lambda row: mutants.index(row.mutant))
    heads = ["fault", "found", "after", "steps", "seconds", "blamed"]
    print(tabulate([row.cells() for row in rows], heads, tablefmt="github"))
    bad = [row.mutant.name for row in rows if not row.good]
    print("\n" + (f"not as it should be: {', '.join(bad)}" if bad else f"all {len(rows)} found and shrunk"))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
