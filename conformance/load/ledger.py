"""What clients on several machines write down, and what it says when it is put together in one place.

A worker keeps a `Ledger`, and sends away now and then what it has; the master keeps the `Books` of them all, so that a
number that was given on two machines is seen, and a message that was lost of either.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from conformance.history import Acknowledged, Numbers
from conformance.load import closing, stored
from conformance.load.findings import Finding, Findings
from conformance.load.profile import Delivery, Profile, Store
from conformance.load.run import Run
from conformance.load.stored import Outcome

MOST_GREETINGS = 8
MOST_SPANS = 2**18
"""Spans of numbers that the books keep, for of each machine they hear only now and then."""


class Ledger:
    """What the clients of one process write down.

    Args:
        profile: what they talk about; None where nobody talks.
        secrets: what no transcript may have.

    Attributes:
        acknowledged: messages whose number was told.
        unanswered: messages that were ended, and whose number nobody heard.
        greetings: with which words the server greeted, a few of them.
        findings, notes: as a run has them.
    """

    def __init__(self, profile: Profile | None = None, secrets: tuple[bytes, ...] = ()) -> None:
        self._profile, self._secrets = profile, secrets
        self.greetings: set[bytes] = set()
        self._clear()

    def _clear(self) -> None:
        self.acknowledged: list[Delivery] = []
        self.unanswered = 0
        self.findings = Findings()
        self.findings.secrets = self._secrets
        self.notes: dict[str, int] = {}

    def greet(self, text: bytes) -> None:
        """Take down a greeting."""
        if len(self.greetings) < MOST_GREETINGS:
            self.greetings.add(text)

    def note(self, text: str) -> None:
        """Take down what is no error."""
        self.notes[text] = self.notes.get(text, 0) + 1

    def take(self, last: bool = False) -> dict[str, Any]:
        """All that there is, as plain data, and forget it.

        Args:
            last: whether nothing more will come.
        """
        told = {
            "last": last,
            "acknowledged": [list(one) for one in self.acknowledged],
            "unanswered": self.unanswered,
            "greetings": [text.decode("latin-1") for text in self.greetings],
            "findings": [vars(one) for one in self.findings],
            "notes": self.notes,
            "own": self._profile.take() if self._profile else [],
        }
        self._clear()
        return told


class Books:
    """The ledgers of all processes.

    Args:
        run: what is judged by, and where acknowledged messages are written down.

    Attributes:
        greeted: whether the server greeted anybody.
        missing: the processes that have sent something, or are expected to, and not their last.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self.greeted = False
        self.missing: set[str] = set()
        run.numbers = Numbers(MOST_SPANS)

    def enter(self, told: Mapping[str, Any], whose: str) -> None:
        """Enter what `Ledger.take` gave.

        Args:
            told: what it gave.
            whose: the process, as its name.
        """
        run = self.run
        if told["last"]:
            self.missing.discard(whose)
        else:
            self.missing.add(whose)
        for text in told["greetings"]:
            self.greeted = True
            run.profile.dialogue(0, talks=False).begin(text.encode("latin-1"))
        run.profile.enter(told["own"])
        run.numbers.unanswered += told["unanswered"]
        for number, fingerprint in told["acknowledged"]:
            if wrong := run.delivered(Delivery(number, fingerprint), floor=-1):
                run.findings.add(run.profile.rules.numbers, wrong, "a number of its own", f"number {number}")
        for one in told["findings"]:
            run.findings.merge(Finding(**one))
        for text, times in told["notes"].items():
            for _ in range(times):
                run.note(text)

    def expect(self, processes: Iterable[str]) -> None:
        """Miss these until they have sent their last."""
        self.missing.update(processes)

    def close(self, store: tuple[Store, Acknowledged] | None) -> Outcome | None:
        """Judge what there is: the numbers, and where the messages can be read what became of them.

        Where a process is missing neither is, for nobody knows what it was told.

        Args:
            store: where they can be, and what has to be there; or None.

        Returns:
            What was found there.
        """
        if self.missing:
            self.run.note("a worker is lost, and what it was told with it, so that no message is looked up")
            return None
        outcome = stored.judge(*store, self.run) if store else None
        closing.judge_numbers(self.run, outcome)
        return outcome
