"""A conversation as data: what clients send, step by step, in which segments, and how they leave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from conformance.rfc5321.codes import Sense
from conformance.rfc5321.model import Phase, State, plainest
from conformance.rfc5321.saying import NEUTRAL
from conformance.rfc5321.search import words
from conformance.rfc5321.search.words import Book

ERRORS, NEUTRALS, MESSAGES = 2, 8, 3
"""What one session may have: commands that are refused, such as transfer no mail, and transactions."""
CONNECTIONS = 8
"""Connections that one conversation makes, beside the last one."""
AT_ONCE = 2
"""Clients that are there at the same time."""
LAST = 99
"""The client that comes at the end of every conversation and delivers a plain message."""
BELONGS = {"MAIL": (Phase.READY,), "RCPT": (Phase.SENDER, Phase.RECIPIENT), "DATA": (Phase.RECIPIENT,)}
LEAVES = ("leave", "abandon")
FIRST_IN_GROUP = ("MAIL", "RCPT", "RSET", "BDAT", "BDAT LAST")
"""Commands that others may follow in one segment (RFC 2920 3.1, RFC 3030 4.2)."""


@dataclass(frozen=True)
class Pick:
    """What was drawn for one step; its meaning depends on where the client's session stands.

    Attributes:
        client: who sends it.
        kind: `forward` (the right next command, or a text), `message` (all of it), `say` (the command `verb`), `wrong`,
            `chunk`, `leave`, or `abandon` (a message up to the middle of its text, and then leave).
        number: chooses the argument or the text; 0 for the plainest.
        verb: of a `say`.
        spelling: one of `words.SPELLINGS`.
        how: of a `leave` and an `abandon`: close or reset.
        cut: how what is sent is cut into segments, one of `words.CUTS`.
        joined: whether it goes into one segment with what the client sends next, where that is allowed.
    """

    client: int = 0
    kind: str = "forward"
    number: int = 0
    verb: str = ""
    spelling: str = "upper"
    how: str = ""
    cut: str = ""
    joined: bool = False


@dataclass(frozen=True)
class Part:
    """What one reply is due to.

    Attributes:
        line: a command, without its CRLF; empty for a text.
        text: a message's text after a 354, or the octets of a chunk.
        last: whether the text ends the message; not for a chunk that others follow.
        meant: whether it is to be taken; otherwise an error is meant.
    """

    line: bytes = b""
    text: bytes = b""
    last: bool = False
    meant: bool = True


@dataclass(frozen=True)
class Step:
    """One step of a conversation.

    Attributes:
        client: who takes it; a client that is not connected connects first.
        parts: what is sent.
        together: whether they are sent in one segment; otherwise each when the one before has been answered.
        cut: how that segment, or the last part, is cut, one of `words.CUTS`.
        leave: how the client leaves, close or reset, without waiting for an answer.
        omitted: octets at the end of the last part that are not sent then.
    """

    client: int
    parts: tuple[Part, ...] = ()
    together: bool = False
    cut: str = ""
    leave: str = ""
    omitted: int = 0


Conversation = tuple[Step, ...]


@dataclass
class _Client:
    """Where a client's session stands if the server gives the plainest answer every time, and what waits to be sent."""

    state: State = State()
    errors: int = 0
    neutrals: int = 0
    messages: int = 0
    waiting: list[Part] = field(default_factory=list)


class Planner:
    """Makes conversations of what was drawn, within the manners that every server may ask for.

    Args:
        book: what is said.
    """

    def __init__(self, book: Book) -> None:
        self.book = book
        self.closing: Conversation = (Step(LAST, self._message(State(), 0)),)

    def plan(self, picks: Sequence[Pick]) -> Conversation:
        """The steps that picks come to."""
        clients: dict[int, _Client] = {}
        steps: list[Step] = []
        connections = 0
        for pick in picks:
            for _ in range(2):
                if pick.client not in clients:
                    if connections == CONNECTIONS or pick.kind == "leave":
                        break
                    connections += 1
                client = clients.setdefault(pick.client, _Client())
                taken = self._take(pick, client)
                over = taken is None or client.state.phase is Phase.GONE or (pick.kind in LEAVES and self.book.rude)
                # What one session may not have any more, the next one may.
                steps += taken if taken is not None else self._end(pick.client, client)
                if over:
                    del clients[pick.client]
                if taken is not None:
                    break
        for number, client in clients.items():
            steps += self._end(number, client)[:-1]
        return (*steps, *self.closing)

    def visits(self, count: int) -> Conversation:
        """Clients that come one after the other, and say goodbye."""
        return tuple(Step(client, (Part(b"QUIT"),)) for client in range(count))

    def _end(self, number: int, client: _Client) -> list[Step]:
        """What is left to be sent, and a goodbye."""
        if client.state.phase is Phase.TEXT:
            client.waiting.append(Part(text=words.text(0), last=True))
        waiting = [Step(number, tuple(client.waiting), together=len(client.waiting) > 1)] if client.waiting else []
        return [*waiting, Step(number, (Part(b"QUIT"),))]

    def _take(self, pick: Pick, client: _Client) -> list[Step] | None:
        """What a pick comes to; None where the session may not have so much."""
        if pick.kind == "leave":
            return self._leave(pick, client)
        if pick.kind == "abandon":
            said = self._say(replace(pick, kind="message"), client, whole=False)
            return None if said is None else [*said, *self._leave(pick, client)]
        return self._say(pick, client)

    def _say(self, pick: Pick, client: _Client, whole: bool = True) -> list[Step] | None:
        parts = self._parts(pick, client)
        parts = parts if whole or len(parts) == 1 else parts[:-1]
        before = replace(client, waiting=list(client.waiting))
        groups: list[tuple[Part, ...]] = []
        for part in parts:
            self._follow(client, part)
            client.waiting.append(part)
            # What follows a DATA goes alone, for only a 354 tells that it may.
            if not (pick.joined and self._may_be_followed(client, part)):
                groups.append(tuple(client.waiting))
                client.waiting = []
        if client.errors > ERRORS or client.neutrals > NEUTRALS or client.messages > MESSAGES:
            vars(client).update(vars(before))
            return None
        if all(len(group) == 1 for group in groups):
            groups = [tuple(group[0] for group in groups)] if groups else []
            return [Step(pick.client, group, cut=pick.cut) for group in groups]
        last = groups[-1]
        return [Step(pick.client, one, len(one) > 1, pick.cut if one is last else "") for one in groups]

    def _may_be_followed(self, client: _Client, part: Part) -> bool:
        if not client.state.extended or "PIPELINING" not in self.book.announced:
            return False
        return not part.line or self.book.read(part.line).verb in FIRST_IN_GROUP

    def _parts(self, pick: Pick, client: _Client) -> tuple[Part, ...]:
        state = client.state
        if state.phase is Phase.TEXT:
            return (Part(text=words.text(pick.number), last=True),)
        if pick.kind == "message":
            return self._message(state, pick.number)
        # In a session that was told of no CHUNKING a chunk would be any unknown command, and lines behind it.
        chunking = state.extended and "CHUNKING" in self.book.announced
        in_order = state.phase in (Phase.RECIPIENT, Phase.CHUNKS)
        if pick.kind == "chunk" and chunking and (in_order or pick.number % 4 == 1):
            return (self._chunk(state, pick.number),)
        within = state.phase not in (Phase.START, Phase.READY)
        if pick.kind == "wrong" and (within or pick.number % 4 == 1):
            return (Part(self.book.wrong(pick.number), meant=False),)
        verb = pick.verb if pick.number % 4 == 1 or self._fits(state, pick.verb) else ""
        verb = verb or self._next(state, pick.number)
        if verb == "BDAT" or (state.phase is Phase.CHUNKS and verb != pick.verb and pick.number % 6 != 5):
            return (self._chunk(state, pick.number),)
        if verb == "DATA" and chunking and pick.number % 5 == 4 and verb != pick.verb:
            return (self._chunk(state, pick.number),)
        line = self.book.line(verb, pick.number, pick.spelling)
        if verb == "EHLO" and verb != pick.verb and state.phase is Phase.START:
            return (Part(line), Part(self.book.line("MAIL", pick.number, pick.spelling)))
        return (Part(line, meant=not self.book.is_wrong(state, line)),)

    def _message(self, state: State, number: int) -> tuple[Part, ...]:
        """All of a message from where the session stands on; the plainest one for 0."""
        begun = {Phase.START: 0, Phase.READY: 1, Phase.SENDER: 2, Phase.RECIPIENT: 3}.get(state.phase)
        if begun is None:
            return (self._chunk(state, number),)
        lines = [self.book.line(verb, number if verb != "EHLO" else 0) for verb in words.ENVELOPE[begun:]]
        lines[-1:-1] = [self.book.line("RCPT", (number + 1) % 100)] * (number % 5 in (1, 3))
        return (*map(Part, lines), Part(text=words.text(number), last=True))

    def _next(self, state: State, number: int) -> str:
        verbs = {Phase.START: "EHLO", Phase.READY: "MAIL", Phase.SENDER: "RCPT", Phase.RECIPIENT: "DATA"}
        verb = verbs.get(state.phase, "RSET")
        if verb == "EHLO" and number % 9 == 8:
            return "HELO"
        return "RCPT" if verb == "DATA" and number % 2 else verb

    def _fits(self, state: State, verb: str) -> bool:
        """Whether a command is where it belongs: mostly it is, for a session has few errors."""
        return verb not in BELONGS or state.phase in BELONGS[verb]

    def _chunk(self, state: State, number: int) -> Part:
        octets, last = words.chunk(number), number % 4 < 2
        meant = state.phase in (Phase.RECIPIENT, Phase.CHUNKS) and state.extended
        return Part(b"BDAT", octets, last, meant)

    def _follow(self, client: _Client, part: Part) -> None:
        """Take the client on by a part, as the plainest server would."""
        said = self.book.read(part.line) if part.line else words.END
        if part.line == b"BDAT":
            said = words.LAST_CHUNK if part.last else words.CHUNK
        wrong = bool(part.line) and not part.meant
        sense, after = plainest(client.state, said)
        client.errors += wrong or sense in (Sense.ORDER, Sense.POLICY)
        client.neutrals += said.verb in (*NEUTRAL, "RSET", "EHLO", "HELO")
        client.messages += said.verb in ("DATA", "BDAT LAST")
        if not wrong or said.verb.startswith("BDAT"):
            client.state = after

    def _leave(self, pick: Pick, client: _Client) -> list[Step]:
        """The client leaves without a word: in a text, in a chunk, or after whole commands."""
        parts, client.waiting = tuple(client.waiting), []
        if not self.book.rude:
            return [Step(pick.client, parts, together=True)] if parts else []
        omitted = 0
        if client.state.phase is Phase.TEXT:
            text = words.text(pick.number)
            parts, omitted = (*parts, Part(text=text, last=True)), (1, 2, 4, len(text) // 2 + 4)[pick.number % 4]
        elif client.state.phase is Phase.CHUNKS and pick.number % 2:
            parts, omitted = (*parts, self._chunk(client.state, pick.number)), 1
        return [Step(pick.client, parts, True, leave=pick.how or "close", omitted=omitted)]


def joined_up(conversations: Sequence[Conversation]) -> Conversation:
    """Several conversations as one: the clients of each say goodbye before the next one begins."""
    steps: list[Step] = []
    for conversation in conversations:
        steps += conversation
        steps += [Step(client, (Part(b"QUIT"),)) for client in dict.fromkeys(step.client for step in conversation)]
    return tuple(steps)
