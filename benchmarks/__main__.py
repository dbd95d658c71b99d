"""`python -m benchmarks`: servers under one load, loads on one server, and the suite; medians of rounds, as ratios."""

from __future__ import annotations

import argparse
import datetime
import functools
import importlib.util
import json
import os
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tabulate import tabulate

from benchmarks import plain, standard
from conformance.cs4410.kind import KIND
from conformance.harness.server import launch

PROJECT = Path(__file__).parent.parent
TIME_LIMIT = 2.0
"""Seconds, of the servers that take one: a run of multiclient lasts as long and three seconds more."""
MESSAGES = 10_000
"""Messages that smtp-source sends in a round."""

Measure = Callable[[], Sequence[float]]
"""Takes figures in one or more units."""


def servers() -> dict[str, str]:
    """The command lines of the servers that are installed; what is not is said."""
    folder = Path(__file__).parent
    found = {"reference server": launch.reference_command(KIND)}
    for name, module, script in (
        ("smtpd (standard library)", "smtpd", "stdlib_server.py"),
        ("aiosmtpd", "aiosmtpd", "aiosmtpd_server.py"),
    ):
        if importlib.util.find_spec(module):
            found[name] = f"{shlex.quote(sys.executable)} {shlex.quote(str(folder / script))} {{port}}"
        else:
            print(f"left out: {name} is not installed")
    return found


def under_plain_load(command: str, seconds: float) -> Sequence[float]:
    """Commands a second that a server answers."""
    server = launch.Process(KIND, command, TIME_LIMIT)
    try:
        return (plain.commands_per_second((launch.HOST, server.port), seconds),)
    finally:
        server.stop()


def by_multiclient(errors: float) -> Sequence[float]:
    """Checked operations a second of multiclient against the reference server."""
    with tempfile.TemporaryDirectory() as folder:
        figures = Path(folder) / "figures.json"
        words = [sys.executable, str(PROJECT / "multiclient.py"), "--launch", launch.reference_command(KIND)]
        words += ["--time-limit", f"{TIME_LIMIT:g}", "--duration", f"{TIME_LIMIT + 3:g}", "--errors", f"{errors:g}"]
        subprocess.run([*words, "--json", str(figures)], stdout=subprocess.DEVNULL, check=True)
        return (json.loads(figures.read_text())["operations_per_second"],)


def by_smtp_source(program: str) -> Sequence[float]:
    """Commands a second of Postfix's smtp-source against the reference server: four a message."""
    server = launch.Process(KIND, launch.reference_command(KIND), 10.0)
    try:
        began = time.monotonic()
        subprocess.run(
            [program, "-s", "32", "-m", str(MESSAGES), "-d", f"{launch.HOST}:{server.port}"],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        return (4 * MESSAGES / (time.monotonic() - began),)
    finally:
        server.stop()


def loads(seconds: float) -> dict[str, Measure]:
    """The ways to load the reference server; what is not installed is said and left out."""
    found: dict[str, Measure] = {}
    program = shutil.which("smtp-source", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if program:
        found["smtp-source -s 32 -d, unchecked"] = lambda: by_smtp_source(program)
    else:
        print("left out: smtp-source (Postfix) is not installed")
    found["plain load, only counted"] = lambda: under_plain_load(launch.reference_command(KIND), seconds)
    found["multiclient, checked"] = lambda: by_multiclient(0.2)
    found["multiclient --errors 0, checked"] = lambda: by_multiclient(0.0)
    return found


def medians(measures: Mapping[str, Measure], rounds: int) -> dict[str, list[float]]:
    """Measure in turn, round after round, so that a busy moment hits all alike; the medians of each."""
    values: dict[str, list[Sequence[float]]] = {name: [] for name in measures}
    for number in range(rounds):
        for name, measure in measures.items():
            try:
                values[name].append(measure())
            except (plain.Failed, subprocess.CalledProcessError, launch.Unreachable) as error:
                print(f"round {number + 1}: {name}: {str(error).splitlines()[0]}")
    return {name: [statistics.median(one) for one in zip(*some, strict=True)] for name, some in values.items() if some}


def show(title: str, units: Sequence[str], values: Mapping[str, Sequence[float]]) -> None:
    """Print values in some units, each beside the first one."""
    first = next(iter(values.values()), ())
    lines = [
        [name, *(cell for one, of in zip(some, first, strict=True) for cell in (f"{one:,.0f}", f"{one / of:.2f}"))]
        for name, some in values.items()
    ]
    heads = ["", *(head for unit in units for head in (unit, "ratio"))]
    print(f"\n{title}\n")
    print(tabulate(lines, heads, tablefmt="github", colalign=("left", *["right"] * (len(heads) - 1)),
                   disable_numparse=True))  # fmt: skip


def suite() -> None:
    """Run the whole suite on the reference server, and print its time beside its longest case's."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, "-m", "conformance", "-q", "--report", folder],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, cwd=folder,
        )  # fmt: skip
        (file,) = Path(folder).rglob("results.json")
        results = json.loads(file.read_text())
    longest = max(results["cases"], key=lambda case: float(case["seconds"]))
    print("\nThe suite on the reference server\n")
    lines = [
        ["its longest case", f"{longest['seconds']:.1f}", "1.00"],
        [f"all {len(results['cases'])} cases", f"{results['seconds']:.1f}",
         f"{results['seconds'] / longest['seconds']:.2f}"],
    ]  # fmt: skip
    print(tabulate(lines, ["", "seconds", "ratio"], tablefmt="github", disable_numparse=True))


def by_the_standard(rounds: int, seconds: float) -> None:
    """Measure servers with a Maildir, by how many connections they have, and loads on each, and print it."""
    commands = standard.servers()
    for count in standard.CROWDS:
        crowd = {name: functools.partial(standard.growth, one, count, seconds) for name, one in commands.items()}
        title = f"Servers of the standard under plain load of {count} connection{'s' * (count > 1)}"
        show(title, ("commands/s",), medians(crowd, rounds))
    ways = standard.loads()
    for name, command in (commands | standard.mailers()).items():
        mail = {of: functools.partial(standard.measure, load, command) for of, load in ways.items()}
        show(f"Mail by the standard to {name}", ("messages/s", "commands/s"), medians(mail, rounds))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="how many (%(default)s)")
    parser.add_argument("--seconds", type=float, default=3.0, help="of plain load in each (%(default)s)")
    parser.add_argument("--no-suite", action="store_true", help="leave out the suite's run")
    given = parser.parse_args()
    if given.rounds < 1 or given.seconds <= 0:
        parser.error("--rounds and --seconds: give more than nothing")
    today = datetime.datetime.now(datetime.UTC).date()
    python = ".".join(map(str, sys.version_info[:2]))
    print(f"{today}, {os.cpu_count()} cores, Python {python}, medians of {given.rounds} rounds")
    commands = servers()
    measures: dict[str, Measure] = {
        name: functools.partial(under_plain_load, command, given.seconds) for name, command in commands.items()
    }
    show("Servers under the same plain load", ("commands/s",), medians(measures, given.rounds))
    show("Loads on the reference server", ("commands/s",), medians(loads(given.seconds), given.rounds))
    by_the_standard(given.rounds, given.seconds)
    if not given.no_suite:
        suite()


if __name__ == "__main__":
    main()
