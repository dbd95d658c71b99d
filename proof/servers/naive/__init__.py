"""Servers that other people could have written: each from the handout alone, with what its author took for right.

Nothing here is made from the reference server. `table.toml` says what is wrong with each.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Bug:
    """Something that is wrong with a server.

    Attributes:
        name: a few words.
        what: a sentence.
        breaks: the ids of the requirements that it truly breaks, the main one first.
    """

    name: str
    what: str
    breaks: tuple[str, ...]

    @property
    def main(self) -> str:
        """The requirement that should be its catch."""
        return self.breaks[0]


@dataclass(frozen=True)
class Freedom:
    """Something that is odd about a server, and its right."""

    name: str
    what: str


@dataclass(frozen=True)
class Naive:
    """A server.

    Attributes:
        script: its one file.
        style: how its author writes.
        bugs: what is wrong with it.
        freedoms: what is odd about it.
    """

    script: Path
    style: str
    bugs: tuple[Bug, ...]
    freedoms: tuple[Freedom, ...] = ()

    @property
    def name(self) -> str:
        """The words of its file's name, joined by hyphens."""
        return self.script.stem.replace("_", "-")

    @property
    def breaks(self) -> set[str]:
        """The requirements that it breaks."""
        return {name for bug in self.bugs for name in bug.breaks}

    @property
    def also(self) -> set[str]:
        """Those that may be blamed beyond: none."""
        return set()


@cache
def sections() -> dict[str, list[Naive]]:
    """All naive servers, in the order of the table."""
    table = tomllib.loads((FOLDER / "table.toml").read_text(encoding="utf-8"))
    return {"all": [_server(row) for row in table["server"]]}


def _server(row: dict[str, Any]) -> Naive:
    bugs = tuple(Bug(bug["name"], bug["what"], tuple(bug["breaks"].split())) for bug in row["bug"])
    freedoms = tuple(Freedom(**freedom) for freedom in row.get("freedom", ()))
    return Naive(FOLDER / row["file"], row["style"], bugs, freedoms)
