"""What became of the messages: every acknowledged one is looked up in the mailbox and its backups.

The files are read piece by piece, and of the messages only a fingerprint each is kept, on the disk.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from conformance.cs4410.mailbox import Entry, Folder, Unreadable, parse
from conformance.load.envelope import fingerprint
from conformance.load.run import Run
from conformance.load.spool import Spool
from conformance.load.words import canonical

PIECE = 2 * 1024 * 1024
LARGEST_ENTRY = 16 * 1024 * 1024
"""Bytes of one entry that are read; no message of ours comes near it."""
SETTLED = 5.0
"""Seconds within which a backup has to be made."""


@dataclass
class Outcome:
    """What was found of a run's messages.

    Attributes:
        acknowledged: messages whose number was told.
        found: of these, how many stand there whole; `changed` stand there otherwise.
        unanswered: messages of ours that nobody was told of and that stand there all the same.
        foreign: entries of somebody else among them.
        wrong: for each fault its requirement, how often, and the first entry.
    """

    acknowledged: int
    found: int = 0
    changed: int = 0
    unanswered: int = 0
    foreign: int = 0
    wrong: dict[str, tuple[str, int, bytes]] | None = None

    def blame(self, rule: str, what: str, raw: bytes) -> None:
        """Take down a fault."""
        self.wrong = self.wrong or {}
        _, count, first = self.wrong.get(what, (rule, 0, raw))
        self.wrong[what] = (rule, count + 1, first)

    def keep_seen_before(self, before: Outcome) -> None:
        """Keep the faults that an earlier reading found as well: between two steps of a backup any one may mislead."""
        known = before.wrong or {}
        self.wrong = {what: fault for what, fault in (self.wrong or {}).items() if what in known}


def entries(path: Path) -> Iterator[Entry]:
    """Read a mailbox file entry by entry.

    Raises:
        Unreadable: it is not there, cannot be read, or has an entry of more than `LARGEST_ENTRY` bytes.
    """
    try:
        with path.open("rb") as file:
            held = b""
            while piece := file.read(PIECE):
                *whole, last = parse(held + piece) or [Entry(held + piece, -1, 0)]
                yield from whole
                # The last one may go on in the next piece, from its beginning.
                held = last.raw
                if len(held) > LARGEST_ENTRY:
                    raise Unreadable(f"{path.name}: an entry of more than {LARGEST_ENTRY} bytes")
            yield from parse(held)
    except OSError as error:
        raise Unreadable(f"{path.name}: {error.strerror}") from None


def settle(folder: Folder) -> None:
    """Wait until the files have stopped changing, five seconds at the most."""
    deadline = time.monotonic() + SETTLED
    before = None
    while time.monotonic() < deadline:
        now = [
            (path.name, path.stat().st_size) for path in (*folder.backups().values(), folder.mailbox) if path.exists()
        ]
        if now == before:
            return
        before = now
        time.sleep(0.3)


def look_up(folder: Folder, run: Run, spool: Spool) -> Outcome:
    """Look up every acknowledged message of a run.

    Raises:
        Unreadable: the mailbox cannot be read.
    """
    outcome = Outcome(spool.kept)
    seen = bytearray((spool.last >> 3) + 1)
    before = 0
    for path in (*folder.backups().values(), folder.mailbox):
        for entry in entries(path):
            _look_at(entry, run, spool, seen, before, outcome)
            before = max(before, entry.number)
    lost = [] if outcome.found + outcome.changed == spool.kept else list(_lost(spool, seen))
    for number in lost:
        outcome.blame("mailbox.whole", "an acknowledged message is lost", b"number %d" % number)
    if outcome.unanswered > run.numbers.unanswered:
        what = "a message stands there more often than it was acknowledged"
        outcome.blame("mailbox.whole", what, b"%d more" % (outcome.unanswered - run.numbers.unanswered))
    return outcome


def _look_at(entry: Entry, run: Run, spool: Spool, seen: bytearray, before: int, outcome: Outcome) -> None:
    mark = re.search(rb"^%b \d+ \d+ (sent|left)$" % re.escape(run.mark.encode()), entry.raw, re.MULTILINE)
    if mark and mark[1] == b"left":
        outcome.blame("mailbox.no-trace", "a message that was never ended was delivered", entry.raw)
        return
    kept = spool.find(entry.number)
    if kept is None:
        outcome.unanswered += bool(mark)
        outcome.foreign += not mark and run.numbers.lowest <= entry.number <= run.numbers.highest
        return
    place = spool.place(entry.number)
    if seen[place >> 3] >> (place & 7) & 1:
        outcome.blame("mailbox.whole", "an entry stands there twice", entry.raw)
        return
    seen[place >> 3] |= 1 << (place & 7)
    if entry.number < before:
        outcome.blame("numbers.file", "an entry out of the order of the numbers", entry.raw)
    host, sender = entry.host.encode("latin-1"), entry.sender.encode("latin-1")
    recipients = [one.encode("latin-1") for one in entry.recipients]
    if fingerprint(host, sender, recipients, canonical(bytes(entry.body))) != kept:
        outcome.changed += 1
        outcome.blame(
            "mailbox.whole", "an entry is not what was sent under its number: cut, mixed or changed", entry.raw
        )
        return
    outcome.found += 1
    if not entry.raw.endswith(b"\n\n"):
        outcome.blame("mailbox.entry", "an entry without an empty line at its end", entry.raw)
    if entry.netid.encode("latin-1") not in run.netids:
        outcome.blame("netid", "an entry's Received: names another netid", entry.raw)


def _lost(spool: Spool, seen: bytearray) -> Iterator[int]:
    for place in range(spool.last + 1):
        if not seen[place >> 3] >> (place & 7) & 1 and spool.find(spool.number(place)) is not None:
            yield spool.number(place)


def check(folder: Folder, run: Run, spool: Spool) -> Outcome | None:
    """Look everything up when the files are at rest, and take down what is wrong.

    Returns:
        What was found; None where the mailbox cannot be read.
    """
    try:
        settle(folder)
        outcome = look_up(folder, run, spool)
        if outcome.wrong:
            time.sleep(2.0)  # an entry has two seconds to get into its file
            settle(folder)
            first, outcome = outcome, look_up(folder, run, spool)
            outcome.keep_seen_before(first)
    except (Unreadable, OSError) as error:
        run.findings.add("start.mailbox", "the mailbox cannot be read", "mailbox", str(error))
        return None
    for what, (rule, count, raw) in (outcome.wrong or {}).items():
        run.findings.add(rule, what, "", raw.decode("latin-1"), count=count)
    return outcome
