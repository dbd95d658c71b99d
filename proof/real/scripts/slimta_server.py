"""`slimta_server.py PORT FOLDER`: the edge of python-slimta, which keeps each message as a file of the folder."""

from __future__ import annotations

import sys
from itertools import count
from pathlib import Path

from slimta.edge.smtp import SmtpEdge
from slimta.envelope import Envelope
from slimta.policy.headers import AddReceivedHeader

FOLDER = Path(sys.argv[2])
NUMBERS = count(1)


class Keep:
    """Stands where a queue does."""

    def __init__(self) -> None:
        self._received = AddReceivedHeader()

    def enqueue(self, envelope: Envelope) -> list[tuple[Envelope, str]]:
        """Keep a message, and say under which id."""
        self._received.apply(envelope)
        unfinished = FOLDER / ".unfinished"
        unfinished.write_bytes(b"".join(envelope.flatten()))
        name = f"{next(NUMBERS)}.eml"
        unfinished.rename(FOLDER / name)
        return [(envelope, name)]


edge = SmtpEdge(("127.0.0.1", int(sys.argv[1])), Keep(), hostname="slimta.test")
edge.start()
edge.get()
