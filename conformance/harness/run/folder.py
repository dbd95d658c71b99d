"""The folder of a run's report: found writable before the first case, and changed only when all is there."""

from __future__ import annotations

import errno
import json
import os
import re
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from conformance.harness.settings import UsageError

ROOM = 4 * 1024 * 1024
"""Bytes that there must be room for before a run."""
STALE = ("replay-*.py", "before-*.txt")
"""Files that belong to one run, and go when the next one is kept."""


class NotWritten(Exception):
    """The report could not be written, and the one before is untouched; the message is one line that says why."""


def name_of(target: str, part: bool) -> str:
    """The folder's name; a run of some cases does not replace the report of a whole one.

    Args:
        target: the server's name.
        part: whether only some cases were asked for.
    """
    name = re.sub(r"[^A-Za-z0-9._-]+", "_", target).strip("._") or "server"
    return name + ("-part" if part else "")


def expect_writable(folder: Path, option: str = "--report") -> None:
    """Make sure, leaving no trace, that a report can be written to a folder that is there or will be made.

    Args:
        folder: where to.
        option: what names it.

    Raises:
        UsageError: it cannot.
    """
    missing: list[Path] = []
    made: list[Path] = []
    there = folder.absolute()
    try:
        while not os.path.lexists(there):
            missing.append(there)
            there = there.parent
        while missing:
            missing[-1].mkdir()
            made.append(there := missing.pop())
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(bytes(ROOM))
    except OSError as error:
        where = f"{there}: " if there != folder.absolute() else ""
        room = f" for {ROOM // 2**20} MiB" if error.errno == errno.ENOSPC else ""
        why = f"{where}{error.strerror}{room}"
        raise UsageError(f"{option} {folder}: {why}: name a folder that can be written") from None
    finally:
        for one in reversed(made):
            with suppress(OSError):  # another run may have begun to write there
                one.rmdir()


def write(results: dict[str, Any], folder: Path, files: dict[str, str]) -> Path:
    """Write results.json and what goes with it, the run before being kept beside it.

    Args:
        results: as docs/results.md says.
        folder: where; made if it is not there.
        files: further files that go there, by name; those of the run before are removed.

    Returns:
        The path of results.json.

    Raises:
        NotWritten: the disk is full, or the folder is no longer to be written.
    """
    texts = {**files, "results.json": json.dumps(results, indent=1)}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=folder) as unfinished:
            for name, text in texts.items():
                (Path(unfinished) / name).write_text(text, encoding="utf-8")
            for name in ("results.json", "report.md", "report.html"):
                old = folder / name
                if old.exists():
                    os.replace(old, old.with_stem(f"{old.stem}.previous"))
            for stale in (path for pattern in STALE for path in folder.glob(pattern)):
                stale.unlink()
            for name in texts:
                os.replace(Path(unfinished) / name, folder / name)
    except OSError as error:
        raise NotWritten(f"cannot write to {folder}: {error.strerror}; what was there before is still there") from None
    return folder / "results.json"
