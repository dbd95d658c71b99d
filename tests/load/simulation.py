"""A kernel, a clock and a server that are none, so that a client can be late at any step without a second passing.

Each reading of the clock and each system call is a step, at which the client may be delayed: after the clock was read,
and before and after the call does its work. The server answers at once, and times out to the moment.
"""

from __future__ import annotations

import errno
import select
import socket
from collections.abc import Callable, Mapping
from typing import Any, cast

import pytest

from conformance.cs4410 import dialect
from conformance.cs4410.load import assignment, script
from conformance.cs4410.load.verdicts import Judge
from conformance.cs4410.load.words import Words
from conformance.harness.server import proc
from conformance.load import closing
from conformance.load.crew import crew
from conformance.load.engine import Engine
from conformance.load.options import Options
from conformance.load.profile import Profile
from conformance.load.run import Run
from reference_server.channel import CRLF, END_OF_DATA
from reference_server.session import Session

LIMIT = 1.0
CALL = 0.002
"""Seconds that a system call takes."""
ROOM = 3000
"""Bytes that the kernel takes at a time."""
PLACES = 32
DIALECT = dialect.load("cs4410-2016")
WORDS = Words(1)
JUDGE = Judge(DIALECT)

OFTEN = {"LEAVE": 0.06, "JOINED": 0.25, "CUT": 0.25, "BYTEWISE": 0.05}
"""Moves of every kind more often than usual."""
PLAIN = {"LEAVE": 0.0, "JOINED": 0.0, "CUT": 0.0, "BYTEWISE": 0.0}
"""One line at a time, in one segment: all replies take alike long."""

Delay = Callable[[int], float]
"""Seconds by which a client is late at a step, which is counted from 0."""


class Conversation(Session):
    """The reference server's session without its channel: bytes in, replies out."""

    def __init__(self, server: Server) -> None:
        super().__init__(cast(Any, None), cast(Any, server), b"simulated")
        self._server = server
        self._received = b""
        self._in_body = False

    def greeting(self) -> bytes:
        return b"220 simulated SMTP CS4410MP3"

    def hear(self, data: bytes) -> list[bytes]:
        """Take in bytes; the replies to what is complete."""
        self._received += data
        replies: list[bytes] = []
        while True:
            end = END_OF_DATA if self._in_body else CRLF
            before, found, rest = self._received.partition(end)
            if not found:
                return replies
            self._received = rest
            replies.append(self._delivered(before) if self._in_body else self._answer(before))
            if self._in_body and replies[-1][:3] == b"354":
                # So that a dot in the first line follows a line end as well.
                self._received = CRLF + self._received

    def _data(self) -> bytes:
        if not self._recipients:
            return super()._data()
        self._in_body = True
        return b"354 End data with <CR><LF>.<CR><LF>"

    def _delivered(self, body: bytes) -> bytes:
        self._in_body = False
        self._forget_message()
        return b"250 OK: delivered message %d" % self._server.deliver(body)


class Server:
    """A right server: greets at once while it has a place, answers at once, times out to the moment.

    Args:
        world: where it is.

    Attributes:
        bodies: what was delivered.
    """

    limit = LIMIT
    places = PLACES

    def __init__(self, world: World) -> None:
        self.world = world
        self.bodies: list[bytes] = []
        self.waiting: list[Socket] = []
        self.served: list[Socket] = []

    def deliver(self, body: bytes) -> int:
        self.bodies.append(body)
        return len(self.bodies)

    def accept(self) -> None:
        while self.waiting and len(self.served) < self.places:
            one = self.waiting.pop(0)
            self.served.append(one)
            one.conversation = Conversation(self)
            self.reply(one, one.conversation.greeting())

    def reply(self, to: Socket, text: bytes) -> None:
        self.say(to, text)
        if text < b"4":
            to.deadline = self.world.now + self.limit

    def say(self, to: Socket, text: bytes) -> None:
        to.readable += text + CRLF

    def hear(self, one: Socket, data: bytes) -> None:
        if one.conversation:
            for text in one.conversation.hear(data):
                if not one.ended:
                    self.reply(one, text)

    def time_out(self, one: Socket) -> None:
        self.say(one, b"421 4.4.2 simulated Error: timeout exceeded")
        self.end(one)

    def end(self, one: Socket) -> None:
        one.ended = True
        if one in self.served:
            self.served.remove(one)
        if one in self.waiting:
            self.waiting.remove(one)
        self.accept()


class Resetting(Server):
    """A right server that ends a connection by a reset, after its 421."""

    def time_out(self, one: Socket) -> None:
        super().time_out(one)
        one.reset = True


class Impatient(Server):
    """A right server that hangs up after six errors, which it may."""

    def reply(self, to: Socket, text: bytes) -> None:
        super().reply(to, text)
        to.errors += text[:1] == b"5"
        if to.errors > 5 and not to.ended:
            self.end(to)


class Dawdling(Server):
    """A right server whose replies come in two segments; the second one is lost where a reset overtakes it."""

    def say(self, to: Socket, text: bytes) -> None:
        if to.arriving:
            to.arriving = (to.arriving[0], to.arriving[1] + text + CRLF)
        else:
            to.readable += text[:6]
            to.arriving = (self.world.now + 0.3 * LIMIT, text[6:] + CRLF)

    def end(self, one: Socket) -> None:
        one.arrive()
        super().end(one)


class World:
    """The clock, the kernel, and the server.

    Args:
        delay: how late the client is at each step.
        server: which server.
        destroys: whether a reset takes with it what the client has not read yet.
    """

    def __init__(self, delay: Delay, server: type[Server] = Server, destroys: bool = True) -> None:
        self.now = 1000.0
        self.steps = 0
        self.delay = delay
        self.server = server(self)
        self.destroys = destroys
        self.sockets: dict[int, Socket] = {}

    def step(self) -> None:
        """The client may be late here."""
        late = self.delay(self.steps)
        self.steps += 1
        if late:
            self.sleep_until(self.now + late)

    def monotonic(self) -> float:
        now = self.now
        self.step()
        return now

    def called(self) -> None:
        """A system call begins: it takes its time, and may be late."""
        self.step()
        self.sleep_until(self.now + CALL)

    def sleep_until(self, when: float) -> None:
        """Let time pass; the server does what is due."""
        while (due := self.due()) and due.next <= when:
            self.now = max(self.now, due.next)
            if due.arriving:
                due.arrive()
            else:
                self.server.time_out(due)
        self.now = max(self.now, when)

    def due(self) -> Socket | None:
        return min(self.server.served, key=lambda one: one.next, default=None)

    def socket(self, *_: object) -> Socket:
        made = Socket(self, len(self.sockets))
        self.sockets[made.fileno()] = made
        return made

    def epoll(self) -> Poll:
        return Poll(self)


class Socket:
    """A client's socket, and what the server knows of it."""

    def __init__(self, world: World, number: int) -> None:
        self._world = world
        self._number = number
        self.conversation: Conversation | None = None
        self.readable = b""
        self.deadline = 0.0
        self.errors = 0
        self.arriving: tuple[float, bytes] | None = None
        self.ended = False
        self.reset = self._told = False

    @property
    def next(self) -> float:
        """When something happens to it: the rest of a reply comes, or the time-out."""
        return self.arriving[0] if self.arriving else self.deadline

    def arrive(self) -> None:
        if self.arriving:
            self.readable += self.arriving[1]
            self.arriving = None

    def setblocking(self, _: bool) -> None:
        pass

    def setsockopt(self, *_: object) -> None:
        pass

    def getsockname(self) -> tuple[str, int]:
        return ("127.0.0.1", self._number)

    def fileno(self) -> int:
        return self._number

    def connect_ex(self, _: object) -> int:
        self._world.called()
        self._world.server.waiting.append(self)
        self._world.server.accept()
        self._world.step()
        return errno.EINPROGRESS

    def send(self, data: bytes) -> int:
        self._world.called()
        if self.reset:
            self._told = True
            raise BrokenPipeError(errno.EPIPE, "Broken pipe")
        sent = data[:ROOM]
        if self.ended and sent:
            self.reset = True
            if self._world.destroys:
                self.readable = b""
        elif sent:
            self._world.server.hear(self, sent)
        self._world.step()
        return len(sent)

    def recv(self, most: int) -> bytes:
        self._world.called()
        data, self.readable = self.readable[:most], self.readable[most:]
        if not data and self.reset and not self._told:
            self._told = True
            raise ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")
        if not data and not self.ended:
            raise BlockingIOError
        self._world.step()
        return data

    def shutdown(self, _: int) -> None:
        self._world.called()
        if not self.ended:
            self._world.server.end(self)

    def close(self) -> None:
        self._world.called()
        if not self.ended:
            self._world.server.end(self)


class Poll:
    """The descriptors that are watched."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._watched: dict[int, int] = {}

    def register(self, descriptor: int, events: int) -> None:
        self._watched[descriptor] = events

    modify = register

    def unregister(self, descriptor: int) -> None:
        del self._watched[descriptor]

    def close(self) -> None:
        pass

    def poll(self, timeout: float) -> list[tuple[int, int]]:
        world = self._world
        world.called()
        until = world.now + timeout
        while not (ready := self._ready()) and world.now < until:
            due = world.due()
            world.sleep_until(min(until, due.next) if due else until)
        world.step()
        return ready

    def select(self, timeout: float) -> None:
        """Wait as `poll` does."""
        self.poll(timeout)

    def _ready(self) -> list[tuple[int, int]]:
        found = []
        for descriptor, wanted in self._watched.items():
            one = self._world.sockets[descriptor]
            events = select.EPOLLOUT
            if one.readable or one.ended or one.reset:
                events |= select.EPOLLIN
            if one.reset:
                events |= select.EPOLLERR | select.EPOLLHUP
            if events & (wanted | select.EPOLLERR | select.EPOLLHUP):
                found.append((descriptor, events & (wanted | select.EPOLLERR | select.EPOLLHUP)))
        return found


def play(
    delay: Delay,
    server: type[Server] = Server,
    destroys: bool = True,
    connections: int = 4,
    seed: int = 1,
    duration: float = LIMIT + 3.5,
    operations: int | None = None,
    rate: float | None = None,
    shares: Mapping[str, float] = OFTEN,
    profile: Callable[[Options], Profile] = lambda options: assignment.Assignment(DIALECT, options),
) -> tuple[Run, World]:
    """Make a run, and judge it."""
    world = World(delay, server, destroys)
    options = Options(
        ("127.0.0.1", 9), connections, duration, operations, seed, time_limit=LIMIT, rate=rate, launched=True
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "socket", world.socket)
        patch.setattr(select, "epoll", world.epoll)
        patch.setattr(select, "select", lambda readable, _, __, timeout: readable[0].select(timeout))
        patch.setattr(proc, "listener", lambda *_: None)
        patch.setattr(assignment, "Words", lambda _: WORDS)
        patch.setattr(assignment, "Judge", lambda _: JUDGE)
        for name, share in shares.items():
            patch.setattr(script, name, share)
        run = Run(options, profile(options), monotonic=world.monotonic)
        Engine(run, crew(run), lambda: "", lambda _: None).run_until(duration)
        closing.judge(run, None)
    return run, world
