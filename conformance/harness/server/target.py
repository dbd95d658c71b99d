"""Where the server is: an address, or a process that the suite starts, watches and starts again."""

from __future__ import annotations

import socket
import threading
from collections.abc import Mapping
from pathlib import Path

from conformance.harness.server import proc
from conformance.harness.server.complaints import Complaints
from conformance.harness.server.kind import Kind, Store
from conformance.harness.server.launch import Background, Process, Unreachable
from conformance.harness.server.slots import Places, SharedPlaces
from conformance.harness.wire.manners import Manners

__all__ = ["Addressed", "Launched", "Server", "Unreachable"]

START_TRIES = 3
"""How often in a row a server may fail to start before it is not tried again."""


class Server:
    """The server under test, as one process of the suite sees it.

    Attributes:
        address: its numeric host and port.
        command: the command that starts it, where the suite does.
        greets: whether it has greeted any client.
        side_by_side: how many clients were connected, at the most, where it greeted one without delay.
        shared: whether cases are run side by side on it just now, so that it is started again only when it has ended.
        store: where it keeps its mail, or None; `no_store` says why.
        connections: how many were made to it since it was started.
        connections_before: how many of them before the case that is run: a server that they wear out spoils the case.
        cases: the ids of those that were run on it since it was started, in order.
        own_ports: the local ports of all our connections.
        open_ports: those of the connections that are open.
        starts: how often the suite has started it.
        complaints: the exceptions and crashes that it printed, where the suite started it.
    """

    address: tuple[str, int]
    places: Places
    store: Store | None = None
    no_store = ""
    launched = False
    shared = False
    greets = False
    side_by_side = 0
    command: str | None = None

    def __init__(self, kind: Kind, manners: Manners) -> None:
        self.kind = kind
        self.manners = manners
        self.connections = 0
        self.connections_before = 0
        self.starts = 0
        self.cases: list[str] = []
        self.own_ports: set[int] = set()
        self.open_ports: set[int] = set()
        self.complaints = Complaints()

    @property
    def gone(self) -> bool:
        """Whether nothing listens any more where it was, as far as that can be seen, and nobody can start it again."""
        return False

    @property
    def local(self) -> bool:
        """Whether it runs on this machine, where /proc tells of it."""
        return proc.listener(*self.address) is not None

    @property
    def refusal(self) -> str:
        """Why no case can be run on it any more, whatever it was about to judge; empty as long as one can."""
        return ""

    def process(self) -> int | None:
        """The id of its process, where it can be seen."""
        row = proc.listener(*self.address)
        return proc.owner(row) if row else None

    def processes(self) -> list[int]:
        """The ids of all its processes, where the suite started it and they can be seen."""
        return []

    def first_socket(self) -> socket.socket | None:
        """A connection that was made to see whether the server is there, for the first case to use."""
        return None

    def ended(self, patience: float = 0.0) -> str:
        """How its process ended, where that can be seen; empty while it runs.

        Args:
            patience: seconds to wait for the end.
        """
        return ""

    def take_end(self) -> str:
        """How a process of its ended by itself before it was started again, told once; empty if none did."""
        return ""

    def prepare(self, fresh: bool = False) -> None:
        """Make it ready for a case; a `fresh` one has had no client, where that can be had."""

    def restart(self, leftover: Mapping[str, bytes]) -> None:
        """Start it again, where that can be done, with files left over in its directory."""

    def crash(self) -> None:
        """Kill it, and start it again with the files that it left in its directory, where that can be done."""

    def note_no_greeting(self) -> bool:
        """Told that it greets nobody any more; whether it could be started again."""
        return False

    def greets_late(self) -> None:
        """Told that it greets late though it has greeted as many at once: it may be worn."""

    def stop(self) -> None:
        """End what was started."""


class Addressed(Server):
    """A server that somebody else started.

    Args:
        kind: of the server.
        address: its numeric host and port.
        manners: what the first look learned of it.
        directory: where it keeps its mail, or None.
        no_store: why that is not known.
    """

    def __init__(
        self, kind: Kind, address: tuple[str, int], manners: Manners, directory: str | None, no_store: str
    ) -> None:
        super().__init__(kind, manners)
        self.address = address
        self.places = SharedPlaces(kind, *address)
        self.no_store = no_store
        self._was_seen = self.local
        pid = self.process()
        if directory is not None:
            self.store = kind.store(Path(directory), proc.started(pid) if pid else 0.0)

    @property
    def gone(self) -> bool:
        """Whether nothing listens any more where it was, as far as that can be seen."""
        return self._was_seen and not self.local


class Launched(Server):
    """A server that the suite starts, and starts again when it has died or greets nobody any more.

    Args:
        kind: of the server.
        command: the command line, as in `--launch`.
        time_limit: the server's time limit in seconds.
        manners: what the first look learned of it.
        wrap: a command that is put in front of it, as in `--wrap`, or None.
    """

    launched = True

    def __init__(self, kind: Kind, command: str, time_limit: float, manners: Manners, wrap: str | None = None) -> None:
        super().__init__(kind, manners)
        self.command = command
        self._time_limit = time_limit
        self._wrap = wrap
        self._leaks_after: int | None = None
        self._lock = threading.RLock()
        self._process: Process | None = None
        self._end = ""
        self._refusals: list[Unreachable] = []
        self._refusal = ""

    def prepare(self, fresh: bool = False) -> None:
        """Start it if it does not run, if it is to be fresh, or if its workers are known to leak away.

        Raises:
            Unreachable: it does not start.
        """
        with self._lock:
            worn = self._leaks_after is not None and self.connections >= self._leaks_after
            new = not self.shared and (worn or (fresh and self.connections > 0))
            self._end = self._end or self.ended()
            if self._process is None or self._process.status is not None or new:
                self.stop()
                self._start()

    def restart(self, leftover: Mapping[str, bytes]) -> None:
        """Start it again, with files left over in its directory."""
        with self._lock:
            self.stop()
            self._start(leftover)

    def crash(self) -> None:
        """Kill it at once, and start it again with the files that it left in its directory."""
        with self._lock:
            left = self._process.crash() if self._process else {}
            self.stop()
            self._start(left)

    def _start(self, leftover: Mapping[str, bytes] | None = None) -> None:
        assert self.command
        if self._refusal:
            raise Background(self._refusal)
        if len(self._refusals) == START_TRIES:
            raise self._refusals[-1]
        self.starts += 1  # first, for it takes a while, and who lost the one before must not take the new one for it
        try:
            kind, limit = self.kind, self._time_limit
            self._process = Process(kind, self.command, limit, leftover, self._wrap, self.complaints)
        except Unreachable as error:
            self._refusals.append(error)
            if isinstance(error, Background):
                self._refusal = str(error)
            raise
        self._refusals.clear()
        self.address = ("127.0.0.1", self._process.port)
        self.places = Places(self.kind)
        self.store = self.kind.store(self._process.directory, 0.0)
        self.connections = 0
        self.cases = []

    def processes(self) -> list[int]:
        """The ids of all its processes, as far as they can be seen."""
        process = self._process
        return process.processes() if process else []

    def first_socket(self) -> socket.socket | None:
        """The connection by which its start was seen, where /proc could not tell."""
        with self._lock:
            if self._process is None:
                return None
            first, self._process.first = self._process.first, None
            return first

    def ended(self, patience: float = 0.0) -> str:
        """How its process ended; empty while it runs."""
        process = self._process
        if process is None or not process.ends(patience):
            return ""
        return process.end

    def take_end(self) -> str:
        """How a process of its ended by itself before it was started again."""
        with self._lock:
            end, self._end = self._end, ""
            return end

    def note_no_greeting(self) -> bool:
        """Told that it greets nobody any more: it is started again before it has had that many clients."""
        with self._lock:
            if self.shared or self.connections_before < 3:
                return False
            self.greets_late()
            return True

    def greets_late(self) -> None:
        """Told that it greets late though it has greeted as many at once: from now on it is started again before."""
        with self._lock:
            self._leaks_after = max(1, min(self.connections - 3, self._leaks_after or self.connections))

    def stop(self) -> None:
        """End the process, if it runs."""
        with self._lock:
            if self._process is not None:
                self._refusal = self.refusal
                self._process.stop()
                self._process = None

    @property
    def refusal(self) -> str:
        """That it has put itself into the background, once it has."""
        process = self._process
        return process.end if process and process.in_background else self._refusal
