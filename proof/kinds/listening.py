"""A server that is started by hand, for the suite to find at its address."""

from __future__ import annotations

import re
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

START_LIMIT = 30.0
"""Seconds until it must listen, on however busy a machine."""


@contextmanager
def listening(command: Sequence[str]) -> Iterator[str]:
    """Start a server on a free port, in a directory of its own, and end it afterwards.

    Args:
        command: its words, to which the port is added; it says where it listens as the reference server does.

    Yields:
        Its address as `HOST:PORT`.

    Raises:
        TimeoutError: it does not say where it listens.
    """
    with tempfile.TemporaryDirectory(prefix="listening-") as directory:
        printed = Path(directory) / "printed.txt"
        with printed.open("wb") as file:
            words = [*command, "--port", "0"]
            server = subprocess.Popen(words, cwd=directory, stdout=file, stderr=subprocess.STDOUT)
        try:
            deadline = time.monotonic() + START_LIMIT
            while not (found := re.search(r"listening on (\S+)\n", printed.read_text())):
                if server.poll() is not None or time.monotonic() > deadline:
                    raise TimeoutError(f"{' '.join(words)} does not listen: {printed.read_text()}")
                time.sleep(0.01)
            yield found[1]
        finally:
            server.kill()
            server.wait()
