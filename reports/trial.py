"""The test of one server: the suite as a process of its own, on the machine that this runs on."""

import contextlib
import os
import select
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from reports import confine
from reports.isolation import Isolation
from reports.lodging import Lodging, User
from reports.roster import Entry, Limits

SUITE = ("-m", "conformance")
"""How Python runs the suite."""
INTERRUPTED = 2
PATIENCE = 30.0
"""Seconds that a run has to write its report when it is given up."""
EVERY = 0.5
"""Seconds between two looks whether to go on."""
_LEASHED = """\
import ctypes, os, sys
ctypes.CDLL(None).prctl(1, 2, 0, 0, 0)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
"""Who starts the suite by this need not live to end it: it is interrupted, and its server with it."""


@dataclass(frozen=True)
class Trial:
    """What is to be done for a server.

    Attributes:
        entry: the server.
        sees: what it may read, if it is launched.
        limits: what it may use then.
        options: the suite's, for every server of the class.
        minutes: how long it may take.
        shown: the command that reports name in place of its own.
        suite: how Python runs the suite.
    """

    entry: Entry
    sees: tuple[Path, ...]
    limits: Limits
    options: tuple[str, ...]
    minutes: float
    shown: str
    suite: tuple[str, ...] = SUITE


@dataclass(frozen=True)
class Tried:
    """How that ended.

    Attributes:
        status: the suite's exit status.
        seconds: how long it took.
        why: it was given up, if it was.
        copy: where the server's files were for that while; empty for one that was not launched.
    """

    status: int
    seconds: float
    why: str = ""
    copy: str = ""


def run(trial: Trial, isolation: Isolation, folder: Path, look: Callable[[], None]) -> Tried:
    """Test a server.

    Args:
        trial: what is to be done.
        isolation: what keeps it from the rest of the machine, if it is launched.
        folder: where the reports go; it is made.
        look: called now and then; whatever it raises ends the test.

    Raises:
        LodgingError: its files cannot be copied.
        OSError: there is no place for the reports.
    """
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as held:
        lodging = None
        if trial.entry.launch is not None:
            user = User() if isolation.user else None
            lodging = held.enter_context(Lodging(trial.entry.directory, trial.sees, user))
        log = held.enter_context((folder / "log.txt").open("wb"))
        began = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _LEASHED, *_command(trial, isolation, folder, lodging)],
            # Not in the server's directory: whatever is there would be the first that the suite imports.
            cwd=folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        limit = began + 60 * trial.minutes
        try:
            in_time = _wait(process, limit, look)
        finally:
            _finish(process)
        seconds = round(time.monotonic() - began, 1)
    copy = str(lodging.folder) if lodging else ""
    if in_time:
        return Tried(process.returncode, seconds, copy=copy)
    return Tried(INTERRUPTED, seconds, f"given up after {trial.minutes:g} minutes", copy)


def _command(trial: Trial, isolation: Isolation, folder: Path, lodging: Lodging | None) -> list[str]:
    entry = trial.entry
    words = [*trial.suite, "-q", "-p", "no:cacheprovider", "--report", str(folder)]
    if lodging is None:
        words += ["--target", str(entry.target)]
    else:
        wrap = wrapper(trial.limits, isolation, lodging)
        words += ["--launch", entry.command(lodging.folder), "--wrap", shlex.join(wrap)]
        words += ["--shown-as", trial.shown]
    return [*words, *trial.options, *entry.options]


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


def environment() -> dict[str, str]:
    """That of the suite: a clone that is not installed has to be found from elsewhere, too."""
    project = str(Path(__file__).resolve().parent.parent)
    paths = [project, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "COLUMNS": "100"}


def _wait(process: subprocess.Popen[bytes], limit: float, look: Callable[[], None]) -> bool:
    """Until it ends, and whether it did before the limit."""
    fd = os.pidfd_open(process.pid)
    try:
        while not select.select([fd], [], [], min(max(limit - time.monotonic(), 0.0), EVERY))[0]:
            if time.monotonic() >= limit:
                return False
            look()
        return True
    finally:
        os.close(fd)


def _finish(process: subprocess.Popen[bytes]) -> None:
    """End it and its workers, by force when that takes too long; its server ends with it."""
    if process.poll() is None:
        _signal(process, signal.SIGINT)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(PATIENCE)
    _signal(process, signal.SIGKILL)
    process.wait()


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)
