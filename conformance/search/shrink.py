"""Makes what was drawn smaller for as long as it fails: fewer steps first, then plainer ones.

hypothesis draws, but its own shrinker tries single choices by the thousand, and every try here is a conversation with
a server. Delta debugging on whole steps comes to the same end with a tenth of the tries.
"""

from __future__ import annotations

from collections.abc import Callable

from conformance.search.failure import Failure, Step
from conformance.search.profile import Language, Pick


def shrink(
    picks: tuple[Pick, ...],
    failure: Failure,
    fails: Callable[[tuple[Step, ...]], Failure | None],
    language: Language[Pick, Step],
) -> tuple[tuple[Pick, ...], Failure]:
    """Make a failing conversation smaller until nothing can be left out or be plainer.

    What is odd in it can only become less: an oddity that came with shrinking would fail for a reason of its own.

    Args:
        picks: what was drawn; what is planned from it fails.
        failure: how that does.
        fails: how a conversation fails, if it does; each is asked for once.
        language: what conversations are made of.

    Returns:
        The smallest picks that fail, and how they do.
    """
    best, whole = picks, language.plan(picks)
    tried: dict[tuple[Step, ...], Failure | None] = {whole: failure}
    smallest, odd = language.size(whole), language.oddities(whole)

    def better(candidate: tuple[Pick, ...]) -> None:
        nonlocal best, failure, smallest, odd
        conversation = language.plan(candidate)
        size, oddities = language.size(conversation), language.oddities(conversation)
        if candidate == best or size > smallest or not oddities <= odd:
            return
        if conversation not in tried:
            tried[conversation] = fails(conversation)
        if failed := tried[conversation]:
            best, failure, smallest, odd = candidate, failed, size, oddities

    changed = True
    while changed:
        before = best
        _leave_out(lambda: best, better)
        for candidate in language.plainer(lambda: best):
            better(candidate)
        changed = best != before
    return best, failure


def _leave_out(best: Callable[[], tuple[Pick, ...]], better: Callable[[tuple[Pick, ...]], None]) -> None:
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
