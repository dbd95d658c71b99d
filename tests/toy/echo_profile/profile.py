"""The profile: its rules, its servers, and the client that its cases have."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from conformance.harness.client.scene import Scene
from conformance.harness.rules import Rules
from conformance.harness.server.kind import Kind
from conformance.harness.server.look import Look
from conformance.harness.settings import Settings
from conformance.harness.verdict import ledger
from conformance.harness.verdict.ledger import Ledger
from conformance.harness.wire.connection import Connection, WireError
from conformance.profile import Option, Profile


class Case:
    """One client of an echo server, which connects when it first has something to say: a case has begun by then."""

    def __init__(self, scene: Scene) -> None:
        self.words = scene.words
        self._scene = scene
        self._connection: Connection | None = None

    def say(self, line: str) -> str:
        connection = self._connection or self._connect()
        connection.send(f"{line}\r\n".encode())
        return self._reply(connection, "echo")

    def expect(self, came: str, wanted: str, requirement: str) -> None:
        self._scene.expect(came == wanted, requirement, "not what it should be", wanted, came)

    def _connect(self) -> Connection:
        scene, server, patience = self._scene, self._scene.server, self._scene.patience.patience()
        first = server.first_socket()
        connection = Connection(server.address, scene.record.transcript, server.manners, patience, first)
        self._connection = connection
        self.expect(self._reply(connection, "welcome"), "HELLO", "welcome")
        return connection

    def _reply(self, connection: Connection, requirement: str) -> str:
        try:
            return connection.reply(time.monotonic() + self._scene.patience.patience()).text
        except WireError as error:
            raise self._scene.breach(requirement, str(error), "a line", "none") from None

    @property
    def hung_up_on(self) -> bool:
        return self._connection is not None and self._connection.ended

    def close(self) -> None:
        if self._connection:
            self._connection.close()


class Echo(Profile):
    """Judges echo servers."""

    name = "echo"
    package = "echo_profile"
    time_limit = 5.0
    options = (Option("mood", "calm", "How it is said.", choices=("calm", "loud")),)
    kind = Kind(
        port=7007,
        places=8,
        ungreeted=4,
        reference=("echo_profile.server", "{port}"),
        rules=Rules("alive", "welcome", "echo", "echo", {"welcome": "no greeting came", "echo": "no line came back"}),
    )

    def check(self, settings: Settings) -> None: ...

    def ledger(self, own: Mapping[str, Any]) -> Ledger:
        return ledger.load(Path(__file__).with_name("requirements.toml"))

    def facts(self, own: Mapping[str, Any]) -> Mapping[str, str]:
        return {"mood": own["mood"]}

    def look(self, look: Look) -> None:
        look.greeted = look.greeting() is not None
        look.say(b"probe\r\n")

    def case(self, scene: Scene) -> Case:
        return Case(scene)


PROFILE = Echo()
