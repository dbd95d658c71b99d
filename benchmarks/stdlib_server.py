"""The standard library's smtpd, which Python has up to 3.11, appending to one file: `stdlib_server.py PORT`."""

from __future__ import annotations

import asyncore
import smtpd
import sys
from typing import Any


class Server(smtpd.SMTPServer):
    """Appends each message to `mailbox`."""

    file = open("mailbox", "ab", buffering=0)  # noqa: SIM115 - open as long as the process is

    def process_message(self, *message: Any, **rest: Any) -> None:
        """Write a message down: peer, sender, recipients and data."""
        self.file.write(b"From: %b\n\n%b\n\n" % (message[1].encode(), message[3]))


if __name__ == "__main__":
    Server(("127.0.0.1", int(sys.argv[1])), ("", 0))
    asyncore.loop()
