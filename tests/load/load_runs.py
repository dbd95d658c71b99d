"""Runs of multiclient against the reference server and its faulty versions.

What a run has to show decides when it ends: after so many operations where times are not the subject, however long a
busy machine takes for them. A time limit is long compared to what a busy machine is late by, or time-outs come by that.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parent.parent.parent
FAULTY = Path(__file__).parent / "faulty.py"
PATIENCE = 900.0
"""Seconds after which a run hangs; one that ends by itself takes less even beside sixty busy processes."""
LONG = ("--duration", "3600")
"""For a run that is to end by something else."""
SOME = (*LONG, "--operations", "1500", "--time-limit", "4")
ALL_TIMES = (*LONG, "--operations", "1500", "--time-limit", "10")
FEW_TIMES = (*LONG, "--operations", "300", "--connections", "8", "--time-limit")
UNTIL_GONE = (*LONG, "--time-limit", "4")
RUNS = {
    "right": ("", ALL_TIMES),
    "early": ("early", (*FEW_TIMES, "10")),
    "drops-joined": ("drops-joined", (*LONG, "--operations", "300", "--time-limit", "10")),
    "abandoned-delivered": ("abandoned-delivered", SOME),
    "silent": ("silent", UNTIL_GONE),
    "dies": ("dies", UNTIL_GONE),
    "stalls": ("stalls", UNTIL_GONE),
    "earlier": ("", (*SOME, "--dialect", "cs4410-2014")),
    "few": ("", (*LONG, "--connections", "2", "--operations", "300", "--time-limit", "4")),
    "wrong-code": ("wrong-code", SOME),
    "no-crlf": ("no-crlf", SOME),
    "lost": ("lost", SOME),
    "doubled-new-number": ("doubled-new-number", SOME),
    "mixed": ("mixed", SOME),
    "number-race": ("number-race", SOME),
    "late": ("late", (*FEW_TIMES, "2")),
    "doubles-reply": ("doubles-reply", SOME),
    "floods": ("floods", ("--duration", "4", "--time-limit", "1")),
}
AT_ONCE = 6


@dataclass
class Ended:
    """A run that has ended."""

    status: int
    output: str
    figures: Any

    def rules(self) -> set[str]:
        return {one["rule"] for one in self.figures["findings"]}


def multiclient(*options: str, **more: Any) -> "subprocess.Popen[str]":
    words = [sys.executable, str(PROJECT / "multiclient.py"), *options]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    pipe = subprocess.PIPE
    return subprocess.Popen(words, stdout=pipe, stderr=pipe, text=True, env=environment, cwd=PROJECT, **more)


def server(fault: str) -> str:
    script = f"{FAULTY} {fault}" if fault else "-m reference_server"
    return f"{sys.executable} {script} --port {{port}} --time-limit {{time_limit}}"


def wait_until(happened: Callable[[], object]) -> None:
    """Wait for what a run does."""
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.01)
