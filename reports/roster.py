"""A class as a roster in TOML: who is tested, how each server is reached or started, and what it may use."""

import hashlib
import json
import os
import re
import shlex
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from reports import toml_input
from reports.checked import Checked, Faults, WrongShape
from reports.escape import named, typed
from reports.lodging import LodgingError, own_files
from reports.students import Student, load_students, student_of
from reports.submissions import found_files, unmatched

MOST_AT_ONCE = 32
PLAIN = "127.0.0.1:8765"
"""Where a server listens that takes no port."""
LAUNCH = "python3 {file}"
"""How a submission is started unless the roster says otherwise: without arguments, as the assignment has it."""
_PLACEHOLDER = re.compile(r"(?:^|[=:]){([a-z_]+)}")
_ADDRESS = re.compile(r"(\[[0-9A-Fa-f:.%\w]+\]|[^\[\]:\s]+):(\d{1,5})")


@dataclass(frozen=True)
class Limits:
    """What a launched server may use: MiB of memory, of a file, of all files; processes; seconds of processor time."""

    memory: int = 1024
    file_size: int = 256
    disk: int = 512
    processes: int = 256
    seconds: int = 600


@dataclass(frozen=True)
class Entry:
    """One server of the class.

    Attributes:
        folder: the name of the folder of its reports.
        target: its address, or None where it is launched.
        launch: the command that starts it in its directory, or None.
        directory: where its files are.
        options: more options of the suite.
        email: the student's address, or empty.
    """

    name: str
    folder: str
    target: str | None
    launch: str | None
    directory: Path
    options: tuple[str, ...]
    email: str = ""

    @cached_property
    def files(self) -> list[Path]:
        """The files in its directory that its command names."""
        inner = map(self._inner, shlex.split(self.launch or ""))
        return [self.directory / path for path in inner if path is not None]

    def command(self, folder: Path) -> str:
        """The command that starts it from a copy of its directory, wherever it is run.

        A script that is not in the directory is looked for in the copy as well, so that it is missed there.
        """
        words = shlex.split(self.launch or "")
        inner = [self._inner(word) for word in words]
        if words[1:] and inner[1] is None and re.fullmatch(r"[\w-]+\.py", words[1]):
            inner[1] = Path(words[1])
        return shlex.join(word if path is None else str(folder / path) for word, path in zip(words, inner, strict=True))

    def _inner(self, word: str) -> Path | None:
        """The path within the directory of a file that a word of the command names."""
        path = Path(word)
        if path.is_absolute() and path.is_relative_to(self.directory):
            path = path.relative_to(self.directory)
        is_inner = not path.is_absolute() and ".." not in path.parts and (self.directory / path).is_file()
        return path if is_inner else None

    @property
    def place(self) -> str:
        """What only one run at a time may have: an address, or the port of servers that take none; else empty."""
        if self.target is not None:
            return self.target
        return "" if "{port}" in (self.launch or "") else PLAIN


@dataclass(frozen=True)
class Roster:
    """The class.

    Attributes:
        private: the files that no server may read: the roster itself, and who the students are.
        at_once: how many servers are tested side by side.
        minutes: how long the test of one may take.
        options: the suite's, for every server.
        remarks: what the grader should know of it, a line each.
        others: who is tested elsewhere, and whose files are nobody's business here either.
    """

    private: tuple[Path, ...]
    entries: tuple[Entry, ...]
    at_once: int
    minutes: float
    options: tuple[str, ...]
    limits: Limits
    remarks: tuple[str, ...] = ()
    others: tuple[Entry, ...] = ()

    @property
    def launched(self) -> list[Entry]:
        """The servers that are started, here or elsewhere."""
        return [entry for entry in (*self.entries, *self.others) if entry.launch is not None]

    def part(self, number: int, of: int) -> "Roster":
        """The class with a part of its servers to be tested, each in one of so many parts."""
        chosen = self.entries[number - 1 :: of]
        return replace(self, entries=chosen, others=tuple(one for one in self.entries if one not in chosen))

    def sees(self, entry: Entry) -> list[Path]:
        """What a launched server may read: its directory, or only the files it names where that holds others', too."""
        others = [other for other in self.launched if (other.directory, other.files) != (entry.directory, entry.files)]
        foreign = [*self.private, *(path for other in others for path in (other.files or [other.directory]))]
        for folder in (entry.directory, *(file.parent for file in entry.files)):
            if not any(path.is_relative_to(folder) for path in foreign):
                return [folder]
        return entry.files

    def key(self, entry: Entry) -> str:
        """What a run's result depends on, as a hash: with the same key it need not be run again, on any machine."""
        files = sorted(_files(entry.directory, self.sees(entry))) if entry.launch else []
        told = [entry.target, entry.launch, entry.options, self.options, self.minutes, asdict(self.limits), files]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def load_roster(path: Path) -> Roster:
    """Read a roster.

    Raises:
        ResultsError: it cannot be read, is no TOML, or has a wrong key or value; the message says which.
    """
    advice = "`python -m reports class --help` shows one"
    return toml_input.read(path, "roster", advice, lambda document: _roster(document, path.resolve()))


def _roster(document: dict[str, Any], path: Path) -> Roster:
    side_by_side = max(1, (os.cpu_count() or 1) // 2)
    usual = {"at_once": side_by_side, "minutes": 15, "options": [], "limits": {}, "server": []}
    checked, faults = Checked(usual | document), Faults()
    with faults.noted():
        checked.only(*usual, "submissions", "launch", "students")
    with faults.noted():
        roster = _empty(checked, path)
    home = path.parent
    listed = home / checked.text("students") if "students" in checked else None
    students = load_students(listed) if listed else []
    launch = checked.text("launch") if "launch" in checked else None
    folders: set[str] = set()
    entries: list[Entry] = []
    for one in checked.objects("server"):
        with faults.noted():
            entries.append(_entry(one, home, launch, students, folders, faults))
    faults.tell()
    remarks: tuple[str, ...] = ()
    if "submissions" in checked:
        found = found_files(checked.text("submissions"), home)
        entries += _submitted(found, launch or LAUNCH, students, folders)
        remarks = unmatched(list(found), students) if students else ()
    if not entries:
        raise WrongShape("server must have an entry at least, or submissions must name files")
    names = [entry.name for entry in entries]
    for called in names:
        if names.count(called) > 1:
            raise WrongShape(f"the server {named(called)} is there twice")
    private = (path, listed.resolve()) if listed else (path,)
    return replace(roster, private=private, entries=tuple(entries), remarks=remarks)


def _empty(checked: Checked, path: Path) -> Roster:
    limits = checked.inner("limits")
    limits.only(*asdict(Limits()))
    return Roster(
        private=(path,),
        entries=(),
        at_once=int(_within(checked.integer("at_once"), 1, MOST_AT_ONCE, "at_once")),
        minutes=_within(checked.number("minutes"), 0.01, 24 * 60, "minutes"),
        options=checked.texts("options"),
        limits=Limits(**{key: int(_within(limits.integer(key), 1, 1 << 30, f"limits.{key}")) for key in limits}),
    )


def _entry(
    entry: Checked, home: Path, usual: str | None, students: Sequence[Student], folders: set[str], faults: Faults
) -> Entry:
    entry.only("name", "email", "target", "launch", "directory", "options")
    name = entry.text("name")
    if not name.strip():
        raise WrongShape("a server needs a name")
    target = entry.text("target") if "target" in entry else None
    launch = entry.text("launch") if "launch" in entry else usual if target is None else None
    with faults.noted():
        if (target is None) == (launch is None):
            raise WrongShape(f"the server {named(name)} needs a target or a launch, and not both")
        if target is not None:
            _check_address(target, name)
    directory = home / entry.text("directory") if "directory" in entry else home
    with faults.noted():
        if not directory.is_dir():
            raise WrongShape(f"the server {named(name)}: {typed(str(directory))} is no directory")
    with faults.noted():
        if launch is not None:
            if "{file}" in launch:
                raise WrongShape(f"the server {named(name)}: launch: only submissions have a {{file}}, so name it")
            check_command(launch, f"the server {named(name)}: launch")
    options = entry.texts("options") if "options" in entry else ()
    student = student_of(name, students)
    email = entry.text("email") if "email" in entry else student.email if student else ""
    return Entry(name, _folder(name, folders), target, launch, directory.resolve(), options, email)


def _submitted(
    found: Mapping[str, Path], launch: str, students: Sequence[Student], folders: set[str]
) -> Iterator[Entry]:
    owners = {name: student_of(name, students) for name in found}
    called = [student.name for student in owners.values() if student]
    for name, path in found.items():
        student = owners[name]
        shown = name if student is None else student.name
        if called.count(shown) > 1 or (student is None and shown in called):
            shown = f"{shown} ({name})"
        command = launch.replace("{file}", shlex.quote(path.name))
        check_command(command, f"the server {named(shown)}: launch")
        yield Entry(shown, _folder(shown, folders), None, command, path.parent, (), student.email if student else "")


def _check_address(target: str, name: str) -> None:
    match = _ADDRESS.fullmatch(target)
    if not match or not 0 < int(match[2]) < 65536:
        raise WrongShape(
            f"the server {named(name)}: target {typed(target)}: write host:port, for example ben.example.org:8765"
        )


def check_command(launch: str, whose: str) -> None:
    """Refuse a command that cannot start a server.

    Args:
        launch: the command, with its placeholders.
        whose: what it is called in the error.

    Raises:
        WrongShape: it is none.
    """
    try:
        words = shlex.split(launch)
    except ValueError as error:
        raise WrongShape(f"{whose}: {error}") from None
    if not words:
        raise WrongShape(f"{whose} is empty")
    for word in words:
        if (found := _PLACEHOLDER.search(word)) and found[1] not in ("host", "port", "time_limit"):
            raise WrongShape(f"{whose}: {{{found[1]}}} is no placeholder: {{host}}, {{port}} and {{time_limit}} are")


def _folder(name: str, taken: set[str]) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    folder = re.sub(r"[^A-Za-z0-9-]+", "_", plain).strip("_-")[:60]
    if not folder or folder.lower() in taken:
        folder = f"{folder or 'server'}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"
    taken.add(folder.lower())
    return folder


def _files(directory: Path, sees: Sequence[Path]) -> Iterator[tuple[str, bool, str]]:
    # What cannot be read whole cannot be tested either, and that is told then.
    with suppress(LodgingError, OSError):
        for path, executable in own_files(directory, sees):
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            yield path.relative_to(directory).as_posix(), executable, digest


def _within(number: float, least: float, most: float, what: str) -> float:
    if not least <= number <= most:
        raise WrongShape(f"{what} must be from {least:g} to {most:.12g}")
    return number
