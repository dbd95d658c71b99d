"""What RFC 5321 lets a server answer to a line, and where the session stands after each answer. No I/O, no texts.

First the theory: a session is in one of a few phases, and a command line in each of them is a cell of a table that
says which senses of answer are acceptable, and what each changes. Where two correct servers differ, a cell has both.
So nobody knows in which state a session is, but in which ones it may be: each answer leaves those that explain it, and
an answer that none explains is a breach.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum

from conformance.rfc5321.codes import Sense
from conformance.rfc5321.saying import Said


class Phase(Enum):
    """How far a session has come."""

    START = "greeted by the server only"
    READY = "no transaction"
    SENDER = "a sender"
    RECIPIENT = "a recipient"
    CHUNKS = "a part of a message that comes by BDAT"
    HOLED = "a message of which a chunk was refused"
    TEXT = "after a 354"
    GONE = "ended"


class Change(Enum):
    """What an answer changes."""

    KEEP = "nothing"
    HELLO = "the client is known by its name, and there is no transaction"
    BEGIN = "a transaction begins"
    ADD = "a recipient more"
    CLEAR = "the transaction is over"
    TEXT = "text comes"
    CHUNK = "a chunk more"
    HOLE = "a chunk is missing"
    LEAVE = "the session ends"


KEEP, HELLO, BEGIN, ADD, CLEAR, TEXT, CHUNK, HOLE, LEAVE = Change
Cell = Mapping[Sense, tuple[Change, ...]]
REFUSALS = (Sense.SYNTAX, Sense.ORDER, Sense.TEMPORARY, Sense.POLICY)


def _cell(
    accepted: Change | tuple[Change, ...] = (),
    policy: Change | tuple[Change, ...] = (),
    order: Change | tuple[Change, ...] = (),
    syntax: Change | tuple[Change, ...] = (),
    more: Change | tuple[Change, ...] = (),
) -> Cell:
    """One cell: what an acceptable answer of each sense may change; a refusal for now is as one by policy."""
    senses = {
        Sense.ACCEPTED: accepted,
        Sense.INTERMEDIATE: more,
        Sense.POLICY: policy,
        Sense.TEMPORARY: policy,
        Sense.ORDER: order,
        Sense.SYNTAX: syntax,
    }
    return {sense: one if isinstance(one, tuple) else (one,) for sense, one in senses.items() if one != ()}


def _refused(changes: Change | tuple[Change, ...], *ways: Change, more: Change | tuple[Change, ...] = ()) -> Cell:
    """A cell in which any refusal is right, and an acceptance only where `ways` tells what it changes."""
    return _cell(ways, changes, changes, changes, more)


START, READY, SENDER, RECIPIENT, CHUNKS, HOLED = (
    Phase.START,
    Phase.READY,
    Phase.SENDER,
    Phase.RECIPIENT,
    Phase.CHUNKS,
    Phase.HOLED,
)
LOST = (KEEP, CLEAR)
ASTRAY = (KEEP, CLEAR, HOLE)
"""What a refused chunk, or line between chunks, may change: a RSET may be wanted then, as RFC 3030 2 lets servers."""
_ALL = (START, READY, SENDER, RECIPIENT, CHUNKS, HOLED)
_NEUTRAL = dict.fromkeys(_ALL, _refused(KEEP, KEEP))
_HELLO = {START: _cell(HELLO, KEEP)} | dict.fromkeys(_ALL[1:], _refused(KEEP, HELLO))
_PLAIN = {START: _refused(KEEP, KEEP)}
_CHUNK = {START: _refused(KEEP), READY: _refused(KEEP), HOLED: _refused((KEEP, CLEAR))}
TABLE: Mapping[str, Mapping[Phase, Cell]] = {
    "EHLO": _HELLO,
    "HELO": _HELLO,
    "MAIL": {
        START: _refused(KEEP, BEGIN),
        READY: _cell(BEGIN, KEEP),
        # Out of order, and nothing changed; or a new transaction. Of another refusal nobody says what it leaves.
        SENDER: _cell(BEGIN, LOST, KEEP, LOST),
        RECIPIENT: _cell(BEGIN, LOST, KEEP, LOST),
        CHUNKS: _refused(ASTRAY, BEGIN),
        HOLED: _refused(LOST, BEGIN),
    },
    "RCPT": {
        START: _refused(KEEP),
        READY: _refused(KEEP),
        SENDER: _cell(ADD, KEEP),
        RECIPIENT: _cell(ADD, KEEP),
        CHUNKS: _refused((KEEP, HOLE), KEEP, ADD),
        HOLED: _refused(KEEP, KEEP, ADD),
    },
    "DATA": {
        START: _refused(KEEP, more=TEXT),
        READY: _refused(KEEP, more=TEXT),
        SENDER: _cell(policy=LOST, order=KEEP, syntax=LOST, more=TEXT),
        RECIPIENT: _cell(policy=LOST, more=TEXT),
        CHUNKS: _refused(ASTRAY),
        HOLED: _refused(LOST),
    },
    "BDAT": _CHUNK
    | {
        SENDER: _refused((KEEP, CLEAR, HOLE)),
        RECIPIENT: _cell(CHUNK, (HOLE, CLEAR)),
        CHUNKS: _cell(CHUNK, (HOLE, CLEAR)),
    },
    "BDAT LAST": _CHUNK
    | {
        SENDER: _refused(ASTRAY),
        RECIPIENT: _cell(CLEAR, CLEAR),
        CHUNKS: _cell(CLEAR, CLEAR),
    },
    "end of data": {Phase.TEXT: {Sense.ACCEPTED: (CLEAR,), Sense.TEMPORARY: (CLEAR,)}},
    "RSET": {START: _refused(KEEP, CLEAR)} | dict.fromkeys(_ALL[1:], {Sense.ACCEPTED: (CLEAR,), Sense.TEMPORARY: LOST}),
    "NOOP": _PLAIN | dict.fromkeys(_ALL[1:], {Sense.ACCEPTED: (KEEP,), Sense.TEMPORARY: (KEEP,)}),
    "VRFY": _NEUTRAL,
    "EXPN": _NEUTRAL,
    "HELP": _NEUTRAL,
    "QUIT": dict.fromkeys(_ALL, {Sense.ACCEPTED: (LEAVE,)}),
    "unknown": dict.fromkeys(_ALL, _refused(KEEP)),
}
"""For each command, and for the end of data, the phases in which it may be sent, each with its cell."""


@dataclass(frozen=True)
class State:
    """Where a session may stand.

    Attributes:
        extended: EHLO was accepted, rather than HELO.
        sender: the reverse-path; None outside a transaction.
        recipients: those that were accepted, in order.
    """

    phase: Phase = Phase.START
    extended: bool = False
    sender: str | None = None
    recipients: tuple[str, ...] = ()


States = frozenset[State]
GREETED: States = frozenset({State()})


def acceptable(states: States, said: Said) -> dict[Sense, States]:
    """The senses of answer that are acceptable, each with the states in which the session may be after it.

    Args:
        states: in which it may be before.
        said: the command, or the end of data.
    """
    found: dict[Sense, set[State]] = {Sense.LEAVING: {State(Phase.GONE)}}
    for state in states:
        for sense, changes in _cell_of(state, said).items():
            found.setdefault(sense, set()).update(_after(state, said, change) for change in changes)
    return {sense: frozenset(after) for sense, after in found.items()}


def plainest(state: State, said: Said) -> tuple[Sense, State]:
    """The answer that most servers give, and where the session stands then; outside a table's cells nothing changes."""
    cell = _cell_of(state, said)
    nested = said.verb == "MAIL" and state.phase not in (START, READY)
    for sense in (Sense.ORDER,) if nested else (Sense.INTERMEDIATE, Sense.ACCEPTED, Sense.ORDER, Sense.POLICY):
        if sense in cell and not (said.wrong and sense in (Sense.ACCEPTED, Sense.INTERMEDIATE)):
            if sense is Sense.INTERMEDIATE and state.phase is not RECIPIENT:
                continue
            return sense, _after(state, said, cell[sense][0])
    return Sense.ORDER, state


def _cell_of(state: State, said: Said) -> Cell:
    cell = TABLE[said.verb].get(state.phase, {})
    if cell and said.verb == "end of data" and not state.recipients:
        cell = {sense: changes for sense, changes in cell.items() if sense is not Sense.ACCEPTED} | {
            sense: (CLEAR,) for sense in REFUSALS
        }
    if cell and not said.is_right(state.extended):
        usual = cell.get(Sense.POLICY) or cell.get(Sense.TEMPORARY, (KEEP,))
        cell = dict.fromkeys(REFUSALS, usual) | dict(cell)
    return cell


def _after(state: State, said: Said, change: Change) -> State:
    if change is HELLO:
        return State(READY, extended=said.verb == "EHLO")
    if change is CLEAR:
        return state if state.phase is START else State(READY, state.extended)
    if change is BEGIN:
        return State(SENDER, state.extended, said.path)
    if change is ADD:
        phase = RECIPIENT if state.phase is SENDER else state.phase
        return replace(state, phase=phase, recipients=(*state.recipients, said.path))
    phases = {TEXT: Phase.TEXT, CHUNK: CHUNKS, HOLE: HOLED, LEAVE: Phase.GONE}
    return replace(state, phase=phases[change]) if change in phases else state
