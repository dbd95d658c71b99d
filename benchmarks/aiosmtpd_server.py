"""The package aiosmtpd, appending to one file: `aiosmtpd_server.py PORT`."""

from __future__ import annotations

import asyncio
import sys
from typing import Any, BinaryIO

from aiosmtpd.smtp import SMTP


class Handler:
    """Appends each message to a file."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Write a message down."""
        self._file.write(b"From: %b\n\n%b\n\n" % (envelope.mail_from.encode(), envelope.content))
        return "250 OK"


async def main(port: int) -> None:
    """Serve for ever, and append all messages to `mailbox`."""
    loop = asyncio.get_running_loop()
    with open("mailbox", "ab", buffering=0) as file:
        server = await loop.create_server(lambda: SMTP(Handler(file), hostname="benchmark"), "127.0.0.1", port)
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
