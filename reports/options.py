"""The command line of `python -m reports`: what each command takes, and the help that teaches it."""

import argparse
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from reports import class_options
from reports.escape import sentence
from reports.grading import RULE

USAGE = 4
STATUS = "Exit status: 0 when the report could be written, whatever its verdict; 4 when it could not."


def complain(message: str) -> int:
    """Print one line on standard error, and give the exit status that goes with it."""
    print(f"reports: {message}", file=sys.stderr)
    return USAGE


class Parser(argparse.ArgumentParser):
    """A parser that complains in one line, with the suite's status for a wrong command line."""

    def error(self, message: str) -> NoReturn:
        """End with one line and the way to the help."""
        raise SystemExit(complain(f"{sentence(message)}; `{self.prog} --help` explains"))


def parser() -> argparse.ArgumentParser:
    """Give the parser; the name of the command that was asked for is in `command`."""
    whole = Parser(
        prog="python -m reports", description="Show what the results.json of conformance runs say.", epilog=STATUS
    )
    commands = whole.add_subparsers(required=True, dest="command", metavar="COMMAND", title="commands")
    _show(commands)
    _markdown(commands)
    _html(commands)
    _matrix(commands)
    _site(commands)
    _diff(commands)
    _issue(commands)
    _sarif(commands)
    _tap(commands)
    _badge(commands)
    _gradescope(commands)
    _gradescope_zip(commands)
    _load(commands)
    class_options.add(commands)
    return whole


_Commands = argparse._SubParsersAction


def _show(commands: "_Commands[Parser]") -> None:
    show = commands.add_parser(
        "show",
        help="print the report to the terminal",
        description="Print the cases by section, then every broken requirement with what was expected, what came, "
        "the transcript, and the command that repeats it. The last line is the verdict.",
        epilog="In transcripts -> was sent, <- was received, -- happened; a number behind it is the connection. "
        "All bytes beyond printable ASCII are shown as \\r, \\n, \\t or \\xNN, a backslash as \\\\. "
        "The report fits the terminal (or COLUMNS), else 100 columns.",
    )
    _results(show)
    _verbose(show)
    _color(show)
    show.add_argument(
        "--pages", type=Path, metavar="DIR", help="also write report.html and report.md there, as html and markdown do"
    )


def _markdown(commands: "_Commands[Parser]") -> None:
    write = commands.add_parser(
        "markdown",
        help="write the report as Markdown",
        description="Write the same report as `show` as Markdown, safe to publish whatever the server sent.",
    )
    _results(write)
    which = write.add_mutually_exclusive_group()
    which.add_argument("-v", "--verbose", action="store_true", help="show warnings with their transcripts, too")
    which.add_argument(
        "--summary",
        action="store_true",
        help="a short one for $GITHUB_STEP_SUMMARY and the like: what is broken is folded, and the size is bounded",
    )
    _output(write)


def _html(commands: "_Commands[Parser]") -> None:
    write = commands.add_parser(
        "html",
        help="write the page of a run",
        description="Write the run as one page that needs no network and no other file: the verdict, what is broken, "
        "the clock's time line, and every case with its conversation, to be filtered and opened.",
    )
    _results(write)
    _output(write)


def _load(commands: "_Commands[Parser]") -> None:
    write = commands.add_parser(
        "load",
        help="write the page of a run of multiclient",
        description="Write a run of multiclient as one page that needs no network and no other file: operations and "
        "times over the run and by kind, what is wrong with its conversation, and what became of the messages.",
    )
    write.add_argument("figures", type=Path, metavar="FIGURES.json", help="what `multiclient.py --json` wrote")
    _output(write)


def _matrix(commands: "_Commands[Parser]") -> None:
    write = commands.add_parser(
        "matrix",
        help="write many runs as one table: servers as columns, requirements as rows",
        description="Write many runs as one table, what is broken by most first. A server is named after the folder "
        "of its results.json, or after the file itself if that has another name. The cells of a page lead to the cases "
        "in the pages of the runs (report.html beside results.json), wherever those are there.",
        epilog=STATUS,
    )
    write.add_argument(
        "results", type=Path, nargs="+", metavar="RESULTS.json", help="what runs of the suite wrote, a server each"
    )
    write.add_argument(
        "-o",
        "--output",
        type=_ending(".html", ".md", ".csv"),
        required=True,
        metavar="FILE",
        help="matrix.html, .md or .csv: the ending says what is written",
    )


def _site(commands: "_Commands[Parser]") -> None:
    write = commands.add_parser(
        "site",
        help="write many runs as a site: the matrix, a page for each server and each requirement",
        description="Write many runs of one profile as a folder of plain files that need no network and no server: "
        "the matrix by the sections of the RFCs, by subject and by CVE, a page for each server with what is broken "
        "first, and a page for each requirement with the conversations that show who keeps and who breaks it. "
        "A server.toml beside a results.json says the server's name, version, and what it is (about); else a server is "
        "named after the folder. Of several runs of one version of a server the newest counts.",
        epilog=STATUS,
    )
    write.add_argument(
        "runs", type=Path, nargs="+", metavar="RUN", help="a results.json, or the folder that it is in; a server each"
    )
    write.add_argument(
        "--reasons",
        type=Path,
        metavar="FILE",
        help="a TOML file of [[reason]]: the server, the requirement, the kind (one word), and a text that says why",
    )
    write.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="the folder to write it to")


def _issue(commands: "_Commands[Parser]") -> None:
    write = commands.add_parser(
        "issue",
        help="write what one would file at the server's project about a broken requirement",
        description="Write one broken requirement as an issue in Markdown: what is asked and where, the exact bytes, "
        "what was expected and what came, versions, and a script that repeats it without the suite.",
        epilog=STATUS,
    )
    _results(write)
    write.add_argument("id", metavar="REQUIREMENT", help="its id, as `show` tells it")
    _output(write)


def _diff(commands: "_Commands[Parser]") -> None:
    diff = commands.add_parser(
        "diff",
        help="tell what broke and what was mended between two runs",
        description="Compare two runs by their requirements: what broke (a requirement that is broken now and was not, "
        "or by cases that did not break it), what was mended, what is new, what is no longer judged.",
        epilog="Exit status: 0 when nothing broke; 1 when a MUST broke, or the new run did not go through; 4 when the "
        "runs could not be compared. So it serves as a gate: a SHOULD counts with --fail-on-warn.",
    )
    diff.add_argument("old", type=Path, metavar="OLD.json", help="the results.json of the run before")
    diff.add_argument("new", type=Path, metavar="NEW.json", help="the results.json of the run now")
    diff.add_argument(
        "--expected",
        type=Path,
        metavar="FILE",
        help="known failures, which don't count: the id of a requirement or a case a line, # begins a comment; "
        "one that passes now is told",
    )
    diff.add_argument("--fail-on-warn", action="store_true", help="a SHOULD that broke counts, too")
    _color(diff)


def _sarif(commands: "_Commands[Parser]") -> None:
    write = commands.add_parser(
        "sarif",
        help="write what is broken as SARIF 2.1.0, for code scanning",
        description="Write a result for each requirement that is broken, with what was expected, what came, the "
        "transcript, and the command that repeats it. A known failure of the run is marked as suppressed.",
        epilog=f"GitHub shows only findings that lie in a file: name one of your repository with --file. {STATUS}",
    )
    _results(write)
    write.add_argument("--file", metavar="PATH", help="the file in the server's repository that findings are shown at")
    _output(write)


def _tap(commands: "_Commands[Parser]") -> None:
    write = commands.add_parser(
        "tap",
        help="write the run as TAP 14, the Test Anything Protocol",
        description="Write a test point for each case, with what was expected, what came, the transcript, and the "
        "command that repeats it in YAML, and a last one for the verdict. What breaks a SHOULD, or is known, has the "
        "directive TODO, by which TAP lets a point fail.",
        epilog=STATUS,
    )
    _results(write)
    _output(write)


def _badge(commands: "_Commands[Parser]") -> None:
    write = commands.add_parser(
        "badge",
        help="write a badge that tells the profile, what is kept of each level, and the date",
        description="Write a badge: the profile, how many MUSTs and SHOULDs are kept of how many there are, and the "
        "day of the run. It is red where a MUST is broken, and grey without a verdict.",
        epilog=STATUS,
    )
    _results(write)
    write.add_argument(
        "-o",
        "--output",
        type=_ending(".svg", ".json"),
        required=True,
        metavar="FILE",
        help="badge.svg, a picture; or badge.json, which shields.io's endpoint makes one of",
    )


def _gradescope(commands: "_Commands[Parser]") -> None:
    grade = commands.add_parser(
        "gradescope",
        help="write the points of a run as Gradescope's results.json",
        description="Give points by a rubric, and write them as Gradescope's results.json: a test for each item, with "
        "a message for each requirement that lost points: its rule, what was expected, what came, the shortest "
        "transcript, and the command that repeats it.",
        epilog=f"{RULE} The rubric is TOML; reports/rubrics/cs4410.toml is an example that explains itself. {STATUS}",
    )
    _results(grade)
    grade.add_argument("--rubric", type=Path, required=True, metavar="RUBRIC.toml", help="what is worth how much")
    grade.add_argument(
        "--log",
        type=Path,
        metavar="FILE",
        help="what the suite printed: where RESULTS.json is not there, for the server could not be tested, "
        "no points are written, and the end of this file",
    )
    _output(grade)


def _gradescope_zip(commands: "_Commands[Parser]") -> None:
    pack = commands.add_parser(
        "gradescope-zip",
        help="make the autograder that is uploaded to Gradescope",
        description="Make autograder.zip: the suite, the rubric, and the two scripts that Gradescope runs. It starts "
        "each submission's server as a user of its own, who cannot read the suite or write the results, and gives "
        "points as `gradescope` does.",
        epilog="In the assignment's settings on Gradescope choose 1 CPU and 1.5 GB at least, and a time-out longer "
        "than --minutes. What stands behind -- goes to the suite: `... -- --quick`. " + STATUS,
    )
    pack.add_argument("-o", "--output", type=_ending(".zip"), required=True, metavar="FILE.zip", help="the zip to make")
    pack.add_argument("--rubric", type=Path, required=True, metavar="RUBRIC.toml", help="what is worth how much")
    pack.add_argument(
        "--launch",
        type=_command,
        default="python3 server.py",
        metavar="COMMAND",
        help="what starts a server, with the suite's placeholders, in the submission (default: %(default)s)",
    )
    pack.add_argument(
        "--minutes", type=_minutes, default=9.0, help="how long the test of a submission may take (default: 9)"
    )
    pack.add_argument("options", nargs="*", metavar="OPTION", help="options of the suite, behind --")


def _command(text: str) -> str:
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text}: {error}") from None
    if not words:
        raise argparse.ArgumentTypeError("give a command, `python3 server.py` for example")
    return text


def _minutes(text: str) -> float:
    try:
        minutes = float(text)
    except ValueError:
        minutes = 0.0
    if not 0 < minutes <= 24 * 60:
        raise argparse.ArgumentTypeError(f"{text}: give minutes, 9 for example")
    return minutes


def _ending(*allowed: str) -> Callable[[str], Path]:
    def path(text: str) -> Path:
        if Path(text).suffix not in allowed:
            raise argparse.ArgumentTypeError(f"{text}: the name must end in {' or '.join(allowed)}")
        return Path(text)

    return path


def _results(command: argparse.ArgumentParser) -> None:
    command.add_argument("results", type=Path, metavar="RESULTS.json", help="what a run of the suite wrote")


def _verbose(command: argparse.ArgumentParser) -> None:
    command.add_argument("-v", "--verbose", action="store_true", help="show warnings with their transcripts, too")


def _output(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="the file to write (default: standard output)"
    )


def _color(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--color",
        choices=("auto", "always", "never"),
        default="auto",
        help="auto: on a terminal, unless NO_COLOR is set or TERM is dumb (default)",
    )
