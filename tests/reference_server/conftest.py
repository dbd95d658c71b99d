"""Starts reference servers for a test, and ends them after it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.reference_server.server_runs import Server, running


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    with ExitStack() as servers:
        yield lambda *options: servers.enter_context(running(tmp_path, *options))
