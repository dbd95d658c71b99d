"""What a run of the suite leaves behind, for the tests that run it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


def results_in(folder: Path) -> Any:
    return json.loads((folder / "results.json").read_text(encoding="utf-8"))


def left_over(folder: Path) -> list[str]:
    """The processes whose directory lies in a folder."""
    found = []
    for link in Path("/proc").glob("[0-9]*/cwd"):
        try:
            where = os.readlink(link)
        except OSError:
            continue
        if where.startswith(str(folder)):
            found.append(f"{link.parent.name} in {where}")
    return found
