"""`python -m docs.floors`: draws the rooms of the suite and who imports whom into ARCHITECTURE.md."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import grimp

PAGE = Path(__file__).parents[1] / "ARCHITECTURE.md"
FLOORS: Sequence[Sequence[str]] = (
    ("conformance.plugin", "conformance.controller", "conformance.worker"),
    ("conformance.cs4410",),
    ("conformance.search", "conformance.load"),
    ("conformance.harness.run",),
    ("conformance.profile",),
    ("conformance.harness.client",),
    ("conformance.harness.server", "conformance.harness.verdict"),
    ("conformance.harness.wire",),
)
"""The rooms, from the top to the ground."""
FENCED = re.compile(r"(?<=```mermaid\n).*?(?=```)", re.DOTALL)


def picture() -> str:
    """The rooms and the imports between them, as mermaid draws them; an import of what is nearer stands for others."""
    graph = grimp.build_graph("conformance")
    rooms = [room for floor in FLOORS for room in floor]
    above = {room: {other for other in rooms if other != room and _imports(graph, room, other)} for room in rooms}
    lines = ["flowchart TD"]
    lines += [f"    {_short(room)}" for room in rooms]
    for room, others in above.items():
        implied = {far for near in others for far in above[near]}
        lines += [f"    {_short(room)} --> {_short(other)}" for other in rooms if other in others - implied]
    return "\n".join(lines) + "\n"


def _imports(graph: grimp.ImportGraph, room: str, other: str) -> bool:
    return graph.direct_import_exists(importer=room, imported=other, as_packages=True)


def _short(room: str) -> str:
    return room.removeprefix("conformance.").replace("harness.", "harness/")


def main() -> None:
    """Write the picture into the page."""
    PAGE.write_text(FENCED.sub(lambda _: picture(), PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
