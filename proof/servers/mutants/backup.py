"""Mutants of the section "Backup": the size of its groups, its names, and what it loses or leaves."""

from __future__ import annotations

from proof.servers.edit import Edit, Mutant, begun, headed

NAME = 'f"mailbox.{self._backed_up + 1}-{self._last_number}"'
EMPTY = "            self._file.truncate(0)\n        finally:\n"


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
            Edit(
                "mailbox.py",
                "            number = self._last_number + 1\n",
                "            number = self._last_number + 1\n"
                "            if number % self._backup_every == 0:\n"
                "                self._last_number = number\n"
                "                self._copy_and_empty()\n",
            ),
            Edit(
                "mailbox.py",
                "            self._last_number = number\n            if number % self._backup_every == 0:\n",
                "            self._last_number = number\n            if False:\n",
            ),
        ],
    ),
    Mutant("mailbox-not-emptied", "backup.emptied", [Edit("mailbox.py", EMPTY, "        finally:\n")]),
    Mutant(
        "messages-that-come-during-a-backup-lost",
        "backup.whole",
        [
            headed("mailbox.py", "import time"),
            Edit(
                "mailbox.py",
                EMPTY,
                "            copied = self._last_number\n"
                "            self._backup_due = False\n"
                "            self._backup_is_done.notify_all()\n"
                "            self._backup_is_done.release()\n"
                "            time.sleep(0.003)\n"
                "            self._backup_is_done.acquire()\n" + EMPTY,
            ),
            Edit(
                "mailbox.py",
                "        self._backed_up = self._last_number\n",
                "        self._backed_up = copied\n",
            ),
        ],
        also="mailbox.whole backup.group",
        why="what a backup loses is missing from the mailbox under load, and from the next backup",
    ),
    Mutant(
        "deliveries-do-not-wait-for-the-backup",
        "backup.group backup.whole",
        [
            headed("mailbox.py", "import time"),
            Edit(
                "mailbox.py",
                "            while self._backup_due:\n                self._backup_is_done.wait()\n            number",
                "            number",
            ),
            Edit(
                "mailbox.py",
                EMPTY,
                "            self._backup_is_due.release()\n"
                "            time.sleep(0.02)\n"
                "            self._backup_is_due.acquire()\n" + EMPTY,
            ),
        ],
    ),
    Mutant(
        "last-message-of-a-backup-stays-in-the-mailbox",
        "backup.emptied backup.whole",
        [
            headed("mailbox.py", "import time"),
            begun("mailbox.py", "Mailbox._append", "self._last = entry"),
            Edit(
                "mailbox.py",
                EMPTY,
                "            self._file.truncate(0)\n            self._file.write(self._last)\n        finally:\n",
            ),
        ],
    ),
    Mutant(
        "numbers-begin-again-after-a-backup",
        "backup.numbers numbers",
        [
            Edit(
                "mailbox.py",
                "        self._backed_up = self._last_number\n",
                "        self._backed_up = 0\n        self._last_number = 0\n",
            )
        ],
    ),
]
