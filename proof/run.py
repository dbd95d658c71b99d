"""Runs the suite on one server, with a bound in time, reads back what it found, and keeps it for a later sitting."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

PROJECT = Path(__file__).parents[1]
TIME_LIMIT = 3.0
"""Seconds: the limit of the servers, as short as lets the cases tell early, prompt, late and never from each other."""
BOUND = 600.0
"""Seconds: the longest run. An unchanged server takes about a minute, a silent one some minutes."""
GRACE = 30.0
"""Seconds in which an interrupted run writes what it has found."""
OVER = threading.Event()
"""Set when the user has interrupted: runs that are under way are ended as well."""
POLL = 0.5
"""Seconds between two looks at that."""
SEED = 7
KEPT = "run.json"
PLACEHOLDERS = "--port {port} --time-limit {time_limit}"
AnyRun = TypeVar("AnyRun", bound="Run")


@dataclass(frozen=True)
class Run:
    """What came of a run.

    Attributes:
        status: the suite's exit status.
        seconds: how long it took.
        finished: whether it ended by itself.
        findings: of each blamed requirement (failed or warned) the cases that found it, in the suite's order.
        printed: what the suite printed, for a run without results.
    """

    status: int
    seconds: float
    finished: bool
    findings: dict[str, list[str]] = field(default_factory=dict)
    printed: str = ""


def suite(
    where: Sequence[str],
    results: Path,
    *options: str,
    workers: int = 0,
    time_limit: float = TIME_LIMIT,
    seed: int = SEED,
    bound: float = BOUND,
    environment: Mapping[str, str] | None = None,
) -> Run:
    """Run the suite on a server.

    Args:
        where: `--launch` and its command, or `--target` and its address.
        results: the directory for results.json; what stood there is replaced.
        options: further options of the suite.
        workers: of the suite. Runs side by side fill the cores better than workers in each; the verdict is the same.
        time_limit: the server's time limit in seconds.
        seed: the suite's seed.
        bound: seconds after which the run is interrupted; what it found until then counts.
        environment: what the suite has in its environment beside ours.
    """
    shutil.rmtree(results, ignore_errors=True)
    words = [sys.executable, "-m", "conformance", "-q", "-n", str(workers), *where]
    words += ["--report", str(results), "--time-limit", f"{time_limit:g}", "--seed", str(seed), *options]
    began = time.monotonic()
    seen = os.environ | (environment or {})
    process = subprocess.Popen(
        words, cwd=PROJECT, env=seen, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    while (printed := _printed(process, POLL)) is None and not OVER.is_set() and time.monotonic() < began + bound:
        pass
    finished = printed is not None
    if printed is None:
        process.send_signal(signal.SIGINT)
        printed = _printed(process, GRACE)
    if printed is None:
        process.kill()
        printed, _ = process.communicate()
    seconds = time.monotonic() - began
    return Run(process.returncode, seconds, finished, blamed(read(results / "results.json")), printed)


def _printed(process: subprocess.Popen[str], patience: float) -> str | None:
    """What a process has printed when it ends; None if it does not end within some seconds."""
    try:
        return process.communicate(timeout=patience)[0]
    except subprocess.TimeoutExpired:
        return None


def launched(home: Path, placeholders: str = PLACEHOLDERS) -> Sequence[str]:
    """How the suite is told to launch a server that was built there, and takes such options."""
    return "--launch", f"{shlex.join([sys.executable, str(home.absolute())])} {placeholders}"


def read(path: Path) -> dict[str, Any]:
    """What a run has written; nothing if it wrote nothing."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return found


def blamed(results: dict[str, Any], verdicts: Collection[str] = ("fail", "warn")) -> dict[str, list[str]]:
    """Of each requirement with one of the verdicts in a results.json, the cases that found it."""
    found: dict[str, list[str]] = {
        row["id"]: [] for row in results.get("requirements", ()) if row["verdict"] in verdicts
    }
    for case in results.get("cases", ()):
        own = [one["requirement"] for one in case["findings"] if one["verdict"] in verdicts]
        for requirement in dict.fromkeys(own):
            found[requirement].append(case["id"])
    return found


def fingerprint(home: Path, *how: object) -> str:
    """What a result depends on, as a hash: the suite, a server's files, and how it is tried."""
    return hashlib.sha256(f"{_suite()} {_digest(home)} {TIME_LIMIT} {how}".encode()).hexdigest()


def commit() -> str:
    """The commit that is checked out, in short, with a plus where files differ from it; empty where there is none."""
    words = ["git", "describe", "--always", "--exclude=*", "--dirty=+"]
    try:
        return subprocess.run(words, cwd=PROJECT, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


@cache
def _suite() -> str:
    return _digest(PROJECT / "conformance") + (PROJECT / "multiclient.py").read_text(encoding="utf-8")


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(
        path for path in folder.rglob("*") if path.suffix in (".py", ".toml", ".ini") and path.is_file()
    ):
        digest.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return digest.hexdigest()


def keep(run: Run, folder: Path, of: str) -> None:
    """Keep what came of a run in its folder, with the fingerprint that it belongs to."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / KEPT).write_text(json.dumps({"fingerprint": of, "run": asdict(run)}, indent=1))


def kept(folder: Path, of: str, form: type[AnyRun], verdicts: Collection[int] = (0, 1)) -> AnyRun | None:
    """What came of an earlier run with this fingerprint, or None.

    Args:
        folder: of the run.
        of: the fingerprint.
        form: what is kept of such a run.
        verdicts: the exit statuses of a run that is worth keeping; it must have ended by itself, too.
    """
    try:
        found = json.loads((folder / KEPT).read_text())
        run = form(**found["run"]) if found["fingerprint"] == of else None
    except (OSError, ValueError, TypeError):
        return None
    return run if run and run.finished and run.status in verdicts else None
