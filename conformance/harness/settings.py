"""What a run is asked for: the options, checked, and the address of a server."""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


class UsageError(Exception):
    """The user asked for something that cannot be; the message is one line that says what to do."""


@dataclass(frozen=True)
class Settings:
    """The options of a run.

    Attributes:
        profile: the name of what is judged by.
        time_limit: the server's, in seconds.
        own: the options that are the profile's own, by name.
    """

    profile: str
    time_limit: float
    seed: int
    target: str | None = None
    launch: str | None = None
    fail_on_warn: bool = False
    quick: bool = False
    report: str | None = None
    own: Mapping[str, Any] = field(default_factory=dict)
    examples: int | None = None
    wrap: str | None = None
    shown_as: str | None = None
    alone_again: bool = False
    times: int = 1
    expected: str | None = None

    def check(self) -> None:
        """Refuse what cannot be.

        Raises:
            UsageError: an option has no sense, or a directory is not there.
        """
        if self.wrap is not None and (self.target is not None or not self.wrap.strip()):
            raise UsageError("--wrap: give a command that starts the server, and no --target")
        if self.shown_as is not None and (self.launch is None or not self.shown_as.strip()):
            raise UsageError("--shown-as: give a command that starts the server, and --launch")
        if self.target is not None and self.launch is not None:
            raise UsageError("--target and --launch: give one of them")
        if not 0.2 <= self.time_limit <= 3600:
            raise UsageError(f"--time-limit {self.time_limit:g}: give seconds, from 0.2 to 3600")
        if self.examples is not None and self.examples < 1:
            raise UsageError(f"--examples {self.examples}: give a number of random conversations, 1 or more")
        if self.times < 1:
            raise UsageError(f"--times {self.times}: give a number, 1 or more")
        if self.launch is not None and not self.launch.strip():
            raise UsageError("--launch: the command is empty")
        if self.target is not None:
            parse_address(self.target)


def parse_address(text: str) -> tuple[str, int]:
    """Split `host:port`, an IPv6 host standing in brackets.

    Raises:
        UsageError: it is no address.
    """
    match = re.fullmatch(r"(?:\[([0-9A-Fa-f:.%\w]+)\]|([^\[\]:\s]+)):(\d{1,5})", text)
    if not match or not 0 < int(match[3]) < 65536:
        raise UsageError(f"--target {text}: write host:port, for example 127.0.0.1:8765 or [::1]:8765")
    return match[1] or match[2], int(match[3])


def resolve(host: str, port: int) -> tuple[str, int]:
    """The numeric address of a host, IPv4 before IPv6 where it has both.

    Raises:
        UsageError: the name does not resolve.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no host name"
        raise UsageError(f"--target {host}:{port}: the name does not resolve ({reason})") from None
    found.sort(key=lambda row: row[0] != socket.AF_INET)
    return str(found[0][4][0]), port
