"""What the search asks of a protocol: a language that conversations are made of, and a player that runs them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from conformance.harness.rules import Rules
from conformance.harness.server.patience import Patience
from conformance.harness.wire.transcript import Transcript
from conformance.search.failure import Cause, Failure, Found, Script, Step

Pick = TypeVar("Pick")


class Unserved(Exception):
    """The server serves nobody any more, which other cases judge; the message says so."""


@dataclass(frozen=True)
class Language(Generic[Pick, Step]):
    """How conversations are made of what is drawn, and made smaller.

    Attributes:
        plan: makes the steps of a conversation of what was drawn; they end in those of `closing`.
        size: how long a conversation is, what counts most first.
        oddities: what is odd in what a conversation says, each of which may be what a requirement is about.
        plainer: gives tries to make what was drawn plainer, each from what was the smallest before it.
        closing: the plainest conversation, in which shows what went wrong without a word before.
        visits: so many clients that come one after the other and leave.
        joined_up: several conversations as one.
    """

    plan: Callable[[Sequence[Pick]], tuple[Step, ...]]
    size: Callable[[tuple[Step, ...]], tuple[int, ...]]
    oddities: Callable[[tuple[Step, ...]], frozenset[object]]
    plainer: Callable[[Callable[[], tuple[Pick, ...]]], Iterator[tuple[Pick, ...]]]
    closing: tuple[Step, ...]
    visits: Callable[[int], tuple[Step, ...]]
    joined_up: Callable[[Sequence[tuple[Step, ...]]], tuple[Step, ...]]


class Player(Protocol[Pick, Step]):
    """Runs conversations on one server."""

    @property
    def language(self) -> Language[Pick, Step]:
        """What they are made of."""

    @property
    def rules(self) -> Rules:
        """The requirements that the engine has to name."""

    @property
    def connections(self) -> int:
        """How many were made in all."""

    @property
    def visitors(self) -> int:
        """How many clients the server has had since its start."""

    @property
    def past(self) -> Sequence[tuple[Step, ...]]:
        """The conversations that the server has been through since its start."""

    @property
    def age(self) -> float:
        """Seconds since the server was started, or first seen."""

    @property
    def can_restart(self) -> bool:
        """Whether a fresh server can be had."""

    def play(
        self,
        conversation: tuple[Step, ...],
        health: Patience,
        fresh: bool = False,
        transcript: Transcript | None = None,
        linger: float = 0.0,
    ) -> Failure | None:
        """Run a conversation; an empty one judges the server as it is.

        Args:
            conversation: what is said.
            health: how long replies are waited for.
            fresh: whether a server that can be started again is to have had no client before.
            transcript: where it is written down.
            linger: seconds that the server is left alone afterwards.

        Raises:
            Unserved: a client was not served.
            Void: the suite itself spoiled it.
        """

    def script(self) -> Script:
        """How the last conversation was run."""

    def cause(self, conversation: tuple[Step, ...], failure: Failure, shrunk: bool) -> Cause:
        """Put a failure down to a requirement.

        Args:
            conversation: the shortest one that fails; empty if none is needed.
            failure: how it does.
            shrunk: whether nothing can be left out of it.
        """

    def learn(self, found: Found[Step]) -> None:
        """Be told what was found: what it spoils for every conversation need not be judged again."""

    def stop(self) -> None:
        """End the server, so that the next conversation starts it again."""
