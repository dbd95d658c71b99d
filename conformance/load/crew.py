"""The clients of a run: a few that are dedicated to the clock, and all others at full speed."""

from __future__ import annotations

from conformance.load.client import Client
from conformance.load.run import Run
from conformance.load.slow import Waiter
from conformance.load.talker import Talker


def crew(run: Run) -> list[Client]:
    """Make the clients; those that wait for their time-out are connected first."""
    options, dialogue = run.options, run.profile.dialogue
    waiters = [Waiter(run, dialogue(at, talks=False), at) for at in range(options.waiters)]
    return [*waiters, *(Talker(run, dialogue(at, talks=True)) for at in range(options.talkers))]
