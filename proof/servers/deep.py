"""Faults that no single line shows: each needs a certain past, a certain length or a certain cut.

The random conversations have to find them: `python -m proof deep` measures how surely they do.
"""

from __future__ import annotations

from proof.servers.edit import Edit, Mutant, begun, headed
from proof.servers.shared import answered

FILE = "session.py"
BAD_SENDER = '            return b"504 5.5.2 <%b>: Sender address rejected" % _on_one_line(address)\n'
BAD_RECIPIENT = '            return b"504 5.5.2 <%b>: Recipient address invalid" % _on_one_line(address)\n'
NESTED = '            return b"503 5.5.1 Error: nested MAIL command"\n'
KEEP_RECIPIENT = "        self._recipients.append(address)\n"
READ_BODY = "        body = self._channel.read_body()\n"
MESSAGE = '        message = Message(self._host, self._reverse_path, self._recipients, body or b"")\n'
COUNT_ERRORS = [
    begun(FILE, "Session.__init__", "self._errors = 0"),
    answered("""
        self._errors += answer[:1] == b"5"
        self._channel.reply(answer)
    """),
]
"""How many errors the session has had."""
COUNT_MESSAGES = [
    begun(FILE, "Session.__init__", "self._messages = 0"),
    begun(FILE, "Session._forget_message", "self._messages += 1"),
]
"""How many messages it has ended."""


def before(line: str, code: str) -> Edit:
    """Put a line of the same indentation before one."""
    margin = line[: len(line) - len(line.lstrip())]
    return Edit(FILE, line, "".join(f"{margin}{one}\n" for one in code.splitlines()) + line)


def after(line: str, code: str) -> Edit:
    """Put lines of the same indentation behind one."""
    margin = line[: len(line) - len(line.lstrip())]
    return Edit(FILE, line, line + "".join(f"{margin}{one}\n" for one in code.splitlines()))


PAST = [
    Mutant(
        "bad-recipient-takes-the-second-with-it",
        "recipient.not-kept",
        [before(BAD_RECIPIENT, "del self._recipients[1:]")],
    ),
    Mutant(
        "nested-mail-after-a-recipient-changes-the-sender",
        "mail.first-stays",
        [before(NESTED, "if self._recipients:\n    self._reverse_path = address")],
    ),
    Mutant(
        "rcpt-in-upper-case-only-after-a-bad-mail",
        "case.verbs",
        [
            begun(FILE, "Session.__init__", "self._strict = False"),
            before(BAD_SENDER, "self._strict = True"),
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
                "        if not found:\n",
                'if not found and verb == b"HELO" and rest and not self._host:\n    self._first = rest[0].split()[0]',
            ),
            Edit(FILE, "        self._host = host\n", "        self._host = self._first or host\n"),
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
        [*COUNT_MESSAGES, after(READ_BODY, "body = body.removeprefix(CRLF) if body and self._messages == 1 else body")],
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
                "self._mailbox.deliver(message)\n",
                "(\n"
                "                self._mailbox.deliver(message) - (self._messages == 2 and not body)\n            )\n",
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
            after(MESSAGE, 'self._extra = [b"b"] if b"\\r\\nRCPT TO: b" in (body or b"") else []'),
            after(KEEP_RECIPIENT, "self._recipients += self._extra\nself._extra = []"),
        ],
    ),
]
LENGTHS_AND_CUTS = [
    Mutant(
        "line-of-64-bytes-loses-its-last",
        "line.length",
        [Edit(FILE, "line = bytes(self._received[:end])", "line = bytes(self._received[: end - (end == 62)])")],
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
        [after(READ_BODY, "if body and len(body) == 512:\n    body = body[:-3] + CRLF")],
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
            after("        searched = 0\n", 'self._bodies = getattr(self, "_bodies", 0) + 1'),
            after(
                "            searched = max(0, len(self._received) - len(END_OF_DATA) + 1)\n",
                'if self._bodies == 2 and self._received.endswith(b"\\r\\n.\\r"):\n    searched = len(self._received)',
            ),
        ],
    ),
    Mutant(
        "lines-joined-behind-a-nested-mail-dropped",
        "line.joined",
        [before(NESTED, "self._channel._received.clear()")],
    ),
]
CLIENTS = [
    Mutant(
        "aborted-second-message-takes-a-number",
        "mailbox.no-trace",
        [
            *COUNT_MESSAGES,
            Edit(
                FILE,
                READ_BODY,
                "        try:\n"
                + READ_BODY.replace("        ", "            ", 1)
                + "        except (EOFError, OSError):\n"
                "            self._mailbox._last_number += self._messages == 1\n            raise\n",
            ),
        ],
    ),
    Mutant(
        "body-left-by-reset-begins-the-next-one",
        "mailbox.no-trace",
        [
            headed(FILE, "LEFT = bytearray()"),
            Edit(
                FILE,
                READ_BODY,
                "        try:\n"
                + READ_BODY.replace("        ", "            ", 1)
                + "        except ConnectionResetError:\n"
                '            LEFT[:] = b"left\\r\\n"\n            raise\n'
                '        body = LEFT + (body or b"")\n        LEFT.clear()\n',
            ),
            Edit(FILE, 'body or b"")\n        self._forget', "bytes(body))\n        self._forget"),
        ],
    ),
    Mutant(
        "recipients-kept-when-the-message-before-timed-out",
        "time.no-trace",
        [
            headed(FILE, "LEFT = []"),
            after("        except ClockExpired:\n", "    LEFT[:] = self._recipients"),
            after("        self._reverse_path = address\n", "self._recipients = LEFT[:]\nLEFT.clear()"),
        ],
    ),
    Mutant(
        "nothing-answered-to-a-half-closed-client-after-an-error",
        "half-close.answered",
        [
            *COUNT_ERRORS,
            headed(FILE, "import select"),
            after(
                "                line = self._channel.read_line()\n",
                "if self._errors and self._channel.is_half_closed():\n    return",
            ),
            before(
                "    def _restart_clock(self) -> None:\n",
                "def is_half_closed(self) -> bool:\n"
                "    ready = select.select([self._connection], [], [], 0.03)[0]\n"
                "    return bool(ready) and not self._received and not self._connection.recv(1, socket.MSG_PEEK)\n",
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
            after("        self._reverse_path = address\n", 'LAST[0] = b""'),
            before(MESSAGE, "if self._errors and LAST[0]:\n    self._reverse_path = LAST[0]"),
            begun(FILE, "Session._forget_message", 'LAST[0] = b"other"'),
        ],
        also="recover mailbox.entry",
        why="an error is what it takes, and the entry is where it shows",
    ),
]
MUTANTS = [*PAST, *LENGTHS_AND_CUTS, *CLIENTS]
