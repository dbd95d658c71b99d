"""What is known of how a server replies, so that one fault of its costs it one finding."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

QUIET = 3
"""How often in a row nothing more comes after lines of one kind before it is not waited for."""


@dataclass
class Manners:
    """What was learned of how it replies.

    Attributes:
        unterminated: replies end with nothing, so quiet has to end them.
        chatty: more comes than one reply a line, so the rest is waited for before the next line is sent.
        quiet: how often in a row nothing more came after a line of some kind, though it was waited for.
    """

    unterminated: bool = False
    chatty: bool = False
    quiet: Counter[str] = field(default_factory=Counter)

    def more_after(self, kind: str) -> bool:
        """Whether more than one reply may come after a line of some kind, as far as is known."""
        return self.chatty and self.quiet[kind] < QUIET

    def note(self, kind: str, came: bool) -> None:
        """Learn whether more than one reply came after a line of some kind."""
        self.quiet[kind] = 0 if came else self.quiet[kind] + 1
