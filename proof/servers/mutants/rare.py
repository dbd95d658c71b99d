"""Mutants with faults of the reported kinds that show under one rare condition: a size, a count, a letter, a moment."""

from __future__ import annotations

from proof.servers.edit import Edit, Mutant, begun, headed, within
from proof.servers.shared import read

RECEIVED = "self._received += self._tls.opened(data) if self._tls else data"
LOOKS_AT_CLOCK = "while (remaining := self._deadline - monotonic()) > 0:"

MUTANTS = [
    Mutant(
        "full-buffer-means-that-more-comes",
        "bytes",
        [
            Edit("channel.py", "RECEIVE_SIZE = 65_536", "RECEIVE_SIZE = 8_192"),
            within(
                "channel.py",
                "Channel._receive",
                f"{RECEIVED}\n            return",
                f"{RECEIVED}\nif len(data) == RECEIVE_SIZE:\n    continue\nreturn",
            ),
        ],
    ),
    Mutant(
        "clock-looked-at-when-nothing-can-be-read",
        "time.invalid",
        [
            within(
                "channel.py",
                "Channel._receive",
                LOOKS_AT_CLOCK,
                "while True:\n    remaining = max(0.05, self._deadline - monotonic())",
            ),
            within(
                "channel.py",
                "Channel._receive",
                "continue  # the kernel's time-out; whether ours has passed is for the clock to say",
                "if monotonic() > self._deadline:\n    raise ClockExpired from None\ncontinue",
            ),
        ],
    ),
    Mutant(
        "three-calls-deeper-for-each-message",
        "session.long",
        [
            begun(
                "session.py",
                "Session._data",
                """
                self._depth = getattr(self, "_depth", 9) + 3
                if self._depth > 999:
                    raise EOFError
                """,
            )
        ],
    ),
    Mutant(
        "host-looked-at-by-a-pattern-that-backtracks",
        "pool.no-influence",
        [begun("session.py", "Session._helo", r're.fullmatch(rb"([A-Za-z0-9]+[.-]?)+", host)')],
    ),
    Mutant(
        "verbs-made-upper-case-as-text",
        "unknown",
        [
            Edit(
                "session.py",
                "word.upper()",
                'word.decode("utf-8", "replace").upper().encode()',
            )
        ],
    ),
    Mutant(
        "letters-composed",
        "bytes",
        [
            headed("session.py", "from unicodedata import normalize"),
            read(
                'body = (body or b"").decode("utf-8", "surrogateescape")\n'
                'body = normalize("NFC", body).encode("utf-8", "surrogateescape")'
            ),
        ],
    ),
    Mutant("doubled-percent-signs-halved", "bytes", [read('body = (body or b"").replace(b"%%", b"%")')]),
    Mutant(
        "delivery-looks-once-when-it-is-woken",
        "backup.group",
        [within("mailbox.py", "Mailbox.deliver", "while self._backup_due:", "if self._backup_due:")],
    ),
    Mutant(
        "backup-told-outside-the-lock",
        "backup.group",
        [
            within(
                "mailbox.py",
                "Mailbox.deliver",
                "self._backup_due = True",
                "self._lock.release()\nself._lock.acquire()\nself._backup_due = True",
            )
        ],
    ),
]
