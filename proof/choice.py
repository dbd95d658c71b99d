"""Which servers a command line means: by name, by section, by a part of the name, and a part of them all."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from typing import TypeVar

from proof.run import PROJECT
from proof.servers.edit import Buildable

S = TypeVar("S", bound=Buildable)
PARTS = 60
"""Of which `commit` chooses one."""


class ChoiceError(Exception):
    """No such server, section or part; the message is one line."""


def chosen(sections: Mapping[str, Sequence[S]], names: Sequence[str], part: str | None) -> list[S]:
    """The servers that are meant, in the order of the catalogue.

    Args:
        sections: all servers.
        names: servers, sections, or else what stands in servers' names; none for all.
        part: `K/N` for the K-th of N parts, `commit` for one of 60 that the checked-out commit chooses, or None.

    Raises:
        ChoiceError: a name means no server, or the part is none.
    """
    servers = [server for section in sections.values() for server in section]
    wanted = {server.name for name in names for server in _named(sections, servers, name)}
    if names:
        servers = [server for server in servers if server.name in wanted]
    if part is None:
        return servers
    first, step = _part_of_commit() if part == "commit" else _part(part)
    return servers[first::step]


def _named(sections: Mapping[str, Sequence[S]], servers: Sequence[S], name: str) -> Sequence[S]:
    if name in sections:
        return sections[name]
    exactly = [server for server in servers if server.name == name]
    found = exactly or [server for server in servers if name in server.name]
    if not found:
        raise ChoiceError(f"{name}: no such server, and none of the sections {', '.join(sections)}")
    return found


def _part(text: str) -> tuple[int, int]:
    number, _, count = text.partition("/")
    if not (number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
        raise ChoiceError(f"--part {text}: write K/N, for example 1/3, or commit")
    return int(number) - 1, int(count)


def _part_of_commit() -> tuple[int, int]:
    try:
        told = subprocess.run(["git", "rev-parse", "HEAD"], cwd=PROJECT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        raise ChoiceError("--part commit: this is no git checkout") from None
    return int(told.stdout, 16) % PARTS, PARTS
