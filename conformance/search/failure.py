"""How a conversation failed."""

from __future__ import annotations

from dataclasses import dataclass

ALIVE = "pool.alive"
START = "start.mailbox"
WHOLE = "mailbox.whole"


@dataclass(frozen=True)
class Failure:
    """How a conversation failed.

    Attributes:
        requirement: the one that the model names for the reply, or for what is wrong with the mailbox.
        step: the place of the step at which it showed.
        what: of an entry that is not what was sent, the part that differs, as in `mailbox.differences`.
        in_mailbox: whether numbers or entries are wrong, rather than a reply.
    """

    requirement: str
    reason: str
    expected: str
    actual: str
    step: int
    what: str = ""
    in_mailbox: bool = False

    @property
    def sign(self) -> tuple[str, str, str]:
        """What failures of one cause mostly have in common."""
        if self.is_end:
            return self.requirement, "", ""  # what it printed tells of ports and times
        return self.requirement, self.what or self.reason, self.actual[:3]

    @property
    def is_end(self) -> bool:
        """Whether the server has ended."""
        return self.requirement == ALIVE

    @property
    def may_need_nothing(self) -> bool:
        """Whether a server may fail in this way without any client."""
        return self.requirement in (ALIVE, START, WHOLE)
