"""Runs a command on a terminal of its own, bounded, and measures it: seconds, memory, what is shown."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from select import select

from conformance.harness.server import leash
from proof.run import OVER

POLL = 0.2
"""Seconds between two looks at the memory."""
OURS = re.compile(rb"\x1b\[[0-9;]*[mK]|[\r\n]|[ -~]")
"""What may reach a terminal: colours, erasing the line, line ends, and printable ASCII."""


@dataclass(frozen=True)
class Measured:
    """A command that has ended.

    Attributes:
        status: its exit status; -1 if it was ended because its time was over, or all is.
        seconds: how long it took.
        mebibytes: the most memory of it and its descendants, servers apart, at once; shared pages counted once.
        shown: what came on the terminal.
    """

    status: int
    seconds: float
    mebibytes: float
    shown: bytes

    @property
    def raw(self) -> bytes:
        """What came on the terminal that no program of ours sends."""
        return OURS.sub(b"", self.shown)


def run(command: Sequence[str], folder: Path, environment: Mapping[str, str], bound: float) -> Measured:
    """Run a command.

    Args:
        command: its words.
        folder: its current directory.
        environment: its environment.
        bound: seconds after which it is ended.
    """
    ours, theirs = pty.openpty()
    began = time.monotonic()
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    )
    os.close(theirs)
    shown, most, looked = bytearray(), 0, 0.0
    status = None
    while status is None and time.monotonic() < began + bound and not OVER.is_set():
        if select([ours], [], [], POLL)[0]:
            with suppress(OSError):
                shown += os.read(ours, 65536)
        if time.monotonic() > looked + POLL:
            most, looked = max(most, memory(process.pid)), time.monotonic()
        status = process.poll()
    seconds = time.monotonic() - began
    with suppress(OSError):
        while select([ours], [], [], 0.0)[0] and (data := os.read(ours, 65536)):
            shown += data
    if status is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    os.close(ours)
    return Measured(-1 if status is None else status, seconds, most / 2**20, bytes(shown))


def memory(root: int) -> int:
    """Bytes of memory of a process and its descendants, servers apart and shared pages counted once."""
    return sum(_memory_of(pid) for pid in _descendants(root))


def _descendants(root: int) -> list[int]:
    found = [root]
    for pid in found:
        for task in Path("/proc").glob(f"{pid}/task/*/children"):
            with suppress(OSError):
                found += [int(word) for word in task.read_text().split() if not _is_server(int(word))]
    return found


def beside(folder: Path) -> list[int]:
    """The processes that were told to keep their temporary files in a folder, and are there."""
    mark = f"TMPDIR={folder}".encode()
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if mark in path.read_bytes().split(b"\0"):
                found.append(int(path.parent.name))
    return found


def _is_server(pid: int) -> bool:
    """Whether this is the leash on which a server runs: memory there is the server's."""
    return leash.__file__.encode() in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")


def _memory_of(pid: int) -> int:
    with suppress(OSError):
        found = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
        return int(found[1]) * 1024 if found else 0
    return 0
