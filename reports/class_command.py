"""The class command: from a roster to tested servers, the matrix and the scores, with progress on a terminal."""

import json
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from reports import grading, matrix, matrix_writers, scores
from reports.accepted import expect_accepted
from reports.classroom import JUDGED, USAGE, Classroom, Ended
from reports.engines import Engine, Here, Lost
from reports.escape import named, sentence, typed
from reports.estimate import duration, seconds_left
from reports.gradescope.document import UNTESTED, document, without_points
from reports.isolation import Isolation, choose, open_to_all
from reports.matrix import Column
from reports.progress import Line, Progress
from reports.results import ResultsError
from reports.roster import PLAIN, Entry, Roster, load_roster
from reports.rubric import Rubric, load_rubric
from reports.scores import Score
from reports.summary import counted

INTERRUPTED = 2
NO_SERVER = 6
"""The suite's exit status for a server that does not start."""
ACCEPT = "or accept that with --unconfined"
_LOG = 65536


def run(
    roster_path: Path,
    output: Path | None,
    rubric_path: Path | None,
    *,
    fresh: bool = False,
    again: bool = False,
    unconfined: bool = False,
    part: tuple[int, int] = (1, 1),
    engine: str = "local",
    scheduler: str | None = None,
) -> int:
    """Test a class.

    Args:
        roster_path: the roster.
        output: where the reports go, or None for the usual place.
        rubric_path: what is worth how much, or None.
        fresh: test those again that were tested before.
        again: test those again that got no verdict.
        unconfined: go on where servers cannot be kept from the rest of the class.
        part: which part of the servers is tested, of how many.
        engine: what tests them: `local`, or `dask`.
        scheduler: the address of Dask's.

    Returns:
        The exit status: 0, 2 when the user stopped it, 4 when the scheduler was lost.

    Raises:
        ResultsError: the roster, its options or the rubric are wrong, servers could do harm and that was not accepted,
            or there is no such engine here.
    """
    roster = load_roster(roster_path).part(*part)
    rubric = load_rubric(rubric_path) if rubric_path else None
    for options in {(*roster.options, *entry.options) for entry in roster.entries} - {()}:
        expect_accepted(options)
    folder = output or Path("reports", "out", typed(roster_path.stem))
    chosen = _cluster(roster, scheduler, unconfined) if engine == "dask" else _here(roster, folder, unconfined)
    for remark in roster.remarks:
        print(f"reports: {remark}", file=sys.stderr)
    line = Line()
    room = Classroom(
        roster,
        folder,
        chosen,
        tell=lambda ended: line.above(_told(ended)),
        show=lambda names: line.show(_shown(room, names)),
        plan=lambda waiting: print(_planned(room, waiting), file=sys.stderr),
    )
    interrupted, lost = False, ""
    # Whoever ends us ends the runs that we started as well.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        room.run(fresh, again)
    except KeyboardInterrupt:
        interrupted = True
    except Lost as error:
        interrupted, lost = True, f", for {error}"
    line.clear()
    ended = [entry for entry in roster.entries if entry.name in room.ended]
    listed = []
    with Progress(len(ended), "runs read") as progress:
        for entry in ended:
            listed.append(_score(room, entry, folder, rubric))
            progress.step()
    listed = scores.alike(listed)
    _write(listed, folder)
    if listed:
        print(scores.table(listed) + "\n")
    conforming = sum(1 for score in listed if score.verdict == "conforms")
    unjudged = sum(1 for score in listed if not score.column.cells)
    conform = "conforms" if len(roster.entries) == 1 else "conform"
    told = f"{conforming} of {counted(len(roster.entries), 'server')} {conform}, {unjudged} without a verdict"
    if interrupted:
        told += f"; interrupted after {len(listed)}{lost}: the same command goes on from there"
    print(f"{told}: {typed(str(folder / 'matrix.html'))}")
    return USAGE if lost else INTERRUPTED if interrupted else 0


def _here(roster: Roster, folder: Path, unconfined: bool) -> Engine:
    return Here(_isolation(roster, folder, unconfined) if roster.launched else Isolation(), roster.at_once)


def _cluster(roster: Roster, scheduler: str | None, unconfined: bool) -> Engine:
    if scheduler is None:
        raise ResultsError("--engine dask needs the address of the scheduler: --scheduler tls://HOST:PORT")
    confined = bool(roster.launched) and not unconfined
    if confined and not scheduler.startswith("tls://"):
        told = "servers could reach the scheduler and have the workers do what they like, for its address is no tls://…"
        raise ResultsError(f"{told}: mend that, {ACCEPT}")
    try:
        from reports.dask_engine import Cluster  # which not everybody has installed
    except ModuleNotFoundError as missing:
        told = f"--engine dask: {missing.name} is not installed: pip install 'smtp-conformance[cluster]'"
        raise ResultsError(told) from None
    return Cluster(scheduler, roster.minutes, confined)


def _isolation(roster: Roster, folder: Path, unconfined: bool) -> Isolation:
    """Choose how servers are kept from the rest, or refuse to start them."""
    isolation, trouble = choose()
    only_users = isolation.user and not isolation.bubblewrap
    if only_users:
        paths = [
            folder.absolute(),
            *roster.private,
            *(path for entry in roster.launched for path in roster.sees(entry)),
        ]
        trouble = open_to_all(paths, roster.private[0].parent)
    if trouble and not unconfined:
        raise ResultsError(f"{trouble}, {ACCEPT}")
    if trouble:
        print(f"reports: {trouble}", file=sys.stderr)
    if only_users:
        _create(folder, 0o700)
    return isolation


def _score(room: Classroom, entry: Entry, folder: Path, rubric: Rubric | None) -> Score:
    ended = room.ended[entry.name]
    results = room.results(entry)
    names = ("report.html", "log.txt") if results else ("log.txt",)
    page, log = (
        next((f"{entry.folder}/{name}" for name in some if (folder / entry.folder / name).is_file()), "")
        for some in (names, ("log.txt",))
    )
    column = Column(entry.name, ended.told, page) if results is None else matrix.column(entry.name, results, page)
    column = replace(column, told=ended.told, log=log)
    if not rubric:
        return Score(ended, column, None)
    if results is not None:
        graded = grading.grade(results, rubric)
        _write_points(document(results, graded, rubric), folder / entry.folder)
        points = grading.total(graded)
        return Score(ended, replace(column, points=points), points, grading.most(graded), grading.left_out(graded))
    said = (folder / log).read_bytes()[-_LOG:].decode("utf-8", "replace") if log else ""
    _write_points(without_points(rubric, UNTESTED, said), folder / entry.folder)
    # A server of theirs that does not start has shown nothing; what else went wrong is not always theirs.
    none = 0.0 if entry.launch is not None and ended.status == NO_SERVER else None
    return Score(ended, replace(column, points=none), none, rubric.points)


def _write_points(told: Mapping[str, object], folder: Path) -> None:
    """Write what Gradescope takes, also for a server without a verdict: then it has no points, and the log."""
    _create(folder)
    _write_text(folder / "gradescope.json", json.dumps(told, indent=1) + "\n")


def _write(listed: Sequence[Score], folder: Path) -> None:
    _create(folder)
    told = matrix.matrix(score.column for score in listed)
    texts = {f"matrix{ending}": write(told) for ending, write in matrix_writers.WRITERS.items()}
    texts["scores.csv"] = scores.comma_separated(listed)
    for name, text in texts.items():
        _write_text(folder / name, text)


def _create(folder: Path, mode: int = 0o777) -> None:
    try:
        folder.mkdir(mode, parents=True, exist_ok=True)
    except OSError as error:
        raise ResultsError(f"cannot make the folder {typed(str(folder))}: {error.strerror}") from None


def _write_text(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ResultsError(f"cannot write {typed(str(path))}: {error.strerror}") from None


def _planned(room: Classroom, waiting: Sequence[Entry]) -> str:
    at_once, machines = room.capacity
    whole = counted(len(room.roster.entries), "server")
    if not waiting:
        return f"all of {whole} were tested before"
    before = f"{len(waiting)} of {whole}" if len(waiting) < len(room.roster.entries) else whole
    turns = ", one after the other on port 8765" if any(entry.place == PLAIN for entry in waiting) else ""
    turns += " of each machine" if turns and machines > 1 else ""
    return f"testing {before}, {at_once} at a time{turns}: {_left(room, waiting)}"


def _told(ended: Ended) -> str:
    before = " (tested before)" if ended.again else ""
    return f"{named(ended.entry.name)}: {sentence(ended.told)}{before}"


def _shown(room: Classroom, names: Sequence[str]) -> str:
    entries = room.roster.entries
    waiting = [entry for entry in entries if entry.name not in room.ended]
    done = f"{len(room.ended)} of {len(entries)} tested, {_left(room, waiting)} left"
    return f"{done}; {'testing' if room.capacity.at_once else 'no worker for'} {', '.join(map(named, names))}"


def _left(room: Classroom, waiting: Sequence[Entry]) -> str:
    took = [ended.seconds for ended in room.ended.values() if ended.status in JUDGED]
    return duration(seconds_left(room.roster, room.capacity, waiting, took))
