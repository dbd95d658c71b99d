"""Which requirement is broken: one pure table for what was answered wrongly, and the past that it needs.

Nothing can be left out of a shrunk conversation, so a cut, a group, a refusal or another client that is still in it is
what the failure needs, and weighs more than the command at which it shows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from conformance.rfc5321.codes import Sense
from conformance.rfc5321.message import DOT
from conformance.rfc5321.model import Phase
from conformance.rfc5321.saying import NEUTRAL, Said
from conformance.rfc5321.search.conversation import LAST, Conversation
from conformance.search.failure import Cause, Failure

ALIVE = "close.serves-on"
REFUSED = (Sense.SYNTAX, Sense.ORDER, Sense.TEMPORARY, Sense.POLICY)
BASE = {
    "EHLO": "ehlo.250",
    "HELO": "helo.250",
    "MAIL": "mail.250",
    "RCPT": "rcpt.250",
    "DATA": "data.354",
    "BDAT": "bdat.chunks",
    "BDAT LAST": "bdat.last",
    "end of data": "data.250",
    "RSET": "rset.250",
    "NOOP": "noop.250",
    "QUIT": "quit.221",
}
"""What is broken where a command is refused that has to be taken, and nothing special is needed for it."""
ALSO = {"HELO": "helo.transaction", "RCPT": "rcpt.before-mail"}
"""What else may be broken where a conversation that has one of these fails, and is judged by cases of its own."""
LONGEST_LOCAL = 64
"""Octets of a local part."""
CROWD = 5
"""Recipients of a message that are not many yet."""
TAKEN = {
    "RCPT": "rcpt.before-mail",
    "DATA": "bdat.then-data",
    "end of data": "data.no-rcpt",
    "BDAT": "bdat.after-last",
    "BDAT LAST": "bdat.after-last",
    "unknown": "cmd.unknown",
}
"""What is broken where a command is taken that must not be."""
LEFT = {
    "dots": "data.unstuff",
    "long": "data.line-1000-whole",
    "text": "data.whole",
    "missing": "data.delivered",
    "unwanted": "close.lost-data",
    "sender": "trace.return-path",
    "more recipients": "order.no-carry",
    "fewer recipients": "rcpt.each",
}
"""What is broken where the mail is wrong that a conversation left behind."""

UNWANTED = {
    "refused": "data.refused-gone",
    "RSET": "rset.clears",
    "EHLO": "ehlo.resets",
    "HELO": "ehlo.resets",
    "QUIT": "quit.aborts",
    "a dot": "close.lost-dot",
}
"""What is broken where a message arrives that was not taken, by how it ended; otherwise its connection was lost."""
UNWANTED_BDAT = UNWANTED | {"refused": "bdat.after-failed", "RSET": "bdat.rset", "a dot": "bdat.lost"}
"""The same of one that came by BDAT."""
BEHIND_THE_DOT = (1, 2)
"""How many octets of an end of data may be left out where its dot was sent."""


@dataclass(frozen=True)
class Told:
    """One exchange of a conversation.

    Attributes:
        step: the place of its step.
        phases: in which the session may have been before it.
        sense: of the answer; None where none came.
        size: octets that were sent.
        text: of a message or of a chunk.
        cut: how it was cut, if it was.
        together: how many were sent in one segment.
    """

    client: int
    step: int
    said: Said
    phases: frozenset[Phase]
    sense: Sense | None
    size: int = 0
    text: bytes = b""
    cut: str = ""
    together: int = 1


@dataclass(frozen=True)
class MailFailure(Failure):
    """A failure with all that was said and answered before it, its own exchange last."""

    told: tuple[Told, ...] = ()

    @property
    def sign(self) -> tuple[str, str, str]:
        """What failures of one cause mostly have in common: not the words that were said, which the reason quotes."""
        if self.is_end or self.afterwards or not self.told:
            return super().sign
        last = self.told[-1]
        return self.requirement, "a group" if last.together > 1 else last.said.verb, self.actual[:3]


def at_once(told: Told) -> str:
    """The requirement that an answer breaks by itself, whatever came before.

    Args:
        told: with an answer that is not acceptable.
    """
    return broken_by(told.said.verb, told.sense)


def broken_by(verb: str, sense: Sense | None) -> str:
    """The requirement that is broken where a command, or the end of data, gets an answer that is not acceptable."""
    if sense is Sense.NOTHING:
        return "reply.digit"
    if sense in (Sense.ACCEPTED, Sense.INTERMEDIATE):
        return TAKEN.get(verb, "order.neutral" if verb in NEUTRAL else "reply.digit")
    return BASE.get(verb, "reply.one")


def cause_of(conversation: Conversation, failure: Failure, shrunk: bool = True) -> Cause:
    """Put a failure down to a requirement.

    Args:
        conversation: the shortest one that fails; empty if none is needed.
        failure: how it does.
        shrunk: whether nothing can be left out of it; otherwise the requirement is the one at which it showed.
    """
    told = failure.told if isinstance(failure, MailFailure) and conversation else ()
    places = range(len(conversation)) if failure.afterwards else range(failure.step + 1)
    told = tuple(one for one in told if one.step in places)
    ended = _how_it_ended(conversation, told, failure.step) if failure.what == "unwanted" else ""
    traits = tuple(dict.fromkeys(_traits(told, failure, ended))) if told else ()
    requirement = failure.requirement
    if shrunk and traits and not failure.is_end:
        requirement = traits[0]
    suspects = {
        requirement,
        failure.requirement,
        *traits,
        *(BASE[one.said.verb] for one in told if one.said.verb in BASE),
        *(ALSO[one.said.verb] for one in told if one.said.verb in ALSO),
        *(name for one in told for name in (*_of_words(one.said), *_of_text(one))),
        *_of_recipients(sum(one.said.verb == "RCPT" for one in told)),
        *(["data.whole"] if failure.afterwards else []),
        "reply.form",
    }
    for one in told:
        suspects |= {BASE.get(one.said.verb, requirement), *one.said.parameters, *one.said.odd}
    if told and told[-1].sense is Sense.SYNTAX:
        suspects.add("cmd.required")
    return Cause(requirement, traits, frozenset(suspects))


def _of_words(said: Said) -> list[str]:
    """What else may be broken where a command is said in these very words, and is judged by cases of its own."""
    local = said.path.rpartition("@")[0]
    ways = {
        "args.missing": said.wrong,
        "mail.atext": said.verb == "MAIL" and bool(local) and not local.isalnum(),
        "mail.length-local": said.verb == "MAIL" and len(local) == LONGEST_LOCAL,
        "mail.length-path": said.verb == "MAIL" and len(local) == LONGEST_LOCAL,
        "rcpt.route-ignored": "rcpt.route" in said.odd,
    }
    return [name for name, may_be in ways.items() if may_be]


def _of_text(told: Told) -> list[str]:
    """The same of a message with this very text; nothing but its end was sent where there was no recipient."""
    ways = {
        "data.eod-first": told.size == len(DOT),
        "data.eod-only": b"." in told.text,
        "data.not-commands": b"QUIT" in told.text,
    }
    return [name for name, may_be in ways.items() if may_be and told.said.verb == "end of data"]


def _of_recipients(count: int) -> list[str]:
    """The same of a conversation with so many recipients."""
    return ["data.partial"] * (count > 1) + ["rcpt.limit-order", "rcpt.100"] * (count > CROWD)


def _traits(told: Sequence[Told], failure: Failure, ended: str) -> list[str]:
    """The requirements of what is special, weightiest first."""
    last, before = told[-1], [one for one in told if one.client != LAST or told[-1].client == LAST]
    if not failure.afterwards:
        before = [one for one in before if one is not last]
    own = [one for one in before if one.client == last.client or failure.afterwards]
    clients = {one.client for one in told}
    found: list[str] = []
    if failure.afterwards:
        found += _of_mail(own, failure.what, ended)
    if not failure.afterwards and last.sense in REFUSED:
        found += [*last.said.parameters, *last.said.odd]
    found += _of_segments([*own, last], failure)
    if not failure.afterwards:
        survives = last.sense in (Sense.ACCEPTED, Sense.INTERMEDIATE)
        found += _of_past(own, last, survives)
    else:
        found += _of_errors(own)
    found += ["state.own"] * (len(clients - {LAST}) > 1)
    return found


def _of_segments(told: Sequence[Told], failure: Failure) -> list[str]:
    """What is broken by how it was sent."""
    found = []
    for one in reversed(told):
        verb = one.said.verb
        of_text = verb == "end of data"
        if one.cut and not (failure.afterwards and of_text):  # what is cut has to arrive whole by other rules
            found.append("bdat.split" if verb.startswith("BDAT") else "data.eod" if of_text else "line.split")
        if one.together > 1:
            group = [other for other in told if other.step == one.step and other.client == one.client]
            if any(other.said.verb.startswith("BDAT") for other in group):
                found.append("bdat.pipelined")
            elif any(other.said.verb == "end of data" for other in group):
                found.append("pipe.after-data")
            elif one is told[-1] and verb == "DATA":
                found.append("pipe.data-iff")
            else:
                found.append("pipe.refused" if any(other.sense in REFUSED for other in group[:-1]) else "pipe.group")
    return found


def _of_errors(before: Sequence[Told]) -> list[str]:
    """What says that a refusal changes nothing, of those that were met; the weightiest first."""
    refused = [one for at, one in enumerate(before) if one.sense in REFUSED and not _is_past(one, before[at + 1 :])]
    open_ = {Phase.SENDER, Phase.RECIPIENT, Phase.CHUNKS}
    ways: dict[str, Callable[[Told], bool]] = {
        "ehlo.refused-keeps": lambda one: one.said.verb in ("EHLO", "HELO"),
        "rcpt.refused-keeps": lambda one: one.said.verb == "RCPT" and bool(one.phases & open_),
        "mail.nested": lambda one: one.said.verb == "MAIL" and bool(one.phases & open_),
        "data.refused-goes-on": lambda one: one.said.verb == "DATA" and not one.said.wrong,
        "bdat.refused-eats": lambda one: one.said.verb.startswith("BDAT"),
        "data.after-refused": lambda one: one.said.verb == "end of data",
        "order.neutral": lambda one: one.said.verb in NEUTRAL and not one.said.wrong and bool(one.phases & open_),
        "order.error-keeps": lambda one: bool(one.phases & open_),
        "mail.refused-keeps": lambda one: one.said.verb == "MAIL",
        "rcpt.before-mail": lambda one: one.said.verb == "RCPT",
        "close.error": lambda one: True,
    }
    claimed: list[str] = []
    for one in refused:
        claimed += [next(name for name, fits in ways.items() if fits(one))]
    return sorted(claimed, key=list(ways).index)


def _is_past(refused: Told, later: Sequence[Told]) -> bool:
    """Whether a chunk was refused, and its octets thrown away: a transaction that begins later knows nothing of it."""
    begun = any(
        one.client == refused.client and (one.said.verb, one.sense) == ("MAIL", Sense.ACCEPTED) for one in later
    )
    return begun and refused.said.verb.startswith("BDAT")


def _of_past(own: Sequence[Told], last: Told, survives: bool) -> list[str]:
    """What is broken where an answer fits another past than the one that was."""
    found = _of_errors(own)
    taken = [one for one in own if one.sense is Sense.ACCEPTED]
    messages = sum(one.said.verb == "end of data" for one in taken)
    for one in reversed(taken):
        verb, within = one.said.verb, bool(one.phases & {Phase.SENDER, Phase.RECIPIENT, Phase.CHUNKS})
        if verb in ("EHLO", "HELO"):
            found += ["ehlo.resets"] * within
        elif verb == "RSET":
            chunks = Phase.CHUNKS in one.phases
            found.append("bdat.rset" if chunks else "rset.clears" if survives or within else "rset.keeps-ehlo")
        elif verb == "end of data":
            if survives and last.said.verb != "RCPT":  # it takes recipients alone
                found.append("order.no-carry")
            found.append("data.after" if survives or (last.said.verb == "MAIL" and messages == 1) else "order.messages")
        elif verb == "BDAT LAST":
            found.append("bdat.after-last" if last.said.verb.startswith("BDAT") else "order.messages")
        elif verb == "MAIL" and one.phases & {Phase.SENDER, Phase.RECIPIENT}:
            found.append("mail.nested")
        elif verb in NEUTRAL:  # no way leads over one, so it is there for its own sake
            found.insert(0, "order.neutral")
    if not survives and last.said.verb == "end of data" and max(map(len, last.text.split(b"\r\n"))) >= 900:
        found.append("data.line-1000")
    if last.sense in REFUSED:
        found += [name for one in reversed(own) for name in (*one.said.parameters, *one.said.odd)]
    return found


def _of_mail(own: Sequence[Told], what: str, ended: str) -> list[str]:
    """What is broken where the mail that was left behind is wrong."""
    verbs = [one.said.verb for one in own if one.sense is Sense.ACCEPTED]
    chunked = any(verb.startswith("BDAT") for verb in verbs)
    if what == "dots":
        return ["bdat.bytes" if chunked else "data.unstuff"]
    if what == "long":
        return ["bdat.bytes" if chunked else "data.line-1000-whole"]
    if what == "text":
        return [*(["bdat.rset"] if chunked and "RSET" in verbs else []), *(["bdat.bytes"] if chunked else [])]
    nested = any(one.said.verb == "MAIL" and one.phases & {Phase.SENDER, Phase.RECIPIENT} for one in own)
    if what in ("sender", "more recipients"):
        reset = ["rset.clears"] if "RSET" in verbs else []
        again = any(one.said.verb in ("EHLO", "HELO") and Phase.START not in one.phases for one in own)
        return ["mail.nested"] * nested + reset + ["ehlo.resets"] * again
    if what == "unwanted":
        return [UNWANTED_BDAT.get(ended, "bdat.lost") if chunked else UNWANTED.get(ended, "close.lost-data")]
    return []


def _how_it_ended(conversation: Conversation, told: Sequence[Told], at: int) -> str:
    """What ended a message that was not taken: a command, a refusal, an end cut short, or just the lost connection."""
    client = conversation[at].client
    for place in range(at, len(conversation)):
        if conversation[place].client == client and conversation[place].leave:
            return "a dot" if conversation[place].omitted in BEHIND_THE_DOT else ""
        for one in told:
            if one.step == place and one.client == client:
                if place == at and one.sense in REFUSED and one.said.verb in ("end of data", "BDAT", "BDAT LAST"):
                    return "refused"
                if place > at and one.sense is Sense.ACCEPTED and one.said.verb in UNWANTED:
                    return one.said.verb
    return "QUIT"
