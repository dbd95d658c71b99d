"""A class as a roster in TOML: who is tested, how each server is reached or started, and what it may use."""

import hashlib
import json
import os
import re
import shlex
import unicodedata
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from reports import graders
from reports.checked import Checked, WrongShape
from reports.escape import named, typed

MOST_AT_ONCE = 32
_MOST_FILES = 5000


@dataclass(frozen=True)
class Limits:
    """What a launched server may use: MiB of memory and of a file, processes, seconds of processor time."""

    memory: int = 1024
    file_size: int = 256
    processes: int = 256
    seconds: int = 600


@dataclass(frozen=True)
class Entry:
    """One server of the class.

    Attributes:
        folder: the name of the folder of its reports.
        target: its address, or None where it is launched.
        launch: the command that starts it, its files' paths absolute, or None.
        directory: where its files are.
        options: more options of the suite.
    """

    name: str
    folder: str
    target: str | None
    launch: str | None
    directory: Path
    options: tuple[str, ...]

    @property
    def place(self) -> str:
        """What only one run at a time may have: an address, or the port of servers that take none; else empty."""
        if self.target is not None:
            return self.target
        return "" if "{port}" in (self.launch or "") else "127.0.0.1:8765"


@dataclass(frozen=True)
class Roster:
    """The class.

    Attributes:
        at_once: how many servers are tested side by side.
        minutes: how long the test of one may take.
        options: the suite's, for every server.
    """

    entries: tuple[Entry, ...]
    at_once: int
    minutes: float
    options: tuple[str, ...]
    limits: Limits

    def key(self, entry: Entry) -> str:
        """What a run's result depends on, as a hash: with the same key it need not be run again."""
        files = sorted(_files(entry.directory)) if entry.launch else []
        told = [entry.target, entry.launch, entry.options, self.options, self.minutes, asdict(self.limits), files]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def load_roster(path: Path) -> Roster:
    """Read a roster.

    Raises:
        ResultsError: it cannot be read, is no TOML, or has a wrong key or value; the message says which.
    """
    advice = "`python -m reports class --help` shows one"
    return graders.read(path, "roster", advice, lambda document: _roster(document, path.absolute().parent))


def _roster(document: dict[str, Any], home: Path) -> Roster:
    checked = Checked({"limits": {}, "server": [], **document})
    checked.only("at_once", "minutes", "options", "limits", "server")
    limits = checked.inner("limits")
    limits.only(*asdict(Limits()))
    folders: set[str] = set()
    entries = tuple(_entry(entry, home, folders) for entry in checked.objects("server"))
    if not entries:
        raise WrongShape("server must have an entry at least")
    names = [entry.name for entry in entries]
    for one in names:
        if names.count(one) > 1:
            raise WrongShape(f"the server {named(one)} is there twice")
    at_once = checked.integer("at_once") if "at_once" in checked else max(1, (os.cpu_count() or 1) // 2)
    return Roster(
        entries=entries,
        at_once=int(_within(at_once, 1, MOST_AT_ONCE, "at_once")),
        minutes=_within(checked.number("minutes") if "minutes" in checked else 15, 0.01, 24 * 60, "minutes"),
        options=checked.texts("options") if "options" in checked else (),
        limits=Limits(**{key: int(_within(limits.integer(key), 1, 1 << 30, f"limits.{key}")) for key in limits}),
    )


def _entry(entry: Checked, home: Path, folders: set[str]) -> Entry:
    entry.only("name", "target", "launch", "directory", "options")
    name = entry.text("name")
    if not name.strip():
        raise WrongShape("a server needs a name")
    target = entry.text("target") if "target" in entry else None
    launch = entry.text("launch") if "launch" in entry else None
    if (target is None) == (launch is None):
        raise WrongShape(f"the server {named(name)} needs a target or a launch, and not both")
    directory = home / entry.text("directory") if "directory" in entry else home
    if not directory.is_dir():
        raise WrongShape(f"the server {named(name)}: {typed(str(directory))} is no directory")
    options = entry.texts("options") if "options" in entry else ()
    command = _with_paths(launch, directory, name) if launch is not None else None
    return Entry(name, _folder(name, folders), target, command, directory.resolve(), options)


def _with_paths(launch: str, directory: Path, name: str) -> str:
    """The command with the paths of files in the server's directory made whole: it runs elsewhere."""
    try:
        words = shlex.split(launch)
    except ValueError as error:
        raise WrongShape(f"the server {named(name)}: launch: {error}") from None
    if not words:
        raise WrongShape(f"the server {named(name)}: launch is empty")
    return shlex.join(str((directory / word).resolve()) if (directory / word).is_file() else word for word in words)


def _folder(name: str, taken: set[str]) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    folder = re.sub(r"[^A-Za-z0-9-]+", "_", plain).strip("_-")[:60]
    if not folder or folder.lower() in taken:
        folder = f"{folder or 'server'}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"
    taken.add(folder.lower())
    return folder


def _files(directory: Path) -> Iterator[tuple[str, int, int]]:
    count = 0
    for folder, _, names in os.walk(directory):
        for file in names:
            path = Path(folder, file)
            try:
                status = path.stat()
            except OSError:
                continue
            yield str(path), status.st_size, status.st_mtime_ns
            count += 1
            if count >= _MOST_FILES:
                return


def _within(number: float, least: float, most: float, what: str) -> float:
    if not least <= number <= most:
        raise WrongShape(f"{what} must be from {least:g} to {most:g}")
    return number
