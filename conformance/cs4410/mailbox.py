"""Reads a mailbox and its backups back into messages, and compares a message with what a client sent."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import re
import stat
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise, repeat, zip_longest
from pathlib import Path
from typing import BinaryIO, TypeVar

from conformance.cs4410 import heads
from conformance.harness.verdict import telling

LARGEST = 256 * 1024 * 1024
"""Bytes of a mailbox file that are read at most."""
AROUND = 24
"""Bytes of a line that are shown on either side of where it is wrong."""
PIECE = 1024 * 1024
"""Bytes of a file or a body that are read or compared at a time."""

NO_EMPTY_LINE = "no empty line at the end"


class Unreadable(Exception):
    """The mailbox is not there or cannot be read; the message is one line."""


@dataclass(frozen=True)
class Message:
    """What a client had delivered.

    Attributes:
        body: the bytes between DATA and the dot, as sent, each line with its CRLF.
        number: what the reply told.
        connection: the number of the connection that it came over, in the transcript; 0 if nobody asks.
    """

    host: str
    sender: str
    recipients: tuple[str, ...]
    body: bytes
    number: int
    connection: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Entry:
    """One entry of a mailbox file, line ends made LF.

    Attributes:
        raw: the whole entry: a view of its file, because a body may be large.
        number: its `Number:`, or -1 where there is none.
        body_at: where its body begins; at its end where the head cannot be read.
        flaw: which line of its head is wrong, as it should be; empty where none is.
        readable: whether its head says whose message it is.
    """

    raw: memoryview
    number: int
    body_at: int
    host: str = ""
    netid: str = ""
    sender: str = ""
    recipients: tuple[str, ...] = ()
    flaw: str = ""
    readable: bool = True

    @property
    def shown(self) -> str:
        """The entry for people: a long one cut."""
        return bytes(self.raw[:2000]).decode("latin-1")

    @property
    def body(self) -> memoryview:
        """What follows the head."""
        return self.raw[self.body_at :]

    @property
    def is_ended(self) -> bool:
        """Whether an empty line ends it."""
        return bytes(self.raw[-2:]) == b"\n\n"

    def holds(self, mark: bytes) -> bool:
        """Whether this stands in it."""
        return re.search(re.escape(mark), self.raw) is not None


Named = TypeVar("Named", Message, Entry)


def read(path: Path) -> list[Entry]:
    """Read one mailbox file.

    Raises:
        Unreadable: it is not there, cannot be read, or is larger than `LARGEST`.
    """
    try:
        with open(path, "rb", opener=_open_itself) as file:
            return parse(_with_line_feeds(file))
    except OSError as error:
        raise Unreadable(f"{path.name}: {error.strerror}") from None


def _open_itself(path: str, flags: int) -> int:
    """Open a file, not what a link leads to: what a server may not read, it must not have us read for it."""
    try:
        file = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise OSError(errno.ELOOP, "a symbolic link, which is not followed") from None
        raise
    if stat.S_ISFIFO(os.fstat(file).st_mode):
        os.close(file)
        raise OSError(errno.EINVAL, "no regular file")
    return file


def _with_line_feeds(file: BinaryIO) -> bytes:
    """The file with its line ends made LF, piece by piece, so that a large body is not held twice."""
    text, held = io.BytesIO(), b""
    while piece := file.read(PIECE):
        piece = held + piece
        held = b"\r" if piece.endswith(b"\r") else b""
        text.write(piece[: len(piece) - len(held)].replace(b"\r\n", b"\n"))
        if text.tell() > LARGEST:
            raise OSError(errno.EFBIG, f"larger than {LARGEST} bytes")
    text.write(held)
    return text.getvalue()


def parse(data: bytes) -> list[Entry]:
    """Take a mailbox apart; what stands before the first entry is an entry of its own without a number."""
    data = data.replace(b"\r\n", b"\n")
    starts = heads.starts(data)
    if data[: starts[0] if starts else len(data)].strip():
        starts.insert(0, 0)
    view = memoryview(data)
    return [_entry(view[begin:end]) for begin, end in pairwise([*starts, len(data)])]


def _entry(raw: memoryview) -> Entry:
    head = heads.read(raw)
    return Entry(
        raw, head.number, head.ends, head.host, head.netid, head.sender, head.recipients, head.flaw, head.readable
    )


def differences(entry: Entry, message: Message) -> dict[str, str]:
    """What is wrong with an entry, by what it concerns; empty where nothing is wrong.

    The keys are `form`, `number`, `host`, `sender`, `recipients`, `case` (of one of these three, which then differ in
    nothing else) and `body`.

    Line ends, more empty lines at the end, whether a leading dot was doubled back, whether `<>` around an address
    were kept, whether a recipient given twice stands twice, and the order of recipients are free here.
    """
    wrong = {"form": _wrong_head(entry)} if entry.flaw else {}
    if not entry.readable:
        return wrong
    if entry.number != message.number and not (entry.flaw and entry.number < 0):
        wrong["number"] = f"Number: {entry.number}, though the reply told {message.number}"
    names = _wrong_names(entry, message)
    but_for_case = _wrong_names(_in_lower_case(entry), _in_lower_case(message)) if names else names
    wrong |= {what: said for what, said in names.items() if what in but_for_case}
    if case := [said for what, said in names.items() if what not in but_for_case]:
        wrong["case"] = "; ".join(case)
    if not same_body(entry.body, message.body):
        wrong["body"] = _wrong_body(entry.body, message.body)
    elif not entry.is_ended:
        wrong.setdefault("form", NO_EMPTY_LINE)
    return wrong


def _wrong_head(entry: Entry) -> str:
    """Which line of an entry is not what its head has there."""
    number, line, wanted = heads.wrong_line(entry.raw)
    return (
        f"line {number} of the entry is {_shown(line, 0)} instead of {wanted}"
        if number
        else f"the head is not {wanted}"
    )


def _wrong_names(entry: Entry, message: Message) -> dict[str, str]:
    wrong = {}
    if entry.host != message.host and not (entry.flaw and not entry.host):
        wrong["host"] = f"from {_quoted(entry.host)} instead of {_quoted(message.host)}"
    if not _same_address(entry.sender, message.sender):
        wrong["sender"] = f"From: {_quoted(entry.sender)} instead of {_quoted(message.sender)}"
    if not _same_recipients(entry.recipients, message.recipients):
        wrong["recipients"] = f"To: {list(entry.recipients)!r} instead of {list(message.recipients)!r}"
    return wrong


def _in_lower_case(one: Named) -> Named:
    lower = tuple(recipient.lower() for recipient in one.recipients)
    return replace(one, host=one.host.lower(), sender=one.sender.lower(), recipients=lower)


def same_sender_and_body(entry: Entry, message: Message) -> bool:
    """Whether an entry is a message's by its sender and body, whatever its number."""
    return _same_address(entry.sender, message.sender) and same_body(entry.body, message.body)


def same_names(entry: Entry, message: Message) -> bool:
    """Whether an entry has a message's sender and recipients, whatever its number and its body."""
    return _same_address(entry.sender, message.sender) and _same_recipients(entry.recipients, message.recipients)


def wanted(message: Message) -> str:
    """An entry as a message should have it, for people: line ends made LF, a long body cut."""
    head = [f"Received: from {message.host} by <netid> (CS4410MP3)", f"Number: {message.number}"]
    head += [f"From: {message.sender}", *(f"To: {one}" for one in message.recipients), ""]
    return "\n".join(head) + "\n" + message.body[:1500].decode("latin-1").replace("\r\n", "\n")


def same_body(kept: bytes | memoryview, sent: bytes) -> bool:
    """Whether a kept body is the sent one, line by line; a leading dot may have been doubled back."""
    return next(_unlike(memoryview(kept), sent), None) is None


def _unlike(kept: memoryview, sent: bytes) -> Iterator[tuple[int, bytes | None, bytes | None]]:
    """The lines that differ: each with its number from 1, as kept and as sent; None where there is none."""
    at, begin = _alike(kept, sent)
    pairs = zip_longest(_lines(kept[at:]), _lines(memoryview(sent)[begin:]))
    for number, (have, want) in enumerate(pairs, sent.count(b"\n", 0, begin) + 1):
        if have is None or want is None or not _same_line(have, want):
            yield number, have, want


def _alike(kept: memoryview, sent: bytes) -> tuple[int, int]:
    """Up to which line lines sent with CRLF are kept with LF: where that begins in either.

    It is seen piece by piece, because a body may be large, and for as long as that tells.
    """
    begin = at = 0
    lines = (at, begin)
    while begin < len(sent):
        end = sent.rfind(b"\n", begin, begin + PIECE) + 1 or begin + PIECE
        piece = sent[begin:end].replace(b"\r\n", b"\n")
        if kept[at : at + len(piece)] != piece:
            break
        begin, at = end, at + len(piece)
        lines = (at, begin) if piece.endswith(b"\n") else lines
    return lines


def _lines(body: bytes | memoryview) -> Iterator[bytes]:
    """The lines of a body, but for empty ones at its end, one by one because it may be large."""
    empty = 0
    for line, ended in heads.lines(body):
        # A CR before a CRLF is lost where a server writes LF for CRLF, and so is not looked at.
        if text := line.rstrip(b"\r") if ended else line:
            yield from repeat(b"", empty)
            yield text
        empty = 0 if text else empty + 1


def _same_line(have: bytes, want: bytes) -> bool:
    return have == want or (want.startswith(b".") and have in (want[1:], b"." + want))


def _same_recipients(kept: tuple[str, ...], sent: tuple[str, ...]) -> bool:
    """Whether each recipient stands at least once and at most as often as it was given."""
    have, given = Counter(map(_bare, kept)), Counter(map(_bare, sent))
    return have.keys() == given.keys() and all(have[one] <= given[one] for one in given)


def _bare(address: str) -> str:
    return address[1:-1] if address.startswith("<") and address.endswith(">") else address


def _same_address(kept: str, sent: str) -> bool:
    return kept in (sent, _bare(sent))


def _wrong_body(kept: memoryview, sent: bytes) -> str:
    """Where a body first differs from the sent one."""
    unlike = _unlike(kept, sent)
    number, have, want = next(unlike)
    if have is None:
        return f"the body has only {number - 1} of {number + sum(1 for _ in unlike)} lines"
    if want is None:
        count = number + sum(1 for _ in unlike)
        return f"the body has {count} lines instead of {number - 1}: line {number} is {_shown(have, 0)}"
    column = len(os.path.commonprefix([have, want]))
    return f"line {number} of the body is {_shown(have, column)} instead of {_shown(want, column)}"


def _shown(line: bytes, column: int) -> str:
    """A line in quotes; of a long one what stands around a column, from 0."""
    begin = max(0, column - AROUND) if len(line) > 2 * AROUND else 0
    part = line[begin : begin + 2 * AROUND]
    ends = ("... " if begin else "", " ..." if begin + len(part) < len(line) else "")
    return ends[0] + _quoted(part.decode("latin-1"), whole=not ends[1]) + ends[1]


def _quoted(text: str, whole: bool = True) -> str:
    """A text in quotes, with the blanks at its end, if they are its end, in words as well."""
    blanks = (len(text) - len(text.rstrip(" "))) if whole else 0
    quoted = repr(text.encode("latin-1"))[1:]
    return f"{quoted} ({telling.counted(blanks, 'blank')} at its end)" if blanks else quoted


class Folder:
    """The directory where a server keeps `mailbox` and its backups.

    Args:
        directory: where the server was started.
        since: entries of backups older than this (seconds of the epoch) belong to an earlier run.
    """

    trouble = ""  # what cannot be read has no entries

    def __init__(self, directory: Path, since: float = 0.0) -> None:
        self.directory = directory
        self.since = since
        self._read: dict[Path, tuple[tuple[int, int, int], list[Entry]]] = {}

    @property
    def mailbox(self) -> Path:
        """The file that deliveries are appended to."""
        return self.directory / "mailbox"

    def backups(self) -> dict[tuple[int, int], Path]:
        """This run's backups by their first and last number, in order."""
        found = {}
        for path in self.directory.glob("mailbox.*"):
            match = re.fullmatch(r"mailbox\.(\d{1,9})-(\d{1,9})", path.name)
            # A file may vanish between the two looks.
            with contextlib.suppress(OSError):
                if match and path.is_file() and path.stat().st_mtime >= self.since:
                    found[int(match[1]), int(match[2])] = path
        return dict(sorted(found.items()))

    def files(self) -> list[Path]:
        """What holds entries: the backups in their order, then the mailbox, unless a backup has carried it off."""
        backups = list(self.backups().values())
        return backups if backups and not self.mailbox.exists() else [*backups, self.mailbox]

    def stamps(self) -> list[tuple[str, int, int, int]]:
        """What changes with the files: of each its name, inode, size in bytes, and time in nanoseconds."""
        found = []
        for path in self.files():
            with contextlib.suppress(OSError):
                found.append((path.name, *_stamp(path)))
        return found

    def entries(self) -> list[Entry]:
        """All entries in their order: the backups', then the mailbox's.

        Raises:
            Unreadable: a file cannot be read.
        """
        return [entry for path in self.files() for entry in self._read_if_changed(path)]

    def holds(self, mark: bytes) -> bool:
        """Whether an entry with this mark can be read now."""
        try:
            return any(entry.holds(mark) for entry in self.entries())
        except Unreadable:
            return False

    def _read_if_changed(self, path: Path) -> list[Entry]:
        try:
            stamp = _stamp(path)
        except OSError as error:
            raise Unreadable(f"{path.name}: {error.strerror}") from None
        known = self._read.get(path)
        # A file that was changed just now may change again without a new time stamp.
        if known is None or known[0] != stamp or time.time_ns() - stamp[2] < 50_000_000:
            known = None
            self._read.pop(path, None)  # before it is read again, for it may be large
            known = self._read[path] = (stamp, read(path))
        return known[1]


def _stamp(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns
