"""A class at once: the suite for each server of a roster, several side by side, whatever one of them does."""

import contextlib
import json
import os
import select
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from reports import confine, page
from reports.escape import sentence
from reports.isolation import Isolation
from reports.lodging import Lodging, LodgingError, User
from reports.results import Results, ResultsError, load
from reports.roster import Entry, Limits, Roster

USAGE = 4
JUDGED = (0, 1)
"""The suite's exit statuses with a verdict."""
PATIENCE = 30.0
"""Seconds that a run has to write its report when it is given up."""
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


@dataclass
class _Run:
    entry: Entry
    process: subprocess.Popen[bytes]
    began: float
    fd: int
    lodging: Lodging | None
    gave_up: bool = False


class Classroom:
    """Tests every server of a roster.

    Args:
        roster: the class.
        folder: where the reports go, a folder for each server in it.
        isolation: what keeps launched servers from the rest of the machine.
        tell: called with each server that has ended.
        show: called now and then with the names of those that are being tested.
        plan: called once with the servers that are going to be tested.
        suite: the command of the suite.

    Attributes:
        ended: those that have ended, by their names.
    """

    def __init__(
        self,
        roster: Roster,
        folder: Path,
        isolation: Isolation,
        tell: Callable[[Ended], None] = lambda _: None,
        show: Callable[[Sequence[str]], None] = lambda _: None,
        plan: Callable[[Sequence[Entry]], None] = lambda _: None,
        suite: Sequence[str] = (sys.executable, "-m", "conformance"),
    ) -> None:
        self.roster = roster
        self._folder = folder
        self._isolation = isolation
        self._tell = tell
        self._show = show
        self._plan = plan
        self._suite = suite
        self._running: list[_Run] = []
        self.ended: dict[str, Ended] = {}

    def run(self, fresh: bool = False, again: bool = False) -> None:
        """Test them; those that were tested before, with the same files and options, are not tested again.

        Args:
            fresh: test all of them.
            again: test those that have no verdict again.

        Raises:
            KeyboardInterrupt: the user stopped it; what has ended stays, and the next time goes on from there.
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
                self._start(waiting)
                self._show([run.entry.name for run in self._running])
                self._wait()
        finally:
            for run in self._running:
                _signal(run, signal.SIGINT)
            for run in self._running:
                _finish(run)

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
            busy = {run.entry.place for run in self._running}
            if len(self._running) >= self.roster.at_once:
                return
            if not entry.place or entry.place not in busy:
                waiting.remove(entry)
                try:
                    self._running.append(self._run(entry))
                except LodgingError as error:
                    (self._folder / entry.folder / "log.txt").write_text(f"{error}\n", encoding="utf-8")
                    self._end(Ended(entry, USAGE, sentence(str(error)), 0.0))

    def _run(self, entry: Entry) -> _Run:
        folder = (self._folder / entry.folder).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "run.json").unlink(missing_ok=True)
        for name in ("results.json", "report.md", "report.html"):
            # If there is no report this time, the one of another time must not stand for it.
            if (old := folder / name).exists():
                os.replace(old, old.with_stem(f"{old.stem}.previous"))
        lodging = self._lodging(entry) if entry.launch is not None else None
        # Not in the server's directory: whatever is there would be the first that the suite imports.
        with (folder / "log.txt").open("wb") as log:
            process = subprocess.Popen(
                self._command(entry, folder, lodging),
                cwd=folder,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return _Run(entry, process, time.monotonic(), os.pidfd_open(process.pid), lodging)

    def _lodging(self, entry: Entry) -> Lodging:
        user = User() if self._isolation.user else None
        return Lodging(entry.directory, self.roster.sees(entry), user)

    def _command(self, entry: Entry, folder: Path, lodging: Lodging | None) -> list[str]:
        words = [*self._suite, "-q", "-p", "no:cacheprovider", "--report", str(folder)]
        if lodging is None:
            words += ["--target", str(entry.target)]
        else:
            wrap = wrapper(self.roster.limits, self._isolation, lodging)
            words += ["--launch", entry.command(lodging.folder), "--wrap", shlex.join(wrap)]
            words += ["--shown-as", str(entry.launch)]
        return [*words, *self.roster.options, *entry.options]

    def _wait(self) -> None:
        """Until a run ends or is to be given up, but no longer than what is shown stays true."""
        limit = 60 * self.roster.minutes
        left = min((run.began + limit - time.monotonic() for run in self._running), default=0.0)
        ready, _, _ = select.select([run.fd for run in self._running], [], [], min(max(left, 0.0), 1.0))
        for run in list(self._running):
            if run.fd not in ready and time.monotonic() < run.began + limit:
                continue
            if run.fd not in ready:
                run.gave_up = True
                _signal(run, signal.SIGINT)
            _finish(run)
            self._running.remove(run)
            self._record(run)

    def _record(self, run: _Run) -> None:
        entry, folder = run.entry, self._folder / run.entry.folder
        status = 2 if run.gave_up else run.process.returncode
        told = ""
        if run.gave_up:
            told = f"given up after {self.roster.minutes:g} minutes"
        elif status in JUDGED:
            try:
                results = load(folder / "results.json")
                told = "; ".join([results.outcome.line, *filter(_is_of_limits, results.outcome.notes)])
                # The suite knows the server's file; the reader wants the student.
                (folder / "report.html").write_text(page.render(results, name=entry.name), encoding="utf-8")
            except (OSError, ResultsError) as error:
                status, told = 3, f"its results cannot be read: {error}"
        told = told or _reason(folder / "log.txt") or _TOLD.get(status, f"the suite ended with status {status}")
        ended = Ended(entry, status, told, round(time.monotonic() - run.began, 1))
        record = {"key": self.roster.key(entry), "status": status, "told": told, "seconds": ended.seconds}
        unfinished = folder / "run.json.part"
        unfinished.write_text(json.dumps(record, indent=1), encoding="utf-8")
        os.replace(unfinished, folder / "run.json")
        self._end(ended)

    def _end(self, ended: Ended) -> None:
        self.ended[ended.entry.name] = ended
        self._tell(ended)


def wrapper(limits: Limits, isolation: Isolation, lodging: Lodging) -> list[str]:
    """The command that confines a server, to be put in front of it.

    Args:
        limits: what it may use.
        isolation: what keeps it from the rest of the machine.
        lodging: what it may read, and as whom.
    """
    words = [sys.executable, "-I", "-S", str(Path(confine.__file__).resolve())]
    for name, value in vars(limits).items():
        words += [f"--{name.replace('_', '-')}", str(value)]
    if isolation.bubblewrap:
        words += ["--bubblewrap", "--see", str(lodging.folder)]
    if lodging.user is not None:
        words += ["--user", str(lodging.user)]
    return [*words, "--"]


def _environment() -> dict[str, str]:
    # A clone that is not installed has to be found from elsewhere, too.
    project = str(Path(__file__).resolve().parent.parent)
    paths = [project, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "COLUMNS": "100"}


def _signal(run: _Run, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(run.process.pid, number)


def _finish(run: _Run) -> None:
    """Wait for a run's end, and end it and its workers when that takes too long; its servers end with it."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        run.process.wait(PATIENCE)
    _signal(run, signal.SIGKILL)
    run.process.wait()
    os.close(run.fd)
    if run.lodging is not None:
        run.lodging.close()


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
