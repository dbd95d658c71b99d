"""What Linux tells of a server on this machine: its listener, accept queue, connections, process and threads."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import socket
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from conformance.harness.server import leash

ESTABLISHED, LISTEN = "01", "0A"


@dataclass(frozen=True)
class Row:
    """One line of /proc/net/tcp.

    Attributes:
        queue: on a listener, how many connections wait in its accept queue.
        inode: 0 where no process owns the connection yet.
    """

    local: tuple[str, int]
    remote: tuple[str, int]
    state: str
    queue: int
    inode: int


def available() -> bool:
    """Whether this machine tells any of it."""
    return sys.platform == "linux" and Path("/proc/net/tcp").exists()


def rows(port: int) -> Iterator[Row]:
    """The sockets whose local port is this one, of both address families."""
    wanted = f":{port:04X}"
    for name in ("tcp", "tcp6"):
        yield from (_row(words) for words in _lines(name) if words[1].endswith(wanted))


def _lines(name: str) -> Iterator[list[str]]:
    with contextlib.suppress(OSError), Path(f"/proc/net/{name}").open(encoding="ascii") as file:
        next(file)
        yield from map(str.split, file)


def _row(words: list[str]) -> Row:
    queue = int(words[4].split(":")[1], 16)
    return Row(_address(words[1]), _address(words[2]), words[3], queue, int(words[9]))


def _address(text: str) -> tuple[str, int]:
    host, port = text.split(":")
    packed = b"".join(int(host[at : at + 8], 16).to_bytes(4, sys.byteorder) for at in range(0, len(host), 8))
    address = ipaddress.ip_address(packed)
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address), int(port, 16)


def listener(host: str, port: int) -> Row | None:
    """The socket that listens for connections to this host and port on this machine."""
    every = ("::",) if ":" in host else ("0.0.0.0", "::")
    return next((row for row in listeners(port) if row.local[0] in (host, *every)), None)


def listeners(port: int | None = None) -> Iterator[Row]:
    """The sockets that listen on this machine: on this port, or on any."""
    wanted = "" if port is None else f":{port:04X}"
    for name in ("tcp", "tcp6") if available() else ():
        # Listeners come first, and thousands of closed connections may follow.
        for words in takewhile(lambda words: words[3] == LISTEN, _lines(name)):
            if words[1].endswith(wanted):
                yield _row(words)


def serves(host: str, port: int) -> bool:
    """Whether anything listens for connections to this host and port on this machine.

    Nothing in /proc tells whether a socket on `::` takes IPv4 as well; where it does, nobody can bind there.
    """
    row = listener(host, port)
    if row is None or ":" in host or row.local[0] != "::":
        return row is not None
    with socket.socket() as probe:
        # So that a server that is about to bind there itself can, meanwhile.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False


def listened_to(processes: Iterable[int]) -> list[Row]:
    """The sockets on which any of these processes listens."""
    inodes = {inode for process in processes for inode in leash.sockets(process)}
    return [row for row in listeners() if row.inode in inodes]


def as_target(row: Row) -> str:
    """How a client on this machine is told to connect to what listens there, as `--target` takes it."""
    host, port = row.local
    return shown({"::": "::1", "0.0.0.0": "127.0.0.1"}.get(host, host), port)


def shown(host: str, port: int) -> str:
    """An address in one word, an IPv6 host in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def is_local(host: str) -> bool:
    """Whether an address belongs to this machine: only then can a socket be bound to it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        try:
            probe.bind((host, 0))
        except OSError:
            return False
    return True


def unowned(port: int) -> int:
    """How many established connections of a server no process has accepted yet."""
    return sum(1 for row in rows(port) if row.state == ESTABLISHED and row.inode == 0)


def foreign_clients(port: int, own: set[int]) -> int:
    """How many established connections of a server come from clients that are not our own.

    Args:
        port: the server's port.
        own: the local ports of our connections.
    """
    return sum(1 for row in rows(port) if row.state == ESTABLISHED and row.remote[1] not in own)


def owner(row: Row) -> int | None:
    """The process that owns a socket, or None where it cannot be seen."""
    wanted = f"socket:[{row.inode}]"
    for folder in Path("/proc").glob("[0-9]*/fd"):
        try:
            for link in os.scandir(folder):
                if os.readlink(link.path) == wanted:
                    return int(folder.parent.name)
        except OSError:
            continue
    return None


def directory(pid: int) -> Path | None:
    """The current directory of a process, or None where it cannot be seen."""
    try:
        return Path(os.readlink(f"/proc/{pid}/cwd"))
    except OSError:
        return None


def started(pid: int) -> float:
    """When a process was started, in seconds of the epoch; 0 where it cannot be seen."""
    try:
        return os.stat(f"/proc/{pid}").st_ctime
    except OSError:
        return 0.0


POLL = 0.5
"""Seconds between two looks at a process's memory."""
KINDS = ("descriptors", "threads", "processes")


def usage(processes: Sequence[int]) -> tuple[int, ...]:
    """How much of each of `KINDS` these processes have together; a thread is one beside a process's first."""
    descriptors = sum(len(_names(f"/proc/{pid}/fd")) for pid in processes)
    return descriptors, sum(max(0, len(threads(pid)) - 1) for pid in processes), len(processes)


def memory(processes: Iterable[int]) -> int:
    """Bytes that these processes have had in memory together, each at its highest; 0 where it cannot be seen."""
    return sum(1024 * int(line.split()[1]) for pid in processes for line in _status(pid) if line.startswith("VmHWM:"))


def settled_memory(processes: Iterable[int], patience: float) -> int:
    """What `memory` tells once it stays the same for a while, or when so many seconds have passed."""
    those, latest, before = list(processes), time.monotonic() + patience, -1
    while (now := memory(those)) != before and time.monotonic() < latest:
        before = now
        time.sleep(POLL)
    return now


def _status(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def threads(pid: int) -> set[int]:
    """The ids of a process's threads; empty where they cannot be seen."""
    return {int(name) for name in _names(f"/proc/{pid}/task")}
