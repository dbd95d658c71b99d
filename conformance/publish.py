"""The reports of a run that has ended: `python -m reports` is called on its results.json, as anyone could."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
# An installation is found where it stands in the path; what is run from a clone is in none.
_RUN = """import runpy, sys
root, name = sys.argv.pop(1), sys.argv.pop(1)
sys.path[:0] = [root] if root not in sys.path else []
runpy.run_module(name, run_name="__main__", alter_sys=True)"""


def module(name: str) -> list[str]:
    """The words that run a module of this project, `python -m NAME`, though the current folder may have one so called.

    Args:
        name: of the module.
    """
    return [sys.executable, "-P", "-c", _RUN, str(ROOT), name]


def publish(document: dict[str, Any], results: Path | None, color: bool, verbose: bool) -> tuple[str, list[str]]:
    """Write report.md and report.html beside a results.json; one process does it all, for its start costs the most.

    Args:
        document: what results.json holds.
        results: where it stands, or None if it could not be written: then there are no pages.
        color: whether the terminal has colours.
        verbose: whether all is asked for.

    Returns:
        The report for the terminal, and a line for each page that could not be written.
    """
    where = str(results) if results else "/dev/stdin"
    command = [*module("reports"), "show", where, "--color", "always" if color else "never"]
    command += ["--verbose"] if verbose else []
    command += ["--pages", str(results.parent)] if results else []
    environment = {"COLUMNS": str(_columns()), **os.environ}
    given = None if results else json.dumps(document)
    done = subprocess.run(command, input=given, capture_output=True, text=True, env=environment, check=False)
    return done.stdout, done.stderr.splitlines() if done.returncode else []


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.__stdout__.fileno() if sys.__stdout__ else 1).columns
    except OSError:
        return 100
