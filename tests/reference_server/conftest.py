"""Starts reference servers for a test, and ends them after it."""

import select
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.reference_server.server_runs import DEADLINE, Server, command, environment


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    processes: list[subprocess.Popen[bytes]] = []

    def start_one(*options: str) -> Server:
        process = subprocess.Popen(command(*options), cwd=tmp_path, env=environment(), stderr=subprocess.PIPE)
        processes.append(process)
        assert process.stderr is not None
        assert select.select([process.stderr], [], [], DEADLINE)[0], "it doesn't say where it listens"
        line = process.stderr.readline().decode()
        return Server(process, int(line.rsplit(":", 1)[1]), tmp_path)

    yield start_one
    for process in processes:
        process.kill()
        process.communicate(timeout=DEADLINE)
