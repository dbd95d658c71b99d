"""Random conversations: whatever the model can produce, sent in whatever segments, is answered as the model allows."""

import pytest

from conformance.rfc5321.case import Case
from conformance.rfc5321.search import player


@pytest.mark.places(0)
@pytest.mark.conversations(player.EXAMPLES, player.QUICK_EXAMPLES)
@pytest.mark.judges(*player.JUDGED)
def test_conversations(case: Case) -> None:
    """Clients say right and wrong things, cut, joined, interleaved: replies and mail are as RFC 5321 lets them be."""
    # hypothesis takes long to import, and most workers run no search.
    from conformance.rfc5321.search import run

    run.run_conversations(case)
