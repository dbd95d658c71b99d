"""What a profile says of the servers that it judges, apart from what they say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from conformance.harness.rules import Rules
from conformance.harness.wire.manners import SETTLE


class Store(Protocol):
    """Where a server keeps the mail that it took."""

    @property
    def directory(self) -> Path | str:
        """The directory that it is in, or as the user names the place."""

    def holds(self, mark: bytes) -> bool:
        """Whether a message with this mark can be read there now."""

    @property
    def trouble(self) -> str:
        """Why it could not be read at the last look, where that is known; otherwise empty."""


@dataclass(frozen=True)
class Kind:
    """A kind of servers.

    Attributes:
        port: where one listens that takes no port.
        places: connections that all cases together hold at the most, but for those that hold the server alone.
        ungreeted: connects that wait for their greeting at a time.
        reference: the module of the server that is tested when none is named, and its options.
        rules: the requirements that the engine has to name.
        mail_option: by which the user says where a server keeps its mail, as it is written on the command line.
        arrives: seconds within which the message of the first look is to be found.
        between: seconds that a further line of a reply is waited for at the first look.
        found_by_process: whether the mail of a server that the suite did not start is looked for where the server runs.
        twice: whether what a case finds broken is found only if it is broken once more on connections of its own.
        store: makes of a directory, and the time (seconds of the epoch) when the server was started in it, what reads
            the mail there; None where there is none to read.
    """

    port: int
    places: int
    ungreeted: int
    reference: tuple[str, str]
    rules: Rules
    store: Callable[[Path, float], Store | None] = lambda directory, since: None
    mail_option: str = "another option of the profile"
    arrives: float = 2.0
    between: float = SETTLE
    found_by_process: bool = True
    twice: bool = False
