"""What a liberal server is: the reference server with edits that break no rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from proof.servers.edit import Edit


@dataclass(frozen=True)
class Liberal:
    """A server that takes a freedom.

    Args:
        name: the freedom in plain English, words joined by hyphens.
        edits: how the reference server is made to take it.
        warns: ids of the SHOULDs that it does not follow, separated by spaces: it still conforms.
        options: options of the suite that belong to it, as a user would give them.
        arguments: its own options.
        host: where it listens; it is a `--target` then, and launched by the suite otherwise.
        workers: of the suite; more for a slow server, as the suite itself would choose.
    """

    name: str
    edits: Sequence[Edit] = ()
    warns: str = ""
    options: Sequence[str] = ()
    arguments: str = "--port {port} --time-limit {time_limit}"
    host: str = ""
    workers: int = 0
