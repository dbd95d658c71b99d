"""A server that is started by hand, for the suite to find at its address."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from select import select

START_LIMIT = 30.0
"""Seconds until it must listen, on however busy a machine."""


@contextmanager
def listening(command: Sequence[str], directory: Path) -> Iterator[str]:
    """Start a server that says where it listens as the reference server does, and end it afterwards.

    Args:
        command: its words.
        directory: its current directory.

    Yields:
        Its address as `HOST:PORT`.

    Raises:
        TimeoutError: it does not say where it listens.
    """
    log = directory / "printed.txt"
    with log.open("wb") as file:
        server = subprocess.Popen(command, cwd=directory, stdout=file, stderr=subprocess.PIPE)
        try:
            assert server.stderr
            if not select([server.stderr], [], [], START_LIMIT)[0]:
                raise TimeoutError(f"{command[0]} does not listen after {START_LIMIT:g} s")
            said = server.stderr.readline().decode()
            found = re.search(r"listening on (\S+)", said)
            if not found:
                raise TimeoutError(f"{command[0]} says: {said.strip()}")
            yield found[1]
        finally:
            server.kill()
            server.communicate()
