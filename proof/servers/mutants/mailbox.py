"""Mutants of the section "Mailbox": the start, the entries, and the numbers."""

from __future__ import annotations

import textwrap

from proof.servers.edit import Edit, Mutant, begun, headed, replaced, within
from proof.servers.shared import READ_BODY, UNFINISHED_DELIVERED, reading_failed

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
        [within("mailbox.py", "Mailbox.__init__", "self._file.truncate(0)", "pass")],
    ),
    Mutant(
        "mailbox-made-with-the-first-message",
        "start.mailbox",
        [
            within(
                "mailbox.py",
                "Mailbox.__init__",
                "self._file.truncate(0)",
                'self._file.close()\n(directory / "mailbox").unlink()',
            ),
            begun(
                "mailbox.py",
                "Mailbox._append",
                'if self._file.closed:\n    self._file = open(self._directory / "mailbox", "a+b", buffering=0)',
            ),
        ],
    ),
]


def numbered(code: str) -> Edit:
    """Give the number under the lock, but do this with the message after the lock was let go."""
    return replaced(
        "mailbox.py",
        "Mailbox.deliver",
        f"""
def deliver(self, message: Message) -> int:
    with self._lock:
        while self._backup_due:
            self._backup_is_done.wait()
        self._last_number += 1
        number = self._last_number
{textwrap.indent(textwrap.dedent(code).strip(chr(10)), " " * 4)}
    with self._lock:
        if number % self._backup_every == 0:
            self._backup_due = True
            self._backup_is_due.notify()
    return number
""",
    )


def later(seconds: float) -> list[Edit]:
    """Write each entry so many seconds after its reply, in order, and back up only when all are written."""
    return [
        headed("mailbox.py", "import time"),
        begun("mailbox.py", "start_backup_thread", "Thread(target=mailbox.write_for_ever, daemon=True).start()"),
        begun("mailbox.py", "Mailbox.__init__", "self._later = []"),
        Edit(
            "mailbox.py",
            "self._append(message.entry(self._netid, number))",
            f"self._later.append((time.time() + {seconds}, message.entry(self._netid, number)))",
        ),
        replaced(
            "mailbox.py",
            "Mailbox.close",
            """
            def write_for_ever(self) -> None:
                while True:
                    if self._later and self._later[0][0] < time.time():
                        self._append(self._later[0][1])
                        self._later.pop(0)
                    else:
                        time.sleep(0.01)

            def close(self) -> None:
                self._file.close()
            """,
        ),
        begun("mailbox.py", "Mailbox._copy_and_empty", "while self._later:\n    time.sleep(0.01)"),
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
    Mutant(
        "entry-without-its-number", "mailbox.entry", [Edit("mailbox.py", ', b"Number: %d" % number]', "]")], workers=4
    ),
    Mutant(
        "entry-half-a-second-after-the-reply",
        "mailbox.prompt",
        later(0.5),
        workers=4,
    ),
    Mutant("entry-three-seconds-after-the-reply", "mailbox.soon mailbox.prompt", later(3), workers=4),
    Mutant(
        "mailbox-never-flushed",
        "mailbox.soon mailbox.prompt",
        [Edit("mailbox.py", 'FileIO(directory / "mailbox", "a+")', 'open(directory / "mailbox", "a+b")')],
    ),
    Mutant(
        "nothing-written-at-all",
        "mailbox.soon mailbox.prompt",
        [Edit("mailbox.py", "self._append(message.entry(self._netid, number))", "pass")],
    ),
    Mutant(
        "entries-written-in-pieces-without-the-lock",
        "mailbox.whole",
        [
            headed("mailbox.py", "import time"),
            numbered(
                """
                entry = message.entry(self._netid, number)
                for piece in (entry[:40], entry[40:200], entry[200:]):
                    self._append(piece)
                    time.sleep(0.001)
                """
            ),
        ],
    ),
    Mutant(
        "entry-dropped-while-another-is-written",
        "mailbox.whole",
        [
            headed("mailbox.py", "import time\nwriting = Lock()"),
            numbered(
                """
                if writing.acquire(blocking=False):
                    time.sleep(0.001)
                    self._append(message.entry(self._netid, number))
                    writing.release()
                """
            ),
        ],
    ),
]

NO_TRACE = [
    Mutant(
        "abandoned-message-delivered",
        "mailbox.no-trace",
        [reading_failed("(EOFError, OSError)", UNFINISHED_DELIVERED)],
    ),
    Mutant(
        "abandoned-message-takes-a-number",
        "mailbox.no-trace",
        [reading_failed("(EOFError, OSError)", "self._mailbox._last_number += 1")],
    ),
    Mutant(
        "number-given-at-data",
        "mailbox.no-trace time.no-trace numbers.file",
        [
            within("session.py", "Session._data", READ_BODY, f"number = self._mailbox.next_number()\n{READ_BODY}"),
            Edit("session.py", "self._mailbox.deliver(message)", "self._mailbox.deliver(message, number)"),
            replaced(
                "mailbox.py",
                "Mailbox.deliver",
                """
                def next_number(self) -> int:
                    with self._lock:
                        self._last_number += 1
                        return self._last_number

                def deliver(self, message: Message, number: int) -> int:
                    with self._lock:
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
                    with self._lock:
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
            within("mailbox.py", "Mailbox.deliver", "return number", "return told"),
        ],
    ),
    Mutant(
        "a-number-for-each-recipient",
        "numbers",
        [
            within(
                "mailbox.py",
                "Mailbox.deliver",
                "self._last_number = number",
                "self._last_number = number + len(message.recipients) - 1",
            )
        ],
    ),
    Mutant(
        "numbers-begin-at-0",
        "numbers.first",
        [Edit("mailbox.py", "self._last_number = 0", "self._last_number = -1")],
        also="backup.group",
        why="its groups of 32 end one message earlier as well",
    ),
    Mutant(
        "number-of-the-reply-one-too-high",
        "numbers.file",
        [Edit("session.py", "% self._mailbox.deliver(message)", "% (self._mailbox.deliver(message) + 1)")],
        workers=4,
    ),
    Mutant(
        "entries-written-in-another-order-than-numbered",
        "numbers.file",
        [
            headed("mailbox.py", "import time"),
            begun("mailbox.py", "Mailbox.__init__", "self._written = 0"),
            replaced(
                "mailbox.py",
                "Mailbox.deliver",
                """
                def deliver(self, message: Message) -> int:
                    with self._lock:
                        self._last_number += 1
                        number = self._last_number
                    time.sleep(0.002 * (number % 3))
                    with self._lock:
                        while self._backup_due:
                            self._backup_is_done.wait()
                        self._append(message.entry(self._netid, number))
                        self._written += 1
                        if self._written % self._backup_every == 0:
                            self._backup_due = True
                            self._backup_is_due.notify()
                    return number
                """,
            ),
            Edit("mailbox.py", "{self._backed_up + 1}-{self._last_number}", "{self._backed_up + 1}-{self._written}"),
            Edit("mailbox.py", "self._backed_up = self._last_number", "self._backed_up = self._written"),
        ],
    ),
]

MUTANTS = START + ENTRY + NO_TRACE + NUMBERS
