"""One line on a terminal that says how far a long command is; nothing where the output is no terminal."""

import shutil
import sys
import time
from types import TracebackType

AFTER = 1.0
"""Seconds before steps are shown: what is done by then needs no progress."""
EVERY = 0.1


class Line:
    """The last line of the terminal, on standard error."""

    def __init__(self) -> None:
        self._text = ""

    def show(self, text: str) -> None:
        """Show a text in place of the one before."""
        if sys.stderr.isatty():
            self._text = text[: shutil.get_terminal_size().columns - 1]
            sys.stderr.write(f"\r\x1b[K{self._text}")
            sys.stderr.flush()

    def above(self, text: str) -> None:
        """Leave a text above the line."""
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\x1b[K{text}\n{self._text}")
            sys.stderr.flush()

    def clear(self) -> None:
        """Take the line away, if there is one."""
        if self._text:
            self.show("")


class Progress:
    """Counts steps, and takes its line away at the end.

    Args:
        total: how many steps there are.
        what: what is counted, for people.
    """

    def __init__(self, total: int, what: str) -> None:
        self._line = Line()
        self._total = total
        self._what = what
        self._done = 0
        self._began = self._shown = time.monotonic()

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._line.clear()

    def step(self) -> None:
        """Count one more."""
        self._done += 1
        now = time.monotonic()
        if now - self._began > AFTER and now - self._shown > EVERY:
            self._shown = now
            self._line.show(f"{self._done} of {self._total} {self._what}")
