"""Servers that tests write and start: fixtures for the folders that ask for them."""

from __future__ import annotations

import socket
import tempfile
import textwrap
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from conformance.cs4410.kind import KIND
from conformance.harness.server.launch import Process
from tests.harness.families import PYTHON


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str], str]:
    """Give the command line that runs a Python program."""

    def write(text: str) -> str:
        path = tmp_path / "server.py"
        path.write_text(textwrap.dedent(text))
        return f"{PYTHON} -S {path}"

    return write


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where servers get their directories; and where one listens that takes no port, others do not."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as free:
        monkeypatch.setitem(vars(KIND), "port", free.getsockname()[1])
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def start() -> Iterator[Callable[..., Process]]:
    """Start servers that end with the test."""
    processes: list[Process] = []

    def start_one(command: str, time_limit: float = 10.0, leftover: Mapping[str, bytes] | None = None) -> Process:
        processes.append(Process(KIND, command, time_limit, leftover))
        return processes[-1]

    yield start_one
    for process in processes:
        process.stop()
