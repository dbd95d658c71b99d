"""What is plain and what is odd in a conversation, by which the search makes one smaller."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from conformance.cs4410.lines import AWKWARD_ADDRESSES, AWKWARD_HOSTS
from conformance.cs4410.search import words
from conformance.cs4410.search.conversation import (
    LAST,
    Conversation,
    Line,
    Pick,
    Step,
    closing,
    joined_up,
    lines,
    plan,
    visits,
)
from conformance.cs4410.search.words import CRLF
from conformance.search.profile import Language

PLAIN_LENGTH = 62
"""Bytes of a line that is not long in this sense."""
RIGHT = ("helo", "mail", "rcpt", "data")
"""The kinds of lines that are right commands: of others it is known what is odd."""
SPELLED = ("case.verbs", "space.spaces", "space.after-colon")
"""What is odd in the spelling of a command rather than in its argument."""
BLANKS = (b" ", b"\t")
Picks = tuple[Pick, ...]


def odd(line: Line) -> frozenset[str]:
    """The requirements of what is odd in how a right command is written; nothing of another line."""
    if line.kind not in RIGHT:
        return frozenset()
    text = line.data.removesuffix(CRLF)
    has_path = line.kind in ("mail", "rcpt")
    start, rest = text.split(b":", 1) if has_path else (text.strip()[:4], text.strip()[4:])
    argument = rest.strip().decode("latin-1")
    oddities = {
        "case.verbs": start != start.upper(),
        "space.spaces": b"  " in text or b"\t" in text or text != text.strip(),
        "space.after-colon": has_path and not rest.startswith(BLANKS),
        "line.length": len(line.data) >= PLAIN_LENGTH,
        "helo.hosts": line.kind == "helo" and argument in AWKWARD_HOSTS.values(),
        "address.characters": has_path and argument in AWKWARD_ADDRESSES.values(),
    }
    return frozenset(name for name, shows in oddities.items() if shows)


def oddities(conversation: Conversation) -> frozenset[object]:
    """What is odd in a conversation; a server may take a spelling of one command and not that of another."""
    said = lines(conversation)
    return frozenset((name, line.kind if name in SPELLED else "") for line in said for name in odd(line))


def size(conversation: Conversation) -> tuple[int, int, int]:
    """How long a conversation is: its steps, then what is special in how they are sent, then their bytes."""
    special = sum(bool(step.cut) + step.joined + (step.client not in (0, LAST)) for step in conversation)
    special += sum(bool(odd(line)) for line in lines(conversation))
    return len(conversation), special, sum(len(part) for step in conversation for part in (*step.parts, step.rest))


def plainer(best: Callable[[], Picks]) -> Iterator[Picks]:
    """Make one pick after the other plainer, in each way that there is.

    Args:
        best: gives the smallest that fails so far.
    """
    for client in {pick.client for pick in best()} - {0}:
        yield tuple(replace(pick, client=0) if pick.client == client else pick for pick in best())
    for at in range(len(best())):
        yield from _in_one_step(best, at)
        ways: tuple[Callable[[Pick], Pick], ...] = (
            lambda pick: replace(pick, kind="forward", template="", spelling=words.PLAIN),
            lambda pick: replace(pick, number=0),
            lambda pick: replace(pick, number=pick.number % 4),
            lambda pick: replace(pick, number=pick.number % 10),
            lambda pick: replace(pick, spelling=words.PLAIN),
            lambda pick: replace(pick, cut=""),
            lambda pick: replace(pick, joined=False),
            lambda pick: replace(pick, client=0),
        )
        for way in ways:
            if at < len(best()):
                plainer = way(best()[at])
                if plainer.kind != "forward" or best()[at].kind in ("forward", "right", "message", "long"):
                    yield (*best()[:at], plainer, *best()[at + 1 :])


def _in_one_step(best: Callable[[], Picks], at: int) -> Iterator[Picks]:
    """Have a plain message, or one that is abandoned, in one step instead of what leads to it in several.

    What other clients do in between stays: a message that is sent around another one needs no more than its begin.
    """
    for length in (6, 5, 4, 3, 2, 1):
        picks = best()
        own = [place for place in range(at, len(picks)) if picks[place].client == picks[at].client][:length]
        if len(own) < length or any(picks[place].kind == "wait" for place in own):
            continue
        *before, last = own
        if picks[last].kind == "leave":
            whole = replace(picks[last], kind="abandon")
        elif any(picks[place].kind in ("abandon", "leave") for place in own):
            continue
        else:
            whole = Pick(picks[last].client, "message")
        yield tuple(whole if place == last else pick for place, pick in enumerate(picks) if place not in before)


LANGUAGE: Language[Pick, Step] = Language(plan, size, oddities, plainer, (closing(),), visits, joined_up)
