"""The class command: from a roster to tested servers, the matrix and the scores, with progress on a terminal."""

import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from reports import confine, grading, grids, matrix, scores
from reports.classroom import Classroom, Ended
from reports.escape import named, sentence, typed
from reports.matrix import Column
from reports.progress import Line
from reports.results import ResultsError
from reports.roster import Entry, load_roster
from reports.rubric import Rubric, load_rubric
from reports.scores import Score
from reports.summary import counted

INTERRUPTED = 2
NO_SERVER = 6
"""The suite's exit status for a server that does not start."""


def hold(roster_path: Path, output: Path | None, rubric_path: Path | None, *, fresh: bool, again: bool) -> int:
    """Test a class.

    Args:
        roster_path: the roster.
        output: where the reports go, or None for the usual place.
        rubric_path: what is worth how much, or None.
        fresh: test those again that were tested before.
        again: test those again that got no verdict.

    Returns:
        The exit status: 0, or 2 when the user stopped it.

    Raises:
        ResultsError: the roster or the rubric is wrong.
    """
    roster = load_roster(roster_path)
    rubric = load_rubric(rubric_path) if rubric_path else None
    folder = output or Path("reports", "out", typed(roster_path.stem))
    launched = [entry for entry in roster.entries if entry.launch is not None]
    trouble = confine.works([str(launched[0].directory)]) if launched else ""
    if trouble:
        print(f"reports: {trouble}: launched servers have limits, but can read what you can", file=sys.stderr)
    line = Line()
    room = Classroom(
        roster,
        folder,
        bubblewrap=bool(launched) and not trouble,
        tell=lambda ended: line.above(_told(ended)),
        show=lambda done, names: line.show(_shown(done, len(roster.entries), names)),
    )
    interrupted = False
    # Whoever ends us ends the runs that we started as well.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        room.hold(fresh, again)
    except KeyboardInterrupt:
        interrupted = True
    line.clear()
    listed = [_score(room, entry, folder, rubric) for entry in roster.entries if entry.name in room.ended]
    _write(listed, folder)
    if listed:
        print(scores.table(listed) + "\n")
    conforming = sum(1 for score in listed if score.verdict == "conforms")
    unjudged = sum(1 for score in listed if not score.column.cells)
    told = f"{conforming} of {counted(len(roster.entries), 'server')} conform, {unjudged} without a verdict"
    if interrupted:
        told += f"; interrupted after {len(listed)}: the same command goes on from there"
    print(f"{told}: {typed(str(folder / 'matrix.html'))}")
    return INTERRUPTED if interrupted else 0


def _score(room: Classroom, entry: Entry, folder: Path, rubric: Rubric | None) -> Score:
    ended = room.ended[entry.name]
    results = room.results(entry)
    pages = (f"{entry.folder}/{name}" for name in ("report.html", "log.txt"))
    page = next((page for page in pages if (folder / page).is_file()), "")
    if results is None:
        # A server of theirs that does not start has shown nothing; what else went wrong is not always theirs.
        points = 0.0 if rubric and entry.launch is not None and ended.status == NO_SERVER else None
        return Score(ended, Column(entry.name, ended.told, page, points=points), points)
    graded = grading.grade(results, rubric) if rubric else ()
    points = grading.total(graded) if rubric else None
    column = replace(matrix.column(entry.name, results, page), points=points)
    return Score(ended, column, points, grading.left_out(graded))


def _write(listed: Sequence[Score], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    told = matrix.matrix(score.column for score in listed)
    texts = {f"matrix{ending}": write(told) for ending, write in grids.WRITERS.items()}
    texts["scores.csv"] = scores.comma_separated(listed)
    for name, text in texts.items():
        try:
            (folder / name).write_text(text, encoding="utf-8")
        except OSError as error:
            raise ResultsError(f"cannot write {typed(str(folder / name))}: {error.strerror}") from None


def _told(ended: Ended) -> str:
    before = " (tested before)" if ended.again else ""
    return f"{named(ended.entry.name)}: {sentence(ended.told)}{before}"


def _shown(done: int, total: int, names: Sequence[str]) -> str:
    return f"{done} of {total} tested; testing {', '.join(map(named, names))}"
