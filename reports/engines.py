"""Where the servers of a class are tested: on this machine, or by an executor whose workers are on others."""

import contextlib
import functools
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Executor, Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from reports.escape import sentence
from reports.isolation import Isolation, choose
from reports.lodging import LodgingError
from reports.parcel import Parcel, pack, unpack
from reports.roster import PLAIN
from reports.trial import Trial, Tried, environment, run

_port = threading.Lock()
"""Held by who tests a server that takes no port; a machine has one such port."""


class Lost(Exception):
    """There is nobody any more who could test servers; the message is one line."""


class Capacity(NamedTuple):
    """How many servers can be tested side by side, and on how many machines."""

    at_once: int
    machines: int


class Engine(Protocol):
    """Tests servers side by side."""

    def capacity(self) -> Capacity:
        """How much there is of it now.

        Raises:
            Lost: there has been none for too long.
        """

    def submit(self, trial: Trial, folder: Path) -> Future[Any]:
        """Begin a test whose reports go to a folder.

        Raises:
            LodgingError: the server's files cannot be taken.
        """

    def result(self, future: Future[Any], folder: Path) -> Tried:
        """Take what has ended, after which the reports are in the folder.

        Raises:
            LodgingError: it could not be tested; one line says why.
            Lost: nor can any other.
        """

    def close(self) -> None:
        """Stop the tests that have not ended, and wait until they have."""


class Here:
    """Tests servers on this machine.

    Args:
        isolation: what keeps launched servers from the rest of it.
        at_once: how many side by side.
    """

    def __init__(self, isolation: Isolation, at_once: int) -> None:
        self._isolation = isolation
        self._capacity = Capacity(at_once, 1)
        self._pool = ThreadPoolExecutor(at_once)
        self._closed = threading.Event()

    def capacity(self) -> Capacity:
        """Always the same."""
        return self._capacity

    def submit(self, trial: Trial, folder: Path) -> Future[Any]:
        """Begin a test."""
        return self._pool.submit(run, trial, self._isolation, folder, self._look)

    def result(self, future: Future[Any], folder: Path) -> Tried:
        """Take what has ended."""
        tried: Tried = future.result()
        return tried

    def close(self) -> None:
        """Stop the rest."""
        self._closed.set()
        self._pool.shutdown()

    def _look(self) -> None:
        if self._closed.is_set():
            raise CancelledError


class Elsewhere:
    """Tests servers by an executor, whose workers need the same suite and nothing of this machine's files.

    Args:
        executor: it runs what is submitted anywhere.
        capacity: tells how much it can do at once.
        look: called now and then where a server is tested; whatever it raises ends the test.
        version: of the suite here.
        unconfined: test servers even where nothing keeps them from the rest of a machine.
    """

    def __init__(
        self,
        executor: Executor,
        capacity: Callable[[], Capacity],
        look: Callable[[], None],
        version: str,
        unconfined: bool,
    ) -> None:
        self.capacity = capacity
        self._executor = executor
        self._told = (version, unconfined, look)

    def submit(self, trial: Trial, folder: Path) -> Future[Any]:
        """Send what a server may read of its files, and begin its test."""
        entry = trial.entry
        files = pack(entry.directory, trial.sees) if entry.launch is not None else {}
        # Its directory is another one there.
        entry = replace(entry, launch=None if entry.launch is None else entry.command(Path()))
        return self._executor.submit(try_sent, replace(trial, entry=entry, sees=()), files, *self._told)

    def result(self, future: Future[Any], folder: Path) -> Tried:
        """Take what has ended, and write its reports into the folder."""
        try:
            tried: Tried
            tried, reports = future.result()
        except LodgingError:
            raise
        except CancelledError:
            raise Lost("the scheduler is gone") from None
        except Exception as error:  # whatever goes wrong on another machine costs this server alone
            told = str(error).partition(". ")[0]
            raise LodgingError(f"no worker could test it: {sentence(told) or type(error).__name__}") from None
        unpack(reports, folder)
        return tried

    def close(self) -> None:
        """Cancel the rest."""
        self._executor.shutdown(wait=False)


def try_sent(
    trial: Trial, files: Parcel, version: str, unconfined: bool, look: Callable[[], None]
) -> tuple[Tried, Parcel]:
    """Test a server whose files were sent; runs on the other machine.

    Args:
        trial: what is to be done; the directory is not that of this machine.
        files: the server's.
        version: the suite's where the class is.
        unconfined: go on where nothing keeps the server from the rest of this machine.
        look: called now and then; whatever it raises ends the test.

    Returns:
        How it ended, and its reports.

    Raises:
        LodgingError: it cannot be tested here.
    """
    if why := trouble(version, trial.entry.launch is not None and not unconfined):
        raise LodgingError(why)
    with tempfile.TemporaryDirectory(prefix="class-") as folder:
        sent, reports = Path(folder, "sent"), Path(folder, "reports")
        unpack(files, sent)
        here = replace(trial, entry=replace(trial.entry, directory=sent), sees=(sent,))
        with _port if trial.entry.place == PLAIN else contextlib.nullcontext():
            tried = run(here, _isolation()[0], reports, look)
        try:
            return tried, pack(reports, [reports])
        except LodgingError:
            raise LodgingError("its reports are too large to be sent") from None


def trouble(version: str, confined: bool) -> str:
    """Tell in one line why servers cannot be tested on this machine; empty where they can.

    Args:
        version: the suite's where the class is.
        confined: whether they have to be kept from the rest.
    """
    if suite_version() != version:
        return f"the suite is {suite_version()} there and {version} here: install the same on both"
    return _isolation()[1] if confined else ""


@functools.cache
def suite_version() -> str:
    """Which suite this machine has; empty where it has none."""
    command = [sys.executable, "-m", "conformance.version"]
    said = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
    return sentence(said.stdout)


_isolation = functools.cache(choose)
