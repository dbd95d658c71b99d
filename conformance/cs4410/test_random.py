"""Random conversations: whatever the model can produce, sent in whatever segments, is answered as the model allows."""

import pytest

from conformance.cs4410.case import Case
from conformance.cs4410.search import player
from conformance.search import budget


@pytest.mark.places(3)
@pytest.mark.conversations(budget.EXAMPLES, budget.QUICK_EXAMPLES)
@pytest.mark.judges(*player.JUDGED)
def test_conversations(case: Case) -> None:
    """Clients say right and wrong things, cut, joined, interleaved: replies and mailbox are as the model allows."""
    # hypothesis takes long to import, and most workers run no search.
    from conformance.cs4410.search import run

    case.client("after-error").close()  # who answers nobody has no conversations
    run.run_conversations(case)


@pytest.mark.clock(2.6)
@pytest.mark.places(12)
@pytest.mark.judges(*player.JUDGED_BY_CLOCK)
def test_conversations_with_time_outs(case: Case) -> None:
    """A client is timed out in the middle of a conversation: it leaves nothing behind for those that go on."""
    from conformance.cs4410.search import run

    case.client("after-error").close()
    run.run_timed_conversations(case)
