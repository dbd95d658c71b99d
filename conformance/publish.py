"""The reports of a run that has ended: `python -m reports` is called on its results.json, as anyone could."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any


def shown(document: dict[str, Any], color: bool, verbose: bool) -> str:
    """The report for the terminal, of what is written nowhere if need be.

    Args:
        document: what results.json holds.
        color: whether the terminal has colours.
        verbose: whether all is asked for.
    """
    words = ["show", "/dev/stdin", "--color", "always" if color else "never", *(["--verbose"] if verbose else [])]
    done = _reports(*words, given=json.dumps(document))
    return done.stdout if done.returncode == 0 else done.stderr


def pages(results: Path) -> list[str]:
    """Write report.md and report.html beside a results.json.

    Returns:
        A line for each that could not be written.
    """
    commands = [(kind, str(results), "-o", str(results.with_name(name))) for kind, name in KINDS.items()]
    with ThreadPoolExecutor() as threads:
        done = list(threads.map(lambda words: _reports(*words), commands))
    return [one.stderr.strip() for one in done if one.returncode]


KINDS = {"html": "report.html", "markdown": "report.md"}


def _reports(*words: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "reports", *words]
    environment = {"COLUMNS": str(_columns()), **os.environ}
    return subprocess.run(command, input=given, capture_output=True, text=True, env=environment, check=False)


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.__stdout__.fileno() if sys.__stdout__ else 1).columns
    except OSError:
        return 100
