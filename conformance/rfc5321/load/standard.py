"""What the load needs of the standard: its requirements and limits, who says what, and where mail is looked up."""

from __future__ import annotations

import functools
import ipaddress
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import IO

from conformance.harness.wire.tls import context
from conformance.load.options import Options
from conformance.load.profile import Limits, Rules, Step
from conformance.load.secure import Secure
from conformance.load.tally import SECURED
from conformance.rfc5321.load.dialogue import Dialogue
from conformance.rfc5321.load.letters import Letters
from conformance.rfc5321.load.lines import AUTH, LEFT, Lines, kind
from conformance.rfc5321.load.register import MOST_RECIPIENTS, Register
from conformance.rfc5321.load.script import Manners, Script
from conformance.rfc5321.load.store import Mail
from conformance.rfc5321.login import plain_response
from conformance.rfc5321.search.words import Book
from conformance.stores.store import MailStore

IDLE = 300.0
"""Seconds that a client may be silent (RFC 5321 4.5.3.2.7)."""
LATE = 10.0
"""Seconds that the first replies may take beyond the usual."""
ERRORS_BORNE = 2
"""Refused commands after which a close is a server's right."""
UNGREETED = 8
AT_ONCE = 2
"""Connections that any server serves side by side; how many more is its own affair."""
SOMETIMES = "sometimes"
IMPLICIT = "implicit"
TLS = {SOMETIMES: 0.03, "never": 0.0, "always": 1.0, IMPLICIT: 0.0}
"""How often TLS is begun, at each occasion, by what the user says."""
ASSEMBLE = 2.0
"""Seconds for which those who are greeted first wait for the others to be greeted."""
SETTLE = 5.0
"""Seconds that the rest of a line may take."""
VERBS = ("EHLO", "HELO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "end of data", "BDAT", "BDAT LAST",
         "RSET", "NOOP", "VRFY", "EXPN", "HELP", "QUIT", "unknown")  # fmt: skip
NAMES = {"end of data": "message", "unknown": "unknown command", "BDAT": "chunk (BDAT)", "BDAT LAST": "last chunk"}
RULES = Rules(
    alive="close.serves-on",
    greeting="greet.first",
    one_reply="reply.one",
    line_end="reply.crlf",
    whole_line="line.split",
    half_closed="reply.one",
    early="time.idle",
    timeout="time.idle",
    timeout_reply="time.idle",
    timeout_close="time.idle",
    undisturbed="close.error",
    served_at_once="conn.parallel",
    freed="close.serves-on",
    numbers="data.delivered",
    order="data.delivered",
    whole="data.whole",
    no_trace="close.lost-data",
    readable="data.delivered",
    secure="tls.220",
    refused="data.refused-gone",
    lost="data.delivered",
    doubled="data.delivered",
    stray="order.no-carry",
)


class Standard:
    """What `conformance.load.profile.Profile` asks for.

    Args:
        book: who the client, the sender and the recipients are.
        options: what the run is asked for.
        patience: seconds that a reply may take.
        file: where it is written down what became of each message; None where nobody will look.
        tls: how often it is begun where it is offered, or that it comes before all else, one of `TLS`.
        user, password: of a login; empty if nobody can log in.
        logged_in: how often a client logs in where it can, at each occasion, 0 to 1.
    """

    name = "rfc5321"
    rules = RULES
    kinds: Mapping[str, str] = {
        "greeting": "220 greeting",
        "refused": "4yz 5yz greeting",
        **{kind(digit, verb): f"{digit.decode()}yz {NAMES.get(verb, verb)}" for verb in VERBS
           for digit in (b"2", b"3", b"4", b"5")},
        SECURED: "TLS handshake",
        LEFT: "421 the server leaves",
    }  # fmt: skip
    secured: bool
    forward: Sequence[str] = tuple(kind(b"2", verb) for verb in ("EHLO", "MAIL", "RCPT", "end of data"))
    stages = 2
    timeout = b""
    farewell = b"421"
    many_lines = True
    numbered = False
    roots: Sequence[str] = (RULES.greeting, "greet.code", RULES.alive, RULES.one_reply)

    def __init__(
        self,
        book: Book,
        options: Options,
        patience: float,
        file: IO[bytes] | None,
        tls: str = SOMETIMES,
        user: str = "",
        password: str = "",
        logged_in: float = 1.0,
    ) -> None:
        self.limits = Limits(
            time=IDLE,
            late=LATE,
            timeout=IDLE,
            reply=patience,
            greeting=patience,
            errors=ERRORS_BORNE,
            ungreeted=UNGREETED,
            assemble=ASSEMBLE,
            settle=SETTLE,
            at_once=min(AT_ONCE, options.connections),
        )
        self.letters = Letters(options.seed, options.mark or f"{time.time_ns():x}")
        self.register = Register(file, options.worker)
        self._book = replace(book, recipients=book.recipients[:MOST_RECIPIENTS], words_after_noop=False)
        self._options = options
        self.secured = tls == IMPLICIT
        self._manners = Manners(
            options.errors,
            TLS[tls],
            logged_in,
            login(user, password) if user else None,
            is_loopback(options.address[0]),
        )
        self._lines = functools.cache(self._lines_of)

    def goes_on(self, line: bytes) -> bool:
        """Whether a line says that more of its reply follows."""
        return line[3:4] == b"-" and line[:3].isdigit()

    def secure(self) -> Secure:
        """A TLS session, whatever the server's certificate says."""
        return Secure(context())

    def dialogue(self, client: int, talks: bool) -> Dialogue:
        """What a client says; all of them talk."""
        script = Script(self.letters, self._options.seed, client, self._manners)
        return Dialogue(script, self._lines, self.register, self.secured)

    def take(self) -> list[list[int]]:
        """What became of messages here since it was asked last."""
        return self.register.take()

    def enter(self, taken: Iterable[Sequence[int]]) -> None:
        """Write down what became of messages elsewhere."""
        self.register.enter(taken)

    def store(self, mail: MailStore, arrives: float, sure: bool) -> Mail:
        """Where this run's messages are looked up.

        Args:
            mail: where mail is read.
            arrives: seconds within which it is there.
            sure: whether somebody has said that it is there.
        """
        return Mail(mail, self.letters, self.register, self._book.recipients, arrives, sure)

    def _lines_of(self, announced: frozenset[str]) -> Lines:
        return Lines(replace(self._book, announced=announced))


def is_loopback(host: str) -> bool:
    """Whether nobody else can overhear what is said to an address."""
    return ipaddress.ip_address(host).is_loopback


def login(user: str, password: str) -> Step:
    """The command of a login, of which a log shows nothing but that it was one."""
    data = f"AUTH PLAIN {plain_response(user, password)}\r\n".encode()
    return Step(AUTH, data, shown=b"AUTH PLAIN [credentials]\r\n")
