"""Replies counted to the end of the session, so that nothing is concluded from silence alone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from conformance.harness.wire.connection import WireError
from conformance.harness.wire.reply import Reply
from conformance.rfc5321.client import Client

PAUSE = 0.2
"""Seconds between two pieces in which what comes is heard; a later reply is counted all the same."""
QUIET = 3.0
"""Seconds without a reply after which QUIT is said: replies come in order, so its own proves that none is to come."""
GOODBYE = 5.0
"""Seconds in which the server says goodbye."""


class Counted(NamedTuple):
    """The replies to some bytes, without a 421 and without QUIT's.

    Attributes:
        before: those that came before the last piece was sent.
        after: those that came later.
        goodbye: whether QUIT was answered.
    """

    before: list[Reply]
    after: list[Reply]
    goodbye: bool

    @property
    def all(self) -> list[Reply]:
        """All of them, in order."""
        return self.before + self.after

    @property
    def codes(self) -> str:
        """What they were, for the report."""
        return ", ".join(reply.code for reply in self.all) or "none"


def count(client: Client, *pieces: bytes, pause: float = PAUSE) -> Counted:
    """Send bytes, then QUIT, and return the replies to the bytes; the session ends with that, also by a close.

    Args:
        client: who says it.
        pieces: the bytes, each in a segment of its own.
        pause: seconds between them.
    """
    client.wire.settle()
    before: list[Reply] = []
    for piece in pieces[:-1]:
        _send(client, piece)
        before += _heard(client, pause)
    _send(client, pieces[-1])
    after = _heard(client, QUIET)
    _send(client, b"QUIT\r\n")
    after += _until_goodbye(client)
    goodbye = bool(after) and after[-1].code == "221"
    before, after = ([reply for reply in replies if reply.code != "421"] for replies in (before, after))
    return Counted(before, after[:-1] if goodbye else after, goodbye)


def _send(client: Client, data: bytes) -> None:
    with suppress(WireError):  # a server may leave, and what it said before counts
        client.wire.send(data)  # not by way of the client, which sets replies aside that nobody asked for


def _heard(client: Client, seconds: float) -> list[Reply]:
    reply = client.hear_within(seconds)
    return [reply] if reply else []


def _until_goodbye(client: Client) -> Iterator[Reply]:
    deadline = time.monotonic() + GOODBYE
    with suppress(WireError):
        while True:
            yield (reply := client.wire.reply(deadline))
            if reply.code == "221":
                return
