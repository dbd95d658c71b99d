"""The part of a client that judges by the clock: never early, not late, and what restarts it.

Lower bounds are taken from before the client's last valid command was sent, upper bounds from after its reply was read,
so that neither the network nor a busy machine is held against the server.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator

from conformance.cs4410 import blame
from conformance.cs4410.mailbox import Message
from conformance.cs4410.model import Answer, acceptable
from conformance.cs4410.session import AT_ONCE, CRLF
from conformance.cs4410.steps import Steps
from conformance.harness.rules import LATE
from conformance.harness.verdict.verdict import Blocked, Skipped, Void
from conformance.harness.wire.connection import Flooded, Silent, WireError
from conformance.harness.wire.reply import Reply

FLOODED = 0.5
"""Seconds by which a flood goes on after the limit."""
AFTER_FLOOD = 0.02
"""Seconds between wrong lines from then on: enough for a server that looks at its clock when nothing can be read."""
TOGETHER, UNANSWERED = 100, 0.2
"""At the most: lines of a flood that are sent together, and the seconds that a server is to need for them."""


class Clocked(Steps):
    """A session that waits.

    Attributes:
        ended_in_flood: whether the server ended it, without a time-out, while it was flooded with wrong lines.
    """

    ended_in_flood = False

    def stay_silent(self, fraction: float, early: str = "time.early") -> None:
        """Stay silent until so much of the limit has passed since the last valid command was sent.

        Args:
            fraction: of the time limit.
            early: the requirement that a time-out before then breaks.
        """
        until = self.valid_sent + fraction * self._case.limit
        try:
            reply = self._time_out_or_late_reply(until, until)
        except Silent:
            self._waited(fraction * self._case.limit, "kept")
            return
        except WireError as error:
            raise self._too_early(early, time.monotonic(), str(error)) from None
        raise self._too_early(early, reply.at, reply.text)

    def _waited(self, seconds: float, end: str) -> None:
        self._case.record.waits.append((seconds, end))

    def _too_early(self, early: str, at: float, actual: str) -> Exception:
        limit = self._case.limit
        self._waited(at - self.valid_sent, "timeout")
        waited = f"{at - self.valid_sent:.2f} s after the last valid command was sent"
        if at - self.valid_sent >= limit:
            return Void("the case itself was late")
        early = blame.too_early(early, at - self.wire.began, limit)
        return self._case.breach(early, f"timed out {waited}", f"nothing before {limit:g} s", actual, about=[self])

    def expect_timeout(self, early: str = "time.early", since: float | None = None, late: float = LATE) -> None:
        """Stay silent and judge the time-out: not early, not late, with its reply, and then the close.

        Args:
            early: the requirement that a time-out before the limit breaks.
            since: from when the lower bound counts; from the last valid command's sending by default.
            late: how many seconds it may be late, if that is more than the limit.
        """
        case, limit = self._case, self._case.limit
        since = self.valid_sent if since is None else since
        latest = self.valid_read + max(2 * limit, limit + late)
        closed = ""
        text = ""
        try:
            reply = self._time_out_or_late_reply(latest, since + limit)
            at, text = reply.at, reply.text
        except Silent:
            self._waited(latest - self.valid_read, "kept")
            wanted = f"421 within {latest - self.valid_read:g} s"
            raise case.breach(
                blame.no_time_out("time.out", case.patience.answers), "no time-out", wanted, "no reply", about=[self]
            ) from None
        except WireError as error:
            at, closed = time.monotonic(), str(error)
        self._waited(at - since, "timeout")
        waited = f"{at - since:.2f} s after the last valid command"
        if at - since < limit:
            wanted = f"nothing before {limit:g} s"
            early = blame.too_early(early, at - self.wire.began, limit)
            raise case.breach(early, f"timed out {waited}", wanted, closed or text, about=[self])
        if closed:
            why = f"{closed} without a word, {waited}"
            raise case.breach("time.reply", why, self._shown("timeout"), closed, about=[self])
        self._judge(reply, (Answer("timeout", None),), "time.reply")
        if at - self.valid_read > limit + LATE:
            why, wanted = f"timed out {waited}", f"at most {limit + LATE:g} s"
            case.find_if_judged("time.prompt", why, wanted, f"{at - since:.2f} s", [self])
        if not self.wire.wait_closed(time.monotonic() + LATE):
            why = f"still open {LATE:g} s after the 421"
            raise case.breach("time.close", why, "EOF or reset", "neither", about=[self])

    def _time_out_or_late_reply(self, deadline: float, limit: float) -> Reply:
        """The next reply that is no chatter: before the limit only the time-out ends the wait for it.

        A second reply to a line, or one to a line of a body, is the affair of `reply.one`.
        """
        while True:
            try:
                reply = self.wire.reply(deadline)
            except Flooded as error:
                # Whoever floods has not timed anybody out.
                wanted = "silence, then the time-out"
                raise self._case.breach("reply.one", str(error), wanted, "a flood", about=[self]) from None
            except WireError as error:
                if time.monotonic() < limit:
                    self._expect_no_hanging_up(error)
                raise
            if reply.code == self._case.dialect.code("timeout"):
                return reply
            # Where a client was greeted late, what follows its greeting at once comes after the limit as well.
            chatter = self._case.server.manners.chatty and reply.at - self.valid_read < AT_ONCE * self._case.limit
            if reply.at >= limit and not chatter:
                return reply

    def expect_slowly(self, line: str, fraction: float, requirement: str) -> None:
        """Send half of a command, the rest when a part of the time limit has passed, and judge the reply.

        Args:
            line: the line without its CRLF.
            fraction: of the time limit, since the last valid command was sent.
            requirement: what a time-out before, or another reply, breaks.
        """
        data = line.encode("latin-1") + CRLF
        self._send([data[: len(data) // 2]])
        self.stay_silent(fraction, requirement)
        self._send([data[len(data) // 2 :]])
        answers = acceptable(self.state, data.removesuffix(CRLF))
        reply = self._judged_reply(requirement, self._deadline(answers[0].rule), answers)
        if reply.code == self._case.dialect.code("timeout"):
            raise self._too_early(requirement, reply.at, reply.text)
        self._judge(reply, answers, answers[0].rule)

    def expect_timeout_despite(self, sent: Iterator[bytes], every: float, requirement: str) -> None:
        """Keep sending what restarts no clock, and judge that the time-out comes all the same.

        Args:
            sent: what is sent, piece by piece; an empty piece is nothing.
            every: the pause between pieces, as a fraction of the time limit.
            requirement: what is broken if the client is still served after twice the limit.
        """
        case, limit = self._case, self._case.limit
        latest = self.valid_read + max(2 * limit, limit + LATE)
        due = self.valid_read
        try:
            while True:
                due += every * limit
                try:
                    reply = self.wire.reply(min(due, latest))
                except Silent:
                    if time.monotonic() >= latest:
                        break
                    if piece := next(sent):
                        self.wire.send(piece)
                    continue
                if reply.code == case.dialect.code("timeout"):
                    self._not_before_limit(reply.at, reply.text)
                    return
                if reply.code[:1] in ("2", "3"):
                    raise Skipped(f"what was to restart no clock is taken: {reply.code}")
                due -= every * limit
        except WireError as error:
            self._not_before_limit(time.monotonic(), str(error))
            return
        self._waited(latest - self.valid_read, "kept")
        span = f"{latest - self.valid_read:g} s"
        still = f"still served {span} after the last valid command"
        raise case.breach(
            blame.no_time_out(requirement, case.patience.answers),
            still,
            f"421 within {span}",
            "no 421",
            "time.out",
            [self],
        )

    def expect_timeout_in_flood(self, line: bytes, requirement: str) -> list[Message]:
        """Send a wrong line without a pause while the limit passes, and judge that the time-out comes all the same.

        A server may end a session after so many errors; then `ended_in_flood` says so, and nothing is judged.

        Args:
            line: with its CRLF; empty for a client that stays silent.
            requirement: what is broken if the client is still served after twice the limit.

        Returns:
            No message, for nothing is delivered.
        """
        self.stay_silent(0.95)
        if line:
            at_once = max(1, int(min(TOGETHER, UNANSWERED / max(self._case.patience.slowest, 0.001))))
            self.wire.flood(line, self.valid_read + self._case.limit + FLOODED, at_once)
        try:
            self.expect_timeout_despite(itertools.repeat(line), AFTER_FLOOD / self._case.limit, requirement)
        except Blocked as blocked:
            told = blocked.finding[3].startswith(self._case.dialect.code("timeout"))
            self.ended_in_flood = bool(line) and blocked.by == "time.early" and not told
            if not self.ended_in_flood:
                raise
            self.left = "flood"
        return []

    def _not_before_limit(self, at: float, actual: str) -> None:
        if at - self.valid_sent < self._case.limit:
            raise self._too_early("time.early", at, actual)
        self._waited(at - self.valid_sent, "timeout")
