"""Which requirement a shrunk conversation breaks: the model names the one of the reply, what is left says why there.

Nothing can be left out of a shrunk conversation, so an error before the reply, a cut, an odd spelling or another client
that is still in it is what the failure needs.
"""

from __future__ import annotations

from conformance.cs4410.search.conversation import LAST, Conversation, Line, lines
from conformance.cs4410.search.plainness import RIGHT, odd
from conformance.harness.verdict.ledger import Ledger
from conformance.search.failure import Cause, Failure

ALIVE = "pool.alive"
START = "start.mailbox"
WHOLE = "mailbox.whole"
OF_MAILBOX = ("Message", "Mailbox", "Backup")
"""The sections whose rules a wrong mailbox may break."""
ODD = ("case.verbs", "space.spaces", "line.length", "helo.hosts", "address.characters")
"""What may be odd in how a command is written, weightiest first."""
TRACES = ("time.no-trace", "mailbox.no-trace")
AFFECTS = {
    "recipients": (
        *TRACES,
        "recipient.not-kept",
        "order.no-trace",
        "after.forgets",
        "line.length",
        "space.spaces",
        "address.characters",
    ),
    "sender": (*TRACES, "mail.first-stays", "after.forgets", "line.length", "space.spaces", "address.characters"),
    "host": ("helo.first-stays", "line.length", "space.spaces", "helo.hosts"),
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
    if not steps and failure.afterwards:
        requirement = START
    elif failure.is_end:
        pass  # whatever its clients do
    elif shrunk and traits and not failure.afterwards:
        requirement = traits[0]
    elif shrunk and failure.afterwards:
        what = "number" if failure.requirement == "numbers" else failure.what
        requirement = next((one for one in AFFECTS.get(what, TRACES) if one in traits), requirement)
    suspects = {requirement, failure.requirement, *traits}.union(*(line.rules for line in said))
    if failure.afterwards:
        suspects |= {name for name, one in ledger.items() if one.section in OF_MAILBOX}
    return Cause(requirement, traits, frozenset(suspects))


def _traits(steps: Conversation, said: list[Line], failure: Failure) -> list[str]:
    """The requirements of what is special, weightiest first."""
    client = steps[-1].client
    before = [line for line in said if line.step < failure.step]
    errors = {line.kind for line in before} - {"", *RIGHT, "delivered"}
    clients = {step.client for step in steps}
    oddities = frozenset().union(*map(odd, said))
    # What is odd in the line that was answered wrongly weighs more than what is odd in others.
    answered = [line for line in said if line.step == failure.step and failure.requirement in line.rules]
    own = frozenset().union(*map(odd, answered))
    traits = {
        "line.split": any(step.cut for step in steps),
        "line.joined": any(step.joined for step in steps),
        "time.no-trace": any(step.waits for step in steps[:-1]),
        "half-close.answered": any(step.leave == "half_close" for step in steps),
        "mailbox.no-trace": any(step.leave for step in steps[:-1]),
        **{OF_ERROR[kind]: failure.afterwards for kind in sorted(errors & set(OF_ERROR))},
        "recover": bool(errors),
        "after.forgets": any(line.kind == "delivered" and line.client == client for line in before),
        **{name: name in oddities for name in sorted(ODD, key=lambda name: name not in own)},
        "bytes": failure.afterwards,
        "pool.no-influence": len(clients) > 1 and client != LAST,
    }
    return [name for name, shows in traits.items() if shows]
