"""What is known of how a server replies, so that one fault of its costs it one finding."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

BODY = "body"
"""The kind of what follows DATA, which is no line."""
QUIET = 3
"""How often in a row nothing more comes after lines of one kind before it is not waited for."""
SETTLE = 1.0
"""Seconds of quiet after which a reply without a line end is taken as whole."""
SETTLE_KNOWN, SETTLE_WHOLE = 0.02, 0.004
"""The same, once the server is known to end replies with nothing, and once it is known to send each in one piece."""
WHOLE = 20
"""Replies in a row that came in one piece before that is known."""


@dataclass
class Manners:
    """What was learned of how it replies.

    Attributes:
        unterminated: replies end with nothing, so quiet has to end them.
        chatty: more comes than one reply a line, so the rest is waited for before the next line is sent.
        quiet: how often in a row nothing more came after a line of some kind, though it was waited for.
        whole: how many replies without a line end, in a row, came in one piece.
        lasts: how often nothing came after a line that says that another follows, though it was waited for.
    """

    unterminated: bool = False
    chatty: bool = False
    quiet: Counter[str] = field(default_factory=Counter)
    whole: int = 0
    lasts: Counter[bytes] = field(default_factory=Counter)

    @property
    def settle(self) -> float:
        """Seconds of quiet after which a reply that has begun is taken as whole."""
        if not self.unterminated:
            return SETTLE
        return SETTLE_WHOLE if self.whole >= WHOLE else SETTLE_KNOWN

    def note_unterminated(self, pieces: int) -> None:
        """Learn that a reply ended with nothing, and in how many pieces it came."""
        self.unterminated = True
        self.whole = self.whole + 1 if pieces < 2 else 0

    def pause(self, line: bytes, usual: float) -> float:
        """Seconds that another line is waited for after one that announces it: less, once that is known to be the last.

        Args:
            line: with its line end.
            usual: seconds that any other is waited for.
        """
        return min(usual, SETTLE_KNOWN) if self.lasts[line] >= QUIET else usual

    def more_after(self, kind: str) -> bool:
        """Whether more than one reply may come after a line of some kind, as far as is known."""
        return self.chatty and self.quiet[kind] < QUIET

    def note(self, kind: str, came: bool) -> None:
        """Learn whether more than one reply came after a line of some kind."""
        self.quiet[kind] = 0 if came else self.quiet[kind] + 1
