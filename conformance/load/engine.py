"""The event loop: all connections in one thread, none of them ever waited for."""

from __future__ import annotations

import heapq
import itertools
import select
from collections import deque
from collections.abc import Callable

from conformance.cs4410.kind import UNGREETED
from conformance.harness.server import proc
from conformance.load.client import Client
from conformance.load.run import Run
from conformance.load.script import Script
from conformance.load.slow import Waiter
from conformance.load.talker import Talker

CHECK = 0.05
"""Seconds between two looks at what is overdue."""
LATE_TURN = 0.25
"""Seconds between two looks from which on the loop was late."""
ASSEMBLE = 0.4
"""The share of the time limit in which those who are greeted first wait for the others to be greeted."""
SUSPECTED = 0.5
"""Seconds between the server's closing a connection and its being blamed for that."""
STALLING = 1.0
"""Seconds without a reply to anybody."""
CONNECT_PAUSE = 0.01
"""Seconds between two connects of clients that come back, for a closed connection keeps its port for a minute."""
AFTER_LIMIT = 3.0
"""Seconds that a run lasts beyond the time limit, so that the time-outs fit."""
DRAIN = 1.0
"""Seconds at the end in which what is owed is waited for, beyond the longest that it may take."""


class Engine:
    """Runs the clients.

    It watches as long as it comes round in time: `watched` is the time since the run began without that by which it
    was late itself. What is overdue is judged by it.

    Args:
        run: what all clients share.
        alive: says how the server's process ended, or an empty string while it runs.
        progress: called every second with the seconds that have passed.

    Attributes:
        stopping: nothing new is said any more.
        interrupted: the user wants the run to end.
        unterminated: the server is known to end replies with nothing.
        refused: why no connection can be made, or empty.
        most_greeted: how many connections were greeted at once.
        foreign: others' connections to the server were seen.
        lost: seconds by which the loop was late, all together.
        watched: watched time at the beginning of this turn; all that had come by then is read when clients are checked.
    """

    def __init__(self, run: Run, alive: Callable[[], str], progress: Callable[[float], None]) -> None:
        self.run = run
        self._alive = alive
        self._progress = progress
        self._poll = select.epoll()
        self._watched: dict[int, Client] = {}
        self._timers: list[tuple[float, int, Client, int, Callable[[], None]]] = []
        self._count = itertools.count()
        self._waiting: deque[Client] = deque()
        self._ungreeted: set[Client] = set()
        self._resting: set[Client] = set()
        self._greeted: set[Client] = set()
        self._next_connect = self._began = self._turned = self._calm_since = self._stopped = 0.0
        self._suspected: deque[tuple[float, Callable[[], None]]] = deque()
        self._held: list[tuple[Client, int, Callable[[], None]]] | None = []
        self.refused = ""
        self.stopping = self.interrupted = self.unterminated = self.foreign = False
        self.most_greeted = 0
        self.seconds = self.lost = self.watched = self.calm = 0.0
        self._local = proc.listener(*run.options.address) is not None
        options = run.options
        talkers = options.connections - options.waiters
        self.waiters = [Waiter(self, run, number) for number in range(options.waiters)]
        self.clients: list[Client] = [
            *self.waiters,
            *(
                Talker(
                    self,
                    run,
                    options.waiters + at,
                    Script(run.words, options.seed, at, talkers, options.errors, run.mark),
                )
                for at in range(talkers)
            ),
        ]

    @property
    def alone(self) -> bool:
        """Whether nobody else can have used the server, as far as can be seen from here."""
        return self.run.options.launched or (self._local and not self.foreign)

    @property
    def rounds(self) -> int:
        """In how many rounds all clients connect, some at a time."""
        return -(-len(self.clients) // UNGREETED)

    # --- for the clients ---

    def watch(self, client: Client, events: int) -> None:
        """Tell a client when its socket can be read or written."""
        assert client.socket
        descriptor = client.socket.fileno()
        if descriptor in self._watched:
            self._poll.modify(descriptor, events)
        else:
            self._watched[descriptor] = client
            self._poll.register(descriptor, events)

    def unwatch(self, client: Client) -> None:
        """Forget a client's socket, which is about to be closed."""
        assert client.socket
        descriptor = client.socket.fileno()
        if self._watched.pop(descriptor, None):
            self._poll.unregister(descriptor)
        self._ungreeted.discard(client)
        self._greeted.discard(client)

    def later(self, client: Client, when: float, action: Callable[[], None]) -> None:
        """Do something at a time of the monotonic clock, unless the client's connection has ended by then."""
        heapq.heappush(self._timers, (when, next(self._count), client, client.serial, action))

    def wants_to_connect(self, client: Client) -> None:
        """Connect a client when there is room for one that is not greeted yet."""
        if client not in self._resting and not self.stopping:
            self._waiting.append(client)

    def rests(self, client: Client) -> None:
        """Do not connect a client again."""
        self._resting.add(client)

    def was_greeted(self, client: Client) -> None:
        """Make room for the next connect."""
        self._ungreeted.discard(client)
        self._greeted.add(client)
        self.most_greeted = max(self.most_greeted, len(self._greeted))

    def is_parting(self, client: Client) -> None:
        """Count a client no more among those that are served: it half-closes, or its time-out has come."""
        self._greeted.discard(client)

    def when_complete(self, client: Client, action: Callable[[], None]) -> None:
        """Do something as soon as all clients have been greeted at once, or that has taken too long."""
        if self._held is None:
            action()
        else:
            self._held.append((client, client.serial, action))

    def _release_if_complete(self) -> None:
        late = self.run.monotonic() - self._began > ASSEMBLE * self.run.options.time_limit
        if self._held is None or not (late or len(self._greeted) == len(self.clients)):
            return
        held, self._held = self._held, None
        for client, serial, action in held:
            if client.socket is not None and client.serial == serial:
                action()

    def suspect(self, blame: Callable[[], None]) -> None:
        """Blame the server for a closed connection in a moment, unless it has ended by then: that is one finding."""
        self._suspected.append((self.run.monotonic() - self.lost + SUSPECTED, blame))

    def was_late(self, what: str) -> None:
        """Take down that a client was so late that the server ended its session, rightly."""
        self.run.note(f"a client was so slow itself that it was {what}")
        self.calm = max(self.calm, self.watched - self._calm_since)
        self._calm_since = self.watched

    def was_refused(self, client: Client, reason: str) -> None:
        """End the run: nobody listens there any more."""
        self.refused = reason
        self._resting.add(client)
        client.drop()

    # --- the loop ---

    def run_until(self, duration: float) -> None:
        """Run for so many seconds, or until all operations are done, the server is gone, or the user has enough.

        So that time-outs fit, it lasts for `AFTER_LIMIT` more than the time limit in any case, in watched time.
        """
        now = began = self._began = self._turned = self.run.monotonic()
        self.watched = self.run.last_reply = self._calm_since = now
        for client in self.clients:
            self.wants_to_connect(client)
        check = tick = began
        gone = False
        while not self.interrupted:
            self._turn(now, min(check, tick))
            if now >= check:
                check = now + CHECK
                gone = self._is_gone()
                if gone or self._is_done(now, duration):
                    break
                self._check(now)
            if now >= tick:
                tick = now + 1.0
                self._each_second(now - began)
            now = self.run.monotonic()
        self.seconds = self.run.monotonic() - began
        self.calm = max(self.calm, self.watched - self._calm_since)
        self._stop(gone)

    def _turn(self, now: float, until: float) -> None:
        if now - self._turned > LATE_TURN:
            self.lost += now - self._turned - CHECK
        self._turned = now
        self.watched = now - self.lost
        if self._timers:
            until = min(until, self._timers[0][0])
        watched = self._watched
        for descriptor, events in self._poll.poll(max(0.0, until - now)):
            client = watched.get(descriptor)
            if client is not None:
                client.on_event(events)
        while self._timers and self._timers[0][0] <= self.run.monotonic():
            _, _, client, serial, action = heapq.heappop(self._timers)
            if client.socket is not None and client.serial == serial:
                action()
        if self._waiting:
            self._connect_some()
        if self._held is not None:
            self._release_if_complete()

    def _connect_some(self) -> None:
        while self._waiting and len(self._ungreeted) < UNGREETED and not self.stopping and not self.refused:
            now = self.run.monotonic()
            if now < self._next_connect:
                return
            self._next_connect = now if self._held is not None else now + CONNECT_PAUSE
            client = self._waiting.popleft()
            try:
                connecting = client.connect()
            except OSError as error:
                self.refused = str(error)
                return
            if connecting:
                self._ungreeted.add(client)
            else:
                self._waiting.append(client)
                self._next_connect = now + 1.0

    def _check(self, now: float) -> None:
        while self._suspected and self._suspected[0][0] <= self.watched:
            self._suspected.popleft()[1]()
        for client in self.clients:
            client.check(now)

    def _is_done(self, now: float, duration: float) -> bool:
        least = self.run.options.time_limit + AFTER_LIMIT
        return self.watched - self._began >= least and (now - self._began >= duration or not self._talks())

    def _is_gone(self) -> bool:
        findings = self.run.findings
        patience = self.run.options.patience
        if self.refused:
            findings.add("pool.alive", "the server takes no connections any more", "a connection", self.refused)
        elif self._is_silent(patience + self.run.options.think):
            findings.add("pool.alive", f"the server stalled: no client got any reply for {patience:g} s")
        elif ended := self._alive():
            findings.add("pool.alive", "the server's process ended", "it runs", ended)
        else:
            return False
        self._suspected.clear()
        return True

    def is_stalling(self) -> bool:
        """Whether no client is answered, so that the server as a whole is to be judged and not a single reply."""
        return self._is_silent(STALLING)

    def _is_silent(self, seconds: float) -> bool:
        last = self.run.last_reply
        if self.stopping and (last > self._stopped or not self._greeted):
            return False  # those who were answered say nothing more, so that silence is no sign
        return self._talks() and self.watched - last > seconds

    def _talks(self) -> bool:
        """Whether any client still has something to say at its own speed."""
        return len(self._resting) < len(self.clients) - len(self.waiters)

    def _each_second(self, passed: float) -> None:
        host, port = self.run.options.address
        self.run.tally.tick(passed)
        self._progress(passed)
        if self._local and not self.run.options.launched and not self.foreign:
            self.foreign = proc.foreign_clients(port, self.run.ports) > 0

    def _stop(self, gone: bool) -> None:
        """Say nothing new, wait for what is owed, and close everything.

        Args:
            gone: the server is, so that nothing is waited for.
        """
        self.stopping = True
        self._stopped = self.watched
        self._waiting.clear()
        longest = DRAIN + (0.0 if self.interrupted else self.run.options.greeting_patience)
        check = now = self._turned
        while not gone and self.watched - self._stopped < longest:
            for client in self.clients:
                if not client.is_owed():
                    client.drop()
            if not self._watched and not self._suspected:
                break
            self._turn(now, check)
            if now >= check:
                check = now + CHECK
                gone = self._is_gone()
                if not gone:
                    self._check(now)
            now = self.run.monotonic()
        while self._suspected and not gone:
            self._suspected.popleft()[1]()
        for client in self.clients:
            client.drop()
        self._poll.close()
