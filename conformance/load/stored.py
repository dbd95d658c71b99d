"""What became of the messages: every acknowledged one is looked up where the server keeps it.

What is stored is read entry by entry, and of the messages only a fingerprint each is kept, on the disk.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from conformance import history
from conformance.history import Acknowledged, Fate
from conformance.load.profile import Breach, Nowhere, Rules, Store, Unreadable
from conformance.load.run import Run

AGAIN_AFTER = 2.0
"""Seconds that an entry has to get into its place."""


@dataclass
class Outcome:
    """What was found of a run's messages.

    Attributes:
        acknowledged: messages whose number was told.
        found: of these, how many stand there whole.
        unanswered: messages of ours that nobody was told of and that stand there all the same.
        foreign: entries of somebody else among them.
        wrong: for each fault how often, and the first entry.
    """

    acknowledged: int
    found: int = 0
    unanswered: int = 0
    foreign: int = 0
    wrong: dict[Breach, tuple[int, bytes]] = field(default_factory=dict)

    def blame(self, fault: Breach, raw: bytes) -> None:
        """Take down a fault."""
        count, first = self.wrong.get(fault, (0, raw))
        self.wrong[fault] = (count + 1, first)

    def keep_seen_before(self, before: Outcome) -> None:
        """Keep the faults that an earlier reading found as well: between two steps of a backup any one may mislead."""
        self.wrong = {fault: seen for fault, seen in self.wrong.items() if fault in before.wrong}


def _faults(rules: Rules) -> dict[Fate, Breach]:
    return {
        Fate.UNENDED: Breach(rules.no_trace, "a message that was never ended was delivered"),
        Fate.REFUSED: Breach(rules.refused or rules.no_trace, "a message that was refused was delivered"),
        Fate.STRAY: Breach(rules.stray or rules.whole, "a message was delivered to somebody whom it was not for"),
        Fate.DOUBLED: Breach(rules.doubled or rules.whole, "an entry stands there twice"),
        Fate.DISORDERED: Breach(rules.order, "an entry out of the order of the numbers"),
        Fate.ALTERED: Breach(rules.whole, "an entry is not what was sent under its number: cut, mixed or changed"),
        Fate.LOST: Breach(rules.lost or rules.whole, "an acknowledged message is lost"),
    }


def look_up(store: Store, acknowledged: Acknowledged, run: Run) -> Outcome:
    """Look up every acknowledged message of a run.

    Raises:
        Unreadable: what is stored cannot be read.
    """
    outcome = Outcome(len(acknowledged))
    faults = _faults(run.profile.rules)
    numbers = run.numbers
    for fate, number, entry in history.check(acknowledged, store.entries(), ordered=run.profile.numbered):
        if fate in faults:
            outcome.blame(faults[fate], entry.raw if entry else store.name(number).encode())
        elif fate is Fate.UNACKNOWLEDGED:
            outcome.unanswered += 1
        elif fate is Fate.FOREIGN:
            outcome.foreign += numbers.lowest <= number <= numbers.highest
        elif entry:
            outcome.found += 1
            for fault in entry.faults:
                outcome.blame(fault, entry.raw)
    if run.profile.numbered and (more := outcome.unanswered - numbers.unanswered) > 0:
        fault = Breach(run.profile.rules.whole, "a message stands there more often than it was acknowledged")
        outcome.blame(fault, b"%d more" % more)
    return outcome


def judge(store: Store, acknowledged: Acknowledged, run: Run) -> Outcome | None:
    """Look everything up when the files are at rest, and take down what is wrong.

    Args:
        store: where the messages are.
        acknowledged: what has to be there.
        run: the run, which is over.

    Returns:
        What was found; None where it cannot be read.
    """
    try:
        store.settle()
        outcome = look_up(store, acknowledged, run)
        if outcome.wrong:
            time.sleep(AGAIN_AFTER)
            store.settle()
            first, outcome = outcome, look_up(store, acknowledged, run)
            outcome.keep_seen_before(first)
    except Nowhere as error:
        run.note(str(error))
        return None
    except (Unreadable, OSError) as error:
        run.findings.add(run.profile.rules.readable, "the mailbox cannot be read", "mailbox", str(error))
        return None
    for fault, (count, raw) in outcome.wrong.items():
        run.findings.add(fault.rule, fault.what, "", raw.decode("latin-1"), count=count)
    return outcome
