"""What is plain and what is odd in a conversation, by which the search makes one smaller."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from conformance.rfc5321.search.conversation import LAST, Conversation, Part, Pick, Planner, Step, joined_up
from conformance.rfc5321.search.words import Book
from conformance.search.profile import Language

Picks = tuple[Pick, ...]


def language(book: Book) -> Language[Pick, Step]:
    """How conversations are made and made smaller, where these words are said."""
    planner = Planner(book)

    def odd(part: Part) -> frozenset[object]:
        if not part.line or part.line == b"BDAT":
            return frozenset()
        said = book.read(part.line)
        found: set[object] = {*said.parameters, *said.odd}
        found |= {(said.verb, "loose")} if said.loose else set()
        return frozenset(found | ({said.path} if said.verb == "MAIL" and said.path != book.sender else set()))

    def oddities(conversation: Conversation) -> frozenset[object]:
        return frozenset().union(*(odd(part) for step in conversation for part in step.parts))

    def size(conversation: Conversation) -> tuple[int, int, int]:
        """Its steps, one that is sent together counted as several; what is special in them; and their octets."""
        parts = [part for step in conversation for part in step.parts]
        together = [len(step.parts) for step in conversation if step.together and len(step.parts) > 1]
        special = len(parts) + len(together) + sum(bool(odd(part)) for part in parts)
        special += sum(bool(step.cut) + bool(step.leave) + (step.client not in (0, LAST)) for step in conversation)
        steps = len(conversation) + sum(together) - len(together)
        return steps, special, sum(len(part.line) + len(part.text) for part in parts)

    return Language(planner.plan, size, oddities, plainer, planner.closing, planner.visits, joined_up)


def plainer(best: Callable[[], Picks]) -> Iterator[Picks]:
    """Make one pick after the other plainer, in each way that there is.

    Args:
        best: gives the smallest that fails so far.
    """
    for client in {pick.client for pick in best()} - {0}:
        yield tuple(replace(pick, client=0) if pick.client == client else pick for pick in best())
    yield tuple(replace(pick, cut="") for pick in best())
    yield tuple(replace(pick, joined=False) for pick in best())
    for at in range(len(best())):
        yield from _in_one_step(best, at)
        ways: tuple[Callable[[Pick], Pick], ...] = (
            lambda pick: replace(pick, kind="forward", verb="") if pick.kind == "message" else pick,
            lambda pick: replace(pick, number=0),
            lambda pick: replace(pick, number=pick.number % 4),
            lambda pick: replace(pick, number=pick.number % 12),
            lambda pick: replace(pick, spelling="upper"),
            lambda pick: replace(pick, cut=""),
            lambda pick: replace(pick, joined=False),
            lambda pick: replace(pick, client=0),
        )
        for way in ways:
            if at < len(best()):
                yield (*best()[:at], way(best()[at]), *best()[at + 1 :])


def _in_one_step(best: Callable[[], Picks], at: int) -> Iterator[Picks]:
    """Have a plain message in one step instead of what leads to it in several."""
    for length in (6, 5, 4, 3, 2, 1):
        picks = best()
        own = [place for place in range(at, len(picks)) if picks[place].client == picks[at].client][:length]
        if len(own) < length or any(picks[place].kind in ("leave", "abandon") for place in own):
            continue
        *before, last = own
        whole = Pick(picks[last].client, "message", picks[last].number)
        yield tuple(whole if place == last else pick for place, pick in enumerate(picks) if place not in before)
