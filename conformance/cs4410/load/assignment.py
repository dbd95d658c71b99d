"""What the load needs of the assignment: its requirements, limits and words, who says them, and where they are kept."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence

from conformance.cs4410.dialect import ERROR, Dialect
from conformance.cs4410.kind import UNGREETED
from conformance.cs4410.load.dialogue import Dialogue
from conformance.cs4410.load.script import Script
from conformance.cs4410.load.store import Mailbox
from conformance.cs4410.load.verdicts import Judge
from conformance.cs4410.load.words import BODY, FORWARD, Words
from conformance.cs4410.mailbox import Folder
from conformance.load.options import Options
from conformance.load.profile import TIMED_OUT, Limits, Rules
from conformance.load.secure import Secure

LATE = 2.0
"""Seconds that a MUST allows beyond the time limit."""
ASSEMBLE = 0.4
"""The share of the time limit in which those who are greeted first wait for the others to be greeted."""
AFTER_LIMIT = 3.0
"""Seconds that a run lasts beyond the time limit, so that the time-outs fit."""
LEAST_PATIENCE = 5.0
"""Seconds that a reply may take, however short the time limit is."""
GREETING_PAUSE = 1.0
"""Seconds more until a greeting is late, for it may wait for another client's time-out."""
ERRORS_BORNE = 5
"""How many errors a server has to bear in a session."""
WAITERS = 1000
"""Scripts from this number on are those of clients that do not talk by themselves."""
NAMES = {
    "greeting": "greeting", "helo": "HELO", "mail": "MAIL", "rcpt": "RCPT", "data": "DATA", "delivered": "message",
    "syntax": "syntax", "unknown": "unknown command", "duplicate": "duplicate HELO", "nested": "nested MAIL",
    "need": "out of order", "bad_sender": "bad sender", "bad_recipient": "bad recipient",
    ERROR: "empty line",
}  # fmt: skip
TIMEOUTS = ("time-out, silent", "time-out, dripping", "time-out, only errors")
RULES = Rules(
    alive="pool.alive",
    greeting="greeting",
    one_reply="reply.one",
    line_end="reply.crlf",
    whole_line="line.split",
    half_closed="half-close.answered",
    early="time.early",
    timeout="time.out",
    timeout_reply="time.reply",
    timeout_close="time.close",
    undisturbed="pool.no-influence",
    served_at_once="pool.32",
    freed="pool.frees",
    numbers="numbers",
    order="numbers.file",
    whole="mailbox.whole",
    no_trace="mailbox.no-trace",
    readable="start.mailbox",
)


class Assignment:
    """What `conformance.load.profile.Profile` asks for.

    Args:
        dialect: the words.
        options: what the run is asked for.
    """

    rules = RULES
    forward: Sequence[str] = FORWARD
    stages = BODY + 1
    farewell = b""
    many_lines = False
    secured = False
    numbered = True
    roots: Sequence[str] = (RULES.greeting, RULES.alive, RULES.one_reply)

    def __init__(self, dialect: Dialect, options: Options) -> None:
        limit = options.time_limit
        patience = max(LEAST_PATIENCE, limit)
        self.name = dialect.name
        self.timeout = dialect.code("timeout").encode()
        code = self.timeout.decode()
        self.kinds: Mapping[str, str] = {
            **{kind: f"{dialect.code(kind)} {name}" for kind, name in NAMES.items()},
            **{f"{code} {how}": f"{code} {name}" for how, name in zip(TIMED_OUT, TIMEOUTS, strict=True)},
        }
        self.limits = Limits(
            time=limit,
            late=LATE,
            timeout=max(2 * limit, limit + LATE),
            reply=patience,
            greeting=max(patience, limit + LATE + GREETING_PAUSE),
            errors=ERRORS_BORNE,
            ungreeted=UNGREETED,
            least=limit + AFTER_LIMIT,
            assemble=ASSEMBLE * limit,
        )
        self._options = options
        self._mark = options.mark or f"load-{options.seed}-{time.time_ns():x}"
        self._words = Words(options.seed)
        self._judge = Judge(dialect)
        self._netids: set[bytes] = set()

    def goes_on(self, line: bytes) -> bool:
        """Whether a line says that more of its reply follows."""
        return line[3:4] == b"-" and line[:3].isdigit()

    def secure(self) -> Secure:
        """There is no TLS."""
        raise NotImplementedError

    def dialogue(self, client: int, talks: bool) -> Dialogue:
        """What a client says; those that talk share the tour of all errors."""
        seed, errors, sharing = self._options.seed, self._options.errors, self._options.talkers
        if talks:
            script = Script(self._words, seed, client, sharing, errors, self._mark)
        else:
            script = Script(self._words, seed, WAITERS + client, 1, 0.0, self._mark)
        return Dialogue(script, self._judge, self._netids)

    def take(self) -> list[list[int]]:
        """Nothing: what was told are numbers."""
        return []

    def enter(self, taken: Iterable[Sequence[int]]) -> None:
        """Nothing is to be done."""

    def store(self, folder: Folder) -> Mailbox:
        """Where the server keeps this run's messages."""
        return Mailbox(folder, self._mark, self._netids)
