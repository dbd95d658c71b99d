"""A class on a cluster: a scheduler and two workers as processes, over TLS; one of them dies while it tests."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import PROJECT, Run
from tests.suite_runs import left_over, results_in

DEADLINE = 240.0  # seconds: on however busy a machine
PAGE = (PROJECT / "docs" / "reports.md").read_text(encoding="utf-8")
[TLS] = re.findall(r"^```yaml\n(distributed:.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
[CERTIFICATE] = re.findall(r"^openssl req .*", PAGE, re.MULTILINE)
SERVER = 'import runpy\nrunpy.run_module("reference_server", run_name="__main__")\n'
ROSTER = """\
submissions = "submissions/*/server.py"
launch = "python3 server.py --port {port}"
options = ["--quick", "-n0", "-k", "test_greeting or test_reply"]
"""


class Cluster:
    """A scheduler, and what is started beside it, in a folder; a worker's own folder is its temporary one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = {**os.environ, "DASK_CONFIG": str(folder / "dask.yaml"), "COLUMNS": "100"}
        self.started: list[subprocess.Popen[bytes]] = []
        (folder / "dask.yaml").write_text(TLS)
        subprocess.run(CERTIFICATE.split(), cwd=folder, check=True, capture_output=True)
        self.scheduler = self.dask("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", "scheduler")
        self.until((folder / "scheduler").exists)

    def dask(self, *words: str, **env: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "dask", *words, "--no-dashboard"]
        with (self.folder / f"log-{len(self.started)}").open("wb") as log:
            started = subprocess.Popen(command, cwd=self.folder, env={**self.env, **env}, stdout=log, stderr=log)
        self.started.append(started)
        return started

    def worker(self, name: str) -> subprocess.Popen[bytes]:
        temporary = self.folder / name
        temporary.mkdir(mode=0o711)
        words = ("--scheduler-file", "scheduler", "--nthreads", "1", "--no-nanny", "--host", "127.0.0.1")
        return self.dask("worker", *words, TMPDIR=str(temporary))

    def class_(self, *words: str) -> subprocess.Popen[str]:
        address = json.loads((self.folder / "scheduler").read_text())["address"]
        command = [sys.executable, "-m", "reports", "class", "class.toml", "--engine", "dask", "-o", "out"]
        return subprocess.Popen(
            [*command, "--scheduler", address, *words],
            cwd=self.folder, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def tested(self, *words: str) -> Run:
        return self.ended(self.class_(*words))

    def ended(self, class_: subprocess.Popen[str]) -> Run:
        out, err = class_.communicate(timeout=DEADLINE)
        return Run(class_.args, class_.returncode, out, err)

    def until(self, true: Callable[[], object]) -> None:
        deadline = time.monotonic() + DEADLINE
        while not true():
            assert time.monotonic() < deadline, [path.read_text() for path in self.folder.glob("log-*")]
            time.sleep(0.1)

    def tests_at(self, worker: str) -> list[Path]:
        """What a worker tests now: the folders whose reports will be sent back."""
        return list((self.folder / worker).glob("class-*/reports/log.txt"))

    def stop(self) -> None:
        for one in reversed(self.started):  # a worker whose scheduler is gone waits for it
            one.terminate()
            try:
                one.wait(30)
            except subprocess.TimeoutExpired:
                one.kill()
                one.wait()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    for name in ("ada", "ben", "eve"):
        folder = tmp_path / "submissions" / name
        shutil.copytree(PROJECT / "reference_server", folder / "reference_server")
        (folder / "server.py").write_text(SERVER if name != "eve" else "raise SystemExit(9)\n")
    (tmp_path / "class.toml").write_text(ROSTER)
    found = Cluster(tmp_path)
    yield found
    found.stop()


def test_a_worker_that_dies_costs_a_retry(cluster: Cluster) -> None:
    workers = {name: cluster.worker(name) for name in ("one", "two")}
    class_ = cluster.class_()
    cluster.until(lambda: cluster.tests_at("one") and cluster.tests_at("two"))
    workers["one"].kill()
    done = cluster.ended(class_)
    assert done.returncode == 0, done.stderr
    assert "testing 3 servers, " in done.stderr and "2 of 3 servers conform, 1 without a verdict" in done.stdout
    for name in ("ada", "ben"):
        folder = cluster.folder / "out" / name
        assert {path.name for path in folder.iterdir()} == {
            "log.txt", "report.html", "report.md", "results.json", "run.json"
        }  # fmt: skip
        results = results_in(folder)
        assert results["outcome"]["exit"] == 0
        assert results["target"]["command"] == "python3 server.py --port {port}"
        assert f"<bdi>{name}</bdi>" in (folder / "report.html").read_text()
    _, *rows = csv.reader((cluster.folder / "out" / "scores.csv").open())
    assert sorted((row[0], row[2]) for row in rows) == [
        ("ada", "conforms"), ("ben", "conforms"), ("eve", "no verdict")
    ]  # fmt: skip
    assert "exit status 9" in (cluster.folder / "out" / "eve" / "log.txt").read_text()
    assert not [path.name for path in (cluster.folder / "two").iterdir() if path.name.startswith(("class", "subm"))]
    cluster.until(lambda: not left_over(cluster.folder / "one"))


def test_whoever_is_interrupted_goes_on_from_there(cluster: Cluster) -> None:
    cluster.worker("one")
    class_ = cluster.class_()
    cluster.until(lambda: list((cluster.folder / "out").glob("*/run.json")) and cluster.tests_at("one"))
    class_.send_signal(signal.SIGINT)
    done = cluster.ended(class_)
    assert done.returncode == 2 and "the same command goes on from there" in done.stdout, done.stderr
    cluster.until(lambda: not left_over(cluster.folder / "one"))
    assert not cluster.tests_at("one"), "it tests for nobody"
    done = cluster.tested()
    assert done.returncode == 0 and " of 3 servers, 1 at a time: " in done.stderr


def test_a_stranger_is_not_heard(cluster: Cluster) -> None:
    """A server shares the network with the cluster: whoever has not its certificate is refused."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    address = json.loads((cluster.folder / "scheduler").read_text())["address"]
    plain = socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2])), timeout=DEADLINE)
    with pytest.raises(ssl.SSLError, match="CERTIFICATE_REQUIRED"), context.wrap_socket(plain) as stranger:
        stranger.recv(1)


def test_who_is_missing_is_told_in_one_line(cluster: Cluster) -> None:
    done = cluster.tested()
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.startswith("reports: the scheduler at tls://") and done.stderr.endswith(" has no worker\n")
    cluster.worker("one")
    class_ = cluster.class_()
    cluster.until(lambda: cluster.tests_at("one"))
    cluster.scheduler.kill()
    done = cluster.ended(class_)
    assert done.returncode == 4 and ", for the scheduler " in done.stdout and "Traceback" not in done.stderr
    cluster.until(lambda: not left_over(cluster.folder / "one"))
    done = cluster.tested()
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (4, "", 1)
    assert done.stderr.startswith("reports: no scheduler answers at tls://127.0.0.1:")
