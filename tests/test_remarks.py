"""What a run tells of a server beside its verdicts: its own words, once for all workers, and what it leaks."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from conformance.harness.verdict.outcome import BROKEN

Run = subprocess.CompletedProcess[str]
SERVER = """
import os
from threading import Thread
import reference_server.__main__ as server

def start_workers(count, hand_over, serve):
    def work():
        while True:
            with hand_over.take() as connection:
                serve(connection)
                os.dup(connection.fileno())
                try:
                    connection.send(b"?")
                except OSError:
                    raise ValueError("Timeout value out of range") from None
    for _ in range(count):
        Thread(target=work, daemon=True).start()

server.start_workers = start_workers
server.main()
"""


def test_a_server_that_tells_on_itself_is_heard(suite: Callable[..., Run], tmp_path: Path) -> None:
    (tmp_path / "server.py").write_text(SERVER)
    command = f"{shlex.quote(sys.executable)} server.py --port {{port}}"
    cases = "test_workers_survive or test_server_goes_on or test_recipients"
    run = suite("-k", cases, "-n2", "--launch", command, "--time-limit", "2", "--report", "out")
    assert run.returncode == BROKEN, run.stdout + run.stderr
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    cases_by_name = {case["id"].partition("::")[2]: case for case in results["cases"]}
    [remark] = [note for note in results["outcome"]["notes"] if "printed" in note]
    head, _, last = remark.partition(" times: ")
    assert head.startswith("the server printed an exception ") and int(head.split()[-1]) > 3
    assert last == "ValueError: Timeout value out of range"
    broken = cases_by_name["test_workers_survive[resets]"]
    assert broken["verdict"] == "fail"
    assert "; the server printed meanwhile" in broken["reason"] and broken["reason"].endswith(last)
    assert broken["transcript"][-1][1] == "--" and broken["transcript"][-1][2].endswith(last)
    assert remark in " ".join(run.stdout.split()), "the remark is shown"


def test_a_leak_is_a_note(suite: Callable[..., Run], tmp_path: Path) -> None:
    (tmp_path / "server.py").write_text(SERVER.replace("raise ValueError", "ValueError").replace(" from None", ""))
    command = f"{shlex.quote(sys.executable)} server.py --port {{port}}"
    run = suite(
        "-k", "test_nothing_leaks and not timed_out", "-n0", "--launch", command, "--time-limit", "2", "--report", "out"
    )
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    [case] = results["cases"]
    assert case["verdict"] == "note" and case["reason"].startswith("descriptors grow by 1.0 with each client: ")
    assert "descriptors grow by 1.0 with each client" in run.stdout
