"""Runs of multiclient against the reference server and its faulty versions."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parent.parent.parent
FAULTY = Path(__file__).parent / "faulty.py"
RUNS = {
    "right": ("", ()),
    "earlier": ("", ("--dialect", "cs4410-2014")),
    "few": ("", ("--connections", "2", "--operations", "300")),
    "wrong-code": ("wrong-code", ()),
    "no-crlf": ("no-crlf", ()),
    "lost": ("lost", ()),
    "doubled-new-number": ("doubled-new-number", ()),
    "mixed": ("mixed", ()),
    "number-race": ("number-race", ()),
    "early": ("early", ()),
    "late": ("late", ()),
    "doubles-reply": ("doubles-reply", ()),
    "drops-joined": ("drops-joined", ()),
    "abandoned-delivered": ("abandoned-delivered", ()),
    "dies": ("dies", ()),
    "silent": ("silent", ("--duration", "7")),
    "stalls": ("stalls", ("--duration", "12")),
    "floods": ("floods", ()),
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
