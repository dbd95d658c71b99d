"""The mailbox: a monitor that numbers messages and appends them to one file, and the thread that backs it up."""

import os
import shutil
import sys
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from threading import Condition, Lock, Thread


@dataclass
class Message:
    """A message as the session collected it: only the number that delivery gives it is missing.

    Args:
        host: the client's name, from HELO.
        reverse_path: the sender, from MAIL.
        recipients: one or more, from RCPT, in the order given.
        body: whole lines, each with its CRLF.
    """

    host: bytes
    reverse_path: bytes
    recipients: list[bytes]
    body: bytes

    def entry(self, netid: bytes, number: int) -> bytes:
        """Return what the mailbox holds of this message ("Email Inbox"), with CRLF throughout, as the body has it."""
        header = [b"Received: from %b by %b (CS4410MP3)" % (self.host, netid), b"Number: %d" % number]
        header += [b"From: " + self.reverse_path, *(b"To: " + recipient for recipient in self.recipients)]
        return b"".join((b"\r\n".join(header), b"\r\n\r\n", self.body, b"\r\n"))


class Mailbox:
    """Monitor: gives each message the next number and appends it; every so many messages, deliveries wait for a backup.

    Number and write are one step under one lock, so the numbers have no gap and follow the order of the file.
    """

    def __init__(self, directory: Path, netid: bytes, backup_every: int) -> None:
        """Create `mailbox` in `directory`, or empty the one that is there.

        Args:
            directory: where the mailbox and its backups are.
            netid: the server's name in each entry's `Received:` line.
            backup_every: number of messages after which the mailbox is backed up; the assignment asks for 32.

        Raises:
            OSError: the file can't be made.
        """
        self._directory = directory
        self._netid = netid
        self._backup_every = backup_every
        self._lock = Lock()
        self._backup_is_due = Condition(self._lock)
        self._backup_is_done = Condition(self._lock)
        self._backup_due = False
        self._last_number = 0
        self._backed_up = 0
        self._size = 0
        # Unbuffered: an entry is one write to the file, and is there before the client reads its 250.
        self._file = FileIO(directory / "mailbox", "a+")
        self._file.truncate(0)

    def deliver(self, message: Message) -> int:
        """Append a message, as soon as no backup is due, and return its number: 1 for the first, then one more each.

        Raises:
            OSError: the entry could not be written. It takes no number, and none of it stays in the mailbox.
        """
        with self._lock:
            while self._backup_due:
                self._backup_is_done.wait()
            number = self._last_number + 1
            self._append(message.entry(self._netid, number))
            self._last_number = number
            if number % self._backup_every == 0:
                self._backup_due = True
                self._backup_is_due.notify()
            return number

    def back_up(self) -> None:
        """Wait until a backup is due, move the mailbox's entries to `mailbox.FIRST-LAST`, and let deliveries go on.

        A backup that fails holds nobody up: its entries stay in the mailbox, and the next backup takes them along,
        under a name that says so (`mailbox.1-64`).

        Raises:
            Exception: whatever it failed by; an OSError if the disk is full.
        """
        with self._lock:
            while not self._backup_due:
                self._backup_is_due.wait()
            try:
                self._copy_and_empty()
            finally:
                self._backup_due = False
                self._backup_is_done.notify_all()

    def close(self) -> None:
        """Wait for a delivery or a backup under way, then refuse all others; what was answered 250 is in the files."""
        with self._lock:
            while self._backup_due:
                self._backup_is_done.wait()
            self._file.close()

    def _append(self, entry: bytes) -> None:
        if self._file.closed:
            raise OSError("the mailbox is closed")
        try:
            rest = memoryview(entry)
            while rest:  # a disk that fills up takes a part, and says why only when asked to take the rest
                rest = rest[self._file.write(rest) :]
        except OSError:
            self._file.truncate(self._size)
            raise
        self._size += len(entry)

    def _copy_and_empty(self) -> None:
        # The entries are in the mailbox until they are on the disk under the backup's name, so a crash between any two
        # steps leaves them in one of the files or, just before the last step, in both: never in neither.
        unfinished = self._directory / ".mailbox.unfinished"
        try:
            with open(unfinished, "wb") as copy:
                self._file.seek(0)
                shutil.copyfileobj(self._file, copy)
                copy.flush()
                os.fsync(copy.fileno())
            os.replace(unfinished, self._directory / f"mailbox.{self._backed_up + 1}-{self._last_number}")
            self._file.truncate(0)
        finally:
            unfinished.unlink(missing_ok=True)
        self._size = 0
        self._backed_up = self._last_number


def start_backup_thread(mailbox: Mailbox) -> None:
    """Start the one thread that makes the backups ("Inbox Backup"); it runs for as long as we do."""

    def back_up_for_ever() -> None:
        while True:
            try:
                mailbox.back_up()
            except Exception as error:  # the thread outlives every backup, whatever went wrong with it
                print(f"reference_server: backup failed, entries stay in the mailbox: {error!r}", file=sys.stderr)

    Thread(target=back_up_for_ever, name="backup", daemon=True).start()
