"""One line on a terminal that says how far a long command is; nothing where the output is no terminal."""

import sys
import time
from types import TracebackType

AFTER = 1.0
"""Seconds before anything is shown: what is done by then needs no progress."""
EVERY = 0.1


class Progress:
    """Counts steps on standard error, and takes its line away at the end.

    Args:
        total: how many steps there are.
        what: what is counted, for people.
    """

    def __init__(self, total: int, what: str) -> None:
        self._total = total
        self._what = what
        self._done = 0
        self._began = self._shown = time.monotonic()
        self._visible = False

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._visible:
            self._print("")

    def step(self) -> None:
        """Count one more."""
        self._done += 1
        now = time.monotonic()
        if sys.stderr.isatty() and now - self._began > AFTER and now - self._shown > EVERY:
            self._shown = now
            self._visible = True
            self._print(f"{self._done} of {self._total} {self._what}")

    def _print(self, text: str) -> None:
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()
