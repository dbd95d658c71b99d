"""What players of servers that are none have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic

from conformance.search.failure import Cause, Failure, Found, Script, Step
from conformance.search.profile import Language, Pick


class FakePlayer(Generic[Pick, Step]):
    """All of a player but `play`.

    Attributes:
        told: what it was told of.
    """

    language: Language[Pick, Step]
    connections = 0
    visitors = 1
    age = 0.0
    can_restart = True
    past: Sequence[tuple[Step, ...]] = ()
    told: tuple[Found[Step], ...] = ()

    def script(self) -> Script:
        return "{0}: {1}".format

    def cause(self, conversation: tuple[Step, ...], failure: Failure, shrunk: bool) -> Cause:
        return Cause(failure.requirement, (), frozenset({failure.requirement}))

    def learn(self, found: Found[Step]) -> None:
        self.told += (found,)

    def stop(self) -> None:
        """Nothing runs."""
