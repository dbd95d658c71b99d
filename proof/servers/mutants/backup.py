"""Mutants of the section "Backup": the size of its groups, its names, and what it loses or leaves."""

from __future__ import annotations

from proof.servers.edit import Edit, Mutant, begun, headed, within

NAME = 'f"mailbox.{self._backed_up + 1}-{self._last_number}"'


def emptied(code: str) -> Edit:
    """Do this, when the backup is made, instead of emptying the mailbox."""
    return within("mailbox.py", "Mailbox._copy_and_empty", "self._file.truncate(0)", code)


def group(size: str) -> Edit:
    """Back up after another number of messages."""
    return Edit("__main__.py", '"--backup-every", default=32', f'"--backup-every", default={size}')


def named(name: str) -> Edit:
    """Give the backup another name."""
    return Edit("mailbox.py", NAME, name)


def copied(text: str) -> list[Edit]:
    """Copy the entries in another way."""
    return [Edit("mailbox.py", "shutil.copyfileobj(self._file, copy)", f"copy.write({text})")]


MUTANTS = [
    Mutant(
        "backup-goes-through-utf-8",
        "backup.group",
        copied('self._file.read().decode("utf-8", "replace").encode()'),
    ),
    Mutant(
        "spaces-at-line-ends-lost-in-the-backup",
        "backup.group",
        copied('b"".join(line.rstrip(b" \\t\\r\\n") + b"\\r\\n" for line in self._file)'),
    ),
    Mutant("backup-of-16", "backup.group", [group("16")]),
    Mutant("backup-of-31", "backup.group", [group("31")]),
    Mutant("backup-of-33", "backup.group", [group("33")]),
    Mutant("backup-of-64", "backup.group", [group("64")]),
    Mutant("no-backup-at-all", "backup.group", [group("1_000_000")]),
    Mutant(
        "backup-only-once",
        "backup.group",
        [Edit("mailbox.py", "if number % self._backup_every == 0:", "if number == self._backup_every:")],
    ),
    Mutant(
        "mailbox-renamed-for-a-backup-and-never-made-again",
        "backup.group backup.emptied",
        [
            begun(
                "mailbox.py",
                "Mailbox._copy_and_empty",
                f'os.rename(self._directory / "mailbox", self._directory / {NAME})\n'
                "self._backed_up = self._last_number\nreturn",
            )
        ],
    ),
    Mutant("backup-named-from-0", "backup.group", [named('f"mailbox.{self._backed_up}-{self._last_number - 1}"')]),
    Mutant(
        "backup-named-with-an-underscore",
        "backup.group",
        [named('f"mailbox.{self._backed_up + 1}_{self._last_number}"')],
    ),
    Mutant("backup-overwrites-the-one-before", "backup.group", [named('"mailbox.1-32"')]),
    Mutant(
        "backup-before-its-last-message",
        "backup.group",
        [
            within("mailbox.py", "Mailbox.deliver", "if number % self._backup_every == 0:", "if False:"),
            within(
                "mailbox.py",
                "Mailbox.deliver",
                "number = self._last_number + 1",
                """
                number = self._last_number + 1
                if number % self._backup_every == 0:
                    self._last_number = number
                    self._copy_and_empty()
                """,
            ),
        ],
    ),
    Mutant("mailbox-not-emptied", "backup.emptied", [emptied("pass")]),
    Mutant(
        "messages-that-come-during-a-backup-lost",
        "backup.whole",
        [
            headed("mailbox.py", "import time"),
            emptied(
                """
                copied = self._last_number
                self._backup_due = False
                self._backup_is_done.notify_all()
                self._lock.release()
                time.sleep(0.003)
                self._lock.acquire()
                self._file.truncate(0)
                """
            ),
            Edit("mailbox.py", "self._backed_up = self._last_number", "self._backed_up = copied"),
        ],
        also="mailbox.whole backup.group",
        why="what a backup loses is missing from the mailbox under load, and from the next backup",
    ),
    Mutant(
        "deliveries-do-not-wait-for-the-backup",
        "backup.group backup.whole",
        [
            headed("mailbox.py", "import time"),
            within("mailbox.py", "Mailbox.deliver", "while self._backup_due:", "while False:"),
            emptied("self._lock.release()\ntime.sleep(0.02)\nself._lock.acquire()\nself._file.truncate(0)"),
        ],
    ),
    Mutant(
        "last-message-of-a-backup-stays-in-the-mailbox",
        "backup.emptied backup.whole",
        [
            headed("mailbox.py", "import time"),
            begun("mailbox.py", "Mailbox._append", "self._last = entry"),
            emptied("self._file.truncate(0)\nself._file.write(self._last)"),
        ],
    ),
    Mutant(
        "numbers-begin-again-after-a-backup",
        "backup.numbers numbers",
        [Edit("mailbox.py", "self._backed_up = self._last_number", "self._backed_up = self._last_number = 0")],
    ),
]
