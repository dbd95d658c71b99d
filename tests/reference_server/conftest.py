"""Starts reference servers for a test, and ends them after it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.reference_server.esmtp_runs import Office, office
from tests.reference_server.server_runs import Server, running


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    with ExitStack() as servers:
        yield lambda *options: servers.enter_context(running(tmp_path, *options))


@pytest.fixture(scope="module")
def post(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A server of the standard for all tests of a module, started with the module's `OPTIONS`."""
    with office(tmp_path_factory.mktemp("maildir"), *request.module.OPTIONS) as one:
        yield one
