"""Runs one conversation on the server and says how it failed, if it did."""

from __future__ import annotations

import time
from functools import partial

from conformance.harness.client.scene import Scene
from conformance.harness.server.pace import Pace
from conformance.harness.server.patience import Patience
from conformance.harness.verdict.verdict import Blocked, Broken, Record, Skipped, Void
from conformance.harness.wire.connection import WireError
from conformance.harness.wire.transcript import Transcript
from conformance.rfc5321 import envelope
from conformance.rfc5321.case import Case
from conformance.rfc5321.kind import ARRIVES
from conformance.rfc5321.message import tells_of
from conformance.rfc5321.search import replay
from conformance.rfc5321.search.blame import ALIVE, LEFT, MailFailure, cause_of
from conformance.rfc5321.search.conversation import AT_ONCE, LAST, Conversation, Pick, Step
from conformance.rfc5321.search.performance import perform
from conformance.rfc5321.search.plainness import language
from conformance.rfc5321.search.post import Differs, Draft, Post, differs
from conformance.rfc5321.search.replay import Play
from conformance.rfc5321.search.stage import Calm, Stage
from conformance.rfc5321.search.words import Book
from conformance.search.budget import Hasty
from conformance.search.failure import Cause, Failure, Found, Script
from conformance.search.profile import Language, Unserved
from conformance.search.served import Served
from conformance.stores.message import Stored
from conformance.stores.store import MailStore

JUDGED = (
    "reply.one", "line.split", "line.512", "cmd.case", "cmd.unknown", "ehlo.250", "ehlo.resets", "ehlo.refused-keeps",
    "helo.250", "helo.transaction", "mail.250", "mail.refused-keeps", "mail.nested", "mail.route", "mail.param-all",
    "rcpt.250", "rcpt.before-mail", "rcpt.refused-keeps", "rcpt.each", "data.354", "data.no-rcpt",
    "data.refused-goes-on", "data.250", "data.eod", "data.not-commands", "data.unstuff", "data.line-1000",
    "data.line-1000-whole", "data.whole", "data.after", "data.refused-gone", "data.delivered", "rset.250",
    "rset.clears", "rset.keeps-ehlo", "noop.250", "quit.221", "quit.aborts", "order.neutral", "order.messages",
    "order.no-carry", "order.error-keeps", "state.own", "close.error", "close.lost-data", "pipe.group", "pipe.refused",
    "pipe.after-data", "bdat.last", "bdat.chunks", "bdat.split", "bdat.bytes", "bdat.pipelined", "bdat.refused-eats",
    "bdat.then-data", "bdat.after-last", "bdat.rset", "bdat.lost", "size.mail", "8bit.body", "dsn.mail", "dsn.rcpt",
    "utf8.param", "close.serves-on",
)  # fmt: skip
"""What conversations without a finding have judged, the main one first."""
EXAMPLES, QUICK_EXAMPLES = 200, 20
"""Conversations of a run, and of a quick one, that is not asked for more."""
OF_EXTENSIONS = ("pipe.", "bdat.", "size.", "8bit.", "dsn.", "utf8.")
AFTER_NOTICE = 1.0
"""Seconds in which a message arrives for some of its recipients after a notification that it does not for another."""
UNGREETED = ("greet.first", "conn.parallel")
"""What a client that is not greeted leads to: judged by cases of its own, not here."""
ENDING = 0.2
"""Seconds in which a server that failed is seen to end."""


class Player(Served[Step]):
    """Runs conversations on one server.

    Args:
        scene: of the case that searches: its server, and all that is known of that.
        book: what is said.

    Attributes:
        language: what conversations are made of.
        last: how the last conversation was run.
        judges_mail: whether delivered mail is judged.
    """

    def __init__(self, scene: Case, book: Book) -> None:
        super().__init__(scene.server)
        self.language: Language[Pick, Step] = language(book)
        self.judges_mail = not scene.server.no_store  # where not even the first message is seen, one case says so
        self._scene = scene
        self.book = book
        self.last = Play()
        self._starts = -1
        self._apart: frozenset[str] = frozenset()

    def script(self) -> Script:
        """How the last conversation was run."""
        return partial(replay.script, play=self.last)

    def cause(self, conversation: Conversation, failure: Failure, shrunk: bool) -> Cause:
        """Put a failure down to a requirement, as `blame.cause_of` does."""
        return cause_of(conversation, failure, shrunk)

    def learn(self, found: Found[Step]) -> None:
        """Judge only replies from now on where mail goes astray whatever is said."""
        if found.failure.afterwards and found.conversation in ((), self.language.closing):
            self.judges_mail = False

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
            Unserved: a client was not served.
            Unreachable: the server does not start again.
            Void: the suite itself spoiled it, or a reply is too slow for it.
        """
        if not fresh and (ended := self._ended(0.0)):
            return _end(ended, 0)
        self._prepare(fresh)
        clients = {step.client for step in conversation} - {LAST}
        with self.server.places.acquire(min(max(1, len(clients)), AT_ONCE)):
            return self._play(conversation, health, transcript, linger)

    def _play(
        self, conversation: Conversation, health: Patience, transcript: Transcript | None, linger: float
    ) -> Failure | None:
        scene = self._scene
        record = Record(scene.record.id, "", JUDGED, scene.record.ledger)
        record.transcript = transcript or record.transcript
        case = Calm(Scene(record, self.server, scene.settings, health, scene.learned))
        pace = health.pace if isinstance(health, Hasty) else Pace()
        stage = Stage(case, self.book, Post(case.words, self.book.sender), pace)
        chatty, over = self.server.manners.chatty, False
        try:
            perform(stage, conversation)
            over = True
            wrong = self._judge_mail(stage)
            if not wrong and not (ended := self._ended(linger)):
                self.past.append(conversation)
                return None
            failure = _left(wrong, stage) if wrong else _end(ended, stage.at)
        except (Broken, Blocked) as error:
            by = error.by if isinstance(error, Blocked) else ""
            if by in health.rules.unproved and not (self.server.ended(ENDING) or self.server.gone):
                raise (Unserved if by in UNGREETED else Void)(str(error)) from None
            told = tuple(stage.told)
            failure = MailFailure(*error.finding, stage.at, proved=isinstance(error, Broken), told=told)
        except Skipped as skipped:
            if not (ended := self._ended(ENDING)):
                raise Unserved(str(skipped)) from None
            return _end(ended, stage.at)
        except WireError as error:
            raise Void(str(error)) from None
        finally:
            case.close()
            self.server.manners.chatty = chatty
            self.connections += record.transcript.connections
            self.last = Play(tuple(stage.actions), tuple(stage.post.drafts), over, scene.tester)
        if ended := self._ended(ENDING):
            return _end(ended, stage.at)
        return failure

    def _prepare(self, fresh: bool) -> None:
        self.server.prepare(fresh and self.can_restart)
        self.server.connections_before = self.server.connections
        if self._starts != self.server.starts:
            self._starts = self.server.starts
            self._begin_anew()

    def _judge_mail(self, stage: Stage) -> Differs | None:
        """What is wrong with the mail; nothing where it cannot be seen."""
        try:
            mail = stage.case.mail if self.judges_mail else None
        except Skipped:
            return None
        post, taken = stage.post, stage.post.taken
        if mail is None:
            return None
        try:
            for draft in taken:
                if self._for_nobody(draft):  # its sender is told of it, maybe where nobody sees that
                    continue
                began = time.monotonic()
                found = _found(mail, draft, began + self._soon(stage.case.patience, ARRIVES))
                stage.pace.add("mail" if found else "no mail", time.monotonic() - began)
                copies = [copy for copy in found if not _tells_of(copy, draft)]
                if found and not copies:  # it was returned to its sender, and no one knows whether it had to be
                    continue
                if not copies:
                    why = "a message that was taken does not arrive"
                    return Differs("missing", why, "in the store", "not there", draft.step)
                self._slowest = max(self._slowest, time.monotonic() - began)
                if wrong := differs(draft, copies, post, self._apart):
                    return wrong
                self._learn_apart(draft.envelopes, len(copies))
            for draft in post.unwanted if taken else ():
                # What was sent before the last message that has arrived would be there.
                if any(not _tells_of(copy, draft) for copy in mail.find(draft.message.mark.encode())):
                    why = "a message that was not taken arrives"
                    return Differs("unwanted", why, "not in the store", "there", draft.step)
        except Skipped:  # it cannot be read
            self.judges_mail = False
        return None

    def _for_nobody(self, draft: Draft) -> bool:
        """Whether a message has no recipient but those that the server was known to refuse."""
        refused = set(map(envelope.spelled, self.book.refused))
        return all(refused.issuperset(map(envelope.spelled, recipients)) for _, recipients in draft.envelopes)

    def _learn_apart(self, envelopes: frozenset[tuple[str, tuple[str, ...]]], copies: int) -> None:
        """Remember addresses for which one message has had so many copies."""
        for _, recipients in envelopes:
            different = frozenset(map(envelope.spelled, recipients))
            if len(different) == copies > 1:
                self._apart |= different


def _found(mail: MailStore, draft: Draft, until: float) -> list[Stored]:
    """What has come of a message, waited for: the message, or a notification that tells of it, or both."""
    mark = draft.message.mark.encode()
    found = mail.wait_for(mark, until)
    if found and all(_tells_of(copy, draft) for copy in found):  # the message itself may be later
        found += mail.wait_for(mark, time.monotonic() + AFTER_NOTICE, like=lambda copy: not _tells_of(copy, draft))
    return found


def _tells_of(copy: Stored, draft: Draft) -> bool:
    return tells_of(copy, draft.message.mark.encode())


def _left(wrong: Differs, stage: Stage) -> Failure:
    return MailFailure(
        LEFT[wrong.what], wrong.reason, wrong.expected, wrong.actual, wrong.step, wrong.what, True,
        told=tuple(stage.told),
    )  # fmt: skip


def _end(ended: str, step: int) -> Failure:
    return Failure(ALIVE, ended, "the server goes on", "it ended", step, is_end=True, may_need_nothing=True)
