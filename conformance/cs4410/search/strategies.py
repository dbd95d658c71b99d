"""What hypothesis draws: the steps of a conversation, whose meaning `conversation.plan` gives them.

A step means as much as it can in whatever state the client's session is, so that any of them can be left out. How often
something stands in a list is how often it is drawn.
"""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from conformance.cs4410.search.conversation import Pick
from conformance.cs4410.search.words import NUMBERS, SPELLINGS, WRONG_LINES
from conformance.search.cuts import CUTS

_WHAT = (
    *[Pick()] * 26,
    *[Pick(kind="message")] * 11,
    *[Pick(kind="right", template=verb) for verb in ("HELO", "MAIL", "RCPT", "DATA")] * 2,
    *[Pick(spelling=spelling) for spelling in SPELLINGS],
    *[Pick(kind="right", template="RCPT", spelling=spelling) for spelling in SPELLINGS[:6]],
    *[Pick(kind="line", template=line) for line in WRONG_LINES],
    *[Pick(kind="stumble")] * 11,
    *[Pick(kind="long")] * 9,
    *[Pick(kind="leave", how=how) for how in ("close", "reset", "half_close", "half_close")],
    *[Pick(kind="abandon", how=how) for how in ("close", "reset", "half_close")],
)
_CLIENTS = (0, 0, 0, 0, 0, 0, 0, 1, 1, 2)
_SENT = (*[("", False)] * 28, *[("", True)] * 7, *[(cut, False) for cut in CUTS[1:]])
_BY_WHOM_AND_HOW = [(client, cut, joined) for client in _CLIENTS for cut, joined in _SENT]


def _pick(drawn: tuple[Pick, int, tuple[int, str, bool]]) -> Pick:
    what, number, (client, cut, joined) = drawn
    return replace(what, client=client, number=number, cut=cut, joined=joined)


_picks = st.tuples(st.sampled_from(_WHAT), st.integers(0, NUMBERS), st.sampled_from(_BY_WHOM_AND_HOW)).map(_pick)
_waits = st.sampled_from((0, 0, 0, 1)).map(lambda client: Pick(client, "wait"))


def conversations() -> SearchStrategy[tuple[Pick, ...]]:
    """The steps of conversations of a few dozen steps."""
    # Nested, because a list of hypothesis's has few elements on average.
    return st.lists(st.lists(_picks, min_size=1, max_size=10), min_size=1, max_size=10).map(
        lambda some: tuple(pick for picks in some for pick in picks)
    )


def timed_conversations() -> SearchStrategy[tuple[Pick, ...]]:
    """The steps of short conversations in which one client is timed out, mostly in the middle of a message."""
    return st.tuples(
        st.lists(_picks, max_size=4),
        st.sampled_from((3, 4, 2, 3, 4, 1, 0)),
        st.lists(_picks, max_size=4),
        _waits,
        st.lists(_picks, max_size=8),
    ).map(_timed)


def _timed(drawn: tuple[list[Pick], int, list[Pick], Pick, list[Pick]]) -> tuple[Pick, ...]:
    before, forward, between, wait, after = drawn
    return (*before, *[Pick(wait.client)] * forward, *between, wait, *after)
