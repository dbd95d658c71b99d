"""Where the entries of a mailbox begin, and what their heads say: strictly, and as far as an odd one can be read.

What is wrong with the form of a head is one thing; whose message it is and where its body begins can mostly be read all
the same, so that one wrong line does not hide the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

HEAD = "Received, Number, From, To and an empty line, in this order"
"""What an entry begins with."""
BY, TO = "Received: from HOST by NETID (CS4410MP3)", "To: ADDRESS, or the empty line after it"

_LINE_END = re.compile(rb"\n")
_START = b"Received: from "
_ENTRY = re.compile(rb"Received: from [^\n]* by [^\n]*\nNumber: \d+\n(?:From: |To: )")
_HEAD = re.compile(
    rb"Received: from ([^\n]*) by (\S*) \(CS4410MP3\)\nNumber: (\d+)\nFrom: ([^\n]*)\n((?:To: [^\n]*\n)*)\n"
)
_LINES = (
    (re.compile(rb"Received: from .* by \S* \(CS4410MP3\)"), BY),
    (re.compile(rb"Number: \d+"), "Number: N"),
    (re.compile(rb"From: .*"), "From: ADDRESS"),
    (re.compile(rb""), TO),
)
_ODD_ENTRY = re.compile(rb"^Received\b[^\n]*\nNumber: \d+\n(?:From|To)\b", re.MULTILINE)
"""One among others whose first line is odd."""
_ODD_LINES = {
    "received": re.compile(rb"(?i)received\b\W*(?:from\b\W*)?(\S*)(?:\s+by\s+(\S+))?.*"),
    "number": re.compile(rb"(?i)number\W*(\d{1,18})\s*"),
    "from": re.compile(rb"(?i)from\b:? *(.*)"),
    "to": re.compile(rb"(?i)to\b: *(.*)"),
}
_ODD_WORD = re.compile(rb"(?i)(received|number|from|to)\b[^\w\n]{0,3}")


@dataclass(frozen=True)
class Head:
    """What the head of an entry says.

    Attributes:
        number: -1 where there is none.
        ends: where its last line ends, the empty one included; at the end of the entry where it cannot be read.
        flaw: which of its lines is wrong first, as it should be; empty where none is.
        readable: whether it says whose message it is.
    """

    number: int
    ends: int
    host: str = ""
    netid: str = ""
    sender: str = ""
    recipients: tuple[str, ...] = ()
    flaw: str = ""
    readable: bool = True


def starts(data: bytes) -> list[int]:
    """Where entries begin in a mailbox with LF as line ends; where the first is odd, like the first."""
    found = []
    at = data.find(_START)
    while at >= 0:
        if (at == 0 or data[at - 1] == 0x0A) and _ENTRY.match(data, at):
            found.append(at)
        at = data.find(_START, at + 1)
    like = _ODD_ENTRY if found else _like_the_first(data)
    return sorted({*found, *(match.start() for match in like.finditer(data))}) if like else found


def lines(text: bytes | memoryview) -> Iterator[tuple[bytes, bool]]:
    """The lines of a text, one by one because it may be large, and whether each is ended; the last is not."""
    at = 0
    for end in _LINE_END.finditer(text):
        yield bytes(text[at : end.start()]), True
        at = end.end()
    yield bytes(text[at:]), False


def _like_the_first(data: bytes) -> re.Pattern[bytes] | None:
    """What begins with the same words in its first three lines as the first entry; None where there are none."""
    begin = next((at for at, byte in enumerate(data) if byte != 0x0A), len(data))
    words = [_ODD_WORD.match(line) for line in data[begin : begin + 4096].split(b"\n")[:3]]
    known = [word[0] for word in words if word]
    if len(known) < 3 or len({word.split()[0].strip(b":").lower() for word in known}) < 3:
        return None
    return re.compile(b"^" + b"[^\n]*\n".join(map(re.escape, known)), re.MULTILINE)


def read(raw: memoryview) -> Head:
    """What the head of an entry says, as far as it can be read."""
    head = _HEAD.match(raw)
    if not head:
        return _odd(raw)
    host, netid, digits, sender, to = (group.decode("latin-1") for group in head.groups())
    recipients = tuple(line.removeprefix("To: ") for line in to.split("\n") if line)
    return Head(int(digits[:18]), head.end(), host, netid, sender, recipients)


def _odd(raw: memoryview) -> Head:
    """The lines that begin like lines of a head, in any order and each but `To` once, up to one that does not."""
    _, _, flaw = wrong_line(raw)
    said: dict[str, re.Match[bytes]] = {}
    recipients: list[str] = []
    at = 0
    for line, _ in lines(raw):
        name, match = next(
            ((name, found) for name, one in _ODD_LINES.items() if name not in said and (found := one.fullmatch(line))),
            ("", None),
        )
        if match is None:
            at += not line  # the empty line
            break
        if name == "to":
            recipients.append(match[1].decode("latin-1"))
        else:
            said[name] = match
        at += len(line) + 1
    if "from" not in said or not {"received", "number"} & said.keys():
        told = re.search(rb"^Number: (\d{1,18})$", raw, re.MULTILINE)
        return Head(int(told[1]) if told else -1, len(raw), flaw=flaw, readable=False)
    host, netid = (
        (group or b"").decode("latin-1") for group in (said["received"].groups() if "received" in said else (b"", b""))
    )
    number, sender = int(said["number"][1]) if "number" in said else -1, said["from"][1].decode("latin-1")
    return Head(number, min(at, len(raw)), host, netid, sender, tuple(recipients), flaw)


def wrong_line(raw: memoryview) -> tuple[int, bytes, str]:
    """Which line of an entry is not what its head has there: its number from 1, the line, and what belongs there."""
    numbered = ((number, line) for number, (line, _) in enumerate(lines(raw), 1))
    for pattern, wanted in _LINES:
        number, line = next(numbered, (0, b""))
        while wanted is TO and line.startswith(b"To: "):
            number, line = next(numbered, (0, b""))
        if not pattern.fullmatch(line):
            return number, line, wanted
    return 0, b"", HEAD
