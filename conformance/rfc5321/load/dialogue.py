"""One client's side of its conversations with a server of the standard: what it says, and what it is told."""

from __future__ import annotations

from collections.abc import Callable

from conformance.load.profile import Delivery, Move, Step, Verdict
from conformance.rfc5321.load.lines import AUTH_PLAIN, FIRST, SMALL_ONLY, Lines, fault
from conformance.rfc5321.load.register import Register
from conformance.rfc5321.load.script import Script
from conformance.rfc5321.load.session import Session
from conformance.rfc5321.model import GREETED, Phase, States

MOST_LINES = 100
"""Lines of EHLO's reply that are looked at."""
ANNOUNCED = frozenset({"PIPELINING", "CHUNKING", "8BITMIME", "SIZE", "DSN", "SMTPUTF8", "EXPN", "HELP", "STARTTLS"})
"""The extensions of which a client makes use."""
LARGEST = 200_000
"""Octets of a message that a server has to announce if it is to get the largest ones of ours."""

LinesFor = Callable[[frozenset[str]], Lines]


class Dialogue:
    """What `conformance.load.profile.Dialogue` asks for.

    Args:
        script: what is said.
        lines: what can be said where certain extensions were announced.
        register: what becomes of messages.
        private: whether TLS comes before all else.
    """

    def __init__(self, script: Script, lines: LinesFor, register: Register, private: bool = False) -> None:
        self._script = script
        self._lines = lines
        self._register = register
        self._private = private
        self._session = Session(lines(frozenset()), register)

    @property
    def state(self) -> States:
        """In which states the session may be."""
        return self._session.states

    @property
    def stage(self) -> int:
        """How near the session is to a delivery."""
        return int(self._session.phase is Phase.TEXT)

    def begin(self, greeting: bytes) -> Verdict:
        """Begin a session with its greeting."""
        self._session.give_up()
        self._session = Session(self._lines(frozenset()), self._register, private=self._private)
        rule, wrong = fault(greeting)
        if wrong:
            return Verdict("greeting", "", None, rule, wrong, "220 and the server's name")
        if greeting[:3] == b"220":
            return Verdict("greeting", "greeting", GREETED, "greet.code", "", "", False, True, True)
        if greeting[:1] in b"45":
            return Verdict("refused", "refused", None, "greet.code", "", "", True, over=True)
        return Verdict("greeting", "", None, "greet.code", "not a greeting", "220, or a 4yz or 5yz")

    def next(self) -> Move:
        """Draw the next move."""
        move = self._script.next(self._session)
        self._session.says(move)
        return move

    def right(self) -> Step:
        """Draw a step that takes the session on."""
        return self._script.right(self._session)

    def wrong(self) -> Step:
        """Draw a deviation."""
        return self._script.wrong(self._session)

    def part(self) -> bytes:
        """The beginning of a message that will never be ended."""
        return self._script.part(self._session)

    def owed(self, step: Step) -> str:
        """The kind of reply that a step is owed first of all."""
        return self._session.lines.owed(self._session.states, step)

    def judge(self, step: Step, reply: bytes) -> Verdict:
        """Judge the reply to a step; the session goes on with it."""
        session = self._session
        judged = session.lines.judge(session.states, step, reply)
        if judged.verdict.wrong:
            return judged.verdict
        number, fingerprint = session.follow(step, judged)
        if number:
            return judged.verdict._replace(delivery=Delivery(number, fingerprint))
        if judged.taken and judged.verb in ("EHLO", "HELO"):
            session.lines = self._lines(announced(reply) if judged.verb == "EHLO" else frozenset())
        elif judged.verb == "STARTTLS":
            session.secured = True
            if judged.taken:
                session.lines = self._lines(frozenset())
                session.logged_in = session.asked = False
                session.private = True
        elif judged.verb == "AUTH":
            session.logged_in = True
        elif reply[:3] in FIRST:
            session.asked = True
        return judged.verdict

    def timed_out(self, reply: bytes) -> Verdict:
        """Judge the words of a time-out, of which there are none here."""
        return Verdict("421", "421", None, "time.idle", "", "")


def announced(reply: bytes) -> frozenset[str]:
    """The extensions that EHLO's reply announces, as far as a client makes use of them.

    SIZE is among them only where the largest messages are taken.
    """
    found = set()
    for line in reply.split(b"\r\n")[1:MOST_LINES]:
        keyword, _, parameters = line[4:].decode("latin-1").upper().partition(" ")
        if keyword == "SIZE":
            size = parameters.strip()
            small = size.isascii() and size.isdigit() and 0 < int(size[:12]) < LARGEST
            found |= {"SIZE", SMALL_ONLY} if small else {"SIZE"}
        elif keyword == "AUTH":
            found |= {AUTH_PLAIN} if "PLAIN" in parameters.split() else set()
        elif keyword in ANNOUNCED:
            found.add(keyword)
    return frozenset(found)
