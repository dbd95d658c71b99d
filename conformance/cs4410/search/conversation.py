"""A conversation as data: what several clients send, step by step, in which segments, and how they leave."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from conformance.cs4410.model import LONGEST_LINE, VERBS, State, acceptable
from conformance.cs4410.search import words
from conformance.cs4410.search.words import CRLF, END, Spelling

ERRORS = 5
"""Errors that every server has to bear in one session."""
CONNECTIONS = 8
"""Connections that one conversation makes, beside the last one."""
WAITS = 1
"""Time-outs that one conversation waits for, if any was drawn."""
LAST = 99
"""The client that comes at the end of every conversation and delivers a plain message."""


@dataclass(frozen=True)
class Pick:
    """What was drawn for one step; its meaning depends on where the client's session stands.

    Attributes:
        client: who sends it.
        kind: `forward` (the right next command, or a body), `right` (the command of its template), `message` (all of
            it up to the dot), `abandon` (all of it up to the middle of the body, and then leave), `stumble` (an error
            that fits the state), `line` (another wrong one), `long`, `leave` or `wait`.
        number: chooses the host, the address or the body; 0 for the plainest.
        spelling: how a right command is written.
        template: of a `line`.
        how: of a `leave`: close, reset or half_close.
        cut: how what is sent is cut into segments, one of `cuts.CUTS`.
        joined: whether it goes into one segment with what the client sends next.
    """

    client: int = 0
    kind: str = "forward"
    number: int = 0
    spelling: Spelling = words.PLAIN
    template: str = ""
    how: str = ""
    cut: str = ""
    joined: bool = False


@dataclass(frozen=True)
class Step:
    """One step of a conversation.

    Attributes:
        client: who takes it; a client that is not connected connects first.
        parts: lines with their CRLF, and bodies with their dot: all but the lines of a body get a reply.
        cut: how the bytes are cut into segments, one of `cuts.CUTS`.
        joined: whether they go into one segment with the client's next step, or a message's own lines into one.
        leave: how the client leaves after it: close, reset or half_close; it does not wait for replies then.
        rest: the beginning of a line or a body that is sent before it leaves.
        waits: whether the client stays silent until it is timed out.
    """

    client: int
    parts: tuple[bytes, ...] = ()
    cut: str = ""
    joined: bool = False
    leave: str = ""
    rest: bytes = b""
    waits: bool = False


Conversation = tuple[Step, ...]


@dataclass
class _Client:
    """Where a client's session stands if the server gives the plainest answer every time."""

    state: State = State()
    in_body: bool = False
    errors: int = 0


def plan(picks: Sequence[Pick]) -> Conversation:
    """Make a conversation of what was drawn, within what every server has to bear."""
    waits = WAITS
    clients: dict[int, _Client] = {}
    steps: list[Step] = []
    connections = 0
    for pick in chain.from_iterable(map(_singly, picks)):
        if pick.kind == "wait":
            if not waits:
                continue
            waits -= 1
            clients = {number: client for number, client in clients.items() if number == pick.client}
        if pick.client not in clients:
            if connections == CONNECTIONS:
                continue
            connections += 1
        client = clients.setdefault(pick.client, _Client())
        step = _step(pick, client)
        if step is None:
            continue
        steps.append(step)
        if step.leave or step.waits:
            del clients[pick.client]
    return (*steps, closing())


def _singly(pick: Pick) -> Iterator[Pick]:
    """What a pick comes to where it takes more than one step."""
    if pick.kind == "abandon":
        yield replace(pick, kind="envelope", how="")
        yield replace(pick, kind="leave", number=3 * (pick.number // 3) + 2)
    else:
        yield pick


def closing() -> Step:
    """The plain message that ends a conversation: what went wrong without a word shows in it."""
    return Step(LAST, _message(State(), 0))


def visits(count: int) -> Conversation:
    """Clients that come one after the other, are greeted, and leave."""
    return tuple(Step(client, leave="close") for client in range(count))


def joined_up(conversations: Sequence[Conversation]) -> Conversation:
    """Several conversations as one: the clients of each leave before the next one begins."""
    steps: list[Step] = []
    for conversation in conversations:
        present: dict[int, None] = {}
        for step in conversation:
            present[step.client] = None
            if step.leave or step.waits:
                del present[step.client]
        steps += (*conversation, *(Step(client, leave="close") for client in present))
    return tuple(steps)


def _step(pick: Pick, client: _Client) -> Step | None:
    if pick.kind == "wait":
        return Step(pick.client, waits=True)
    if pick.kind == "leave":
        return _leave(pick, client)
    if pick.kind == "envelope" and client.in_body:
        return None
    parts = _parts(pick, client)
    surely = True
    before = replace(client)
    for part in parts:
        surely &= _follow(client, part)
    if client.errors > ERRORS:
        vars(client).update(vars(before))
        return None
    return Step(pick.client, parts, pick.cut, pick.joined and surely)


def _parts(pick: Pick, client: _Client) -> tuple[bytes, ...]:
    if client.in_body and pick.kind in ("forward", "message"):
        return (words.body(pick.number) + END,)
    if pick.kind == "message":
        return _message(client.state, pick.number)
    if pick.kind == "envelope":
        return _message(client.state, pick.number)[:-1]
    if pick.kind == "line":
        return (words.fill(pick.template, pick.number) + CRLF,)
    verb = _next_verb(client.state)
    if pick.kind == "stumble":
        stumbles = words.STUMBLES[VERBS.index(verb)]
        return (words.fill(stumbles[pick.number % len(stumbles)], pick.number) + CRLF,)
    if verb == "DATA" and pick.number % 5 > 2:
        verb = "RCPT"
    if pick.kind == "long":
        return (words.long_line("" if client.in_body else verb, pick.number),)
    return (words.command(pick.template or verb, pick.number, pick.spelling) + CRLF,)


def _message(state: State, number: int) -> tuple[bytes, ...]:
    missing = (*state.missing("DATA"), "DATA")
    return (*(words.command(verb, number) + CRLF for verb in missing), words.body(number) + END)


def _next_verb(state: State) -> str:
    return (*state.missing("DATA"), "DATA")[0]


def _follow(client: _Client, part: bytes) -> bool:
    """Take the client on by a part; whether every server takes it the same way."""
    if client.in_body:
        if part == END or part.endswith(CRLF + END):
            client.in_body, client.state = False, client.state.delivered()
        return True
    line = part.removesuffix(CRLF)
    answers = acceptable(client.state, line)
    plainest = answers[0]
    client.errors += plainest.kind not in ("helo", "mail", "rcpt", "data") or len(answers) > 1
    client.in_body = plainest.kind == "data"
    client.state = plainest.after or client.state
    return len({answer.after for answer in answers}) == 1 and len(line) <= LONGEST_LINE


def _leave(pick: Pick, client: _Client) -> Step:
    """The client leaves: in the middle of a line or a body, or after a whole one that it waits for no answer to."""
    part = _parts(Pick(number=pick.number), client)[0]
    if pick.number % 3 < (2 if pick.how == "half_close" else 1):
        return Step(pick.client, (part,), leave=pick.how)
    # Of a body all but a part of its end, of a command half of it.
    rest = part[: -1 - pick.number % 5] if client.in_body else part[: len(part) // 2]
    return Step(pick.client, leave=pick.how, rest=rest)


@dataclass(frozen=True)
class Line:
    """A command line or a body of a conversation, with what it meets if the server gives the plainest answers.

    Attributes:
        step: the place of its step.
        kind: the kind of the plainest answer; of a body `delivered`, and of what is inside of one nothing.
    """

    step: int
    client: int
    data: bytes
    kind: str
    rules: frozenset[str]


def lines(conversation: Conversation) -> list[Line]:
    """Everything that is said, in order."""
    clients: dict[int, _Client] = {}
    said = []
    for place, step in enumerate(conversation):
        client = clients.setdefault(step.client, _Client())
        for part in step.parts:
            kind, rules = _meets(client, part)
            said.append(Line(place, step.client, part, kind, frozenset(rules)))
            _follow(client, part)
        if step.leave or step.waits:
            del clients[step.client]
    return said


def _meets(client: _Client, part: bytes) -> tuple[str, set[str]]:
    if client.in_body:
        return ("delivered", {"delivered", "end.dot"}) if part.endswith(END) else ("", set())
    answers = acceptable(client.state, part.removesuffix(CRLF))
    return answers[0].kind, {answer.rule for answer in answers}
