"""The clients of a conversation take its steps, each in its turn."""

from __future__ import annotations

from conformance.cs4410.case import Case
from conformance.harness.server.pace import Pace
from conformance.search.conversation import Conversation, Step
from conformance.search.history import History
from conformance.search.talker import Action, Astray, Talker


class Performance:
    """The clients of one conversation while it is run.

    Args:
        case: where what they find goes.
        pace: where it is written down how long they were kept waiting.
        history: where their messages are written down.
        conversation: the steps.

    Attributes:
        at: the place of the step that is taken.
        over: whether all steps were taken.
        actions: what the clients did, in order.
    """

    def __init__(self, case: Case, pace: Pace, history: History, conversation: Conversation) -> None:
        self._case = case
        self._pace = pace
        self._history = history
        self._conversation = conversation
        self._talkers: dict[int, Talker] = {}
        self._held: dict[int, list[bytes]] = {}
        self._astray: set[int] = set()
        self.at = 0
        self.over = False
        self.actions: list[Action] = []

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
            self._talkers[step.client] = self._new(step.client)
        talker = self._talkers[step.client]
        following = self._conversation[self.at + 1 :]
        next_own = next((one for one in following if one.client == step.client), None)
        held = self._held.pop(step.client, [])
        if step.joined and len(step.parts) == 1 and next_own and next_own.parts and not next_own.leave:
            self._held[step.client] = [*held, *step.parts]
        elif step.waits:
            for other in set(self._talkers) - {step.client}:
                self._drop(other)
            talker.time_out()
            self._drop(step.client)
        elif step.leave:
            talker.depart(step)
            self._drop(step.client)
        else:
            talker.say(step, held)

    def _new(self, number: int) -> Talker:
        talker = Talker(self._case, self._case.words_of(len(self._case.clients)))
        talker.history, talker.pace = self._history, self._pace
        talker.number, talker.actions = number, self.actions
        self._case.clients.append(talker)
        talker.open()
        return talker

    def _drop(self, number: int) -> None:
        self._held.pop(number, None)
        if talker := self._talkers.pop(number, None):
            talker.forsake()
            talker.close()
