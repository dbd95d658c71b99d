"""What hypothesis draws: the steps of a conversation, whose meaning `conversation.Planner` gives them.

A step means as much as it can in whatever state the client's session is, so that any of them can be left out. How often
something stands in a list is how often it is drawn.
"""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from conformance.rfc5321.search.conversation import AT_ONCE, Pick
from conformance.rfc5321.search.words import CUTS, NUMBERS, SPELLINGS

_WHAT = (
    *[Pick()] * 34,
    *[Pick(kind="message")] * 9,
    *[Pick(kind="say", verb=verb) for verb in ("EHLO", "MAIL", "RCPT", "DATA", "RSET", "RSET")] * 3,
    *[Pick(kind="say", verb="RCPT")] * 14,
    *[
        Pick(kind="say", verb=verb)
        for verb in ("HELO", "NOOP", "NOOP", "NOOP", "NOOP", "NOOP", "VRFY", "EXPN", "HELP", "QUIT")
    ],
    *[Pick(kind="say", verb=verb, spelling=how) for verb in ("EHLO", "MAIL", "RCPT", "DATA") for how in SPELLINGS[1:]],
    *[Pick(kind="forward", spelling=how) for how in SPELLINGS[1:]] * 2,
    *[Pick(kind="wrong")] * 18,
    *[Pick(kind="chunk")] * 15,
    *[Pick(kind="leave", how=how) for how in ("close", "reset")],
    *[Pick(kind="abandon", how=how) for how in ("close", "close", "reset")],
)
_CLIENTS = (*[0] * 6, *range(1, AT_ONCE))
_SENT = (*[("", False)] * 34, *[("", True)] * 16, *[(cut, False) for cut in CUTS], *[(cut, True) for cut in CUTS[::2]])
_BY_WHOM_AND_HOW = [(client, cut, joined) for client in _CLIENTS for cut, joined in _SENT]


def _pick(drawn: tuple[Pick, int, tuple[int, str, bool]]) -> Pick:
    what, number, (client, cut, joined) = drawn
    return replace(what, client=client, number=number, cut=cut, joined=joined)


_NUMBERS = st.sampled_from((*range(6), *range(6), *range(6), *range(NUMBERS + 1)))  # for integers it prefers few
_PICKS = st.tuples(st.sampled_from(_WHAT), _NUMBERS, st.sampled_from(_BY_WHOM_AND_HOW)).map(_pick)


def conversations() -> SearchStrategy[tuple[Pick, ...]]:
    """The steps of conversations of one or two dozen steps."""
    # Nested, because a list of hypothesis's has few elements on average.
    return st.lists(st.lists(_PICKS, min_size=1, max_size=8), min_size=1, max_size=8).map(
        lambda some: tuple(pick for picks in some for pick in picks)
    )
