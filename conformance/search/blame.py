"""Which requirement a shrunk conversation breaks: the model names the one of the reply, what is left says why there.

Nothing can be left out of a shrunk conversation, so an error before the reply, a cut, an odd spelling or another client
that is still in it is what the failure needs.
"""

from __future__ import annotations

from dataclasses import dataclass

from conformance.harness.verdict.ledger import Ledger
from conformance.search.conversation import LAST, Conversation, Line, lines
from conformance.search.failure import START, Failure
from conformance.search.words import CRLF

PLAIN_LENGTH = 62
"""Bytes of a line that is not long in this sense."""
OF_MAILBOX = ("Message", "Mailbox", "Backup")
"""The sections whose rules a wrong mailbox may break."""
RIGHT = ("helo", "mail", "rcpt", "data")
TRACES = ("time.no-trace", "mailbox.no-trace")
AFFECTS = {
    "recipients": (*TRACES, "recipient.not-kept", "order.no-trace", "after.forgets", "line.length", "space.spaces"),
    "sender": (*TRACES, "mail.first-stays", "after.forgets", "line.length", "space.spaces"),
    "host": ("helo.first-stays", "line.length", "space.spaces"),
    "body": (*TRACES, "line.split", "line.joined", "bytes", "after.forgets"),
    "number": TRACES,
}
"""For each part of an entry, the traits of a conversation that can have spoiled it."""
OF_ERROR = {
    "duplicate": "helo.first-stays",
    "nested": "mail.first-stays",
    "bad_recipient": "recipient.not-kept",
    "need": "order.no-trace",
}
"""What judges that an error left nothing behind in the mailbox."""


@dataclass(frozen=True)
class Cause:
    """What a failure is put down to.

    Attributes:
        requirement: the one that is broken.
        traits: the requirements of what is special in the conversation, weightiest first.
        suspects: all requirements that the conversation needs to hold: where one of them is broken elsewhere already,
            this is no other fault.
    """

    requirement: str
    traits: tuple[str, ...]
    suspects: frozenset[str]

    def resembles(self, other: Cause) -> bool:
        """Whether two failures may well have one cause."""
        return self.requirement == other.requirement or bool(set(self.traits) & set(other.traits))


def cause_of(conversation: Conversation, failure: Failure, ledger: Ledger, shrunk: bool = True) -> Cause:
    """Put a failure down to a requirement.

    Args:
        conversation: the shortest one that fails; empty if none is needed.
        failure: how it does.
        ledger: the requirements.
        shrunk: whether nothing can be left out of it; otherwise the requirement is the one that the model names.
    """
    steps = conversation[: failure.step + 1]
    said = lines(steps)
    traits = tuple(dict.fromkeys(_traits(steps, said, failure))) if steps else ()
    requirement = failure.requirement
    if not steps and failure.in_mailbox:
        requirement = START
    elif failure.is_end:
        pass  # whatever its clients do
    elif shrunk and traits and not failure.in_mailbox:
        requirement = traits[0]
    elif shrunk and failure.in_mailbox:
        what = "number" if failure.requirement == "numbers" else failure.what
        requirement = next((one for one in AFFECTS.get(what, TRACES) if one in traits), requirement)
    suspects = {requirement, failure.requirement, *traits}.union(*(line.rules for line in said))
    if failure.in_mailbox:
        suspects |= {name for name, one in ledger.items() if one.section in OF_MAILBOX}
    return Cause(requirement, traits, frozenset(suspects))


def _traits(steps: Conversation, said: list[Line], failure: Failure) -> list[str]:
    """The requirements of what is special, weightiest first."""
    client = steps[-1].client
    before = [line for line in said if line.step < failure.step]
    errors = {line.kind for line in before} - {"", *RIGHT, "delivered"}
    clients = {step.client for step in steps}
    traits = {
        "line.split": any(step.cut for step in steps),
        "line.joined": any(step.joined for step in steps),
        "time.no-trace": any(step.waits for step in steps[:-1]),
        "half-close.answered": any(step.leave == "half_close" for step in steps),
        "mailbox.no-trace": any(step.leave for step in steps[:-1]),
        **{OF_ERROR[kind]: failure.in_mailbox for kind in sorted(errors & set(OF_ERROR))},
        "recover": bool(errors),
        "after.forgets": any(line.kind == "delivered" and line.client == client for line in before),
        "case.verbs": any(_start(line) != _start(line).upper() for line in said if line.kind),
        "space.spaces": any(_has_odd_space(line) for line in said if line.kind),
        "line.length": any(line.kind in RIGHT and len(line.data) >= PLAIN_LENGTH for line in said),
        "bytes": failure.in_mailbox,
        "pool.no-influence": len(clients) > 1 and client != LAST,
    }
    return [name for name, shows in traits.items() if shows]


def _start(line: Line) -> bytes:
    """The words of a right command, without its argument."""
    if line.kind not in RIGHT:
        return b""
    return line.data.split(b":")[0] if line.kind in ("mail", "rcpt") else line.data.strip()[:4]


def _has_odd_space(line: Line) -> bool:
    text = line.data.removesuffix(CRLF)
    return line.kind in RIGHT and (b"  " in text or b"\t" in text or text != text.strip())
