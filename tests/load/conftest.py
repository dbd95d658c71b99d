"""The runs that the tests look at, several at a time, for each of them mostly waits; and servers of one connection."""

import json
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from conformance.cs4410.kind import KIND
from conformance.harness.server.launch import reference_command
from tests.load.faulty import faulty
from tests.load.load_runs import AT_ONCE, FAULTY, PAGES, PATIENCE, RUNS, Answer, Answering, Ended, multiclient


@pytest.fixture(scope="session")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Ended]]:
    """Give the runs of `RUNS` by name."""
    folder = tmp_path_factory.mktemp("figures")
    started: dict[str, subprocess.Popen[str]] = {}
    done: dict[str, Ended] = {}
    waiting = list(RUNS)

    def start() -> None:
        name = waiting.pop(0)
        command = faulty(name, folder / "servers") if name in FAULTY else reference_command(KIND)
        files = ("--json", str(folder / name), *(("--html", str(folder / f"{name}.html")) if name in PAGES else ()))
        started[name] = multiclient("--launch", command, "--seed", "1", *files, *RUNS[name])

    def finish(name: str) -> None:
        process = started.pop(name)
        output, errors = process.communicate(timeout=PATIENCE)
        path, page = folder / name, folder / f"{name}.html"
        figures = json.loads(path.read_text()) if path.exists() else {}
        done[name] = Ended(process.returncode, output + errors, figures, page.read_text() if page.exists() else "")
        if waiting:
            start()

    for _ in range(AT_ONCE):
        start()

    def get(name: str) -> Ended:
        while name not in done:
            finish(next(iter(started)))
        return done[name]

    yield get
    for process in started.values():
        process.kill()
        process.wait()


@pytest.fixture
def answering() -> Iterator[Answering]:
    """Give what starts a server for one connection, by its greeting and its answers; an empty one is a hang-up."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(PATIENCE)
    threads: list[threading.Thread] = []

    def serve(greeting: bytes, answer: Answer) -> None:
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            connection.settimeout(PATIENCE)
            connection.sendall(greeting)
            while (came := connection.recv(65536)) and (said := answer(came)):
                connection.sendall(said)

    def start(greeting: bytes, answer: Answer) -> tuple[str, int]:
        threads.append(threading.Thread(target=serve, args=(greeting, answer)))
        threads[-1].start()
        host, port = listener.getsockname()
        return host, port

    yield start
    for thread in threads:
        thread.join()
    listener.close()
