"""`twisted_server.py PORT FOLDER`: the server of Twisted as its manual shows it, which keeps each message as a file."""

from __future__ import annotations

import sys
from itertools import count
from pathlib import Path
from typing import Any

from twisted.internet import defer, reactor
from twisted.mail import protocols, smtp
from zope.interface import implementer

FOLDER = Path(sys.argv[2])
NUMBERS = count(1)


@implementer(smtp.IMessage)
class Message:
    """A message that comes line by line."""

    def __init__(self) -> None:
        self._lines: list[bytes] = []

    def lineReceived(self, line: bytes) -> None:
        self._lines.append(line)

    def eomReceived(self) -> Any:
        unfinished = FOLDER / ".unfinished"
        unfinished.write_bytes(b"\r\n".join([*self._lines, b""]))
        unfinished.rename(FOLDER / f"{next(NUMBERS)}.eml")
        return defer.succeed(None)

    def connectionLost(self) -> None:
        self._lines.clear()


class Keep(protocols.ESMTPDomainDelivery):
    """Takes every recipient, and leaves the trace field to what comes with Twisted."""

    def validateFrom(self, helo: Any, origin: Any) -> Any:
        return origin

    def validateTo(self, user: Any) -> Any:
        return Message


class Factory(smtp.SMTPFactory):
    """Speaks ESMTP with everyone."""

    protocol = smtp.ESMTP

    def buildProtocol(self, address: Any) -> Any:
        made = super().buildProtocol(address)
        made.delivery = Keep(None, None, b"twisted.test")
        made.host = b"twisted.test"
        return made


reactor.listenTCP(int(sys.argv[1]), Factory(), backlog=1000, interface="127.0.0.1")
reactor.run()
