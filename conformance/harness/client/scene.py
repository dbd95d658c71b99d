"""Where a case plays: the server, what is known of it, what is said to it, and the record of what is found."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Protocol, TypeVar

from conformance.harness.server.pace import Pace
from conformance.harness.server.patience import Patience
from conformance.harness.server.target import Server
from conformance.harness.settings import Settings
from conformance.harness.verdict.verdict import Blocked, Broken, Record
from conformance.harness.vocabulary import Vocabulary

LONGEST, SHORT = 60.0, 5.0
"""Seconds that a case goes on with one thing after the other on however busy a machine, and where each takes a wait."""
Some = TypeVar("Some")


class Connected(Protocol):
    """Whatever came over a connection: a client, or a message."""

    @property
    def connection(self) -> int:
        """The connection's number in the transcript, 0 for none."""


class Scene:
    """One case on one server, before anybody is connected.

    Args:
        record: where findings go.
        server: the server under test.
        settings: the options of the run.
        patience: what other cases have learned of the server.
        learned: what the profile learned of the server at the first look.

    Attributes:
        words: what is said, which follows from the seed and the case's id.
        limit: the server's time limit in seconds.
        pace: how slow the server is by itself, as far as the case has seen.
    """

    def __init__(
        self,
        record: Record,
        server: Server,
        settings: Settings,
        patience: Patience,
        learned: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.record = record
        self.server = server
        self.settings = settings
        self.patience = patience
        self.learned = learned
        self.words = Vocabulary(settings.seed, record.id)
        self.limit = settings.time_limit
        self.pace = Pace()
        self._stopped_by: set[str] = set()

    @property
    def given(self) -> tuple[Record, Server, Settings, Patience, Mapping[str, str]]:
        """What it was made of, for a profile's own scene of the same case."""
        return self.record, self.server, self.settings, self.patience, self.learned

    def words_of(self, client: int) -> Vocabulary:
        """The words of one of the case's clients, by its place among them: whoever comes first, each says the same."""
        return Vocabulary(self.settings.seed, f"{self.record.id}/{client}")

    def judges(self, requirement: str) -> bool:
        """Whether the case judges this requirement."""
        return requirement in self.record.requirements

    def breach(
        self,
        requirement: str,
        reason: str,
        expected: str,
        actual: str,
        base: str = "",
        about: Iterable[Connected] = (),
    ) -> Broken | Blocked:
        """What to raise where a requirement is broken and the case cannot go on: the case's own finding, or a block.

        Args:
            requirement: its id.
            reason, expected, actual: what is wrong, what was expected, and what came instead.
            base: the requirement that judges the same reply in its plainest form.
            about: the clients, or their messages, that show it best.
        """
        self._stopped_by.add(requirement)
        numbers = [one.connection for one in about]
        if self.judges(requirement):
            return Broken(requirement, reason, expected, actual, base, numbers)
        return Blocked(requirement, reason, expected, actual, numbers)

    def find_if_judged(
        self, requirement: str, reason: str, expected: str, actual: str, about: Iterable[Connected] = ()
    ) -> None:
        """Record a breach and go on; not this case's concern unless it judges the requirement."""
        if self.judges(requirement):
            self.record.find(requirement, reason, expected, actual, [one.connection for one in about])

    def note(self, reason: str, requirement: str = "", about: Iterable[Connected] = ()) -> None:
        """Say what was observed, whatever the requirement's level (by default the case's first); the case goes on."""
        numbers = [one.connection for one in about]
        self.record.find(requirement or self.record.requirements[0], reason, about=numbers, at_most="note")

    def expect(
        self,
        holds: bool,
        requirement: str,
        reason: str,
        expected: str,
        actual: str,
        about: Iterable[Connected] = (),
    ) -> None:
        """Judge something that is no reply; ends the case where it does not hold."""
        if not holds:
            raise self.breach(requirement, reason, expected, actual, about=about)

    def stopped_by(self, requirement: str) -> bool:
        """Whether a breach of this requirement has stopped the case."""
        return requirement in self._stopped_by

    def soon(self, those: Sequence[Some]) -> Iterator[Some]:
        """Give one after the other; of a server that is slow by itself only those for which there is time."""
        began, manners = time.monotonic(), self.server.manners
        longest = SHORT if manners.chatty or manners.unterminated else LONGEST
        for done, one in enumerate(those):
            if self.pace.slow > max(SHORT, self.limit) or time.monotonic() - began > longest:
                name = self.record.id.partition("::")[2]
                self.record.cut_short = f"{name} was cut short after {done} of {len(those)}"
                return
            yield one
