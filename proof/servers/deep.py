"""Faults that no single line shows: each needs a certain past, a certain length or a certain cut.

The random conversations have to find them: `python -m proof deep` measures how surely they do.
"""

from __future__ import annotations

from proof.servers.edit import Edit, Mutant, begun, headed, within
from proof.servers.shared import answered, read, reading_failed

FILE = "session.py"
NESTED = 'return b"503 5.5.1 Error: nested MAIL command"'
KEEP_SENDER = "self._reverse_path = address"
KEEP_RECIPIENT = "self._recipients.append(address)"
COUNT_ERRORS = [
    begun(FILE, "Session.__init__", "self._errors = 0"),
    answered("""
        self._errors += answer[:1] == b"5"
        self._reply(answer)
    """),
]
"""How many errors the session has had."""
COUNT_MESSAGES = [
    begun(FILE, "Session.__init__", "self._messages = 0"),
    begun(FILE, "Session._forget_message", "self._messages += 1"),
]
"""How many messages it has ended."""


def before(name: str, statement: str, code: str) -> Edit:
    """Put statements before one of a function of the session."""
    return within(FILE, f"Session.{name}", statement, f"{code}\n{statement}")


def after(name: str, statement: str, code: str) -> Edit:
    """Put statements behind one of a function of the session."""
    return within(FILE, f"Session.{name}", statement, f"{statement}\n{code}")


PAST = [
    Mutant(
        "bad-recipient-takes-the-second-with-it",
        "recipient.not-kept",
        [before("_rcpt", 'return b"504', "del self._recipients[1:]")],
    ),
    Mutant(
        "nested-mail-after-a-recipient-changes-the-sender",
        "mail.first-stays",
        [before("_mail", NESTED, "if self._recipients:\n    self._reverse_path = address")],
    ),
    Mutant(
        "rcpt-in-upper-case-only-after-a-bad-mail",
        "case.verbs",
        [
            begun(FILE, "Session.__init__", "self._strict = False"),
            before("_mail", 'return b"504', "self._strict = True"),
            Edit(FILE, "verb = word.upper()", 'verb = word if self._strict and word[:1] in b"rR" else word.upper()'),
        ],
        also="recover",
        why="an error is what it takes",
    ),
    Mutant(
        "host-of-a-refused-helo-kept",
        "helo",
        [
            begun(FILE, "Session.__init__", 'self._first = b""'),
            before(
                "_answer",
                "if not found:",
                'if not found and verb == b"HELO" and rest and not self._host:\n    self._first = rest[0].split()[0]',
            ),
            Edit(FILE, "self._host = host", "self._host = self._first or host"),
        ],
        also="recover mailbox.entry",
        why="an error is what it takes, and the entry is where it shows",
    ),
    Mutant(
        "fourth-message-needs-helo-again",
        "after.forgets",
        [*COUNT_MESSAGES, begun(FILE, "Session._mail", 'if self._messages == 3:\n    self._host = b""')],
    ),
    Mutant(
        "second-body-loses-an-empty-first-line",
        "bytes",
        [*COUNT_MESSAGES, read("if body and self._messages == 1:\n    body = body.removeprefix(b'\\r\\n')")],
        also="after.forgets",
        why="a message before is what it takes",
    ),
    Mutant(
        "empty-second-body-told-the-number-before",
        "numbers",
        [
            *COUNT_MESSAGES,
            Edit(
                FILE,
                "self._mailbox.deliver(message)",
                "(self._mailbox.deliver(message) - (self._messages == 2 and not body))",
            ),
        ],
        also="numbers.file",
        why="the entry has another number than the reply",
    ),
    Mutant(
        "rcpt-in-a-body-is-a-recipient-of-the-next-message",
        "after.forgets",
        [
            begun(FILE, "Session.__init__", "self._extra = []"),
            read('self._extra = [b"b"] if b"\\r\\nRCPT TO: b" in (body or b"") else []'),
            after("_rcpt", KEEP_RECIPIENT, "self._recipients += self._extra\nself._extra = []"),
        ],
    ),
]
LENGTHS_AND_CUTS = [
    Mutant(
        "line-of-64-bytes-loses-its-last",
        "line.length",
        [Edit("channel.py", "line = bytes(self._received[:end])", "line = bytes(self._received[: end - (end == 62)])")],
        also="bytes",
        why="that is what spoils a body or a name",
    ),
    Mutant(
        "line-of-256-bytes-unknown-after-an-error",
        "line.length",
        [
            *COUNT_ERRORS,
            begun(FILE, "Session._answer", 'if self._errors and len(line) >= 254:\n    line = b"?"'),
        ],
        also="recover",
        why="an error is what it takes",
    ),
    Mutant(
        "body-of-512-bytes-loses-its-last",
        "bytes",
        [read("if body and len(body) == 512:\n    body = body[:-3] + b'\\r\\n'")],
    ),
    Mutant(
        "second-recipient-keeps-spaces-at-its-end",
        "space.spaces",
        [
            begun(FILE, "Session._answer", 'self._end = line[len(line.rstrip(b" ")) :]'),
            Edit(
                FILE, KEEP_RECIPIENT, KEEP_RECIPIENT.replace("address", "address + self._end * bool(self._recipients)")
            ),
        ],
    ),
    Mutant(
        "end-of-a-second-body-missed-when-cut-after-its-cr",
        "line.split",
        [
            begun("channel.py", "Channel.read_body", 'self._bodies = getattr(self, "_bodies", 0) + 1'),
            within(
                "channel.py",
                "Channel.read_body",
                "self._receive()",
                """
                if self._bodies == 2 and self._received.endswith(b"\\r\\n.\\r"):
                    searched = len(self._received)
                self._receive()
                """,
            ),
        ],
    ),
    Mutant(
        "lines-joined-behind-a-nested-mail-dropped",
        "line.joined",
        [before("_mail", NESTED, "self._channel._received.clear()")],
    ),
]
CLIENTS = [
    Mutant(
        "aborted-second-message-takes-a-number",
        "mailbox.no-trace",
        [
            *COUNT_MESSAGES,
            reading_failed("(EOFError, OSError)", "self._mailbox._last_number += self._messages == 1"),
        ],
    ),
    Mutant(
        "body-left-by-reset-begins-the-next-one",
        "mailbox.no-trace",
        [
            headed(FILE, "LEFT = bytearray()"),
            reading_failed("ConnectionResetError", 'LEFT[:] = b"left\\r\\n"'),
            before("_data", "message = Message(", 'body = bytes(LEFT + (body or b""))\nLEFT.clear()'),
        ],
    ),
    Mutant(
        "recipients-kept-when-the-message-before-timed-out",
        "time.no-trace",
        [
            headed(FILE, "LEFT = []"),
            after("run", "except ClockExpired:", "    LEFT[:] = self._recipients"),
            after("_mail", KEEP_SENDER, "self._recipients = LEFT[:]\nLEFT.clear()"),
        ],
    ),
    Mutant(
        "nothing-answered-to-a-half-closed-client-after-an-error",
        "half-close.answered",
        [
            *COUNT_ERRORS,
            headed(FILE, "import select, socket"),
            begun(
                FILE,
                "Session.run",
                """
                def is_half_closed(channel):
                    ready = select.select([channel._connection], [], [], 0.03)[0]
                    return bool(ready) and not channel._received and not channel._connection.recv(1, socket.MSG_PEEK)
                """,
            ),
            after(
                "run",
                "line = self._channel.read_line(LINE_LIMIT)",
                "if self._errors and is_half_closed(self._channel):\n    return",
            ),
        ],
        also="recover",
        why="an error is what it takes",
    ),
    Mutant(
        "sender-of-another-client-taken-after-an-error",
        "pool.no-influence",
        [
            *COUNT_ERRORS,
            headed(FILE, 'LAST = [b""]'),
            after("_mail", KEEP_SENDER, 'LAST[0] = b""'),
            before("_data", "message = Message(", "if self._errors and LAST[0]:\n    self._reverse_path = LAST[0]"),
            begun(FILE, "Session._forget_message", 'LAST[0] = b"other"'),
        ],
        also="recover mailbox.entry",
        why="an error is what it takes, and the entry is where it shows",
    ),
]
MUTANTS = [*PAST, *LENGTHS_AND_CUTS, *CLIENTS]
