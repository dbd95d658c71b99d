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
PATIENCE = 900.0
"""Seconds after which a run hangs; one that ends by itself takes less even beside sixty busy processes."""
LONG = ("--duration", "3600")
"""For a run that is to end by something else."""
SOME = (*LONG, "--operations", "1500", "--time-limit", "4")
ALL_TIMES = (*LONG, "--operations", "1500", "--time-limit", "10")
FEW_TIMES = (*LONG, "--operations", "300", "--connections", "8", "--time-limit")
UNTIL_GONE = (*LONG, "--time-limit", "4")
RIGHT = {
    "right": ALL_TIMES,
    "earlier": (*SOME, "--dialect", "cs4410-2014"),
    "few": (*LONG, "--connections", "2", "--operations", "300", "--time-limit", "4"),
}
"""Runs on the reference server as it is."""
FAULTY = {
    "half-the-limit": (*FEW_TIMES, "10"),
    "rest-of-the-segment-dropped": (*LONG, "--operations", "300", "--time-limit", "10"),
    "timed-out-message-delivered": SOME,
    "silent": UNTIL_GONE,
    "process-ends-after-40-connections": UNTIL_GONE,
    "mute-after-2000-lines": UNTIL_GONE,
    "nested-mail-in-other-words": SOME,
    "replies-end-in-lf": SOME,
    "each-60th-message-lost": SOME,
    "each-60th-message-twice": SOME,
    "each-60th-message-to-somebody-else": SOME,
    "numbers-race": SOME,
    "three-times-the-limit": (*FEW_TIMES, "2"),
    "errors-answered-twice": SOME,
    "endless-line": ("--duration", "4", "--time-limit", "1"),
}
"""Runs on servers of `faulty`, by their names."""
RUNS = {**RIGHT, **FAULTY}
PAGES = ("right", "nested-mail-in-other-words")
"""Runs of which a page is written as well."""
AT_ONCE = 6
Answer = Callable[[bytes], bytes]
Answering = Callable[[bytes, Answer], tuple[str, int]]
"""What starts a server, by its greeting and its answers, and says where it is."""


@dataclass
class Ended:
    """A run that has ended."""

    status: int
    output: str
    figures: Any
    page: str

    def rules(self) -> set[str]:
        return {one["rule"] for one in self.figures["findings"]}


def multiclient(*options: str, **more: Any) -> "subprocess.Popen[str]":
    words = [sys.executable, str(PROJECT / "multiclient.py"), *options]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    pipe = subprocess.PIPE
    return subprocess.Popen(words, stdout=pipe, stderr=pipe, text=True, env=environment, cwd=PROJECT, **more)


def wait_until(happened: Callable[[], object]) -> None:
    """Wait for what a run does."""
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.01)
