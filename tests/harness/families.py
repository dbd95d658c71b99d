"""Processes that tests start, and what becomes of them."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Callable
from pathlib import Path

DEADLINE = 30.0
"""Seconds for what must happen at all, on however busy a machine."""
PYTHON = shlex.quote(sys.executable)


def runs(pid: int) -> bool:
    """Whether a process has not ended yet."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rsplit(")", 1)[1].split()[0] not in "ZX"


def wait_until(holds: Callable[[], object]) -> bool:
    """Whether something comes true in time."""
    deadline = time.monotonic() + DEADLINE
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.01)
    return bool(holds())
