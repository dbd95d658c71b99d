"""Commands that are hidden in addresses, and whether one has run: it makes a file that nothing else makes."""

from __future__ import annotations

import os
import secrets
import tempfile
import time
from contextlib import suppress
from pathlib import Path

UP = 3
"""Directories above the server's own in which a path with dots might have ended."""
MOST = 2_000
"""Directories below it that are looked at."""
RUNS_WITHIN = 0.5
"""Seconds in which a command is looked for after the last message."""
HIDDEN = {
    "semicolon": "a;touch FILE;b",
    "vertical bar": "|touch FILE;b",
    "grave accents": "`touch FILE`",
    "command substitution": "$(touch FILE)",
    "expansion": r"${run{\x2Fbin\x2Ftouch FILE}}",
    "path": "../../NAME",
}
"""Local parts with a command in them, or a path."""


class Canary:
    """A file that is not there, and is to stay away.

    Args:
        directory: the server's own.

    Attributes:
        name: of the file; no other run has the same, for a file may be left that is not ours to remove.
        path: where a command that names it would make it.
    """

    def __init__(self, directory: Path) -> None:
        self.name = f"ran{secrets.token_hex(4)}"
        self.path = Path(tempfile.gettempdir()) / self.name
        self._directory = directory

    def found(self) -> Path | None:
        """Where the file is, which is removed as far as it may be; None where it is not."""
        with_more = self.path.parent.glob(f"{self.name}*")  # such as the domain, where a shell was given that as well
        places = [*with_more, *(above / self.name for above in self._directory.parents[:UP])]
        for number, (below, _, _) in enumerate(os.walk(self._directory)):
            if number == MOST:
                break
            places.append(Path(below) / self.name)
        there = [place for place in places if os.path.lexists(place)]
        for place in there:
            with suppress(OSError):
                place.unlink()
        return there[0] if there else None


def spellings(form: str, canary: Canary) -> tuple[str, str]:
    """Two local parts that hide the same: a plain one, in which a space is written by what stands for it, and a quoted.

    Args:
        form: one of `HIDDEN`.
        canary: what would be made.
    """
    plain = HIDDEN[form].replace("NAME", canary.name).replace("FILE", str(canary.path))
    space = r"\x20" if form == "expansion" else "${IFS}"
    return plain.replace(" ", space), '"' + plain.replace("\\", "\\\\") + '"'


def first_found(canaries: dict[str, Canary], within: float) -> str:
    """Which of some canaries is there, waited for a little, for a command may run after the reply.

    Args:
        canaries: each under a name.
        within: seconds.

    Returns:
        The name of the first that is, or an empty string.
    """
    until = time.monotonic() + within
    while True:
        ran = [name for name, canary in canaries.items() if canary.found()]  # all, so that no file stays
        if ran or time.monotonic() > until:
            return ran[0] if ran else ""
        time.sleep(0.1)
