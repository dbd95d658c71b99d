"""What a liberal server of the standard is: the reference server by RFC 5321, with edits that break no MUST."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from proof.servers.edit import Edit

DOMAIN = "reference.example"
MAIL = "{mail}"
"""In options and arguments: a directory of the server's own, with a file `password` in it."""


@dataclass(frozen=True)
class EsmtpLiberal:
    """A server that takes a freedom of the standard.

    Args:
        name: the freedom in plain English, words joined by hyphens.
        edits: how the reference server is made to take it.
        why: which freedom it is, for the readers of the table; where something is warned of, why that is so.
        warns: ids of what it is warned of, separated by spaces.
        may: ids of what it may be warned of besides, as it happens.
        recipients: those that the suite is told of.
        options: further options of the suite that belong to it, as a user would give them.
        arguments: its own options, besides the protocol and the port.
        status: the suite's exit status.
        fails: ids of MUSTs that it breaks all the same, which nothing else may be blamed for.
        workers: of the suite; more for a slow server, as the suite itself would choose.
    """

    name: str
    edits: Sequence[Edit] = ()
    why: str = ""
    warns: str = ""
    may: str = ""
    recipients: Sequence[str] = (f"postmaster@{DOMAIN}", f"other@{DOMAIN}")
    options: Sequence[str] = ()
    arguments: str = ""
    status: int = 0
    fails: str = ""
    workers: int = 0
