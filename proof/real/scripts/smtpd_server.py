"""`smtpd_server.py PORT FOLDER`: the standard library's smtpd, which keeps each message as a file of the folder."""

from __future__ import annotations

import asyncore
import smtpd
import sys
from itertools import count
from pathlib import Path
from typing import Any

FOLDER = Path(sys.argv[2])
NUMBERS = count(1)


class Keep(smtpd.SMTPServer):
    """Takes every recipient, and keeps every message."""

    def process_message(self, peer: Any, mailfrom: str, rcpttos: list[str], data: Any, **options: Any) -> None:
        unfinished = FOLDER / ".unfinished"
        unfinished.write_bytes(data + b"\n")  # it is given the lines, with what stands between them
        unfinished.rename(FOLDER / f"{next(NUMBERS)}.eml")


smtpd.socket.getfqdn = lambda: "smtpd.test"  # and not what this machine happens to be called
Keep(("127.0.0.1", int(sys.argv[1])), None).listen(1000)
asyncore.loop(use_poll=True)
