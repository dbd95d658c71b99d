"""What one client says next: a pseudo-random walk over the model's phases, right or deliberately wrong.

A walk follows from the seed, the client's number and where the server's replies lead, and from nothing else. Where
nobody can say how a session stands, it resets that.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import NamedTuple, TypeVar

from conformance.load.profile import Move, Step
from conformance.rfc5321.load.letters import Body, Letter, Letters
from conformance.rfc5321.load.lines import AUTH_PLAIN, CHUNK_LINE, END_LINE, LAST_LINE, LOOSE_END_LINE
from conformance.rfc5321.load.session import Session
from conformance.rfc5321.message import DOT
from conformance.rfc5321.model import Phase

LEAVE, CUT, BYTEWISE = 0.005, 0.03, 0.004
"""How many of the moves are the last of their connection, without a word, or are sent in pieces."""
QUIT, AGAIN, GIVE_UP, NEUTRAL, ODD_START = 0.05, 0.01, 0.01, 0.04, 0.02
"""How many of the moves say goodbye or greet again where no transaction is, give one up, or ask for nothing; and how
many of the latter come before a greeting."""
GROUPED, BEHIND, CHUNKED, IN_CHUNKS = 0.4, 0.15, 0.3, 0.4
"""Where that is announced: how many transactions come in a group, how many follow a message in its segment, how many
messages come in chunks, and how many of those in several."""
MORE_RECIPIENTS, LARGE, EIGHT_BIT = 0.25, 0.002, 0.5
PARTED_FROM_RIGHT = 0.3
MOST_ERRORS = 8
"""Refusals after which a client says goodbye: servers slow down whoever gets more."""
MOST_BYTEWISE = 100

Some = TypeVar("Some")


class Manners(NamedTuple):
    """How clients behave; shares are from 0 to 1.

    Attributes:
        errors: the share of steps that deviate.
        secured: how often TLS is begun where it is offered, at each occasion.
        logged_in: how often a client logs in where it can, at each occasion.
        login: what it says for that; None if nobody can log in.
        private: whether nobody can overhear it, TLS or not.
    """

    errors: float
    secured: float = 0.0
    logged_in: float = 0.0
    login: Step | None = None
    private: bool = False


class Script:
    """The walk of one client.

    Args:
        letters: what all clients draw messages from.
        seed: the run's.
        client: its number, from 0.
        manners: how it behaves.
    """

    def __init__(self, letters: Letters, seed: int, client: int, manners: Manners) -> None:
        self._letters = letters
        self.random = random.Random(f"{seed}/client {client}")
        self._client = client
        self._manners = manners
        self._errors = manners.errors

    def next(self, session: Session) -> Move:
        """Draw the next move."""
        chance = self.random.random
        phase = session.phase
        if phase is Phase.TEXT:
            return self._leave(session) if chance() < LEAVE else self._text(session)
        if phase is None or phase is Phase.HOLED:
            return self._whole(self._pick(session.lines.rset))
        if chance() < LEAVE:
            return self._leave(session)
        if session.errors > MOST_ERRORS:
            return self._whole(self._pick(session.lines.quit))
        if phase is Phase.READY:
            if first := self._before_mail(session):
                return self._whole(first)
            if chance() < QUIT:
                return self._whole(self._pick(session.lines.quit))
            if session.lines.has("PIPELINING") and chance() < GROUPED:
                return self._joined(self._group(session))
        if phase is Phase.CHUNKS:
            return self._chunk(session)
        if phase is Phase.RECIPIENT and session.lines.has("CHUNKING") and chance() < CHUNKED:
            return self._joined(self._begin_chunks(session, session.sender))
        return self._cut(self.step(session))

    def _before_mail(self, session: Session) -> Step | None:
        """STARTTLS, or a login, where it is offered, and either asked for or one's turn."""
        lines, manners = session.lines, self._manners

        def is_due(share: float) -> bool:
            return bool(share) and (session.asked or self.random.random() < share)

        if lines.has("STARTTLS") and not session.secured and is_due(manners.secured):
            return lines.starttls
        if lines.has(AUTH_PLAIN) and not session.logged_in and (session.private or manners.private):
            return manners.login if manners.login and is_due(manners.logged_in) else None
        return None

    def step(self, session: Session) -> Step:
        """Draw one command, right or wrong."""
        if self._errors and self.random.random() < self._errors:
            return self.wrong(session)
        return self.right(session)

    def wrong(self, session: Session) -> Step:
        """Draw a deviation."""
        return self._pick(session.lines.wrong[session.phase or Phase.READY])

    def right(self, session: Session) -> Step:
        """Draw a command that takes the session on, or leaves it as it is."""
        lines, phase, chance = session.lines, session.phase, self.random.random()
        if phase is Phase.TEXT:
            return self._message(session)
        if chance < NEUTRAL and (phase is not Phase.START or chance < NEUTRAL * ODD_START):
            return self._pick(lines.neutral)
        if phase is Phase.START:
            return self._pick(lines.hello)
        if phase is Phase.READY:
            return self._pick(lines.again if chance > 1 - AGAIN else lines.mail)
        if chance > 1 - GIVE_UP:
            return self._pick((*lines.rset, *lines.again, *lines.quit))
        if phase is Phase.RECIPIENT and chance < 1 - MORE_RECIPIENTS:
            return self._pick(lines.data)
        return self._recipient(session, session.recipients) or self._pick(lines.data)

    def _recipient(self, session: Session, known: int) -> Step | None:
        """A recipient that the message does not have yet; None if it has all."""
        rcpt = session.lines.rcpt
        left = [place for place in range(len(rcpt)) if not known >> place & 1]
        return self._pick(rcpt[self._pick(left)]) if left else None

    def _group(self, session: Session) -> list[Step]:
        """A transaction as it may be sent in one go (RFC 2920)."""
        lines, chance = session.lines, self.random.random
        mail = self._pick(lines.mail)
        steps = [*([self._pick(lines.rset)] if chance() < GIVE_UP else ()), mail]
        known = 0
        while not known or chance() < MORE_RECIPIENTS:
            if self._errors and lines.in_group and chance() < self._errors:
                steps.append(self._pick(lines.in_group))
            recipient = self._recipient(session, known)
            if recipient is None:
                break
            known |= 1 << int(recipient.kept)
            steps.append(recipient)
        if lines.has("CHUNKING") and chance() < CHUNKED:
            return [*steps, *self._begin_chunks(session, mail.kept, mail.line)]
        last = lines.data if chance() > NEUTRAL else lines.neutral
        return [*steps, self._pick(last)]

    def _begin_chunks(self, session: Session, sender: bytes, mail: bytes = b"") -> list[Step]:
        """A message that comes in chunks: all of them, or the first ones."""
        sized = b"SIZE=" in mail if mail else session.sized
        ended = self.random.random() > GIVE_UP
        letter = self._letter(session, sender, sized, b"BODY=8BITMIME" in mail if mail else session.eight_bit, ended)
        content = letter.content
        pieces = [content]
        if not ended or self.random.random() < IN_CHUNKS:
            at = sorted(self.random.sample(range(1, len(content)), self.random.randint(1, 3)))
            pieces = [content[begin:end] for begin, end in zip([0, *at], [*at, len(content)], strict=True)]
        begun = pieces[:-1] if ended or len(pieces) > 1 else pieces
        steps = [_chunk(CHUNK_LINE, piece, b"%d" % letter.number) for piece in begun]
        if ended:
            steps.append(_chunk(LAST_LINE, pieces[-1], b"%d %d" % (letter.number, letter.fingerprint)))
        together = session.lines.has("PIPELINING") and self.random.random() < GROUPED
        if len(steps) > 1 and not together:
            session.chunks = steps[1:]
            return steps[:1]
        return steps

    def _chunk(self, session: Session) -> Move:
        """The next chunk; where none is left the message is given up."""
        lines = session.lines
        if not session.chunks:
            return self._whole(self._pick((*lines.rset, *lines.again, *lines.quit)))
        if self._errors and self.random.random() < self._errors / 2:
            return self._whole(self._pick(lines.wrong[Phase.CHUNKS]))
        return self._whole(session.chunks.pop(0))

    def _text(self, session: Session) -> Move:
        """A message after a 354; a lone dot where it is for nobody."""
        if not session.recipients:
            return self._whole(Step(END_LINE, DOT))
        step = self._message(session)
        if session.lines.has("PIPELINING") and self.random.random() < BEHIND:
            return self._joined([step, *self._group(session)])
        return self._cut(step)

    def _message(self, session: Session) -> Step:
        letter = self._letter(session, session.sender, session.sized, session.eight_bit)
        kept = b"%d %d" % (letter.number, letter.fingerprint)
        line = END_LINE if session.register.any_taken else LOOSE_END_LINE
        return Step(line, letter.head + letter.body.sent + DOT, None, kept, True)

    def _letter(self, session: Session, sender: bytes, sized: bool, eight_bit: bool, ended: bool = True) -> Letter:
        letters = self._letters
        return letters.write(
            session.register.number(), self._client, sender, self._body(session, sized, eight_bit), ended
        )

    def _body(self, session: Session, sized: bool, eight_bit: bool) -> Body:
        if not sized and session.lines.large and self.random.random() < LARGE:
            return self._pick(self._letters.large)
        if eight_bit and self.random.random() < EIGHT_BIT:
            return self._pick(self._letters.eight_bit)
        return self._pick(self._letters.bodies)

    def part(self, session: Session) -> bytes:
        """The beginning of a message that will never be ended."""
        letter = self._letter(session, session.sender, session.sized, session.eight_bit, ended=False)
        return letter.head + letter.body.sent

    def _leave(self, session: Session) -> Move:
        """Leave without a word, in the middle of something or right behind it."""
        how = self._pick(("close", "reset"))
        if session.phase is Phase.TEXT:
            return Move((), (self.part(session),), how)
        step = self.right(session) if session.phase is not Phase.CHUNKS else self._pick(session.lines.rset)
        if self.random.random() < PARTED_FROM_RIGHT:
            return Move((step,), (step.data,), how)
        return Move((), (step.data[: int(self.random.random() * len(step.data) - 1)],), how)

    def _whole(self, step: Step) -> Move:
        return Move((step,), (step.data,))

    def _joined(self, steps: Sequence[Step]) -> Move:
        return Move(tuple(steps), (b"".join(step.data for step in steps),))

    def _cut(self, step: Step) -> Move:
        """A step, seldom in pieces: a few, or its bytes."""
        chance, data = self.random.random(), step.data
        if chance > CUT:
            return Move((step,), (data,))
        if chance < BYTEWISE and len(data) <= MOST_BYTEWISE:
            return Move((step,), tuple(data[at : at + 1] for at in range(len(data))))
        at = self.random.sample(range(1, len(data)), min(self.random.randint(1, 3), len(data) - 1))
        if step.delivers:
            at.append(len(data) - self.random.randint(1, len(DOT)))
        at = sorted({*at})
        return Move((step,), tuple(data[begin:end] for begin, end in zip([0, *at], [*at, len(data)], strict=True)))

    def _pick(self, choices: Sequence[Some]) -> Some:
        return choices[int(self.random.random() * len(choices))]


def _chunk(line: bytes, octets: bytes, kept: bytes) -> Step:
    """A chunk, with the number of its message, and the fingerprint of that in the last one."""
    last = line is LAST_LINE
    return Step(line, b"BDAT %d%b\r\n%b" % (len(octets), b" LAST" * last, octets), None, kept, last)
