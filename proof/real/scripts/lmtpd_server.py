"""`lmtpd_server.py PORT FOLDER`: the server of PyPI's lmtpd, which keeps a copy for each recipient as a file."""

from __future__ import annotations

import asyncore
import socket
import sys
from itertools import count
from pathlib import Path
from typing import Any

from lmtpd import LMTPServer

FOLDER = Path(sys.argv[2])
NUMBERS = count(1)


class Keep(LMTPServer):
    """Takes every recipient, and keeps every message."""

    def process_message(self, peer: Any, mailfrom: bytes, rcpttos: bytes, data: bytes) -> None:
        """Keep a message for one recipient."""
        unfinished = FOLDER / ".unfinished"
        unfinished.write_bytes(b"Delivered-To: " + rcpttos.strip(b"<>") + b"\n" + data + b"\n")
        unfinished.rename(FOLDER / f"{next(NUMBERS)}.eml")


socket.getfqdn = lambda name="": "lmtpd.test"  # and not what this machine happens to be called
Keep(("127.0.0.1", int(sys.argv[1]))).listen(1000)
asyncore.loop(use_poll=True)
