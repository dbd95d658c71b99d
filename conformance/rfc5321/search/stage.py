"""What the clients of one conversation share, and what they did, for whoever judges it or runs it again."""

from __future__ import annotations

from dataclasses import dataclass, field

from conformance.harness.server.pace import Pace
from conformance.rfc5321.case import Case
from conformance.rfc5321.codes import Sense
from conformance.rfc5321.search.blame import Told
from conformance.rfc5321.search.post import Post
from conformance.rfc5321.search.words import Book

STARTING = 10.0
"""Seconds that the greeting of a server that has just been started is waited for at the least: silence proves nothing
here, and would only leave much unjudged on a busy machine."""


class Calm(Case):
    """A case that waits longer than a search in a hurry does."""

    @property
    def patient(self) -> float:
        """Seconds that a reply is waited for before anything is concluded from silence."""
        return max(STARTING if self.server.connections < 2 else 0.0, super().patient)


class Astray(Exception):
    """The client is done before its steps are: the server has left, or has a right to."""


@dataclass(frozen=True)
class Action:
    """What one client did, for a script that does it again.

    Attributes:
        client: its number.
        verb: `connect`, `send`, `hear`, `end` (a close is right as well) or `leave`.
        sent: the segments.
        how: close or reset.
        senses: those of the answers that are acceptable.
        code: the very code that is, if there is one.
    """

    client: int
    verb: str
    sent: tuple[bytes, ...] = ()
    how: str = ""
    senses: tuple[Sense, ...] = ()
    code: str = ""


@dataclass
class Stage:
    """What the clients of one conversation share.

    Attributes:
        case: where what they find goes.
        book: what they say.
        post: their messages.
        pace: where it is written down how long they were kept waiting.
        told: all exchanges, in order.
        actions: what they did, in order.
        at: the place of the step that is taken.
    """

    case: Case
    book: Book
    post: Post
    pace: Pace
    told: list[Told] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)
    at: int = 0
