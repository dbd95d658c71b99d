"""What one client says next: a pseudo-random walk over the model's states, right or deliberately wrong.

A walk follows from the seed, the client's number and where the server's replies lead, and from nothing else: the same
seed gives the same conversations.
"""

from __future__ import annotations

import random
from collections import deque
from typing import TypeVar

from conformance.cs4410.load.words import BODY, CONNECTED, FORWARD, GREETED, RECIPIENT, SENDER, Words
from conformance.load.profile import Move, Step

LEAVE, JOINED, CUT, BYTEWISE = 0.003, 0.05, 0.03, 0.004
"""How many of the moves are the last of their connection, are several in one segment, or are sent in pieces."""
MORE_RECIPIENTS, EMPTY_BODY, LARGE_BODY = 0.15, 0.02, 0.002
MOST_JOINED, MOST_BYTEWISE = 6, 100
TOUR = (
    (CONNECTED, "need"), (CONNECTED, "syntax"), (CONNECTED, "unknown"), (GREETED, "need"), (GREETED, "syntax"),
    (GREETED, "unknown"), (GREETED, "duplicate"), (GREETED, "bad_sender"), (SENDER, "need"), (SENDER, "syntax"),
    (SENDER, "nested"), (SENDER, "bad_recipient"), (RECIPIENT, "duplicate"), (RECIPIENT, "nested"),
)  # fmt: skip
"""Every error case of the assignment by where it occurs; the clients go through them before they wander."""

Some = TypeVar("Some")


class Script:
    """The walk of one client.

    Args:
        words: what all clients draw from.
        seed: the run's.
        client: its number, from 0.
        talkers: how many clients share the tour.
        errors: the share of steps that deviate, 0 to 1; with 0 there is no tour either.
        run: a word that marks the messages of this run.
    """

    def __init__(self, words: Words, seed: int, client: int, talkers: int, errors: float, run: str) -> None:
        self._words = words
        self.random = random.Random(f"{seed}/client {client}")
        self._errors = errors
        self._mark = f"{run} {client}"
        self._messages = 0
        self._tour = deque(TOUR[client % talkers :: talkers] if errors else ())

    def next(self, shape: int) -> Move:
        """Draw the next move.

        Args:
            shape: where the session stands.
        """
        chance = self.random.random()
        if chance < LEAVE and not self._tour:
            return self._leave(shape)
        if chance < LEAVE + JOINED:
            return self._joined(shape)
        step = self.step(shape)
        if chance > 1 - CUT:
            bytewise = chance > 1 - BYTEWISE and len(step.data) <= MOST_BYTEWISE
            return Move((step,), self._bytes(step.data) if bytewise else self._pieces(step.data))
        return Move((step,), (step.data,))

    def step(self, shape: int) -> Step:
        """Draw a step, right or wrong."""
        if shape == BODY:
            return self._body()
        if self._tour and self._tour[0][0] == shape:
            return self._pick(self._words.wrong[shape][self._tour.popleft()[1]])
        if self._errors and not self._tour and self.random.random() < self._errors:
            return self._pick(self._pick(list(self._words.wrong[shape].values())))
        return self.right(shape)

    def right(self, shape: int) -> Step:
        """Draw a step that takes the session on."""
        if shape == BODY:
            return self._body()
        more = shape == RECIPIENT and self.random.random() < MORE_RECIPIENTS
        return self._pick(self._words.right[shape]["rcpt" if more else FORWARD[shape]])

    def wrong(self, shape: int) -> Step:
        """Draw a deviation."""
        return self._pick(self._pick(list(self._words.wrong[shape].values())))

    def part_of_body(self) -> bytes:
        """The beginning of a body that will never be ended."""
        return self._marked("left") + self._pick(self._words.bodies).data

    def _bytes(self, data: bytes) -> tuple[bytes, ...]:
        return tuple(data[at : at + 1] for at in range(len(data)))

    def _pieces(self, data: bytes) -> tuple[bytes, ...]:
        """A few pieces, cut anywhere."""
        at = sorted(self.random.sample(range(1, len(data)), min(self.random.randint(1, 3), len(data) - 1)))
        return tuple(data[begin:end] for begin, end in zip([0, *at], [*at, len(data)], strict=True))

    def _joined(self, shape: int) -> Move:
        """Several steps in one segment, as long as it is certain where they lead."""
        steps: list[Step] = []
        for _ in range(self.random.randint(2, MOST_JOINED)):
            step = self.step(shape)
            steps.append(step)
            if not isinstance(step.after, int):
                break
            shape = step.after
        return Move(tuple(steps), (b"".join(step.data for step in steps),))

    def _leave(self, shape: int) -> Move:
        how = self._pick(("close", "reset", "half-close"))
        step = self.right(shape)
        while step.data == b".\r\n":
            # An empty body bears no mark: unanswered, it could not be told from somebody else's.
            step = self.right(shape)
        if how == "half-close" or self.random.random() < 0.3:
            return Move((step,), (step.data,), how)
        if shape == BODY:
            return Move((), (self.part_of_body(),), how)
        return Move((), (step.data[: int(self.random.random() * len(step.data) - 1)],), how)

    def _body(self) -> Step:
        chance = self.random.random()
        if chance < EMPTY_BODY:
            return Step(b"", b".\r\n", GREETED, delivers=True)
        body = self._pick(self._words.large if chance > 1 - LARGE_BODY else self._words.bodies)
        mark = self._marked("sent")
        kept = mark[:-2] + (b"\n" + body.canonical).rstrip(b"\n")
        return Step(b"", mark + body.data + b".\r\n", GREETED, kept, delivers=True)

    def _marked(self, fate: str) -> bytes:
        self._messages += 1
        return f"{self._mark} {self._messages} {fate}\r\n".encode()

    def _pick(self, choices: list[Some] | tuple[Some, ...]) -> Some:
        return choices[int(self.random.random() * len(choices))]
