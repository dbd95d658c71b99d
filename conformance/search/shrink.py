"""Makes what was drawn smaller for as long as it fails: fewer steps first, then plainer ones.

hypothesis draws, but its own shrinker tries single choices by the thousand, and every try here is a conversation with
a server. Delta debugging on whole steps comes to the same end with a tenth of the tries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from conformance.search import words
from conformance.search.conversation import Conversation, Pick, plan, size

Picks = tuple[Pick, ...]


def shrink(picks: Sequence[Pick], fails: Callable[[Conversation], bool], waits: int = 0) -> Picks:
    """Make a failing conversation smaller until nothing can be left out or be plainer.

    Args:
        picks: what was drawn; what is planned from it fails.
        fails: whether a conversation fails; each is asked for once.
        waits: how many time-outs may be waited for.

    Returns:
        The smallest picks that fail.
    """
    best = tuple(picks)
    tried: dict[Conversation, bool] = {plan(best, waits): True}
    smallest = size(plan(best, waits))

    def better(candidate: Picks) -> bool:
        nonlocal best, smallest
        conversation = plan(candidate, waits)
        if (candidate == best) or size(conversation) > smallest:
            return False
        if conversation not in tried:
            tried[conversation] = fails(conversation)
        if tried[conversation]:
            best, smallest = candidate, size(conversation)
        return tried[conversation]

    changed = True
    while changed:
        before = best
        _leave_out(lambda: best, better)
        for candidate in _plainer(lambda: best):
            better(candidate)
        changed = best != before
    return best


def _leave_out(best: Callable[[], Picks], better: Callable[[Picks], bool]) -> None:
    """Leave out runs of picks, long ones first, from the end."""
    length = len(best())
    while length:
        at = len(best()) - length
        while at >= 0:
            better((*best()[:at], *best()[at + length :]))
            at = min(at, len(best())) - length
        if at + length > 0:
            better(best()[at + length :])
        length //= 2


def _plainer(best: Callable[[], Picks]) -> Iterator[Picks]:
    """Make one pick after the other plainer, in each way that there is."""
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
