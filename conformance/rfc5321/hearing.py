"""What a client hears on its connection: replies, each to what was said, and what it means that one is missing."""

from __future__ import annotations

import time
from contextlib import suppress

from conformance.harness.rules import LATE
from conformance.harness.verdict.verdict import Blocked, Skipped
from conformance.harness.wire.connection import CLOSED, Closed, Flooded, Garbled, Silent, WireError
from conformance.harness.wire.reply import Reply
from conformance.rfc5321 import codes
from conformance.rfc5321.link import CRLF, Cut, Link, as_bytes, whole
from conformance.rfc5321.scene import shown
from conformance.rfc5321.sent import told

PROOF, QUIET, QUIET_AGAIN = 2.0, 3.0, 1.0
"""Seconds that QUIT's answer is waited for after a silence, a group's reply before QUIT proves it to be missing, and
that of a server that has been seen to lose one."""
LONGEST_QUIET = 45.0
"""Seconds that a slow server may work on a large group."""
LOST = "a group's reply is lost"
"""What is known of such a server."""
MOST_ERRORS = 2
"""Refused commands after which a close is a server's right."""
ENDS_TRANSACTION = ("EHLO", "LHLO", "HELO", "MAIL", "RSET")
"""Verbs after whose 250 there are no recipients."""
SOON = 0.5
"""Seconds after which no more replies come where none is known to follow."""
MOST_COUNTED = 30
"""Replies that are counted up to that to QUIT."""


class Hearing(Link):
    """A connection on which replies are heard."""

    def hear(self, times: int = 1) -> Reply:
        """The reply to what was sent; nothing of it is judged.

        Args:
            times: so often the usual patience is had.

        Raises:
            Broken: none came, and QUIT was answered before; or the server closed the connection instead.
            Blocked: none came in time.
            Skipped: the server left, as it may after several errors.
        """
        case = self._case
        try:
            reply = self.next_reply(time.monotonic() + times * case.patient)
        except Silent:
            raise self._silent() from None
        except Closed as error:
            raise self._left(error) from None
        waited = reply.at - self.wire.sent
        case.patience.replied(waited)
        if not reply.lines[-1].more:  # of one whose end is missing it is not known that it has one
            case.patience.record_setup("reply.one", True, case.judges("reply.one"))
        if not case.tester.patient and case.patience.too_late(waited > LATE, case.judges("time.reply")):
            raise Skipped(f"too slow to be judged: every reply takes more than {LATE:g} s; --patient waits for them")
        return self._heard(reply)

    def hear_or_end(self) -> Reply | None:
        """The reply to what was sent, or None where the server closes the connection instead, as it may here."""
        try:
            reply = self.next_reply(time.monotonic() + self._case.patient)
        except Silent:
            raise self._silent() from None
        except Closed:
            return None
        return self._heard(reply)

    def hear_within(self, seconds: float) -> Reply | None:
        """The next reply if one comes within some seconds; None if none does, or the server closes."""
        try:
            return self._heard(self.next_reply(time.monotonic() + seconds))
        except (Silent, Closed):
            return None

    def next_reply(self, deadline: float) -> Reply:
        """The next reply, begun by a deadline of the monotonic clock; nothing of it is judged but that it has an end.

        Raises:
            Broken: it has none.
            Silent, Closed: there is none.
        """
        case = self._case
        try:
            return self.wire.reply(deadline)
        except Flooded as error:
            case.patience.record_setup("reply.one", False, case.judges("reply.one"))
            raise case.beside("reply.one", str(error), "one reply", "a flood", [self]) from None

    def _heard(self, reply: Reply) -> Reply:
        if self.wire.session:
            self._case.patience.record_setup("tls.220", True, self._case.judges("tls.220"))
        self.errors += codes.refused(reply)
        self._count_recipients(self._last, reply)
        self._leaving |= reply.code in ("221", "421")
        return reply

    def farewell(self) -> list[Reply]:
        """Say QUIT, and return all replies up to its 221, as far as they come: what is one too many shows there."""
        with suppress(WireError):
            self.wire.send(b"QUIT\r\n")  # not by `send`, which sets aside what is to be counted here
        self._said_quit = True
        known, last = self._case.patience.known, ""
        replies: list[Reply] = []
        until = time.monotonic() + 2 * self._case.patient
        while len(replies) < MOST_COUNTED and last != "221":
            # Of a server that answers QUIT otherwise, and stays, nothing is waited for as long a second time.
            seconds = SOON if last and last == known.get("quit") else self._case.patient
            reply = self.hear_within(min(seconds, until - time.monotonic()))
            if reply is None:
                break
            replies.append(reply)
            last = reply.code
        if last not in ("", "221") and not self.ended:
            known["quit"] = last
        return replies

    def say(self, line: str | bytes, cut: Cut = whole) -> Reply:
        """Send a command line, its CRLF added, and return the reply, of which nothing is judged."""
        self.send(as_bytes(line) + CRLF, cut)
        return self.hear()

    def say_together(self, *lines: str | bytes, cut: Cut = whole) -> list[Reply]:
        """Send command lines in one go, which needs PIPELINING, and return the replies in the order in which they come.

        Args:
            lines: without their CRLF.
            cut: into segments.

        Returns:
            One reply for each, or fewer where the others are proved to be missing; the session has ended then.

        Raises:
            Broken: the server closed the connection instead of replying.
            Blocked: nothing more came in time.
            Skipped: the server left.
        """
        self.send(b"".join(as_bytes(line) + CRLF for line in lines), cut)
        self._last = f"{len(lines)} commands in one go"
        replies = self.hear_all(len(lines))
        for line, reply in zip(lines, replies, strict=False):
            self._count_recipients(told(as_bytes(line)), reply)
        return replies

    def hear_all(self, count: int) -> list[Reply]:
        """The replies to so many commands that were sent, as `say_together` returns them.

        Raises:
            Blocked: they end with nothing, so that one cannot be told from the next; and as `say_together`.
        """
        replies: list[Reply] = []
        patience = self._case.patience
        # A server may answer them all together, when it is done with the last one.
        slow = max(2 * patience.slowest, min(count * patience.slowest, LONGEST_QUIET))
        quiet = max(QUIET_AGAIN if LOST in patience.known else QUIET, slow)
        while len(replies) < count and (reply := self.hear_within(quiet)):
            replies.append(reply)
            if reply.code == "421":
                raise Skipped(f"the server is leaving: {self._last} are answered {shown(reply)}")
        if len(replies) == count:
            return replies
        if self.ended:
            raise self._left(Closed(CLOSED))
        if self._case.server.manners.unterminated:
            raise Blocked("reply.crlf", "replies that cannot be told apart")
        more = self.farewell()  # in their order, so that 221 proves how many there are
        if more and more[-1].code != "221" and not self.ended:
            more += self.farewell()  # the first one may have ended a line of which the beginning alone was kept
        if not more or more[-1].code != "221":
            raise self._unanswered()
        if len(replies) + len(more) <= count:
            patience.known[LOST] = "QUIT behind it was answered"
        return replies + more[:-1]

    def _count_recipients(self, line: str, reply: Reply) -> None:
        verb = line[:4].upper()
        if verb == "RCPT":
            self.recipients += reply.code.startswith("2")
        elif verb in ENDS_TRANSACTION and reply.code.startswith("2"):
            self.recipients = 0

    def _silent(self) -> Exception:
        """What to raise where no reply came: replies come in order, so one to QUIT proves that another is missing."""
        case = self._case
        case.patience.silent()
        case.patience.record_setup("reply.one", False, case.judges("reply.one"))
        sent = self.wire.sent
        try:
            self.wire.send(b"QUIT\r\n")
            first = self.wire.reply(time.monotonic() + PROOF)
            proved = first.code == "221" and self.wire.wait_closed(time.monotonic() + PROOF)
            if first.code != "221":  # it was late, and whoever waits for the next one is to know
                case.patience.replied(first.at - sent)
        except WireError:
            proved = False
        if proved:
            why = f"no reply to {self._last}, though QUIT behind it was answered"
            return case.beside("reply.one", why, "one reply", "none", [self])
        return self._unanswered()

    def _unanswered(self) -> Exception:
        """What a missing reply is: a breach after the times that a client has to wait, and less than that before."""
        case, why = self._case, f"no reply to {self._last} within {self._case.patient:g} s"
        if case.tester.patient:
            return case.beside("reply.one", why, "one reply", "none", [self])
        return Blocked("reply.one", why, "one reply", "none", [self.connection])

    def _left(self, error: WireError) -> Exception:
        """What to raise where the server closed the connection instead of replying."""
        if isinstance(error, Garbled):
            return self._case.beside("tls.reset", f"{error} after {self._last}", "TLS", "something else", [self])
        if self.errors > MOST_ERRORS:
            return Skipped(f"{error} after {self.errors} refused commands")
        if self._leaving or self._odd:
            return Skipped(f"{error} {'after its goodbye' if self._leaving else 'after odd octets, as a defence'}")
        why = f"{error} instead of replying to {self._last}"
        return self._case.beside("close.error", why, "a reply, or a 421 before the close", str(error), [self])
