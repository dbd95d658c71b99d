"""A class at once: the suite for each server of a roster, several side by side, whatever one of them does."""

import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reports import page
from reports.engines import Engine
from reports.escape import sentence
from reports.lodging import LodgingError
from reports.results import Results, ResultsError, load
from reports.roster import PLAIN, Entry, Roster
from reports.trial import SUITE, Trial, Tried

USAGE = 4
JUDGED = (0, 1)
"""The suite's exit statuses with a verdict."""
_TOLD = {2: "interrupted", 3: "the suite itself went wrong", 4: "wrong usage", 5: "nothing was judged", 6: "no server"}


@dataclass(frozen=True)
class Ended:
    """How the test of one server ended.

    Attributes:
        status: the suite's exit status.
        told: its verdict in one line, or why there is none.
        seconds: how long it took.
        again: whether it was tested before, and that was taken.
    """

    entry: Entry
    status: int
    told: str
    seconds: float
    again: bool = False


class Classroom:
    """Tests every server of a roster.

    Args:
        roster: the class.
        folder: where the reports go, a folder for each server in it.
        engine: what tests them.
        tell: called with each server that has ended.
        show: called now and then with the names of those that are being tested.
        plan: called once with the servers that are going to be tested.
        suite: how Python runs the suite.

    Attributes:
        ended: those that have ended, by their names.
        capacity: how many can be tested at once now.
    """

    def __init__(
        self,
        roster: Roster,
        folder: Path,
        engine: Engine,
        tell: Callable[[Ended], None] = lambda _: None,
        show: Callable[[Sequence[str]], None] = lambda _: None,
        plan: Callable[[Sequence[Entry]], None] = lambda _: None,
        suite: tuple[str, ...] = SUITE,
    ) -> None:
        self.roster = roster
        self._folder = folder
        self._engine = engine
        self._tell = tell
        self._show = show
        self._plan = plan
        self._suite = suite
        self._running: dict[Future[Any], Entry] = {}
        self.capacity = engine.capacity()
        self.ended: dict[str, Ended] = {}

    def run(self, fresh: bool = False, again: bool = False) -> None:
        """Test them; those that were tested before, with the same files and options, are not tested again.

        Args:
            fresh: test all of them.
            again: test those that have no verdict again.

        Raises:
            KeyboardInterrupt: the user stopped it; what has ended stays, and the next time goes on from there.
            Lost: likewise, as there is nobody any more who could test the rest.
        """
        waiting = []
        for entry in self.roster.entries:
            before = None if fresh else self._before(entry)
            if before is None or (again and before.status not in JUDGED):
                waiting.append(entry)
            else:
                self._end(before)
        self._plan(waiting)
        try:
            while waiting or self._running:
                self.capacity = self._engine.capacity()
                self._start(waiting)
                self._show([entry.name for entry in self._running.values()])
                # No longer than what is shown stays true.
                for future in wait(self._running, 1.0, FIRST_COMPLETED).done:
                    self._take(future, self._running.pop(future))
        finally:
            self._engine.close()

    def results(self, entry: Entry) -> Results | None:
        """The run of a server that has a verdict, or None."""
        ended = self.ended.get(entry.name)
        if ended is None or ended.status not in JUDGED:
            return None
        return load(self._folder / entry.folder / "results.json")

    def _before(self, entry: Entry) -> Ended | None:
        try:
            told = json.loads((self._folder / entry.folder / "run.json").read_text(encoding="utf-8"))
            if told["key"] != self.roster.key(entry):
                return None
            ended = Ended(entry, int(told["status"]), str(told["told"]), float(told["seconds"]), again=True)
            if ended.status in JUDGED:
                load(self._folder / entry.folder / "results.json")
        except (OSError, ValueError, KeyError, TypeError, ResultsError):
            return None
        return ended

    def _start(self, waiting: list[Entry]) -> None:
        for entry in list(waiting):
            if len(self._running) >= self.capacity.at_once:
                return
            turns = self.capacity.machines if entry.place == PLAIN else 1
            if entry.place and [one.place for one in self._running.values()].count(entry.place) >= turns:
                continue
            waiting.remove(entry)
            folder = self._folder / entry.folder
            _set_aside(folder)
            try:
                self._running[self._engine.submit(self._trial(entry), folder)] = entry
            except LodgingError as error:
                self._refuse(entry, error)

    def _trial(self, entry: Entry) -> Trial:
        sees = tuple(self.roster.sees(entry)) if entry.launch is not None else ()
        how = (self.roster.limits, self.roster.options, self.roster.minutes)
        return Trial(entry, sees, *how, shown=str(entry.launch), suite=self._suite)

    def _take(self, future: Future[Any], entry: Entry) -> None:
        try:
            tried = self._engine.result(future, self._folder / entry.folder)
        except LodgingError as error:
            self._refuse(entry, error)
        else:
            self._record(entry, tried)

    def _refuse(self, entry: Entry, error: LodgingError) -> None:
        (self._folder / entry.folder / "log.txt").write_text(f"{error}\n", encoding="utf-8")
        self._end(Ended(entry, USAGE, sentence(str(error)), 0.0))

    def _record(self, entry: Entry, tried: Tried) -> None:
        folder, status, told = self._folder / entry.folder, tried.status, tried.why
        if status in JUDGED:
            try:
                results = load(folder / "results.json")
                told = "; ".join([results.outcome.line, *filter(_is_of_limits, results.outcome.notes)])
                # The suite knows the server's file; the reader wants the student.
                (folder / "report.html").write_text(page.render(results, name=entry.name), encoding="utf-8")
            except (OSError, ResultsError) as error:
                status, told = 3, f"its results cannot be read: {error}"
        reason = _reason(folder / "log.txt")
        if tried.copy:
            reason = reason.replace(tried.copy, str(entry.directory))
        told = told or reason or _TOLD.get(status, f"the suite ended with status {status}")
        ended = Ended(entry, status, told, tried.seconds)
        record = {"key": self.roster.key(entry), "status": status, "told": told, "seconds": ended.seconds}
        unfinished = folder / "run.json.part"
        unfinished.write_text(json.dumps(record, indent=1), encoding="utf-8")
        os.replace(unfinished, folder / "run.json")
        self._end(ended)

    def _end(self, ended: Ended) -> None:
        self.ended[ended.entry.name] = ended
        self._tell(ended)


def _set_aside(folder: Path) -> None:
    """If there is no report this time, the one of another time must not stand for it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "run.json").unlink(missing_ok=True)
    for name in ("results.json", "report.md", "report.html"):
        if (old := folder / name).exists():
            os.replace(old, old.with_stem(f"{old.stem}.previous"))


def _is_of_limits(note: str) -> bool:
    return note.startswith("confine: ")


def _reason(log: Path) -> str:
    """What the suite complained of, from the end of its output."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 65536))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return ""
    said = [line.partition("conformance: ")[2] for line in lines if line.startswith("conformance: ")]
    if not said:
        return ""
    # What a server printed follows; its last line mostly says it all.
    return sentence(f"{said[-1]} {lines[-1].strip()}" if said[-1].endswith("it printed:") else said[-1])
