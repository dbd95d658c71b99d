"""`aiosmtpd_server.py PORT FOLDER`: aiosmtpd as it is by default, which keeps each message as a file of the folder."""

from __future__ import annotations

import asyncio
import sys
from itertools import count
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session


class Keep:
    """Takes every recipient, and keeps every message."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count(1)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        unfinished = self._folder / ".unfinished"
        unfinished.write_bytes(envelope.original_content or b"")
        unfinished.rename(self._folder / f"{next(self._numbers)}.eml")
        return "250 OK"


async def main(port: int, folder: Path) -> None:
    """Serve for ever."""
    keep = Keep(folder)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(keep, hostname="aiosmtpd.test"), "127.0.0.1", port, backlog=1000)
    await server.serve_forever()


asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2])))
