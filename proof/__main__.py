"""`python -m proof KIND [NAME ...]`: the suite on servers that are spoiled on purpose, and what came of it."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from proof import tables
from proof.choice import ChoiceError, chosen
from proof.kind import Kind
from proof.kinds import KINDS
from proof.run import PROJECT
from proof.servers.edit import InstallError
from proof.trials import try_all

OK, FAULTY, INTERRUPTED, UNFIT, USAGE = range(5)
STATUSES = """\
Exit status: 0 all is as it should be, 1 something is not, 2 interrupted, 3 the server without a bug does not pass
here or a real one cannot be installed, 4 wrong usage.
"""
EXAMPLES = """\
For example:
  python -m proof mutants nested-mail-accepted           one server
  python -m proof mutants lines --jobs 8                 a section, eight runs at a time
  python -m proof mutants --part 1/12                    a twelfth of all
  python -m proof real postfix exim                      real servers, which are installed first
  python -m proof liberal --rounds 20 --resume -o FILE   goes on where another sitting ended, and writes the page
"""


def main(words: Sequence[str] | None = None) -> int:
    """Try the servers that the command line names, and show what came of it; returns the exit status."""
    options = _parser().parse_args(words)
    kind: Kind[Any, Any] = KINDS[options.kind]
    results = options.results or PROJECT / "reports" / "out" / kind.name
    try:
        names = options.names or kind.usual(results)
        servers = [*kind.always(), *chosen(kind.sections(), names, options.part)]
    except ChoiceError as error:
        return _left(USAGE, f"{kind.name}: {error}")
    # In the background of a script Ctrl-C is ignored, and a run that takes too long could not be interrupted.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        with tempfile.TemporaryDirectory(prefix="proof-") as folder:
            if why := kind.unfit(Path(folder)):
                return _left(UNFIT, f"{kind.name}: {why}")
        rounds, jobs = options.rounds or kind.rounds, options.jobs
        rows = try_all(kind, servers, results, rounds, jobs, options.resume, _progress)
    except InstallError as error:
        return _left(UNFIT, f"{kind.name}: {error}")
    except KeyboardInterrupt:
        return _left(INTERRUPTED, f"{kind.name}: interrupted; --resume takes the results that are there")
    if options.output:
        options.output.write_text(kind.page(rows), encoding="utf-8")
    print(tables.terminal(kind.heads, map(kind.cells, rows)) + "\n")
    faulty = {row.server.name: faults for row in rows if (faults := kind.faults(row))}
    for name, faults in faulty.items():
        print(f"{name}: {'; '.join(faults)}")
    print(kind.summary(rows))
    return FAULTY if faulty else OK


def _left(status: int, why: str) -> int:
    print(f"proof {why}", file=sys.stderr)
    return status


def _progress(said: str) -> None:
    if sys.stderr.isatty():
        print(said, file=sys.stderr)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(USAGE, f"{self.prog.removeprefix('python -m ')}: {message}; see --help\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m proof",
        description="Proves the suite on servers that are wrong or odd, most of them the reference server with edits:\n"
        "what it has to find it must find, and blame nothing else.",
        epilog=f"`python -m proof KIND --help` says what a kind can be told.\n\n{EXAMPLES}\n{STATUSES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    kinds = parser.add_subparsers(dest="kind", metavar="KIND", required=True)
    for kind in KINDS.values():
        about, sections = f"Tries {kind.about}.", ", ".join(kind.section_names)
        own = kinds.add_parser(
            kind.name, help=kind.about, description=about, epilog=f"Sections: {sections}. {STATUSES}"
        )
        add = own.add_argument
        add("names", nargs="*", metavar="NAME", help="servers, sections, or parts of servers' names (default: all)")
        add("--rounds", type=_count, metavar="N", help=f"how often each is tried, with other seeds ({kind.rounds})")
        add("--jobs", type=_count, default=_jobs(), metavar="N", help="runs at a time (%(default)s)")
        add(
            "--part",
            metavar="K/N",
            help="one of N parts; `commit`: one of 60, by the commit's hash",
        )
        add("--resume", action="store_true", help="take the results that the same suite has of the same servers")
        add("-o", "--output", type=_page, metavar="FILE", help="write the table there too, as a page in Markdown")
        add("--results", type=Path, metavar="DIR", help=f"where results go (reports/out/{kind.name})")
    return parser


def _jobs() -> int:
    return 3 * (os.cpu_count() or 2) // 2


def _page(text: str) -> Path:
    if not Path(text).parent.is_dir():  # hours later it would be too late to say so
        raise argparse.ArgumentTypeError(f"{text}: there is no such folder")
    return Path(text)


def _count(text: str) -> int:
    if not (text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
