"""The clients of a conversation take its steps, each in its turn."""

from __future__ import annotations

from conformance.cs4410.search.conversation import Conversation, Step
from conformance.cs4410.search.talker import Astray, Stage, Talker


class Performance:
    """The clients of one conversation while it is run.

    Args:
        stage: what they share.
        conversation: the steps.

    Attributes:
        at: the place of the step that is taken.
        over: whether all steps were taken.
    """

    def __init__(self, stage: Stage, conversation: Conversation) -> None:
        self._stage = stage
        self._conversation = conversation
        self._talkers: dict[int, Talker] = {}
        self._unsent: dict[int, list[bytes]] = {}
        self._astray: set[int] = set()
        self.at = 0
        self.over = False

    def run(self) -> None:
        """Take all steps."""
        for place, step in enumerate(self._conversation):
            self.at = place
            if step.client in self._astray:
                continue
            try:
                self._take(step)
            except Astray:
                self._drop(step.client)
                self._astray.add(step.client)
        for client in self._talkers.values():
            client.forsake()
        self.over = True

    def _take(self, step: Step) -> None:
        if step.client not in self._talkers:
            self._talkers[step.client] = Talker(self._stage, step.client)
        talker = self._talkers[step.client]
        following = self._conversation[self.at + 1 :]
        next_own = next((one for one in following if one.client == step.client), None)
        unsent = self._unsent.pop(step.client, [])
        if step.joined and len(step.parts) == 1 and next_own and next_own.parts and not next_own.leave:
            self._unsent[step.client] = [*unsent, *step.parts]
        elif step.waits:
            for other in set(self._talkers) - {step.client}:
                self._drop(other)
            talker.time_out()
            self._drop(step.client)
        elif step.leave:
            talker.depart(step)
            self._drop(step.client)
        else:
            talker.say(step, unsent)

    def _drop(self, number: int) -> None:
        self._unsent.pop(number, None)
        if talker := self._talkers.pop(number, None):
            talker.close()
