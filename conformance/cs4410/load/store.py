"""The assignment's mailbox and its backups as a store of the load: read piece by piece, for they may be large."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

from conformance.cs4410 import mailbox
from conformance.cs4410.load.envelope import fingerprint
from conformance.cs4410.load.words import canonical
from conformance.cs4410.mailbox import Folder
from conformance.history import Whose
from conformance.load.profile import Breach, Entry, Unreadable

PIECE = 2 * 1024 * 1024
LARGEST_ENTRY = 16 * 1024 * 1024
"""Bytes of one entry that are read; no message of ours comes near it."""
SETTLED = 5.0
"""Seconds within which a backup has to be made."""
PAUSE = 0.3
"""Seconds between two looks that have to agree."""
NO_EMPTY_LINE = Breach("mailbox.entry", "an entry without an empty line at its end")
OTHER_NETID = Breach("netid", "an entry's Received: names another netid")


class Mailbox:
    """What `conformance.load.profile.Store` asks for.

    Args:
        folder: where the server keeps it.
        mark: what all messages of the run bear.
        netids: the server's names for itself.
    """

    def __init__(self, folder: Folder, mark: str, netids: set[bytes]) -> None:
        self._folder = folder
        self._mark = re.compile(rb"^%b \d+ \d+ (sent|left)$" % re.escape(mark.encode()), re.MULTILINE)
        self._netids = netids

    def settle(self) -> None:
        """Wait until the files have stopped changing, five seconds at the most."""
        deadline = time.monotonic() + SETTLED
        before = None
        while time.monotonic() < deadline:
            now = self._folder.stamps()
            if now == before:
                return
            before = now
            time.sleep(PAUSE)

    def entries(self) -> Iterator[Entry]:
        """Read the backups and the mailbox entry by entry.

        Raises:
            Unreadable: one is not there, cannot be read, or has an entry of more than `LARGEST_ENTRY` bytes.
        """
        return (self._entry(one) for path in self._folder.files() for one in _read(path))

    def name(self, number: int) -> str:
        """What a reader is told of a message that is not there."""
        return f"number {number}"

    def _entry(self, one: mailbox.Entry) -> Entry:
        mark = self._mark.search(one.raw)
        whose = Whose.UNKNOWN if not mark else Whose.UNENDED if mark[1] == b"left" else Whose.OURS
        host, sender, netid, *to = (
            text.encode("latin-1") for text in (one.host, one.sender, one.netid, *one.recipients)
        )
        faults = [NO_EMPTY_LINE] if not one.is_ended else []
        faults += [OTHER_NETID] if netid not in self._netids else []
        content = fingerprint(host, sender, to, canonical(bytes(one.body)))
        return Entry(one.number, content, whose, bytes(one.raw), tuple(faults))


def _read(path: Path) -> Iterator[mailbox.Entry]:
    try:
        with path.open("rb") as file:
            left = b""
            while piece := file.read(PIECE):
                *whole, last = mailbox.parse(left + piece) or [mailbox.Entry(memoryview(left + piece), -1, 0)]
                yield from whole
                # The last one may go on in the next piece, from its beginning.
                left = bytes(last.raw)
                if len(left) > LARGEST_ENTRY:
                    raise Unreadable(f"{path.name}: an entry of more than {LARGEST_ENTRY} bytes")
            yield from mailbox.parse(left)
    except OSError as error:
        raise Unreadable(f"{path.name}: {error.strerror}") from None
