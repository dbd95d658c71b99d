"""Mutants of the section "Mailbox": the start, the entries, and the numbers."""

from __future__ import annotations

import textwrap

from tests.mutants.message import READ
from tests.mutants.patch import Edit, Mutant, begun, headed, replaced

START = [
    Mutant("another-port", "start.address", [Edit("__main__.py", '"--port", default=8765', '"--port", default=8025')]),
    Mutant(
        "port-must-be-given",
        "start.address",
        [Edit("__main__.py", '"--port", default=8765', '"--port", required=True')],
    ),
    Mutant(
        "stale-mailbox-kept",
        "start.mailbox",
        [Edit("mailbox.py", "        self._file.truncate(0)\n\n    def deliver", "\n    def deliver")],
    ),
    Mutant(
        "mailbox-made-with-the-first-message",
        "start.mailbox",
        [
            Edit(
                "mailbox.py",
                "        self._file.truncate(0)\n\n    def deliver",
                '        self._file.close()\n        (directory / "mailbox").unlink()\n\n    def deliver',
            ),
            begun(
                "mailbox.py",
                "Mailbox._append",
                'if self._file.closed:\n    self._file = open(self._directory / "mailbox", "a+b", buffering=0)',
            ),
        ],
    ),
]

APPEND = "            self._append(message.entry(self._netid, number))\n"


def numbered(code: str) -> Edit:
    """Give the number under the lock, but do this with the message after the lock was let go."""
    return replaced(
        "mailbox.py",
        "Mailbox.deliver",
        f"""
def deliver(self, message: Message) -> int:
    with self._backup_is_done:
        while self._backup_due:
            self._backup_is_done.wait()
        self._last_number += 1
        number = self._last_number
{textwrap.indent(textwrap.dedent(code).strip(chr(10)), " " * 4)}
    with self._backup_is_done:
        if number % self._backup_every == 0:
            self._backup_due = True
            self._backup_is_due.notify()
    return number
""",
    )


def later(seconds: float) -> list[Edit]:
    """Write each entry so many seconds after its reply, and back up only what has been written."""
    return [
        headed("mailbox.py", "import time"),
        Edit(
            "mailbox.py",
            APPEND,
            "            entry = message.entry(self._netid, number)\n"
            "            Thread(target=self._append_later, args=(entry,), daemon=True).start()\n",
        ),
        Edit(
            "mailbox.py",
            "    def _append(self,",
            "    def _append_later(self, entry: bytes) -> None:\n"
            f"        time.sleep({seconds})\n"
            "        self._append(entry)\n\n"
            "    def _append(self,",
        ),
        begun("mailbox.py", "Mailbox._copy_and_empty", f"time.sleep({seconds} + 0.3)"),
    ]


ENTRY = [
    Mutant(
        "received-line-without-course",
        "mailbox.entry",
        [Edit("mailbox.py", "by %b (CS4410MP3)", "by %b")],
    ),
    Mutant(
        "no-empty-line-before-the-body",
        "mailbox.entry",
        [Edit("mailbox.py", 'b"\\r\\n\\r\\n", self.body', 'b"\\r\\n", self.body')],
    ),
    Mutant(
        "no-empty-line-after-the-body", "mailbox.entry", [Edit("mailbox.py", 'self.body, b"\\r\\n"))', "self.body))")]
    ),
    Mutant(
        "recipients-before-the-sender",
        "mailbox.entry",
        [
            Edit(
                "mailbox.py",
                'header += [b"From: " + self.reverse_path, *(b"To: " + recipient for recipient in self.recipients)]',
                'header += [*(b"To: " + recipient for recipient in self.recipients), b"From: " + self.reverse_path]',
            )
        ],
    ),
    Mutant("entry-without-its-number", "mailbox.entry", [Edit("mailbox.py", ', b"Number: %d" % number]', "]")]),
    Mutant(
        "entry-half-a-second-after-the-reply",
        "mailbox.prompt",
        later(0.5),
    ),
    Mutant("entry-three-seconds-after-the-reply", "mailbox.soon mailbox.prompt", later(3)),
    Mutant(
        "mailbox-never-flushed", "mailbox.soon mailbox.prompt", [Edit("mailbox.py", '"a+b", buffering=0)', '"a+b")')]
    ),
    Mutant("nothing-written-at-all", "mailbox.soon mailbox.prompt", [Edit("mailbox.py", APPEND, "")]),
    Mutant(
        "entries-written-line-by-line-without-the-lock",
        "mailbox.whole",
        [
            headed("mailbox.py", "import time"),
            numbered(
                """
                for line in message.entry(self._netid, number).splitlines(keepends=True):
                    self._append(line)
                    time.sleep(0)
                """
            ),
        ],
    ),
    Mutant(
        "every-hundredth-message-lost",
        "mailbox.whole",
        [Edit("mailbox.py", APPEND, "            if number % 100:\n    " + APPEND)],
    ),
]

NO_TRACE = [
    Mutant(
        "abandoned-message-delivered",
        "mailbox.no-trace",
        [
            Edit(
                "session.py",
                READ,
                "        try:\n"
                "            body = self._channel.read_body()\n"
                "        except (EOFError, OSError):\n"
                "            body = bytes(self._channel._received[2:]) + CRLF\n"
                "            self._mailbox.deliver(Message(self._host, self._reverse_path, self._recipients, body))\n"
                "            raise\n",
            )
        ],
    ),
    Mutant(
        "abandoned-message-takes-a-number",
        "mailbox.no-trace",
        [
            Edit(
                "session.py",
                READ,
                "        try:\n"
                "            body = self._channel.read_body()\n"
                "        except (EOFError, OSError):\n"
                "            self._mailbox._last_number += 1\n"
                "            raise\n",
            )
        ],
    ),
    Mutant(
        "number-given-at-data",
        "mailbox.no-trace time.no-trace numbers.file",
        [
            Edit("session.py", READ, "        number = self._mailbox.next_number()\n" + READ),
            Edit("session.py", "self._mailbox.deliver(message)", "self._mailbox.deliver(message, number)"),
            replaced(
                "mailbox.py",
                "Mailbox.deliver",
                """
                def next_number(self) -> int:
                    with self._backup_is_done:
                        self._last_number += 1
                        return self._last_number

                def deliver(self, message: Message, number: int) -> int:
                    with self._backup_is_done:
                        while self._backup_due:
                            self._backup_is_done.wait()
                        self._append(message.entry(self._netid, number))
                        if number % self._backup_every == 0:
                            self._backup_due = True
                            self._backup_is_due.notify()
                        return number
                """,
            ),
        ],
    ),
]

NUMBERS = [
    Mutant(
        "numbers-race",
        "numbers",
        [
            headed("mailbox.py", "import time"),
            replaced(
                "mailbox.py",
                "Mailbox.deliver",
                """
                def deliver(self, message: Message) -> int:
                    number = self._last_number + 1
                    time.sleep(0.001)
                    with self._backup_is_done:
                        while self._backup_due:
                            self._backup_is_done.wait()
                        self._append(message.entry(self._netid, number))
                        self._last_number = number
                        if number % self._backup_every == 0:
                            self._backup_due = True
                            self._backup_is_due.notify()
                    return number
                """,
            ),
        ],
    ),
    Mutant(
        "a-number-for-each-session",
        "numbers",
        [
            begun("session.py", "Session.run", "self._delivered = 0"),
            Edit("session.py", "self._mailbox.deliver(message)", "self._mailbox.deliver(message, self._delivered)"),
            begun("session.py", "Session._forget_message", "self._delivered += 1"),
            Edit("mailbox.py", "def deliver(self, message: Message)", "def deliver(self, message: Message, told: int)"),
            Edit("mailbox.py", "message.entry(self._netid, number)", "message.entry(self._netid, told)"),
            Edit("mailbox.py", "            return number\n", "            return told\n"),
        ],
    ),
    Mutant(
        "a-number-for-each-recipient",
        "numbers",
        [
            Edit(
                "mailbox.py",
                "            self._last_number = number\n",
                "            self._last_number = number + len(message.recipients) - 1\n",
            )
        ],
    ),
    Mutant(
        "numbers-begin-at-0", "numbers.first", [Edit("mailbox.py", "self._last_number = 0", "self._last_number = -1")]
    ),
    Mutant(
        "number-of-the-reply-one-too-high",
        "numbers.file",
        [Edit("session.py", "% self._mailbox.deliver(message)", "% (self._mailbox.deliver(message) + 1)")],
    ),
    Mutant(
        "entries-written-after-the-lock-is-let-go",
        "numbers.file",
        [
            headed("mailbox.py", "import time"),
            numbered("time.sleep(0.002 * (number % 3))\nself._append(message.entry(self._netid, number))"),
        ],
    ),
]

MUTANTS = START + ENTRY + NO_TRACE + NUMBERS
