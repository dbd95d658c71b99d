"""Runs one conversation on the server and says how it failed, if it did."""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import replace
from functools import partial

from conformance.cs4410.case import Case
from conformance.cs4410.dialect import Dialect
from conformance.cs4410.entries import SOON
from conformance.cs4410.mailbox import Entry, Folder, Unreadable
from conformance.cs4410.search import replay
from conformance.cs4410.search.blame import ALIVE, START, WHOLE, cause_of
from conformance.cs4410.search.conversation import Conversation, Step
from conformance.cs4410.search.history import Differs, History
from conformance.cs4410.search.performance import Performance
from conformance.cs4410.search.plainness import LANGUAGE
from conformance.cs4410.search.replay import Play
from conformance.cs4410.search.talker import Stage
from conformance.harness.client.scene import Scene
from conformance.harness.server.pace import Pace
from conformance.harness.server.patience import Patience
from conformance.harness.server.target import Server
from conformance.harness.settings import Settings
from conformance.harness.verdict.ledger import Ledger
from conformance.harness.verdict.verdict import Blocked, Broken, Record, Void
from conformance.harness.wire.connection import WireError
from conformance.harness.wire.transcript import Transcript
from conformance.search.budget import Hasty
from conformance.search.failure import Cause, Failure, Found, Script
from conformance.search.profile import Unserved
from conformance.search.served import Served

JUDGED = (
    "recover", "line.split", "line.joined", "line.length", "line.too-long", "line.empty-harmless",
    "half-close.answered", "half-close.delivered", "case.verbs", "case.arguments", "space.spaces", "unknown", "syntax",
    "syntax.boundary", "helo", "helo.hosts", "helo.once", "helo.duplicate", "helo.first-stays", "mail", "mail.nested",
    "mail.first-stays", "sender.refused", "rcpt", "rcpt.lines", "recipient.refused", "recipient.not-kept",
    "address.characters", "order.mail", "order.rcpt", "order.data", "order.no-trace", "reply.one", "data", "end.dot",
    "end.empty", "delivered", "after.forgets", "bytes", "mailbox.entry", "mailbox.soon", "mailbox.whole",
    "mailbox.no-trace", "numbers", "numbers.file", "pool.no-influence",
)  # fmt: skip
"""What conversations without a finding have judged, the main one first."""
JUDGED_BY_CLOCK = ("time.no-trace", "time.out", "time.reply", "time.close")
"""What those in which clients are timed out judge beside it."""
SAME_IN_ALL = ("form", "case", "number", "host", "recipients")
"""What may be wrong with every entry, which still tells whose it is, and what its body is."""
ENDING = 0.2
"""Seconds in which a server that failed is seen to end."""
UNGREETED = ("greeting", "pool.32", "pool.33rd", "pool.frees")
"""What a client that is not greeted leads to: judged by cases of their own, not here."""


class Player(Served[Step]):
    """Runs conversations on one server.

    Args:
        server: the server under test.
        settings: the options of the run; the server's time limit is among them.
        dialect: the words.
        ledger: the requirements.
        name: the case's id.
        alone: whether nobody else delivers to this server.
        counts: whether nobody else is to deliver during a conversation; not if it waits.

    Attributes:
        last: how the last conversation was run.
        judges_mailbox: whether mailbox and numbers are judged.
        usual: what is wrong with every entry, as keys of `mailbox.differences`.
    """

    language = LANGUAGE

    def __init__(
        self,
        server: Server,
        settings: Settings,
        dialect: Dialect,
        ledger: Ledger,
        name: str,
        alone: bool,
        counts: bool = True,
    ) -> None:
        super().__init__(server)
        self.alone = alone
        self._counts = counts
        self.last = Play()
        self.judges_mailbox = True
        self.usual: set[str] = set()
        self._settings = settings
        self._dialect = dialect
        self._ledger = ledger
        self._name = name
        self._history = History(None)
        self._server_start = -1

    def script(self) -> Script:
        """How the last conversation was run."""
        return partial(replay.script, play=self.last, dialect=self._dialect, time_limit=self._settings.time_limit)

    def cause(self, conversation: Conversation, failure: Failure, shrunk: bool) -> Cause:
        """Put a failure down to a requirement, as `blame.cause_of` does."""
        return cause_of(conversation, failure, self._ledger, shrunk)

    def learn(self, found: Found[Step]) -> None:
        """Judge no more what is wrong whatever is said: a part of the entries, or all of the mailbox, if it is lost."""
        failure, plainest = found.failure, found.conversation == LANGUAGE.closing
        if failure.what in SAME_IN_ALL and plainest:
            self.usual.add(failure.what)
        elif failure.afterwards and (found.needs_nothing or (plainest and failure.requirement == "mailbox.soon")):
            self.judges_mailbox = False

    def play(
        self,
        conversation: Conversation,
        health: Patience,
        fresh: bool = False,
        transcript: Transcript | None = None,
        linger: float = 0.0,
    ) -> Failure | None:
        """Run a conversation; an empty one judges the server as it is.

        The arguments are those of the search's `Player.play`.

        Raises:
            Unserved: a client was not greeted.
            Unreachable: the server does not start again.
            Void: the suite itself spoiled it.
        """
        if not fresh and (ended := self._ended(0.0)):
            # It ended when its last clients had left already.
            return _end(ended, 0)
        self._prepare(fresh)
        record = Record(self._name, "", (*JUDGED, *JUDGED_BY_CLOCK), self._ledger)
        record.transcript = transcript or record.transcript
        case = Case(Scene(record, self.server, self._settings, health), self._dialect)
        pace = health.pace if isinstance(health, Hasty) else Pace()
        stage = Stage(case, pace, self._history)
        performance = Performance(stage, conversation if self.alone else _answered(conversation))
        chatty = self.server.manners.chatty
        try:
            with case.counting() if self._counts else nullcontext():
                performance.run()
                if not (ended := self._ended(linger)):
                    self._judge_mailbox(case, pace)
                    self.past.append(conversation)
                    return None
            failure = _end(ended, performance.at)
        except (Broken, Blocked) as error:
            rule, reason, expected, actual = error.finding
            if rule in UNGREETED and not self.server.ended(ENDING):
                raise Unserved("the server greets nobody any more") from None
            what = error.what if isinstance(error, Differs) else ""
            failure = _failure(rule, reason, expected, actual, performance.at, what, performance.over)
        except WireError as error:
            failure = Failure("recover", str(error), "a reply", str(error), performance.at)
        except Void:
            self._server_start = -1
            raise
        finally:
            case.close()
            # What else it says after some past must not make every other case listen longer.
            self.server.manners.chatty = chatty
            self.connections += record.transcript.connections
            self.last = Play(
                tuple(stage.actions),
                tuple(one.message for one in self._history.told),
                performance.over and not self._history.unanswered,
                performance.over,
                linger,
            )
        self._server_start = -1
        if ended := self._ended(ENDING):
            return _end(ended, performance.at)
        return failure

    def _prepare(self, fresh: bool) -> None:
        starts = getattr(self.server, "starts", 0)
        self.server.prepare(fresh and self.can_restart)
        self.server.connections_before = self.server.connections
        if not self.alone:
            self._history = History(None)
        elif getattr(self.server, "starts", 0) != starts or self.server.connections == 0:
            self._history = History(0)
        elif self._server_start != starts:
            # What became of the deliveries before is not known: begin with what the mailbox holds.
            self._history = History(None)
        self._server_start = getattr(self.server, "starts", 0)
        if self._server_start != starts:
            self._begin_anew()

    def _judge_mailbox(self, case: Case, pace: Pace) -> None:
        history = self._history
        if not self.judges_mailbox:
            self._history = History(None)
            return
        if not self._counts:
            # Others send from the same addresses meanwhile.
            history.begun.clear()
        history.judge_numbers()
        if self.alone:
            history.judge_gaps()
        if self.server.store is None:
            history.settle([])
            return
        entries = self._entries(case, case.inbox.folder, pace)
        history.judge_entries(entries, self.alone, self.usual)
        if self.alone:
            history.settle(entries)

    def _entries(self, case: Case, folder: Folder, pace: Pace) -> list[Entry]:
        """What the mailbox holds as soon as it holds all that was told of, or when the time for that is over."""
        began = time.monotonic()
        deadline = began + self._soon(case.patience, SOON)
        while True:
            late = time.monotonic() > deadline
            if late:
                pace.add("no entry", time.monotonic() - began)
            try:
                entries = folder.entries()
                if late:
                    return entries
                if self._history.complete(entries):
                    break
            except Unreadable as error:
                if late:
                    raise case.breach(START, f"the mailbox cannot be read: {error}", "mailbox", str(error)) from None
            time.sleep(0.01)
        waited = time.monotonic() - began
        pace.add("entry", waited)
        self._slowest = max(self._slowest, waited)
        return entries


def _answered(conversation: Conversation) -> Conversation:
    """The same without messages that are delivered after their client left: others count deliveries."""
    return tuple(replace(step, leave="half_close") if step.leave and step.parts else step for step in conversation)


def _end(ended: str, step: int) -> Failure:
    return _failure(ALIVE, ended, "the server goes on", "it ended", step)


def _failure(
    rule: str, reason: str, expected: str, actual: str, step: int, what: str = "", afterwards: bool = False
) -> Failure:
    alone = rule in (ALIVE, START, WHOLE)
    return Failure(rule, reason, expected, actual, step, what, afterwards, rule == ALIVE, alone)
