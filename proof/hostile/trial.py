"""Puts a hostile server before the suite and before multiclient, and says what did not hold."""

from __future__ import annotations

import json
import os
import shlex
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.cs4410.kind import KIND
from conformance.harness.server import launch
from proof.hostile import live, measure
from proof.hostile.servers import SERVERS

PROJECT = Path(__file__).parent.parent.parent
BOUND = 180.0
"""Seconds that a run may take."""
MOST_MEMORY = 300.0
"""Mebibytes that it may hold."""
WAYS = ("launched", "target", "multiclient")


@dataclass(frozen=True)
class Trial:
    """One run against one hostile server.

    Attributes:
        way: one of `WAYS`.
        broken: the MUSTs that were found broken; of multiclient, the rules of its findings.
        blocked: how many cases were set aside for them.
        wrong: what did not hold, in words.
    """

    server: str
    way: str
    measured: measure.Measured
    broken: tuple[str, ...]
    blocked: int
    wrong: tuple[str, ...]


def hold(name: str, way: str, options: Sequence[str] = (), time_limit: float = 10.0) -> Trial:
    """Run the suite or multiclient against a hostile server.

    Args:
        name: of the server.
        way: one of `WAYS`.
        options: more options of the suite, or of multiclient.
        time_limit: in seconds.
    """
    with tempfile.TemporaryDirectory(prefix="hostile-") as name_of_folder:
        folder = Path(name_of_folder)
        (folder / "temporary").mkdir()
        process = launch.Process(KIND, _command(name), time_limit) if way == "target" else None
        try:
            where = ("--target", f"127.0.0.1:{process.port}") if process else ("--launch", _command(name))
            words = [sys.executable, *_program(way), *where, "--time-limit", f"{time_limit:g}", "--seed", "7", *options]
            return _judged(name, way, folder, measure.run(words, folder, _environment(folder), BOUND))
        finally:
            if process:
                process.stop()


def _command(name: str) -> str:
    words = shlex.join([sys.executable, "-m", "proof.hostile", "serve", name])
    return f"{words} --port {{port}} --time-limit {{time_limit}}"


def _program(way: str) -> tuple[str, ...]:
    if way == "multiclient":
        return (str(PROJECT / "multiclient.py"), "--json", "figures.json")
    return ("-m", "conformance", "--report", "out", "--source", str(PROJECT / "reference_server"))


def _environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "NO_COLOR"))}
    return {**kept, "PYTHONPATH": str(PROJECT), "TERM": "xterm", "TMPDIR": str(folder / "temporary")}


def _judged(name: str, way: str, folder: Path, measured: measure.Measured) -> Trial:
    broken, blocked = (_findings if way == "multiclient" else _requirements)(folder)
    wrong = [*_unbounded(measured), *live.found(folder / "out")]
    expected = SERVERS[name].breaks
    if way != "multiclient" and set(broken) != expected:
        wrong.append(f"blamed {_listed(broken)}, not {_listed(expected)}")
    return Trial(name, way, measured, broken, blocked, tuple(wrong))


def _unbounded(measured: measure.Measured) -> list[str]:
    wrong = []
    if measured.status not in (1, 6):
        wrong.append(f"exit status {measured.status}")
    if measured.seconds >= BOUND:
        wrong.append(f"{measured.seconds:.0f} s")
    if measured.mebibytes >= MOST_MEMORY:
        wrong.append(f"{measured.mebibytes:.0f} MiB")
    if measured.raw:
        wrong.append(f"on the terminal: {measured.raw[:40]!r}")
    return wrong


def _requirements(folder: Path) -> tuple[tuple[str, ...], int]:
    results = _read(folder / "out" / "results.json")
    broken = (row["id"] for row in results.get("requirements", ()) if row["verdict"] == "fail")
    return tuple(broken), sum(case["verdict"] == "blocked" for case in results.get("cases", ()))


def _findings(folder: Path) -> tuple[tuple[str, ...], int]:
    findings = _read(folder / "figures.json").get("findings", ())
    return tuple(dict.fromkeys(finding["rule"] for finding in findings)), 0


def _read(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return content


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "nothing"
