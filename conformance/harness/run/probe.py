"""The first look at a server, before any case: is it there, how does it speak, where does it keep its mail."""

from __future__ import annotations

import socket
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from conformance.harness.rules import LATE, Rules
from conformance.harness.server import elsewhere, launch, proc
from conformance.harness.server.kind import Store
from conformance.harness.server.launch import Unreachable
from conformance.harness.server.look import Look
from conformance.harness.server.slots import SharedPlaces
from conformance.harness.settings import Settings, UsageError, parse_address, resolve
from conformance.harness.vocabulary import Vocabulary
from conformance.harness.wire.connection import Closed, Connection, WireError
from conformance.harness.wire.manners import Manners
from conformance.harness.wire.transcript import Transcript
from conformance.profile import Profile


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
        mailbox: the directory of its mail, or None; `no_mailbox` says why.
        learned: what the profile learned.
        whole: whether the first look came to its end: of a server that does not go along much will be waited for.
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
    learned: dict[str, str] = field(default_factory=dict)
    whole: bool = True

    def plain(self) -> dict[str, Any]:
        """The same as a dictionary."""
        return asdict(self)

    def failed(self, rules: Rules) -> tuple[str, ...]:
        """What failed so that it may fail every case: the requirements that judge it."""
        greeting = () if self.greeted else (rules.greeting,)
        answer = (rules.answer,) if not self.answered else (rules.prompt,) if self.latency > LATE else ()
        return greeting + answer

    @property
    def prompt(self) -> bool:
        """Whether it answers commands, and in time."""
        return self.answered and self.latency <= LATE

    def manners(self) -> Manners:
        """What was learned of how it replies."""
        return Manners(self.unterminated, self.chatty)


def look(settings: Settings, profile: Profile) -> Found:
    """Look at the server once.

    Args:
        settings: the options of the run.
        profile: what is judged by.

    Raises:
        UsageError: the address does not resolve.
        Unreachable: nothing listens there, or the server does not start.
    """
    return (_look_at_address if settings.target is not None else _look_at_command)(settings, profile)


def _look_at_command(settings: Settings, profile: Profile) -> Found:
    kind = profile.kind
    command = settings.launch or launch.reference_command(kind)
    process = launch.Process(kind, command, settings.time_limit, wrap=settings.wrap)
    try:
        found = Found(_name_of(command), launch.HOST, process.port, command)
        try:
            store = profile.mail(settings) or kind.store(process.directory, 0.0)
            _learn(found, settings, profile, store, process.first)
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


def _look_at_address(settings: Settings, profile: Profile) -> Found:
    assert settings.target is not None
    host, port = parse_address(settings.target)
    numeric, _ = resolve(host, port)
    found = Found(settings.target, numeric, port, None)
    if proc.available() and proc.is_local(numeric) and not proc.serves(numeric, port):
        where = elsewhere.instead(numeric, port)
        hint = f"it does on {where}: write --target {where}" if where else "start the server, or correct --target"
        raise Unreachable(f"nothing listens on {settings.target}: {hint}")
    _learn(found, settings, profile, _store(found, settings, profile), None)
    return found


def _store(found: Found, settings: Settings, profile: Profile) -> Store | None:
    if named := profile.mail(settings):
        return named
    row = proc.listener(found.host, found.port)
    pid = proc.owner(row) if row else None
    since = proc.started(pid) if pid else 0.0
    if said := profile.directory(settings.own):
        return profile.kind.store(Path(said).resolve(), since)
    directory = proc.directory(pid) if pid and profile.kind.found_by_process else None
    if directory is None:
        found.no_mailbox = f"where it keeps its mail cannot be seen: name it with {profile.kind.mail_option}"
        return None
    return profile.kind.store(directory, since)


def _learn(
    found: Found, settings: Settings, profile: Profile, store: Store | None, first: socket.socket | None
) -> None:
    """Hold one patient conversation and, where the mail may be seen, look for the message that it delivered."""
    manners = Manners()
    patience = max(5.0, settings.time_limit)
    try:
        connection = Connection(
            (found.host, found.port), Transcript(), manners, patience, first, between=profile.kind.between
        )
    except Closed:
        found.greeted = found.answered = False
        return
    except WireError as error:
        raise Unreachable(f"{found.name}: {error}: start the server, or correct --target") from None
    places = SharedPlaces(profile.kind, found.host, found.port)
    talk = Look(connection, Vocabulary(settings.seed, "probe"), places, patience, settings)
    try:
        profile.look(talk)
    except WireError:
        found.whole = False  # what was learned until then counts
    finally:
        connection.close()
    found.learned = talk.learned
    found.greeted, found.answered, found.latency = talk.greeted, talk.answered, talk.latency
    found.unterminated, found.chatty = manners.unterminated, manners.chatty
    if store is None:
        return
    if not talk.delivered:
        found.no_mailbox = "a first message was not delivered"
    elif _arrives(store, talk.mark.encode(), profile.kind.arrives):
        found.mailbox = str(store.directory)
    elif found.command is not None and not profile.mail(settings):
        found.no_mailbox = "a first message was not found in the directory in which the server was started"
    else:
        other = f"name another with {profile.kind.mail_option}"
        found.no_mailbox = store.trouble or f"a first message was not found in {store.directory}: {other}"


def _arrives(store: Store, mark: bytes, within: float) -> bool:
    """Whether a message with this mark is there within some seconds."""
    deadline = time.monotonic() + within
    while not (found := store.holds(mark)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


__all__ = ["Found", "Unreachable", "UsageError", "look"]
