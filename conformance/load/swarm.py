"""A client of a swarm: a thread or greenlet of its own that talks over a blocking socket, and whose replies are judged.

The swarm is somebody else's (`conformance.locustfile` has it of Locust), as is the clock by which clients come and go.
"""

from __future__ import annotations

import errno
import time
from collections import deque
from collections.abc import Callable

from conformance.load.blocking import Connection, Insecure
from conformance.load.client import TIMED_OUT_EARLY
from conformance.load.ledger import Ledger
from conformance.load.profile import Dialogue, Profile, Step
from conformance.load.tally import GREETING, SECURED
from conformance.load.wire import LONGEST_LINE

CONNECT = "connect"
"""The phase in which the connection is made, which has no reply."""
FLOOD = f"a reply of more than {LONGEST_LINE} bytes"
AGAIN_AFTER = 1.0
"""Seconds until a client that could not connect tries again."""


class Fault(Exception):
    """Why a phase failed, in a few words of ours: there are few of them, so that a swarm can count each."""


Tell = Callable[[str, float, int, Fault | None], None]
"""Takes a phase, the seconds that it took, the bytes of its reply, and what was wrong with it."""


class Session:
    """One client.

    Args:
        profile: what it is about.
        dialogue: what it says.
        ledger: where it writes down what is looked up and reported later.
        address: the server's numeric host and port.
        tell: is told of each phase.
    """

    def __init__(
        self, profile: Profile, dialogue: Dialogue, ledger: Ledger, address: tuple[str, int], tell: Tell
    ) -> None:
        self._profile, self._dialogue, self._ledger = profile, dialogue, ledger
        self._address, self._tell = address, tell
        self._connection: Connection | None = None
        self._owed: deque[Step] = deque()
        self._valid_sent = self._securing = 0.0
        self._errors = 0

    def move(self) -> None:
        """Connect, or say the next thing and hear all replies to it."""
        try:
            if self._connection is None:
                self._connect()
            elif not self._is_disturbed(self._connection):
                self._speak(self._connection)
        except Insecure as error:
            self._tell(self._phase(SECURED), time.monotonic() - self._securing, 0, Fault("no TLS"))
            self._blame(self._profile.rules.secure, "no TLS session comes about, or it breaks", "TLS", str(error))
            self.leave()

    def leave(self, reset: bool = False) -> None:
        """Close the connection, if there is one; what is owed may have been done all the same."""
        self._ledger.unanswered += sum(step.delivers for step in self._owed)
        self._owed.clear()
        if self._connection is not None:
            self._connection.close(reset)
            self._connection = None

    def _speak(self, connection: Connection) -> None:
        move = self._dialogue.next()
        self._owed.extend(move.steps)
        sent = connection.send(move.pieces, move.steps[0].shown if move.steps else b"")
        if move.leave in ("close", "reset"):
            self.leave(reset=move.leave == "reset")
            return
        if move.leave:
            connection.half_close()
        while self._owed and self._connection is not None:
            self._hear(connection, sent, half_closed=bool(move.leave))
        if self._connection is not None and not self._is_disturbed(connection) and move.leave:
            self.leave()

    def _is_disturbed(self, connection: Connection) -> bool:
        """Whether something came that nothing was owed, so that the session is over."""
        timeout, farewell = self._profile.timeout, self._profile.farewell
        unread = connection.unread()
        if b"\n" not in unread or (timeout and unread.startswith(timeout)):
            return False  # who was timed out is told so by what is read next
        if farewell and unread.startswith(farewell):
            self._ledger.note("the server left a client, and said so")
        else:
            self._blame(self._profile.rules.one_reply, "a reply that nothing was owed", "nothing", unread)
        self.leave()
        return True

    def _connect(self) -> None:
        rules, limits = self._profile.rules, self._profile.limits
        self._errors = 0
        began = self._valid_sent = time.monotonic()
        try:
            connection = self._connection = Connection(self._address, limits.greeting)
        except OSError as error:
            why = errno.errorcode.get(error.errno or 0, "no answer")
            self._tell(CONNECT, time.monotonic() - began, 0, Fault(f"not connected: {why}"))
            if self._ledger.greetings:
                self._ledger.findings.add(rules.alive, "the server takes no connections any more", "a connection", why)
            time.sleep(AGAIN_AFTER)
            return
        self._tell(CONNECT, time.monotonic() - began, 0, None)
        if self._profile.secured:
            self._secure(connection)
        text = self._reply(connection, limits.greeting)
        seconds = time.monotonic() - began
        if not text or len(text) > LONGEST_LINE:
            why = "no greeting" if text is None else "a flood" if text else "disconnected"
            self._tell(self._phase(GREETING), seconds, 0, Fault(why))
            if text:
                self._blame(rules.one_reply, FLOOD, "one line", text)
            elif text is not None:
                what = "the server closed the connection instead of a greeting"
                self._blame(rules.greeting, what, "a greeting")
            self.leave()
            return
        self._ledger.greet(text)
        verdict = self._dialogue.begin(text)
        self._tell(self._phase(verdict.owed), seconds, len(text), Fault(verdict.wrong) if verdict.wrong else None)
        if verdict.wrong:
            self._blame(verdict.rule, verdict.wrong, verdict.wanted, text)
        if verdict.over:
            self._ledger.note("a connection was not served, as its greeting said")
            self.leave()
            time.sleep(AGAIN_AFTER)
        elif verdict.after is None:
            self.leave()

    def _secure(self, connection: Connection) -> None:
        self._securing = time.monotonic()
        connection.shake_hands(self._profile.secure(), self._profile.limits.reply)
        self._tell(self._phase(SECURED), time.monotonic() - self._securing, 0, None)

    def _hear(self, connection: Connection, sent: float, half_closed: bool) -> None:
        """Judge the next reply."""
        step = self._owed[0]
        timeout = self._profile.timeout
        owed = self._dialogue.owed(step)
        text = self._reply(connection, self._profile.limits.reply)
        now = time.monotonic()
        if not text or len(text) > LONGEST_LINE or (timeout and text.startswith(timeout)):
            self._ended(text, self._phase(owed), now - sent, now - self._valid_sent)
            return
        self._owed.popleft()
        verdict = self._dialogue.judge(step, text)
        if verdict.delivery:
            self._ledger.acknowledged.append(verdict.delivery)
        elif step.delivers:
            self._ledger.unanswered += 1
        self._tell(self._phase(verdict.owed), now - sent, len(text), _fault(verdict.kind, verdict.wrong, text))
        if verdict.wrong:
            self._blame(verdict.rule, f"{verdict.wrong} ({verdict.owed})", verdict.wanted, text)
        if verdict.also:
            self._blame(*verdict.also)
        if verdict.restarts:
            self._valid_sent = sent
        if verdict.over:
            self.leave()
            return
        if verdict.secures:
            self._secure(connection)
            return
        self._errors += verdict.error
        known = verdict.after is not None or (
            verdict.error and not self._owed and not step.delivers and not half_closed
        )
        if not known or (self._owed and step.after is not None and step.after != verdict.after):
            self.leave()

    def _ended(self, text: bytes | None, phase: str, seconds: float, idle: float) -> None:
        """The session is over though a reply is owed, rightly if it was idle for long or had many errors."""
        rules, limits = self._profile.rules, self._profile.limits
        if text is None:
            self._tell(phase, seconds, 0, Fault("no reply"))
            self._blame(rules.one_reply, f"no reply within {limits.reply:g} s", f"a reply ({phase})", "nothing")
        elif len(text) > LONGEST_LINE:
            self._tell(phase, seconds, len(text), Fault("a flood"))
            self._blame(rules.one_reply, FLOOD, "one line", text)
        elif idle >= limits.time:
            self._ledger.note("a client was so slow itself that it was timed out")
        elif text:
            self._tell(phase, seconds, len(text), Fault("timed out early"))
            self._blame(rules.early, TIMED_OUT_EARLY, f"nothing before {limits.time:g} s", text)
        elif self._errors + len(self._owed) > limits.errors:
            self._ledger.note("the server hangs up after some errors in a session")
        else:
            self._tell(phase, seconds, 0, Fault("disconnected"))
            self._blame(rules.one_reply, "the connection was closed instead of a reply", f"a reply ({phase})")
        self.leave()

    def _reply(self, connection: Connection, patience: float) -> bytes | None:
        """The next reply without its last line end, or the beginning of a flood.

        Returns:
            Nothing at the end of the connection; None if no reply comes in time.
        """
        rules, goes_on = self._profile.rules, self._profile.goes_on
        deadline = time.monotonic() + patience
        reply = b""
        while raw := connection.line(deadline):
            text = raw.removesuffix(b"\n")
            if text == raw or len(reply) > LONGEST_LINE:
                return reply + raw
            if text[-1:] != b"\r":
                self._blame(rules.line_end, "a reply that does not end in CRLF", "CRLF", raw)
            text = text.removesuffix(b"\r")
            reply += text
            if not (self._profile.many_lines and goes_on(text)):
                return reply or b" "
            reply += b"\r\n"
        return raw

    def _phase(self, kind: str) -> str:
        return self._profile.kinds.get(kind, kind).strip()

    def _blame(self, rule: str, what: str, wanted: str = "", actual: bytes | str = "") -> None:
        actual = actual.decode("latin-1") if isinstance(actual, bytes) else actual
        self._ledger.findings.add(rule, what, wanted, actual, self._connection.log if self._connection else ())


def _fault(kind: str, wrong: str, reply: bytes) -> Fault | None:
    """What is wrong with a reply, by the class of its code where it is of another kind than was owed."""
    if not wrong:
        return None
    if kind:
        return Fault(wrong)
    code = reply[:1].decode("latin-1")
    return Fault(f"wrong reply: {code}yz" if code in "2345" else "wrong reply: no reply code")
