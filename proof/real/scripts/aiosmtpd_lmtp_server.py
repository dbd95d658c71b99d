"""`aiosmtpd_lmtp_server.py PORT FOLDER`: aiosmtpd's LMTP as it is, which keeps a copy for each recipient as a file."""

from __future__ import annotations

import asyncio
import sys
from itertools import count
from pathlib import Path

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import Envelope, Session


class Keep:
    """Takes every recipient, and keeps every message; its answer has a line for each recipient, as in Mailman."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count(1)

    async def handle_DATA(self, server: LMTP, session: Session, envelope: Envelope) -> str:
        for recipient in envelope.rcpt_tos:
            unfinished = self._folder / ".unfinished"
            unfinished.write_bytes(f"Delivered-To: {recipient}\r\n".encode() + (envelope.original_content or b""))
            unfinished.rename(self._folder / f"{next(self._numbers)}.eml")
        return "\r\n".join("250 OK" for _ in envelope.rcpt_tos)


async def main(port: int, folder: Path) -> None:
    """Serve for ever."""
    keep = Keep(folder)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: LMTP(keep, hostname="lmtp.test"), "127.0.0.1", port, backlog=1000)
    await server.serve_forever()


asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2])))
