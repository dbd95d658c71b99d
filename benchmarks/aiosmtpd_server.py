"""The package aiosmtpd, appending to one file, or with a Maildir: `aiosmtpd_server.py PORT [MAILDIR]`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any, BinaryIO

from aiosmtpd.handlers import Mailbox
from aiosmtpd.smtp import SMTP


class Handler:
    """Appends each message to a file."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Write a message down."""
        self._file.write(b"From: %b\n\n%b\n\n" % (envelope.mail_from.encode(), envelope.content))
        return "250 OK"


async def main(port: int, maildir: str = "") -> None:
    """Serve for ever, and append all messages to `mailbox`, or keep each in a Maildir."""
    loop = asyncio.get_running_loop()
    with open("mailbox", "ab", buffering=0) as file:
        handler = Mailbox(Path(maildir)) if maildir else Handler(file)
        server = await loop.create_server(lambda: SMTP(handler, hostname="benchmark"), "127.0.0.1", port)
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), *sys.argv[2:]))
