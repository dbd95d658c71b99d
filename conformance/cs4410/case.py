"""What a case of the assignment has in hand: clients, the mailbox, and the server as it was started."""

from __future__ import annotations

from pathlib import Path

from conformance.cs4410 import source
from conformance.cs4410.clients import Clients
from conformance.cs4410.dialect import Dialect
from conformance.cs4410.inbox import Inbox
from conformance.harness.client.scene import Scene
from conformance.harness.server import launch, proc
from conformance.harness.server.slots import SharedPlaces
from conformance.harness.verdict.verdict import Skipped


class Case(Clients):
    """One case on one server.

    Attributes:
        inbox: the server's mailbox.
    """

    def __init__(self, scene: Scene, dialect: Dialect) -> None:
        super().__init__(scene, dialect)
        self.inbox = Inbox(self)

    def restart(self, leftover_mailbox: bytes | None) -> None:
        """Start the server again.

        Args:
            leftover_mailbox: a mailbox that stands in its directory before, or None.

        Raises:
            Skipped: the suite did not start it.
        """
        if not self.server.launched:
            raise Skipped("only a server that the suite starts can be started again")
        self.told.clear()
        self.server.restart({} if leftover_mailbox is None else {"mailbox": leftover_mailbox})

    def source_files(self) -> list[Path]:
        """The files of the server's source.

        Raises:
            Skipped: they are not known.
        """
        words = launch.words_of(self.server.command) if self.server.command else []
        files = source.files(self.settings.own["source"], words)
        if not files:
            raise Skipped("the source is not known: name it with --source")
        return files

    def expect_plain_address(self) -> None:
        """Judge that the launch command without the words that it fills in leads to 127.0.0.1:8765.

        Raises:
            Skipped: the suite did not start the server, or not without arguments, or the port is taken.
        """
        if self.server.command is None or not proc.available():
            raise Skipped("seen of a server that the suite starts, on Linux")
        command = launch.without_placeholders(self.server.command)
        if launch.has_arguments(command):
            raise Skipped("the command gives the server arguments")
        if launch.is_wrapped(command):
            raise Skipped("a shell script starts the server, with whatever arguments")
        self.server.stop()
        kind = self.server.kind
        taken = Skipped(f"port {kind.port} is taken by another process")
        try:
            with SharedPlaces(kind, launch.HOST, kind.port).starting(patience=10.0):
                if proc.listener(launch.HOST, kind.port):
                    raise taken
                launch.Process(kind, command, self.limit, wrap=self.settings.wrap).stop()
        except launch.Unreachable as error:
            wanted = f"it listens on {launch.HOST}:{kind.port}"
            raise self.breach("start.address", str(error), wanted, "it does not") from None
        except TimeoutError:
            raise taken from None
