"""multiclient --rate on a real server that stands still for a moment."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest

from conformance.cs4410.kind import KIND
from conformance.harness.server import launch, proc
from conformance.load.tally import GREETING, Histogram
from tests.load.load_runs import PATIENCE, multiclient, wait_until

STALL = 2.0
"""Seconds; less than half of the server's time limit, so that a right server may take them."""
LIMIT = 5.0
RUN = ("--time-limit", f"{LIMIT:g}", "--duration", f"{LIMIT + 3:g}", "--errors", "0", "--seed", "1")
LOADS = {"closed": (), "open": ("--rate", "40")}


def stop_for_a_moment(servers: list[launch.Process]) -> None:
    """Stop servers as soon as each has taken a message, and let them go on."""
    wait_until(lambda: all((one.directory / "mailbox").read_bytes() for one in servers))
    pids = [proc.owner(row) for one in servers if (row := proc.listener(launch.HOST, one.port))]
    assert len(pids) == len(servers)
    for pid in pids:
        assert pid
        os.kill(pid, signal.SIGSTOP)
    time.sleep(STALL)  # it is this moment that is looked for
    for pid in pids:
        assert pid
        os.kill(pid, signal.SIGCONT)


@pytest.fixture(scope="module")
def loads(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Give the figures and the output of both loads, each on a server that stalled once."""
    folder = tmp_path_factory.mktemp("rate")
    servers = {name: launch.Process(KIND, launch.reference_command(KIND), LIMIT) for name in LOADS}
    runs: dict[str, subprocess.Popen[str]] = {}
    try:
        for name, options in LOADS.items():
            target = ("--target", f"{launch.HOST}:{servers[name].port}", "--mailbox", str(servers[name].directory))
            runs[name] = multiclient(*target, *RUN, *options, "--json", str(folder / name))
        stop_for_a_moment(list(servers.values()))
        told = {}
        for name, run in runs.items():
            output, errors = run.communicate(timeout=PATIENCE)
            assert run.returncode == 0, output + errors
            told[name] = {**json.loads((folder / name).read_text()), "output": output}
        yield told
    finally:
        for run in runs.values():
            run.kill()
            run.communicate()
        for server in servers.values():
            server.stop()


def merged(figures: Any) -> Histogram:
    """How long replies took, of whatever kind."""
    whole = Histogram()
    for kind, row in figures["kinds"].items():
        if kind != GREETING and not kind.startswith("421"):
            counts = {int(step): count for step, count in row["histogram"].items()}
            whole.merge(counts, row["max"] / 1000)
    return whole


def test_only_the_open_loop_shows_the_stall(loads: dict[str, Any]) -> None:
    closed, opened = merged(loads["closed"]), merged(loads["open"])
    assert closed.longest > STALL / 2 < opened.longest
    assert closed.quantile(0.9) < STALL / 4 < opened.quantile(0.9)


def test_what_became_of_the_rate_is_told(loads: dict[str, Any]) -> None:
    assert loads["closed"]["rate"] is None and "rate:" not in loads["closed"]["output"]
    rate = loads["open"]["rate"]
    assert rate["asked"] == 40 and rate["reached"] == pytest.approx(40, 0.1)
    assert rate["late"]["p99"] > 1000 * STALL / 2 > rate["from_sent"]["p50"]
    assert "40 a second asked for, even arrivals" in loads["open"]["output"]


def test_of_the_stall_multiclient_itself_is_not_accused(loads: dict[str, Any]) -> None:
    rate = loads["open"]["rate"]
    assert rate["held_by"] == "" and rate["behind"] > STALL / 2
    assert rate["waited"] > 0.5 * rate["behind"]
