"""The first look at a server, before any case: is it there, how does it speak, where does it keep its mailbox."""

from __future__ import annotations

import socket
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from conformance.cs4410 import mailbox
from conformance.cs4410.mailbox import Folder
from conformance.harness.server import elsewhere, launch, proc
from conformance.harness.server.launch import Unreachable
from conformance.harness.server.patience import LATE
from conformance.harness.server.slots import SharedPlaces
from conformance.harness.settings import Settings, UsageError, parse_address, resolve
from conformance.harness.vocabulary import Vocabulary
from conformance.harness.wire.connection import LONGEST_REPLY, Closed, Connection, Manners, Reply, Silent, WireError
from conformance.harness.wire.transcript import Transcript

QUIET = 0.025
"""Seconds that are listened beyond each reply, to learn whether the server says more than one."""


@dataclass
class Found:
    """What the first look found, as plain data for every worker.

    Attributes:
        name: for titles and folders.
        host, port: the numeric address; port 0 for a server that each worker starts.
        command: how a server is started, or None.
        greeted: whether it said something like a greeting.
        answered: whether it answered a command.
        latency: seconds that it takes for a reply, the median of a few.
        mailbox: the directory of its mailbox, or None; `no_mailbox` says why.
    """

    name: str
    host: str
    port: int
    command: str | None
    greeted: bool = True
    answered: bool = True
    latency: float = 0.0
    unterminated: bool = False
    chatty: bool = False
    mailbox: str | None = None
    no_mailbox: str = ""

    def plain(self) -> dict[str, Any]:
        """The same as a dictionary."""
        return asdict(self)

    def doubts(self) -> tuple[str, ...]:
        """What failed so that it may fail every case: the requirement that judges it, or nothing."""
        if not self.greeted:
            return ("greeting",)
        if not self.answered:
            return ("reply.one",)
        return ("reply.prompt",) if self.latency > LATE else ()

    def manners(self) -> Manners:
        """What was learned of how it replies."""
        return Manners(self.unterminated, self.chatty)


def look(settings: Settings) -> Found:
    """Look at the server once.

    Raises:
        UsageError: the address does not resolve.
        Unreachable: nothing listens there, or the server does not start.
    """
    return _look_at_address(settings) if settings.target is not None else _look_at_command(settings)


def _look_at_command(settings: Settings) -> Found:
    command = settings.launch or launch.reference_command()
    process = launch.Process(command, settings.time_limit, wrap=settings.wrap)
    try:
        found = Found(_name_of(command), launch.HOST, process.port, command)
        try:
            _learn(found, settings, Folder(process.directory), process.first)
        finally:
            # One that leaves for the background meanwhile spoils the conversation, and is the reason for it.
            process.expect_foreground()
    finally:
        process.stop()
    found.mailbox = None
    return found


def _name_of(command: str) -> str:
    words = launch.words_of(command)
    if "-m" in words[:-1]:
        return words[words.index("-m") + 1]
    scripts = [word for word in words[1:] if Path(word).is_file()]
    return Path(scripts[0] if scripts else words[0]).stem or "server"


def _look_at_address(settings: Settings) -> Found:
    assert settings.target is not None
    host, port = parse_address(settings.target)
    numeric, _ = resolve(host, port)
    found = Found(settings.target, numeric, port, None)
    if proc.available() and proc.is_local(numeric) and not proc.serves(numeric, port):
        where = elsewhere.instead(numeric, port)
        hint = f"it does on {where}: write --target {where}" if where else "start the server, or correct --target"
        raise Unreachable(f"nothing listens on {settings.target}: {hint}")
    _learn(found, settings, _folder(found, settings), None)
    return found


def _folder(found: Found, settings: Settings) -> Folder | None:
    row = proc.listener(found.host, found.port)
    pid = proc.owner(row) if row else None
    if settings.mailbox:
        return Folder(Path(settings.mailbox).resolve(), proc.started(pid) if pid else 0.0)
    directory = proc.directory(pid) if pid else None
    if directory is None:
        found.no_mailbox = "the server's directory cannot be seen: name it with --mailbox DIR"
        return None
    return Folder(directory, proc.started(pid) if pid else 0.0)


def _learn(found: Found, settings: Settings, folder: Folder | None, first: socket.socket | None) -> None:
    """Hold one patient conversation and, where a mailbox may be known, deliver one message and look for it."""
    manners = Manners()
    words = Vocabulary(settings.seed, "probe")
    places = SharedPlaces(found.host, found.port)
    patience = max(5.0, settings.time_limit)
    mark = words.token(16)
    try:
        connection = Connection((found.host, found.port), Transcript(), manners, patience, first)
    except Closed:
        found.greeted = found.answered = False
        return
    except WireError as error:
        raise Unreachable(f"{found.name}: {error}: start the server, or correct --target") from None
    number = -1
    waits: list[float] = []

    def hear() -> Reply:
        reply = connection.reply(time.monotonic() + patience)
        waits.append(reply.at - connection.sent)
        found.latency = sorted(waits)[len(waits) // 2]
        return reply

    try:
        found.greeted = found.answered = False
        greeting = hear()
        flood = len(connection.extra(QUIET)) >= LONGEST_REPLY
        found.greeted = greeting.code.startswith("2") and not greeting.endless and not flood
        lines = (f"HELO {words.host()}", f"MAIL FROM: {mark}", "mkdir", f"RCPT TO: {words.address()}", "DATA")
        for line in lines:
            connection.send(f"{line}\r\n".encode())
            reply = hear()
            found.answered = True
            if found.latency > LATE:
                raise Silent("too slow to be looked at any longer")
            connection.extra(QUIET)
        if reply.code.startswith("3"):  # else the lines of the body would be commands, and answered one by one
            with places.delivering():
                connection.send(words.body(1) + b".\r\n")
                reply = hear()
            number = 0 if reply.code.startswith("2") else -1
            connection.extra(QUIET)
    except WireError:
        pass
    finally:
        connection.close()
    found.unterminated, found.chatty = manners.unterminated, manners.chatty
    if folder is not None:
        _verify(found, folder, mark, delivered=number == 0)


def _verify(found: Found, folder: Folder, mark: str, delivered: bool) -> None:
    deadline = time.monotonic() + 2.0
    while delivered:
        try:
            if any(mark in entry.raw.decode("latin-1") for entry in folder.entries()):
                found.mailbox = str(folder.directory)
                return
        except mailbox.Unreadable:
            pass
        if time.monotonic() > deadline:
            break
        time.sleep(0.02)
    if not delivered:
        found.no_mailbox = "a first message was not delivered"
    elif found.command is not None:
        found.no_mailbox = "a first message was not found in the directory in which the server was started"
    else:
        found.no_mailbox = f"a first message was not found in {folder.directory}: name another with --mailbox DIR"


__all__ = ["Found", "Unreachable", "UsageError", "look"]
