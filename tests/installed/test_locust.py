"""Locust with a master and two workers as processes: what each acknowledged is judged where the master is."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from conformance.cs4410.kind import KIND as ASSIGNMENT
from conformance.harness.server import launch
from conformance.rfc5321.kind import KIND, REFERENCE_PASSWORD
from tests.load import esmtp_faulty
from tests.load.faulty import faulty
from tests.load.load_runs import PATIENCE, PROJECT

RUN = ("--headless", "--only-summary", "--users", "12", "--spawn-rate", "12", "--run-time")
SECONDS = (10, 30, 120)
"""How long a run is given: longer where the machine was too busy to send much."""
ENOUGH = 1000
"""Messages after which a fault that few of them show is seen."""
EACH = 1.0
"""Seconds between two messages of a worker to the master."""
DOMAIN = "reference.example"
TO = ("--recipient", f"postmaster@{DOMAIN}", "--recipient", f"other@{DOMAIN}", "--bad-recipient", f"nobody@{DOMAIN}")
LOGIN = ("--user", "reference", "--password-file", str(REFERENCE_PASSWORD))

FOUND = {**esmtp_faulty.FOUND, "mute-after-2000-lines": {"reply.one"}}
"""Whoever answers nobody any more is told of by each client alone, for its own reply."""


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
        told = re.search(r"^[A-Z]+: (\d+) messages acknowledged, (\d+) wrong", output, re.MULTILINE)
        if told and (int(told[1]) >= ENOUGH or int(told[2])):
            break
    return status, output


def swarmed_for(seconds: int, *options: str) -> tuple[int, str]:
    with started(seconds, *options) as (master, *workers):
        output, _ = master.communicate(timeout=PATIENCE)
        for worker in workers:
            worker.communicate(timeout=PATIENCE)
        return master.returncode, output


@contextmanager
def started(seconds: int, *options: str) -> Iterator[list["subprocess.Popen[str]"]]:
    """Start a master and two workers, and end them."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    masters = ("--master", "--master-bind-host", "127.0.0.1", "--master-bind-port", port, "--expect-workers", "2")
    runs = [swarm(*masters, *RUN, str(seconds), *options)]
    runs += [swarm("--worker", "--master-port", port) for _ in range(2)]
    try:
        yield runs
    finally:
        for run in runs:
            run.kill()
            run.communicate()


def broken(output: str) -> set[str]:
    """The requirements that a run says are broken."""
    return set(re.findall(r"^WRONG ([a-z0-9.-]+): ", output, re.MULTILINE))


@pytest.fixture
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, ...]]:
    """Give the options that lead to a server, the reference server or the faulty one that the test names."""
    name = getattr(request, "param", "")
    command = faulty(name, tmp_path) if name else launch.reference_command(ASSIGNMENT)
    server = launch.Process(ASSIGNMENT, command, 10.0)
    yield ("--host", f"{launch.HOST}:{server.port}", "--mailbox", str(server.directory))
    server.stop()


@pytest.fixture
def standard(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, ...]]:
    """Give the same for a server of the standard, of which the test names a fault, or options."""
    name = getattr(request, "param", "")
    right = f"{launch.reference_command(KIND)} {name}"
    server = launch.Process(KIND, esmtp_faulty.faulty(name, tmp_path) if name in esmtp_faulty.SERVERS else right, 300.0)
    where = ("--profile", "rfc5321", "--host", f"{launch.HOST}:{server.port}", *TO)
    yield (*where, "--store", f"maildir:{server.directory}", "--final", "--arrives", "1", "--patience", "5")
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


@pytest.mark.parametrize(
    ("standard", "more", "phases"),
    [
        ("", LOGIN, ("2yz STARTTLS", "2yz AUTH", "TLS handshake", "2yz MAIL", "5yz RCPT", "2yz last chunk")),
        ("--tls implicit", ("--tls", "implicit"), ("TLS handshake",)),
        ("--tls required --require-login", (*LOGIN, "--errors", "0"), ("2yz STARTTLS", "2yz AUTH", "TLS handshake")),
    ],
    indirect=["standard"],
    ids=["as it is", "within TLS", "demanding"],
)
def test_reference_server_of_the_standard_is_right(
    standard: tuple[str, ...], more: tuple[str, ...], phases: tuple[str, ...]
) -> None:
    status, output = swarmed(*standard, *more)
    assert status == 0, output
    assert "RIGHT: " in output and "0(0.00%)" in output and "AHJlZmVyZW5jZQ" not in output
    told = next(line for line in output.splitlines() if line.startswith("store: ")).split()
    assert told[1] == told[3] != "0"
    for phase in ("connect", "220 greeting", "2yz EHLO", "2yz RCPT", "3yz DATA", "2yz message", "2yz QUIT", *phases):
        assert f" {phase} " in output


def test_worker_that_stands_still_is_waited_for_and_accuses_nobody(standard: tuple[str, ...]) -> None:
    with started(5, *standard) as (master, worker, _):
        assert master.stdout
        said = [next(line for line in master.stdout if "spawned" in line or "Spawning is complete" in line)]
        worker.send_signal(signal.SIGSTOP)
        said.append(next(line for line in master.stdout if "limit reached" in line))
        time.sleep(3 * EACH)
        worker.send_signal(signal.SIGCONT)
        output, _ = master.communicate(timeout=PATIENCE)
    assert master.returncode == 0 and "RIGHT: " in output, (said, output)


@pytest.mark.parametrize(("standard", "rules"), FOUND.items(), indirect=["standard"])
def test_fault_of_the_standard_is_found(standard: tuple[str, ...], rules: set[str]) -> None:
    status, output = swarmed(*standard)
    assert status == 1 and rules & broken(output), output


def test_help_tells_the_options_of_both_profiles_and_those_of_locust() -> None:
    output, _ = swarm("--help").communicate(timeout=PATIENCE)
    for word in ("--profile NAME", "rfc5321", "--mailbox DIR", "--recipient ADDRESS", "--store SPEC", "--users"):
        assert word in output


def test_mistakes_are_told() -> None:
    nobody = ("--host", "127.0.0.1:1")
    for options, status in (
        (("--mailbox", "/none"), 4),
        (("--host", "nowhere"), 4),
        (nobody, 6),
        (("--profile", "rfc5321", *nobody), 4),
        (("--profile", "rfc5321", *nobody, *TO, "--dialect", "cs4410-2014"), 4),
        (("--profile", "rfc5321", "--host", "192.0.2.1:25", *TO), 4),
        (("--profile", "rfc822"), 4),
        (("--profile", "rfc5321", *nobody, *TO), 6),
    ):
        run = swarm(*RUN, "3", *options)
        output, _ = run.communicate(timeout=PATIENCE)
        assert run.returncode == status, output
