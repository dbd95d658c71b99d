"""`python -m proof.mutants`: the suite on every mutant, several at a time, and the kill matrix of it."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import NoReturn

from proof.mutants import catalogue, matrix, run
from proof.mutants.patch import Mutant, build

CONTROL = Mutant("none", "", ())
"""The server without a bug: what the suite blames there it would blame in every mutant."""
PLAIN_PORT = "start.address"
"""The mutants that break it need the one port that it names, which their neighbours' servers use for a moment too."""
WRITTEN_CASES = ("-k", "not test_conversations and not test_large_body[64]")
"""Random conversations find by luck: they are tried on rare faults of their own (`python -m proof.mutants.search`)."""
OK, FAULTY, INTERRUPTED, USAGE = 0, 1, 2, 4


def main(words: Sequence[str] | None = None) -> int:
    """Hold the mutants and show what came of it; returns the exit status."""
    options = _parser().parse_args(words)
    try:
        mutants = catalogue.chosen(options.mutants, options.part)
    except catalogue.ChoiceError as error:
        print(f"mutants: {error}", file=sys.stderr)
        return USAGE
    # In the background of a script Ctrl-C is ignored, and a run that takes too long could not be interrupted.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    rows: dict[str, matrix.Row] = {}
    try:
        for row in hold_all([CONTROL, *mutants], options.results, options.jobs, options.resume):
            rows[row.mutant.name] = row
            _progress(row, len(rows), len(mutants) + 1)
    except KeyboardInterrupt:
        print("mutants: interrupted", file=sys.stderr)
        return INTERRUPTED
    return _conclude([rows[mutant.name] for mutant in (CONTROL, *mutants)], options.output)


def hold_all(mutants: Sequence[Mutant], results: Path, jobs: int, resume: bool = False) -> Iterator[matrix.Row]:
    """Hold the suite on each mutant, in the order in which they end.

    Args:
        mutants: the mutants.
        results: the directory that gets a directory for each, with its results.json.
        jobs: how many are held at a time.
        resume: whether a result that the same suite has of the same mutant is taken as it is.
    """
    # Those that take longest first, or all else would have ended long before them.
    mutants = sorted(mutants, key=lambda mutant: -mutant.workers)
    lonely = [mutant for mutant in mutants if PLAIN_PORT in mutant.breaks.split()]
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        for group, at_once in (([mutant for mutant in mutants if mutant not in lonely], jobs), (lonely, 1)):
            with ThreadPoolExecutor(at_once) as executor:
                held = [executor.submit(_hold, mutant, Path(folder), results, resume) for mutant in group]
                try:
                    yield from (future.result() for future in as_completed(held))
                except BaseException:
                    _let_go(held)
                    raise


def _hold(mutant: Mutant, folder: Path, results: Path, resume: bool) -> matrix.Row:
    home = build(mutant, folder)
    print_of_both = run.fingerprint(home)
    held = run.remembered(results / mutant.name, print_of_both) if resume else None
    if held is None:
        held = run.hold(run.launched(home), results / mutant.name, *WRITTEN_CASES, workers=mutant.workers)
        run.remember(held, results / mutant.name, print_of_both)
    return matrix.Row(mutant, held)


def _let_go(held: Sequence[Future[matrix.Row]]) -> None:
    for future in held:
        future.cancel()


def _progress(row: matrix.Row, done: int, of: int) -> None:
    if sys.stderr.isatty():
        came = "; ".join(row.faults) or f"caught by {', '.join(row.own)}"
        print(f"{done:4} of {of}  {row.held.seconds:4.0f} s  {row.mutant.name}: {came}", file=sys.stderr)


def _conclude(rows: Sequence[matrix.Row], output: Path | None) -> int:
    print(matrix.table(rows))
    print()
    faulty = [row for row in rows if row.faults]
    for row in faulty:
        print(f"{row.mutant.name}: {'; '.join(row.faults)}")
    print(matrix.summary(rows))
    if output:
        output.write_text(matrix.markdown(rows), encoding="utf-8")
    return FAULTY if faulty else OK


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m proof.mutants",
        description="Holds the suite on mutants: the reference server with one bug each. Every one must be caught, by "
        "the requirement that its bug breaks.",
        epilog=f"The sections are {', '.join(catalogue.SECTIONS)}. Exit status: 0 all caught and nothing blamed "
        "without a reason, 1 otherwise, 2 interrupted, 4 wrong usage.",
    )
    add = parser.add_argument
    add("mutants", nargs="*", metavar="NAME", help="mutants or sections (default: all)")
    add("--jobs", type=_count, default=3 * (os.cpu_count() or 2) // 2, metavar="N", help="runs at a time (%(default)s)")
    add("--part", metavar="K/N", help="only one of N parts; `commit`: a twelfth that follows from the commit's hash")
    add("--resume", action="store_true", help="take the results that the same suite already has of the same mutants")
    add("-o", "--output", type=Path, metavar="FILE", help="write the matrix there too, as Markdown")
    add(
        "--results",
        type=Path,
        default=run.PROJECT / "reports" / "out" / "mutants",
        metavar="DIR",
        help="where each run's results.json goes (reports/out/mutants)",
    )
    return parser


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(USAGE, f"mutants: {message}; see --help\n")


def _count(text: str) -> int:
    if not (text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
