"""The requirements that the engine itself has to name: a profile says which of its ledger's they are."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

LATE = 2.0
"""Seconds after which a reply, a greeting or a time-out is late."""


class Rules(NamedTuple):
    """Ids of requirements of a profile's ledger.

    The engine finds `alive` broken by itself, and notes the next three at the first look, for what is given up; in all
    else the profile's cases and clients judge them. A protocol without a greeting sets `Look.greeted` itself.

    Attributes:
        alive: the server goes on, whatever a client does.
        greeting: a client is greeted.
        answer: a command is answered.
        prompt: a reply comes in time.
        given_up: what clients, who ask `Patience`, wait for no more once it has failed a few times in a row, and
            how that is said.
        unproved: what keeps a case from its point because the suite waits for a shorter time than a client has to: that
            it does so twice proves nothing.
    """

    alive: str
    greeting: str
    answer: str
    prompt: str
    given_up: Mapping[str, str]
    unproved: Collection[str] = ()

    @property
    def named(self) -> tuple[str, ...]:
        """All ids."""
        return (self.alive, self.greeting, self.answer, self.prompt, *self.given_up, *self.unproved)
