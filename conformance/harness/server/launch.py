"""A server process that the suite starts, watches and ends: on a leash, in an empty directory of its own."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import random
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from conformance.harness.server import complaints, leash, proc, sockdiag
from conformance.harness.server.complaints import Complaints
from conformance.harness.server.elsewhere import Elsewhere
from conformance.harness.server.kind import Kind
from conformance.harness.settings import UsageError

OUTPUT, OUTPUT_LIMIT = "output.txt", 1024 * 1024
"""The file that a server's output is kept in, and how many bytes of it are."""
LEFT_LIMIT = 64 * 1024 * 1024
"""Bytes of the files that are kept of a server that was killed."""
START_LIMIT = 15.0
"""Seconds that a server may take until it listens."""
STOP_LIMIT = 30.0
"""Seconds that the end of a server may take, on however busy a machine, beyond the grace that it is given."""
SETTLED = 0.25
"""Seconds after which a server that listens has become the process that it stays, if nobody else has a part in it."""
DETACHES = 1.25
"""Seconds after which one whose listener others hold as well is not expected to leave it to them any more."""
FILLED_IN = ("host", "port", "time_limit")
"""What a command may name in braces."""
SCRIPTS = (".py", ".pl", ".rb", ".js", ".sh", ".php", ".jar")
"""How the name of a program ends that another one runs."""
SHELLS = ("sh", "bash", "dash", "ksh", "zsh", "fish")
LONGEST_SHEBANG = 128
"""Bytes of a script's first line that say what runs it."""
HOST = "127.0.0.1"
IN_BACKGROUND = (
    "the server put itself into the background, and was ended with its children: start it so that it stays in the "
    "foreground"
)


class Unreachable(Exception):
    """There is no server to talk to; the message is one line, then what the server printed."""


class Background(Unreachable):
    """The server put itself into the background."""


def reference_command(kind: Kind) -> str:
    """The command line of the reference server.

    Args:
        kind: of servers.

    Raises:
        Unreachable: it is not installed here.
    """
    module, options = kind.reference
    if importlib.util.find_spec(module) is None:
        raise Unreachable("the reference server is not installed: name a server with --target or --launch")
    return f"{shlex.quote(sys.executable)} -m {module} {options}"


def words_of(command: str, option: str = "--launch") -> list[str]:
    """Split a command line, words that name existing files made absolute, for it runs in a directory of its own.

    Args:
        command: the command line.
        option: where it was given, for messages.

    Raises:
        UsageError: it cannot be split, or names what is not filled in.
        Unreachable: its program is not there.
    """
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise UsageError(f"{option} {command!r}: {error}") from None
    if not words:
        raise UsageError(f"{option}: the command is empty")
    named = [name for word in words for name in re.findall(r"(?:^|[=:]){([a-z_]+)}", word)]
    if unknown := [f"{{{name}}}" for name in dict.fromkeys(named) if name not in FILLED_IN]:
        are = "is no placeholder" if len(unknown) == 1 else "are no placeholders"
        raise UsageError(f"{option}: {', '.join(unknown)} {are}: {{host}}, {{port}} and {{time_limit}} are")
    place = _program(words)
    script = words[place]
    if place and script.endswith(SCRIPTS) and not os.path.isfile(script):
        folder, name = os.path.split(script) if os.path.isabs(script) else (os.getcwd(), script)
        raise Unreachable(f"{option}: {name} is not in {folder}")
    # A folder is made absolute only where it is the program: elsewhere it may be one of the server's own.
    if os.path.isdir(script) and words[place - 1] != "-m":
        words[place] = os.path.abspath(script)
    words = [os.path.abspath(word) if os.path.isfile(word) else word for word in words]
    if shutil.which(words[0]) is None:
        raise Unreachable(f"{option}: {words[0]}: no such program, or it is not executable")
    return words


def _program(words: Sequence[str]) -> int:
    """Where a command's arguments begin: the place of its program, or of the script, module or class that it runs."""
    python = Path(words[0]).name.startswith("python")
    for place in range(1, len(words)):
        # Python also runs a folder, and a file of any name.
        if words[place].endswith(SCRIPTS) or words[place - 1] == "-m" or (python and os.path.exists(words[place])):
            return place
    return len(words) - 1 if Path(words[0]).name == "java" else 0


def has_arguments(command: str) -> bool:
    """Whether a command that was split by `words_of` before gives its program any arguments."""
    words = shlex.split(command)
    return _program(words) < len(words) - 1


def is_wrapped(command: str) -> bool:
    """Whether a shell starts the server, so that what it is given is the shell script's affair."""
    words = shlex.split(command)
    program = words[_program(words)]
    try:
        with open(shutil.which(program) or program, "rb") as file:
            first = file.read(LONGEST_SHEBANG).partition(b"\n")[0].decode("latin-1")
    except OSError:
        first = ""
    run_by = first[2:].split() if first.startswith("#!") else []
    return any(Path(word).name in SHELLS for word in (words[0], *run_by))


def without_placeholders(command: str) -> str:
    """The command without the words that the suite fills in and the options that take them."""
    words: list[str] = []
    for word in shlex.split(command):
        if not re.search(r"\{(host|port|time_limit)\}", word):
            words.append(word)
        elif words and words[-1].startswith("-"):
            words.pop()
    return shlex.join(words)


class Process:
    """A running server.

    Args:
        kind: of the server.
        command: the command line with `{host}`, `{port}` and `{time_limit}`.
        time_limit: seconds, filled in.
        leftover: what stands in its directory before it starts: bytes by the names of files, or paths below it.
        wrap: a command that is put in front of it, or None.
        complaints: where the exceptions and crashes go that it prints, or None.

    Raises:
        Unreachable: it does not start or does not listen.
    """

    def __init__(
        self,
        kind: Kind,
        command: str,
        time_limit: float,
        leftover: Mapping[str, bytes] | None = None,
        wrap: str | None = None,
        complaints: Complaints | None = None,
    ) -> None:
        words = [*(words_of(wrap, "--wrap") if wrap else ()), *words_of(command)]
        self.port, self._claim = _free_port() if "{port}" in command else (kind.port, None)
        if sockdiag.may_listen(self.port) and proc.listener(HOST, self.port):
            raise Unreachable(f"port {self.port} is taken by another process: end it first")
        self.directory = Path(tempfile.mkdtemp(prefix="conformance-"))
        for name, data in (leftover or {}).items():
            place = self.directory / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
        # Before the server can put anything in its place.
        self._output = (self.directory / OUTPUT).open("wb")
        values = {"{host}": HOST, "{port}": str(self.port), "{time_limit}": f"{time_limit:g}"}
        for name, value in values.items():
            words = [word.replace(name, value) for word in words]
        self.started = time.time()
        self._tail = bytearray()
        self.complaints = complaints if complaints is not None else Complaints()
        self._let_go = False
        self._leash = subprocess.Popen(
            [sys.executable, "-I", "-S", leash.__file__, *words],
            cwd=self.directory,
            env=_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # Who kills the suite's whole process group must not kill the leash before it has ended the server.
            process_group=0,
        )
        self._reader = threading.Thread(target=self._collect_output, daemon=True)
        self._reader.start()
        self.first: socket.socket | None = None
        self._listened: float | None = None
        self._wait_until_it_listens()

    def _wait_until_it_listens(self) -> None:
        deadline = time.monotonic() + START_LIMIT
        where = ""
        elsewhere = Elsewhere(HOST, self.port, self._claim is not None)
        while time.monotonic() < deadline and not (where := elsewhere.look(self.processes)):
            if self.status is not None:
                self._reader.join(1.0)
                self.stop()
                if self.in_background:
                    raise Background(self.end)
                raise Unreachable(f"the server ended at once with {self._left}")
            # A child of one that has left already does not make it a server.
            if self._listens() and self._runs():
                self._listened = time.monotonic()
                return
            time.sleep(0.01)
        printed = self.printed()
        self.stop()
        said = f": {where}" if where else f" after {START_LIMIT:g} s{printed}"
        raise Unreachable(f"the server does not listen on {HOST}:{self.port}{said}")

    def _listens(self) -> bool:
        if proc.available():
            return sockdiag.may_listen(self.port) and proc.serves(HOST, self.port)
        # A connection that is opened only to look would cost some servers a worker: the first case keeps this one.
        with contextlib.suppress(OSError):
            self.first = socket.create_connection((HOST, self.port), timeout=1.0)
        return self.first is not None

    def processes(self) -> list[int]:
        """The ids of all processes that the server consists of, as far as they can be seen."""
        return [process for process, *_ in leash.descendants(self._leash.pid)]

    def expect_foreground(self) -> None:
        """Make sure that the process that was started goes on serving; takes a moment where others share in that.

        Raises:
            Unreachable: it has put itself into the background.
        """
        assert self._listened is not None
        self.ends(self._listened + SETTLED - time.monotonic())
        if not self._serves_itself():
            self.ends(self._listened + DETACHES - time.monotonic())
        if not self._runs():
            self.ends(STOP_LIMIT)
        if self.in_background:
            raise Background(self.end)

    def _runs(self) -> bool:
        """Whether the process that was started runs, which ends a little before the leash does."""
        server = leash.held(self._leash.pid)
        known = leash.stat(server) if server else None
        return not proc.available() or (known is not None and known[0] == self._leash.pid and known[2] not in "ZX")

    def _serves_itself(self) -> bool:
        """Whether the process that was started, and it alone, owns the socket that listens."""
        row = proc.listener(HOST, self.port)
        owners = [process for process in self.processes() if row and row.inode in leash.sockets(process)]
        return not proc.available() or owners == [leash.held(self._leash.pid)]

    @property
    def status(self) -> int | None:
        """Its exit status, or None while it runs."""
        status = self._leash.poll()
        return 0 if status in (-leash.LISTENS_ON, -leash.LIVES_ON) else status

    @property
    def in_background(self) -> bool:
        """Whether the process that was started has ended in peace and left the serving to another."""
        left = self._leash.poll()
        return left == -leash.LISTENS_ON or (left == -leash.LIVES_ON and self._listened is None)

    @property
    def end(self) -> str:
        """How it ended, and what it printed last."""
        return IN_BACKGROUND if self.in_background else f"the server ended with {self._left}"

    @property
    def _left(self) -> str:
        return f"exit status {self.status}{self.printed()}"

    def ends(self, patience: float) -> bool:
        """Whether it has ended, or does within some seconds; where it has, the leash is waited for that tells how."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._leash.wait(max(0.0, patience))
        if self.status is None and patience > 0 and not self._runs():
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._leash.wait(STOP_LIMIT)
        return self.status is not None

    def printed(self) -> str:
        """The last lines that it printed, for a message, with their own lead-in; empty if it printed nothing."""
        lines = bytes(self._tail).decode("latin-1").splitlines()[-12:]
        shown = "\n".join("    " + complaints.shown(row[:200]) for row in lines)
        return f"; it printed:\n{shown}" if shown else "; it printed nothing"

    def crash(self) -> dict[str, bytes]:
        """Kill its processes at once; what they leave in its directory, as `leftover` wants it."""
        for process in self.processes():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(process, signal.SIGKILL)
        self.ends(STOP_LIMIT)
        left: dict[str, bytes] = {}
        room = LEFT_LIMIT
        for place in self.directory.rglob("*"):
            with contextlib.suppress(OSError):
                if place.is_file() and not place.is_symlink() and place.name != OUTPUT and place.stat().st_size <= room:
                    left[str(place.relative_to(self.directory))] = data = place.read_bytes()
                    room -= len(data)
        return left

    def stop(self) -> None:
        """End its process group and remove its directory."""
        if self.first:
            self.first.close()
        assert self._leash.stdin
        self._let_go = True
        self._leash.stdin.close()
        try:
            self._leash.wait(leash.GRACE + STOP_LIMIT)
        except subprocess.TimeoutExpired:
            self._leash.kill()
            self._leash.wait()
        self._reader.join(1.0)
        if self._claim:
            self._claim.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _collect_output(self) -> None:
        assert self._leash.stdout
        kept = 0
        reader = complaints.Reader(self.complaints)
        with self._output as file, contextlib.suppress(ValueError):
            while data := os.read(self._leash.stdout.fileno(), 65536):
                self._tail = (self._tail + data)[-8192:]
                if not self._let_go:  # what it says of its own end is our doing
                    reader.feed(data)
                file.write(data[: max(0, OUTPUT_LIMIT - kept)])
                kept += len(data)
        if not self._let_go:
            reader.feed(b"\n")  # its last words may lack a line end


def _environment() -> dict[str, str]:
    folders = [str(Path(__file__).parents[3])]  # the reference server is found beside the suite, installed or not
    # It runs in a directory of its own, where a relative path leads elsewhere.
    folders += [os.path.abspath(one) for one in os.environ.get("PYTHONPATH", "").split(os.pathsep) if one]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(folders), "PYTHONUNBUFFERED": "1"}


def _free_port() -> tuple[int, socket.socket | None]:
    """A port that nobody has, outside the range from which the kernel takes the clients' own ports.

    Returns:
        The port, and the claim on it, to be closed with its server: until that listens, nothing else keeps another run
        of the suite from choosing the same.
    """
    chooser = random.SystemRandom()
    for _ in range(200):
        port = chooser.randint(20000, 30000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            claim = _claim(port)
            probe.bind((HOST, port))
            return port, claim
    raise Unreachable("no free port between 20000 and 30000")


def _claim(port: int) -> socket.socket | None:
    if sys.platform != "linux":
        return None
    claim = socket.socket(socket.AF_UNIX)
    try:
        claim.bind(f"\0conformance-port-{port}")  # a name without a file, gone with the process
    except OSError:
        claim.close()
        raise
    return claim
