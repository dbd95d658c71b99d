"""The standard library's smtpd, which Python has up to 3.11, appending to one file: `stdlib_server.py PORT`."""

from __future__ import annotations

import asyncore
import smtpd
import sys
from typing import Any, BinaryIO


class Server(smtpd.SMTPServer):
    """Appends each message to a file."""

    def __init__(self, port: int, file: BinaryIO) -> None:
        super().__init__(("127.0.0.1", port), ("", 0))
        self._file = file

    def process_message(self, *message: Any, **rest: Any) -> None:
        """Write a message down: peer, sender, recipients and data."""
        self._file.write(b"From: %b\n\n%b\n\n" % (message[1].encode(), message[3]))


if __name__ == "__main__":
    with open("mailbox", "ab", buffering=0) as mailbox:
        Server(int(sys.argv[1]), mailbox)
        asyncore.loop()
