"""`pymta_server.py PORT FOLDER`: pymta as it is by default, which keeps each message as a file of the folder."""

from __future__ import annotations

import socket
import sys
import uuid
from pathlib import Path
from typing import Any

from pymta import PythonMTA
from pymta.api import IMessageDeliverer

FOLDER = Path(sys.argv[2])


class Keep(IMessageDeliverer):
    """Keeps every message."""

    def new_message_accepted(self, msg: Any) -> None:
        """Keep a message."""
        data = msg.msg_data
        unfinished = FOLDER / f".unfinished-{uuid.uuid4()}"
        unfinished.write_bytes(data if isinstance(data, bytes) else data.encode("utf-8", "surrogateescape"))
        unfinished.rename(FOLDER / f"{uuid.uuid4()}.eml")


socket.getfqdn = lambda: "pymta.test"  # and not what this machine happens to be called
PythonMTA("127.0.0.1", int(sys.argv[1]), Keep).serve_forever()
