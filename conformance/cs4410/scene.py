"""A scene of the assignment: with its words, and what the case's own clients have sent."""

from __future__ import annotations

from conformance.cs4410.blame import Late
from conformance.cs4410.dialect import Dialect
from conformance.cs4410.mailbox import Message
from conformance.harness.client.scene import Scene
from conformance.harness.verdict.verdict import Blocked, Void

KNOCK = b"mkdir\r\n"
"""What is said to a server that will not speak first."""
KNOCKED = "a line before the greeting"
"""What is learned of a server that greets a client once it has said something: whether the line is `answered`, too, or
`dropped`."""


class MailScene(Scene):
    """A case on a server of the assignment, before anybody is connected.

    Args:
        scene: the case on the server.
        dialect: the words of the edition.

    Attributes:
        senders: every address that the case's clients sent from.
        told: every message that was delivered, with the number that was told of it, and without its body.
        counts: whether the case holds the right to deliver.
    """

    def __init__(self, scene: Scene, dialect: Dialect) -> None:
        super().__init__(*scene.given)
        self.dialect = dialect
        self.senders: set[str] = set()
        self.told: list[Message] = []
        self.counts = False

    def late(self) -> Exception:
        """What to raise where a case is too late to go on: the server's doing, if its clients wait for places."""
        if self.patience.slow_to_free:
            why = "places of clients that have left are freed too late for this case"
            return Blocked("pool.frees-at-once", why)
        return Void(Late.CASE.value)
