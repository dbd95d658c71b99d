"""32 connections at once against an SMTP server: random, often wrong on purpose, and every reply checked.

`python multiclient.py` connects to 127.0.0.1:8765 and runs for a minute, by the assignment; with `--profile rfc5321` it
speaks to any mail server. `--help` tells the rest. Exit status: 0 all right, 1 something was wrong, 2 interrupted, 4 a
mistake on the command line, 6 not reachable, or no mail was taken.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import random
import shlex
import signal
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, NoReturn

try:
    from conformance.cs4410.load.front import Front as Assignment
    from conformance.harness.server import complaints, elsewhere, launch
    from conformance.harness.settings import UsageError, parse_address, resolve
    from conformance.load import closing, pace, plot, stored, table
    from conformance.load.crew import crew
    from conformance.load.engine import Engine
    from conformance.load.findings import shown
    from conformance.load.front import Front, given_of, number
    from conformance.load.options import Options
    from conformance.load.run import Run
    from conformance.rfc5321.load.front import Front as Standard
except ModuleNotFoundError as missing:
    print(
        f"multiclient: {missing.name} is not installed for {sys.executable}: install this project with its pip",
        file=sys.stderr,
    )
    sys.exit(4)

RIGHT, WRONG, INTERRUPTED, USAGE, UNREACHABLE = 0, 1, 2, 4, 6
CONNECTIONS = 32
MOMENT = 0.01
"""Seconds in which a server that still runs is seen to."""
FRONTS: dict[str, Front] = {"cs4410": Assignment(), "rfc5321": Standard()}
EXAMPLES = """\
examples:
  multiclient.py                                  the assignment, 127.0.0.1:8765
  multiclient.py localhost 8765 --seed 7          the same conversations again
  multiclient.py --launch "python3 server.py -p {port}" --json figures.json
  multiclient.py --profile rfc5321                the reference server, a minute
  multiclient.py --profile rfc5321 localhost 25 --recipient you@example.org \\
      --store maildir:/home/you/Maildir --connections 100 --errors 0.05
when to take it:
  It judges a server under the load that one process makes, time-outs and how
  many are served at once too. `python -m conformance.locustfile`, which is
  Locust (pip install 'smtp-conformance[locust]'), has the same conversations
  by either profile, for more clients, on one machine or several.
exit status:
  0 all right, 1 something was wrong, 2 interrupted, 4 a mistake here,
  6 not reachable, or no mail was taken
"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(USAGE, f"multiclient: {message}; see --help\n")


class _Help(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=27, width=80)


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = _Parser(
        prog="multiclient.py",
        description=textwrap.fill((__doc__ or "").split("\n")[0], 80),
        epilog=EXAMPLES,
        formatter_class=_Help,
        usage="%(prog)s [--profile NAME] [HOST [PORT]] [OPTION ...]",
        allow_abbrev=False,
    )
    add = made.add_argument
    add("host", nargs="?", metavar="HOST", help="where the server is (127.0.0.1; rfc5321: our own is started)")
    add("port", nargs="?", metavar="PORT", help="and its port (8765; rfc5321: 25)")
    add(
        "--profile",
        choices=list(FRONTS),
        default="cs4410",
        metavar="NAME",
        help="what it is judged by: cs4410 (the default) or rfc5321",
    )
    add("--target", metavar="HOST:PORT", help="the same in one word")
    add("--launch", metavar="COMMAND", help="start this server, with {port} and {time_limit}, and end it afterwards")
    most = max(front.most for front in FRONTS.values())
    count = number(1, most, f"a number of connections, 1 to {most}", int)
    add("--connections", type=count, default=CONNECTIONS, metavar="N", help="how many at once (%(default)s)")
    seconds = number(0.1, 1e7, "a number of seconds")
    add(
        "--duration",
        type=seconds,
        default=60.0,
        metavar="SECONDS",
        help="cs4410: at least the time limit and 3 s (60)",
    )
    add("--operations", type=number(1, 1e15, "a number, 1 or more", int), metavar="N", help="end after so many")
    add("--seed", type=number(0, 2**63, "a number, 0 or more", int), metavar="N", help="for the same conversations")
    share = number(0, 1, "a share, 0 to 1")
    add("--errors", type=share, default=0.2, metavar="RATE", help="share of deliberate errors (%(default)s)")
    add("--json", type=Path, metavar="FILE", help="write the figures there")
    add("--html", type=Path, metavar="FILE", help="write the page of the run there")
    add("--plot", type=Path, metavar="FILE", help="draw them into this .svg or .png; needs matplotlib")
    add("--think", type=number(0, 3600, "a number of seconds"), default=0.0, metavar="SECONDS",
        help="pause between commands, for long soaks (0)")  # fmt: skip
    rates = number(0.1, 1e6, "a number of operations a second, 0.1 to 1000000")
    add("--rate", type=rates, metavar="N",
        help="operations a second in all, due by time whatever the server does; times count from then")  # fmt: skip
    add(
        "--arrivals",
        choices=pace.ARRIVALS,
        default=pace.EVEN,
        help="how those of --rate follow each other (%(default)s)",
    )
    for front in FRONTS.values():
        front.add(made.add_argument_group(front.title).add_argument)
    return made


def options(given: argparse.Namespace) -> Options:
    """What is asked for, checked but for the server.

    Raises:
        UsageError: it cannot be; the message is one line.
    """
    front = FRONTS[given.profile]
    named = [name for name, value in (("HOST", given.host), ("--target", given.target), ("--launch", given.launch))
             if value is not None]  # fmt: skip
    if len(named) > 1:
        raise UsageError(f"{' and '.join(named)}: give one of them")
    for name, other in FRONTS.items():
        if name != given.profile and (option := given_of(other, given)):
            raise UsageError(f"{option} is of --profile {name}")
    if not front.least <= given.connections <= front.most:
        raise UsageError(f"--connections {given.connections:g}: {front.least} to {front.most} by this profile")
    if given.rate is not None and given.think:
        raise UsageError("--rate and --think: give one of them")
    for name in ("json", "html", "plot"):
        if (path := getattr(given, name)) is not None and (why := _unwritable(path.resolve())):
            raise UsageError(f"--{name} {path}: {why}")
    if given.plot is not None:
        plot.check(given.plot)
    address = given.target or _joined(given.host or launch.HOST, given.port or str(front.kind.port))
    launched = given.launch is not None or (not named and front.command(given) is not None)
    asked = front.options(given, Options(
        (launch.HOST, 0) if launched else resolve(*parse_address(address)),
        int(given.connections), given.duration, given.operations and int(given.operations),
        random.SystemRandom().randrange(10**6) if given.seed is None else int(given.seed),
        given.errors, think=given.think, rate=given.rate, arrivals=given.arrivals, launched=launched,
    ))  # fmt: skip
    slowest = 2 * asked.talkers / asked.time_limit
    if given.rate is not None and given.rate < slowest:
        raise UsageError(
            f"--rate {given.rate:g}: at least {slowest:g} with {asked.connections} connections, or they are timed out"
        )
    return asked


def _joined(host: str, port: str) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _unwritable(path: Path) -> str:
    """Why a file cannot be written, as far as can be known before."""
    if not path.parent.is_dir():
        return "no such directory"
    if path.is_dir():
        return "this is a directory"
    return "" if os.access(path if path.exists() else path.parent, os.W_OK) else "may not be written"


class Progress:
    """One line on the terminal that says how far the run is."""

    def __init__(self) -> None:
        self.run: Run | None = None
        self._shown = sys.stderr.isatty()
        self._before = 0

    def __call__(self, passed: float) -> None:
        """Show it; `passed` in seconds."""
        if not self._shown or self.run is None:
            return
        done = self.run.tally.operations
        text = f"{passed:6.0f} s {done:10d} operations {done - self._before:7d}/s {self.run.findings.total:6d} wrong"
        self._before = done
        print(f"\r{text}", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Take the line away."""
        if self._shown:
            print("\r" + " " * 60 + "\r", end="", file=sys.stderr, flush=True)


def main() -> int:
    """Run as the command line says; returns the exit status."""
    given = parser().parse_args()
    front = FRONTS[given.profile]
    process: launch.Process | None = None
    try:
        asked = options(given)
        if asked.launched:
            process = launch.Process(front.kind, given.launch or front.command(given) or "", asked.time_limit)
            process.expect_foreground()
            asked = replace(asked, address=(launch.HOST, process.port))
    except (UsageError, plot.NoPlot) as error:
        print(f"multiclient: {shown(str(error))}", file=sys.stderr)
        return USAGE
    except launch.Unreachable as error:
        if process:
            process.stop()
        print(f"multiclient: {error}", file=sys.stderr)
        return UNREACHABLE
    try:
        with tempfile.TemporaryFile(prefix="multiclient-") as file:
            return _run(given, asked, process, file)
    finally:
        if process:
            process.stop()


def _run(given: argparse.Namespace, asked: Options, process: launch.Process | None, file: IO[bytes]) -> int:
    prepared = FRONTS[given.profile].prepare(given, asked, process, file)
    progress = Progress()
    run = progress.run = Run(asked, prepared.profile, prepared.spool)
    run.findings.secrets = prepared.secrets
    for signalled in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signalled, lambda *_: _interrupt(run))
    Engine(run, crew(run), lambda: _how_ended(process), progress).run_until(asked.duration)
    progress.clear()
    # Connections are refused a moment before it can be told why.
    if process and process.ends(MOMENT) and process.in_background:
        print(f"multiclient: {process.end}", file=sys.stderr)
        return UNREACHABLE
    if run.gate.refused and not run.gate.most_greeted:
        host, port = asked.address
        where = elsewhere.instead(host, port)
        hint = f": it does listen on {where}" if where else ""
        print(f"multiclient: no connection to {_joined(host, str(port))}: {run.gate.refused}{hint}", file=sys.stderr)
        return UNREACHABLE
    outcome = None
    if prepared.store and not run.interrupted:
        outcome = stored.judge(*prepared.store, run)
    closing.judge(run, outcome)
    _tell(given, run, outcome, complaints.remarks(process.complaints.take()) if process else [])
    if run.interrupted or run.findings.total:
        return INTERRUPTED if run.interrupted else WRONG
    return RIGHT if run.acknowledged or run.profile.numbered else UNREACHABLE


def _how_ended(process: launch.Process | None) -> str:
    return "" if process is None or process.status is None else process.end


def _interrupt(run: Run) -> None:
    run.interrupted = True
    for signalled in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signalled, signal.SIG_DFL)  # an impatient second one ends it at once


def _tell(given: argparse.Namespace, run: Run, outcome: stored.Outcome | None, printed: Sequence[str]) -> None:
    """Print the table, the findings and the verdict, and write the files that were asked for."""
    wrong = run.findings.total
    print(table.table(run), "", sep="\n")
    for line in (*table.facts(run, outcome), *printed, "", *table.findings(run)):
        print(line)
    colour = "" if "NO_COLOR" in os.environ or not sys.stdout.isatty() else "31" if wrong else "32"
    verdict = table.verdict(run)
    print(f"\x1b[{colour}m{verdict}\x1b[0m" if colour else verdict, flush=True)
    try:
        document = _document(given, run, outcome, printed) if given.json or given.html else {}
        if given.json:
            given.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        if given.html:
            _page(document, given.html)
        if given.plot:
            plot.draw(run.tally.moments, given.plot)
    except OSError as error:
        print(f"multiclient: {error.filename}: {error.strerror}", file=sys.stderr)


def _document(
    given: argparse.Namespace, run: Run, outcome: stored.Outcome | None, printed: Sequence[str]
) -> dict[str, Any]:
    host, port = run.options.address
    seed = ["--seed", str(run.options.seed)] if given.seed is None else []
    return {
        **table.document(run, outcome),
        "target": _joined(host, str(port)),
        "command": shlex.join(["python", "multiclient.py", *sys.argv[1:], *seed]),
        "ended": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "remarks": list(printed),
    }


def _page(document: dict[str, Any], path: Path) -> None:
    """Write the page, as anyone could from the figures; a program of its own, for it takes what a run does not need."""
    command = [sys.executable, "-m", "reports", "load", "/dev/stdin", "-o", str(path.resolve())]
    paths = (str(Path(__file__).resolve().parent), os.environ.get("PYTHONPATH", ""))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    done = subprocess.run(command, input=json.dumps(document), env=environment, capture_output=True, text=True)
    if done.returncode:
        print(f"multiclient: no page: {done.stderr.strip()}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
