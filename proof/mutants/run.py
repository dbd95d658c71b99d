"""Holds the whole suite on one server, with a bound in time, and reads back what it found."""

from __future__ import annotations

import hashlib
import json
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[2]
TIME_LIMIT = 3.0
"""Seconds: the limit of the servers, as short as lets the cases tell early, prompt, late and never from each other."""
BOUND = 600.0
"""Seconds: the longest run. An unmutated server takes about a minute, a silent one some minutes."""
GRACE = 30.0
"""Seconds in which an interrupted run writes what it has found."""
SEED = 7
KEPT = "held.json"
PLACEHOLDERS = "--port {port} --time-limit {time_limit}"


@dataclass(frozen=True)
class Held:
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


def hold(
    where: Sequence[str],
    results: Path,
    *options: str,
    workers: int = 0,
    time_limit: float = TIME_LIMIT,
    seed: int = SEED,
    bound: float = BOUND,
) -> Held:
    """Hold the suite on a server.

    Args:
        where: `--launch` and its command, or `--target` and its address.
        results: the directory for results.json; what stood there is replaced.
        options: further options of the suite.
        workers: of the suite. Runs side by side fill the cores better than workers in each; the verdict is the same.
        time_limit: the server's time limit in seconds.
        seed: the suite's seed.
        bound: seconds after which the run is interrupted; what it found until then counts.
    """
    shutil.rmtree(results, ignore_errors=True)
    words = [sys.executable, "-m", "conformance", "-q", "-n", str(workers), *where]
    words += ["--report", str(results), "--time-limit", f"{time_limit:g}", "--seed", str(seed), *options]
    began = time.monotonic()
    suite = subprocess.Popen(words, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    finished = True
    try:
        try:
            printed, _ = suite.communicate(timeout=bound)
        except subprocess.TimeoutExpired:
            finished = False
            suite.send_signal(signal.SIGINT)
            printed, _ = suite.communicate(timeout=GRACE)
    except subprocess.TimeoutExpired:
        suite.kill()
        printed, _ = suite.communicate()
    seconds = time.monotonic() - began
    path = results / "results.json"
    found = json.loads(path.read_text()) if path.is_file() else {"requirements": [], "cases": []}
    return Held(suite.returncode, seconds, finished, _findings(found), printed)


def launched(home: Path) -> Sequence[str]:
    """How the suite is told to launch a server that `patch.build` made there."""
    return "--launch", f"{shlex.join([sys.executable, str(home.absolute())])} {PLACEHOLDERS}"


def _findings(found: dict[str, Any]) -> dict[str, list[str]]:
    blamed: dict[str, list[str]] = {
        row["id"]: [] for row in found["requirements"] if row["verdict"] in ("fail", "warn")
    }
    for case in found["cases"]:
        own = [one["requirement"] for one in case["findings"] if one["verdict"] in ("fail", "warn")]
        for requirement in dict.fromkeys(own):
            blamed[requirement].append(case["id"])
    return blamed


def fingerprint(home: Path) -> str:
    """What a result depends on, as a hash: the suite, its options, and a server's files."""
    digest = hashlib.sha256(f"{TIME_LIMIT} {SEED}".encode())
    for folder in (PROJECT / "conformance", home):
        for path in sorted(path for path in folder.rglob("*") if path.suffix in (".py", ".toml", ".ini")):
            digest.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return digest.hexdigest()


def remember(held: Held, results: Path, of: str) -> None:
    """Keep what came of a run beside its results, with the fingerprint that it belongs to."""
    results.mkdir(parents=True, exist_ok=True)
    (results / KEPT).write_text(json.dumps({"fingerprint": of, "held": asdict(held)}, indent=1))


def remembered(results: Path, of: str) -> Held | None:
    """What came of an earlier run to its end with this fingerprint, or None."""
    try:
        kept = json.loads((results / KEPT).read_text())
        held = Held(**kept["held"]) if kept["fingerprint"] == of else None
    except (OSError, ValueError, TypeError):
        return None
    return held if held and held.finished and held.status in (0, 1) else None
