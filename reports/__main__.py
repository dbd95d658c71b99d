"""The command line: `python -m reports show|markdown RESULTS.json`."""

import argparse
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from reports import markdown, terminal
from reports.escape import sentence, typed
from reports.results import ResultsError, load

USAGE = 4


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand.

    Args:
        arguments: the command line without the program; None takes that of the process.

    Returns:
        The exit status: 0 when the report could be written, 4 when it could not.

    Raises:
        SystemExit: for `--help`, and with status 4 for a wrong command line.
    """
    options = _parser().parse_args(arguments)
    try:
        status: int = options.run(options)
        sys.stdout.flush()
        return status
    except ResultsError as error:
        return _complain(str(error))
    except BrokenPipeError:
        # The reader has seen enough.
        _abandon_stdout()
        return 0
    except OSError as error:
        _abandon_stdout()
        return _complain(f"cannot write the report: {error.strerror}; choose another place for it")


def _show(options: argparse.Namespace) -> int:
    results = load(options.results)
    width = min(max(shutil.get_terminal_size((100, 24)).columns, 40), 160)
    color = options.color == "always" or (options.color == "auto" and _terminal_has_color())
    sys.stdout.write(terminal.render(results, width=width, color=color, verbose=options.verbose))
    return 0


def _markdown(options: argparse.Namespace) -> int:
    text = markdown.render(load(options.results), verbose=options.verbose)
    if options.output is None:
        sys.stdout.write(text)
        return 0
    try:
        options.output.write_text(text, encoding="ascii")
    except OSError as error:
        return _complain(f"cannot write {typed(str(options.output))}: {error.strerror}; choose another file with -o")
    return 0


def _terminal_has_color() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _abandon_stdout() -> None:
    # Else Python's own flush at exit would fail once more, with a traceback.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _complain(message: str) -> int:
    print(f"reports: {message}", file=sys.stderr)
    return USAGE


class _Parser(argparse.ArgumentParser):
    """A parser that complains in one line, with the suite's status for a wrong command line."""

    def error(self, message: str) -> NoReturn:
        raise SystemExit(_complain(f"{sentence(message)}; `{self.prog} --help` explains"))


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m reports",
        description="Show what the results.json of a conformance run says.",
        epilog="Exit status: 0 when the report could be written, whatever its verdict; 4 when it could not.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND", title="commands")

    show = commands.add_parser(
        "show",
        help="print the report to the terminal",
        description="Print the cases by section, then every broken requirement with what was expected, what came, "
        "the transcript, and the command that repeats it. The last line is the verdict.",
        epilog="In transcripts -> was sent, <- was received, -- happened; a number behind it is the connection. "
        "All bytes beyond printable ASCII are shown as \\r, \\n, \\t or \\xNN, a backslash as \\\\. "
        "The report fits the terminal (or COLUMNS), else 100 columns.",
    )
    _add_common(show)
    show.add_argument(
        "--color",
        choices=("auto", "always", "never"),
        default="auto",
        help="auto: on a terminal, unless NO_COLOR is set or TERM is dumb (default)",
    )
    show.set_defaults(run=_show)

    write = commands.add_parser(
        "markdown",
        help="write the report as Markdown",
        description="Write the same report as `show` as Markdown, safe to publish whatever the server sent.",
    )
    _add_common(write)
    write.add_argument("-o", "--output", type=Path, metavar="FILE", help="the file to write (default: standard output)")
    write.set_defaults(run=_markdown)
    return parser


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("results", type=Path, metavar="RESULTS.json", help="what a run of the suite wrote")
    parser.add_argument("-v", "--verbose", action="store_true", help="show warnings with their transcripts, too")


if __name__ == "__main__":
    raise SystemExit(main())
