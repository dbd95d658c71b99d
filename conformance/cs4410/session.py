"""One session of a client: what it sends and reads, and how a reply is judged by the model."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

from conformance.cs4410 import blame
from conformance.cs4410.blame import Late
from conformance.cs4410.dialect import Fit
from conformance.cs4410.link import Link
from conformance.cs4410.mailbox import Message
from conformance.cs4410.model import RULES, WORD_RULES, Answer, State, judge
from conformance.cs4410.scene import MailScene
from conformance.harness.rules import LATE
from conformance.harness.verdict.verdict import Blocked, Skipped
from conformance.harness.vocabulary import Vocabulary
from conformance.harness.wire.connection import CLOSED, Closed, Flooded, Silent, Slow, WireError
from conformance.harness.wire.reply import Reply

CRLF = b"\r\n"
PAUSE, LONGEST_PAUSE, ALL_PAUSES = 0.001, 0.05, 1.0
"""Seconds between two segments: as long as the server's last reply took, for so soon it has read one; within bounds."""
AT_ONCE = 0.25
"""Of the limit: what ends a session so soon is no clock."""
LONG = 50
"""Lines of a session after which a finding says at which line it was: a server may count, or run out of something."""
Cut = Callable[[bytes], Iterable[bytes]]


def instead(error: WireError) -> str:
    """What came instead of a reply, in words."""
    return str(error) if isinstance(error, Silent) else f"{error} instead of replying"


def whole(data: bytes) -> list[bytes]:
    """Send in one segment."""
    return [data]


class Session(Link):
    """One client of the server under test.

    Attributes:
        words: what it says, its own, so that clients side by side say the same whoever comes first.
        state: the model's state of the session.
        ends_with_send: whether the client ends its direction with what it sends next.
    """

    def __init__(self, case: MailScene, words: Vocabulary) -> None:
        super().__init__(case)
        self.words = words
        self.state = State()
        self._began = self._done = 0.0
        self._awaited = ""
        self._in_body = False
        self._one_by_one = True  # whether each line waits for the reply to the one before
        self._stumbled = self._after_first_message = False
        self._messages = 0
        self._line = 0
        self._last_wait = 0.0
        self.ends_with_send = False

    def _expect_no_hanging_up(self, error: WireError) -> None:
        """Go on with an error of the wire only if it is not that an error or a message before ended all.

        Raises:
            Broken, Blocked: the server ended the connection for it.
        """
        at_once = time.monotonic() - self.valid_read < AT_ONCE * self._case.limit
        delivered = self._after_first_message and at_once
        if isinstance(error, Closed) and (rule := blame.hung_up(self._stumbled, delivered)):
            after = "an error" if self._stumbled else "a message"
            raise self._stop(rule, f"{error} after {after}", "the session goes on", str(error)) from None

    def expect_still_served(self) -> None:
        """Go on only if the server has not ended the session after an error or a message.

        Raises:
            Broken, Blocked: it has.
        """
        if self.connection and not self.left:
            self.wire.waiting(0.0)
            if self.ended:
                self._expect_no_hanging_up(Closed(CLOSED))

    @property
    def last_sent(self) -> float:
        """When the last line or body was begun to be sent, in seconds of the monotonic clock."""
        return self._began

    def _deadline(self, rule: str) -> float:
        """By when the reply to what was just sent must have begun; `rule` judges it in its plainest form."""
        self._awaited = rule
        return self.wire.sent + self._case.patience.patience(rule)

    def _send(self, pieces: Iterable[bytes]) -> None:
        if not self._case.judges("reply.one"):
            self.wire.settle(self._awaited)
        self._began = time.monotonic()
        if self._began - self.valid_sent > 0.95 * self._case.limit:
            raise self._case.late()
        pieces = list(pieces)
        try:
            if len(pieces) == 1:
                self.wire.send(pieces[0])
            else:
                pause = min(max(PAUSE, self._last_wait), LONGEST_PAUSE, ALL_PAUSES / max(1, len(pieces)))
                self.wire.send_apart(pieces, pause)
        except Slow as error:
            raise Skipped(f"too slow for what is sent here: {error}") from None
        except WireError:
            # What the server said before it left, or stopped reading, is still to be read.
            return
        finally:
            self._done = time.monotonic()
        if self.ends_with_send:
            self.wire.half_close()

    def _stop(self, requirement: str, reason: str, expected: str, actual: str, base: str = "") -> Exception:
        """What `Case.stop` makes, with the line of a long session in its reason."""
        where = f", at line {self._line} of its session" if self._line > LONG else ""
        return self._case.breach(requirement, reason + where, expected, actual, base, [self])

    def _read(self, deadline: float) -> Reply:
        case, patience = self._case, self._case.patience
        self._line += bool(self._began and not self._in_body)
        try:
            reply = self.wire.reply(deadline)
            if self.greeted_late and reply.code == case.dialect.code("greeting"):
                self.greeted_late = False
                reply = self.wire.reply(deadline)
            reply = self._no_time_out(reply)
        except WireError as error:
            self._expect_no_hanging_up(error)
            if isinstance(error, Silent):
                patience.silent(self._awaited)
            if self._began and not patience.answers:
                patience.record_setup("reply.one", False, case.judges("reply.one"))
                raise self._stop("reply.one", "no command is answered", "a reply", str(error)) from None
            raise
        if self._began:
            self._last_wait = waited = reply.at - self.wire.sent
            patience.replied(waited, self._awaited)
            case.pace.add(self._awaited, waited)
            if patience.too_late(waited > LATE, case.judges("reply.prompt")):
                why, wanted = "too slow to be judged: every reply is late", f"within {LATE:g} s"
                raise self._stop("reply.prompt", why, wanted, f"after {waited:.1f} s")
        return reply

    def _no_time_out(self, reply: Reply) -> Reply:
        """The reply, if it is no time-out that ended a long wait for one.

        Raises:
            Silent: it is.
        """
        late = reply.at - self.wire.sent > 0.5 * self._case.limit
        if self._began and late and reply.code == self._case.dialect.code("timeout"):
            raise Silent("no reply until the time-out")
        return reply

    def _judged_reply(self, requirement: str, deadline: float, answers: tuple[Answer, ...] = ()) -> Reply:
        case = self._case
        try:
            reply = self._read(deadline)
        except (Silent, Closed, Flooded) as error:
            base = answers[0].rule if answers else "delivered"
            raise self._stop(requirement, instead(error), self._wanted(answers), str(error), base) from None
        if reply.at - self.wire.sent > LATE:
            late = f"after {reply.at - self.wire.sent:.1f} s"
            case.find_if_judged("reply.prompt", "a late reply", f"within {LATE:g} s", late, [self])
        return reply

    def _judge(self, reply: Reply, answers: tuple[Answer, ...], requirement: str) -> Answer:
        case = self._case
        if reply.end != CRLF.decode() and not reply.truncated:
            why, wanted = "a reply that does not end in CRLF", reply.text + "\r\n"
            case.find_if_judged("reply.crlf", why, wanted, reply.raw.decode("latin-1"), [self])
        answer, fit = judge(case.dialect, reply.text, answers)
        if answer is None and reply.code[:1] == "4" and not case.judges("reply.codes"):
            answer, fit = judge(case.dialect, "5" + reply.text[1:], answers)  # as it is meant
        if answer is None:
            raise self._unfit(reply, answers, requirement)
        rule = answer.rule if answer.kind in RULES or answer.kind == "need" else requirement
        if fit == Fit.CODE and self._shows_another_case(answer, reply):
            rule = "case.arguments"
        if fit == Fit.CODE and case.judges(rule):
            raise self._stop(rule, "the wrong words", self._wanted((answer,)), reply.text)
        if fit == Fit.MUST:
            case.find_if_judged(
                WORD_RULES[answer.kind], "not quite the words", self._wanted((answer,)), reply.text, [self]
            )
        if answer.breach and case.judges(answer.breach):
            wanted = self._wanted(answers[:1])
            raise self._stop(answer.breach, "not as it should be", wanted, reply.text, answers[0].rule)
        if answer.kind in ("helo", "timeout") and fit > Fit.CODE:
            self._judge_netid(reply, answer.kind)
        self._follow(answer, reply)
        return answer

    def _shows_another_case(self, answer: Answer, reply: Reply) -> bool:
        """Whether the address that a reply shows would be right but for its upper and lower case."""
        text = reply.text
        for address in answer.fields.get("address", ()):
            text = address.join(re.split(re.escape(address), text, flags=re.IGNORECASE))
        return text != reply.text and self._case.dialect.fit(text, answer.kind, answer.fields) > Fit.CODE

    def _judge_netid(self, reply: Reply, kind: str) -> None:
        words = reply.text.split(" ")
        said = words[1] if kind == "helo" and len(words) > 1 else words[2] if len(words) > 2 else ""
        if not self.netid and kind == "helo" and self._case.record.requirements[0] == "netid":
            raise Blocked("greeting", "the greeting tells no netid that the reply could be held against")
        if said != self.netid and self.netid:
            self._case.find_if_judged(
                "netid", f"the {kind} reply names {said!r}", f"{self.netid} as in the greeting", reply.text, [self]
            )

    def _follow(self, answer: Answer, reply: Reply) -> None:
        self._stumbled = self._after_first_message = False
        self.state = answer.after or self.state
        if self.state.sender is not None:
            self._case.senders.add(self.state.sender)
        if answer.kind == "helo" and not self.netid and reply.code.startswith("2"):
            self.netid = reply.text[4:]  # where the greeting told none, whatever else names one is held against this
        self._in_body = answer.kind == "data"
        if answer.kind in ("helo", "mail", "rcpt", "delivered") and reply.code.startswith("2"):
            self.valid_sent = self._began
        if reply.code.startswith(("2", "3")):
            self.valid_read = reply.at

    def _unfit(
        self, reply: Reply, answers: tuple[Answer, ...], requirement: str, setting_up: bool = False
    ) -> Exception:
        case = self._case
        wanted = self._wanted(answers)
        if reply.code == case.dialect.code("timeout"):
            late = blame.time_out(self._done - self.valid_sent, reply.at - self.valid_sent, case.limit)
            if late is Late.CASE:
                return self._case.late()
            early = blame.too_early("time.early", reply.at - self.wire.began, case.limit)
            rule, base = (requirement, answers[0].rule) if late is Late.UNANSWERED else (early, "")
            return self._stop(rule, late.value, wanted, reply.text, base)
        refusing = any(case.dialect.code(answer.kind).startswith("5") for answer in answers)
        if (rule := blame.unfit(requirement, reply.code, refusing)) != requirement:
            return self._stop(rule, "an error with a code of the 4xx kind", wanted, reply.text)
        if reply.code and self._one_by_one and self._is_stray(answers):
            return self._stop("reply.one", "a reply too many came before it", wanted, reply.text)
        if setting_up:
            return Blocked(requirement, "a set-up step was refused", wanted, reply.text, [self.connection])
        return self._stop(requirement, "not an acceptable reply", wanted, reply.text, answers[0].rule)

    def _is_stray(self, answers: tuple[Answer, ...]) -> bool:
        """Whether a reply that fits nothing has only come before the one that was waited for."""
        later = self.wire.extra(0.05, usual=False).split(b"\r\n")[0].decode("latin-1")
        stray = judge(self._case.dialect, later, answers)[0] is not None
        self._case.server.manners.chatty |= stray
        return stray

    def _wanted(self, answers: tuple[Answer, ...]) -> str:
        dialect = self._case.dialect
        shown = [
            dialect.show(one.kind, one.fields) if one.exact else f"{dialect.code(one.kind)} and any text"
            for one in answers
            if one.breach is None
        ]
        return " or ".join(dict.fromkeys(shown)) or "a reply"

    def _message(self, body: bytes) -> Message:
        return Message(self.state.host or "", self.state.sender or "", self.state.recipients, body, 0, self.connection)

    def _delivered(self, message: Message, reply: Reply) -> Message:
        number = re.search(r"(\d{1,18})\D*$", reply.text[3:])
        self._follow(Answer("delivered", self.state.delivered()), reply)
        self._messages += 1
        self._after_first_message = self._messages == 1
        message = replace(message, number=int(number[1]) if number else -1)
        self._case.told.append(replace(message, body=b""))
        return message

    def _right_to_deliver(self) -> AbstractContextManager[None]:
        return nullcontext() if self._case.counts else self._case.server.places.delivering()
