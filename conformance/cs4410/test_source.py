"""The source, where it is given: what the pool is built from."""

import pytest

from conformance.cs4410 import source
from conformance.cs4410.case import Case


@pytest.mark.judges("pool.primitives")
def test_primitives(case: Case) -> None:
    """The source imports no queue, multiprocessing, executor or ready-made server, and starts no bare threads."""
    found = source.forbidden(case.source_files())
    case.expect(not found, "pool.primitives", "not permitted", "Thread, Lock, Semaphore, Condition", "\n".join(found))


@pytest.mark.judges("pool.other-primitives")
def test_other_primitives(case: Case) -> None:
    """The source does without Event, Timer and Barrier, because the handout names four primitives."""
    if found := source.doubtful(case.source_files()):
        case.find_if_judged(
            "pool.other-primitives", "not named by the handout", "Thread, Lock, Semaphore, Condition", "\n".join(found)
        )
