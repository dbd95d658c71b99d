"""Locust with a master and two workers as processes: what each acknowledged is judged where the master is."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.cs4410.kind import KIND
from conformance.harness.server import launch
from tests.load.faulty import faulty
from tests.load.load_runs import PATIENCE, PROJECT

RUN = ("--headless", "--only-summary", "--users", "12", "--spawn-rate", "12", "--run-time")
SECONDS = (8, 30, 120)
"""How long a run is given: longer where the machine was too busy to send much."""
ENOUGH = 150
"""Messages after which a fault that each sixtieth shows is seen."""


def swarm(*options: str) -> "subprocess.Popen[str]":
    paths = os.pathsep.join(filter(None, (str(PROJECT), os.environ.get("PYTHONPATH", ""))))
    return subprocess.Popen(
        [sys.executable, "-m", "conformance.locustfile", *options],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, "PYTHONPATH": paths},
    )  # fmt: skip


def swarmed(*options: str) -> tuple[int, str]:
    """Run a master and two workers until they have sent enough; the master's exit status and output."""
    for seconds in SECONDS:
        status, output = swarmed_for(seconds, *options)
        told = re.search(r"^\w+: (\d+) messages acknowledged", output, re.MULTILINE)
        if told and int(told[1]) >= ENOUGH:
            break
    return status, output


def swarmed_for(seconds: int, *options: str) -> tuple[int, str]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    masters = ("--master", "--master-bind-host", "127.0.0.1", "--master-bind-port", port, "--expect-workers", "2")
    runs = [swarm(*masters, *RUN, str(seconds), *options)]
    runs += [swarm("--worker", "--master-port", port) for _ in range(2)]
    try:
        output, _ = runs[0].communicate(timeout=PATIENCE)
        for worker in runs[1:]:
            worker.communicate(timeout=PATIENCE)
        return runs[0].returncode, output
    finally:
        for run in runs:
            run.kill()
            run.communicate()


@pytest.fixture
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, ...]]:
    """Give the options that lead to a server, the reference server or the faulty one that the test names."""
    name = getattr(request, "param", "")
    command = faulty(name, tmp_path) if name else launch.reference_command(KIND)
    server = launch.Process(KIND, command, 10.0)
    yield ("--host", f"{launch.HOST}:{server.port}", "--mailbox", str(server.directory))
    server.stop()


def test_reference_server_is_right(target: tuple[str, ...]) -> None:
    status, output = swarmed(*target, "--seed", "1")
    assert status == 0, output
    assert "RIGHT: " in output and "; seed 1" in output and "0(0.00%)" in output
    told = next(line for line in output.splitlines() if line.startswith("mailbox: ")).split()
    assert told[1] == told[3] != "0"
    for phase in ("connect", "220 greeting", "250 HELO", "250 MAIL", "354 DATA", "250 message", "503 nested MAIL"):
        assert f" {phase} " in output


@pytest.mark.parametrize(
    ("target", "found"),
    [
        ("each-60th-message-lost", "WRONG mailbox.whole: an acknowledged message is lost"),
        ("numbers-race", "WRONG numbers: a number that another message has"),
        ("nested-mail-in-other-words", "SMTP 503 nested MAIL: Fault('the wrong words')"),
    ],
    indirect=["target"],
)
def test_fault_is_found(target: tuple[str, ...], found: str) -> None:
    status, output = swarmed(*target)
    assert status == 1 and found in output, output


def test_mistakes_are_told() -> None:
    for options, status in ((("--mailbox", "/none"), 4), (("--host", "nowhere"), 4), (("--host", "127.0.0.1:1"), 6)):
        run = swarm(*RUN, "3", *options)
        output, _ = run.communicate(timeout=PATIENCE)
        assert run.returncode == status, output
