"""The command line: `python -m reports COMMAND …`; each report is written by a module of its own."""

import argparse
import json
import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from reports import (
    badge,
    class_command,
    diff,
    figures,
    grading,
    issue,
    load_page,
    markdown,
    matrix,
    matrix_writers,
    options,
    page,
    reasons,
    rubric,
    sarif,
    servers,
    site,
    tap,
    terminal,
)
from reports.escape import typed
from reports.gradescope import bundle, document
from reports.gradescope.settings import Settings
from reports.options import complain
from reports.progress import Progress
from reports.results import Results, ResultsError, load


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: the command line without the program; None takes that of the process.

    Returns:
        The exit status: 0 when the report could be written, 4 when it could not; 1 when `diff` found what broke.

    Raises:
        SystemExit: for `--help`, and with status 4 for a wrong command line.
    """
    given = options.parser().parse_args(arguments)
    try:
        status = COMMANDS[given.command](given)
        sys.stdout.flush()
        return status
    except ResultsError as error:
        return complain(str(error))
    except BrokenPipeError:
        # The reader has seen enough.
        _abandon_stdout()
        return 0
    except OSError as error:
        _abandon_stdout()
        return complain(f"cannot write the report: {error.strerror}; choose another place for it")


def _show(given: argparse.Namespace) -> int:
    results = load(given.results)
    sys.stdout.write(terminal.render(results, width=_width(), color=_color(given), verbose=given.verbose))
    return _pages(results, given.pages) if given.pages else 0


def _pages(results: Results, folder: Path) -> int:
    sys.stdout.flush()  # what is printed is not to be lost with a page
    return max(
        _write(page.render(results), folder / "report.html"),
        _write(markdown.render(results), folder / "report.md"),
    )


def _markdown(given: argparse.Namespace) -> int:
    results = load(given.results)
    text = markdown.summary(results) if given.summary else markdown.render(results, verbose=given.verbose)
    return _write(text, given.output)


def _html(given: argparse.Namespace) -> int:
    return _write(page.render(load(given.results)), given.output)


def _matrix(given: argparse.Namespace) -> int:
    paths: list[Path] = given.results
    names = matrix.names(paths)
    columns = []
    with Progress(len(paths), "runs read") as progress:
        for name, path in zip(names, paths, strict=True):
            # Of each run only its column is kept: two hundred of them would not fit into everybody's memory.
            columns.append(matrix.column(name, load(path), matrix.page_of(path, given.output)))
            progress.step()
    return _write(matrix_writers.WRITERS[given.output.suffix](matrix.matrix(columns)), given.output)


def _site(given: argparse.Namespace) -> int:
    known = reasons.load(given.reasons) if given.reasons else {}
    told = site.site(servers.read(given.runs, known), reasoned=given.reasons is not None)
    count = site.write(told, given.output)
    print(f"{count} files; {typed(str(given.output / 'index.html'))} is the first to open")
    return 0


def _diff(given: argparse.Namespace) -> int:
    old, new = load(given.old), load(given.new)
    told = diff.compare(old, new, diff.read_expected(given.expected) if given.expected else ())
    paint = terminal.painter(_color(given))
    sys.stdout.write(diff.render(told, new, paint))
    return diff.status(told, new, given.fail_on_warn)


def _issue(given: argparse.Namespace) -> int:
    return _write(issue.render(load(given.results), given.id), given.output)


def _sarif(given: argparse.Namespace) -> int:
    return _write_json(sarif.document(load(given.results), given.file), given.output)


def _tap(given: argparse.Namespace) -> int:
    return _write(tap.render(load(given.results)), given.output)


def _badge(given: argparse.Namespace) -> int:
    shown = badge.badge(load(given.results))
    if given.output.suffix == ".svg":
        return _write(badge.svg(shown), given.output)
    return _write_json(badge.endpoint(shown), given.output)


def _gradescope(given: argparse.Namespace) -> int:
    told = rubric.load_rubric(given.rubric)
    if given.log is not None and not given.results.exists():
        log = given.log.read_bytes().decode("utf-8", "replace")
        return _write_json(document.without_points(told, document.UNTESTED, log), given.output)
    results = load(given.results)
    graded = grading.grade(results, told)
    print(f"reports: {grading.line(graded)}", file=sys.stderr)
    return _write_json(document.document(results, graded, told), given.output)


def _gradescope_zip(given: argparse.Namespace) -> int:
    packed = bundle.bundle(Settings(given.launch, given.minutes, tuple(given.options)), given.rubric)
    return _write(packed, given.output)


def _load(given: argparse.Namespace) -> int:
    return _write(load_page.render(figures.load(given.figures)), given.output)


def _class(given: argparse.Namespace) -> int:
    options = {name: getattr(given, name) for name in ("fresh", "again", "unconfined", "part", "engine", "scheduler")}
    return class_command.run(given.roster, given.output, given.rubric, **options)


COMMANDS: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "show": _show,
    "markdown": _markdown,
    "html": _html,
    "matrix": _matrix,
    "site": _site,
    "diff": _diff,
    "issue": _issue,
    "sarif": _sarif,
    "tap": _tap,
    "badge": _badge,
    "gradescope": _gradescope,
    "gradescope-zip": _gradescope_zip,
    "load": _load,
    "class": _class,
}


def _write(text: str | bytes, output: Path | None) -> int:
    data = text.encode("utf-8") if isinstance(text, str) else text
    if output is None:
        sys.stdout.buffer.write(data)
        return 0
    # What is there is kept until all of the new one is; a pipe or a device has nothing to keep.
    whole = output.with_name(output.name + ".unfinished") if output.is_file() or not output.exists() else output
    try:
        whole.write_bytes(data)
        whole.replace(output)
    except OSError as error:
        if whole != output:
            with suppress(OSError):
                whole.unlink()
        return complain(f"cannot write {typed(str(output))}: {error.strerror}; choose another file with -o")
    return 0


def _write_json(told: Mapping[str, object], output: Path | None) -> int:
    return _write(json.dumps(told, indent=1) + "\n", output)


def _width() -> int:
    return min(max(shutil.get_terminal_size((100, 24)).columns, 40), 160)


def _color(given: argparse.Namespace) -> bool:
    return given.color == "always" or (given.color == "auto" and _terminal_has_color())


def _terminal_has_color() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _abandon_stdout() -> None:
    # Else Python's own flush at exit would fail once more, with a traceback.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    raise SystemExit(main())
