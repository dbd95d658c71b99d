"""What the search's clients say: for each number a host, an address, a body or a length, 0 being the plainest.

A number always means the same word, whatever the seed: hypothesis draws the numbers, so words repeat and shrink.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from conformance.cs4410.lines import AWKWARD_ADDRESSES, AWKWARD_HOSTS, WRONG
from conformance.harness.vocabulary import Vocabulary

CRLF = b"\r\n"
END = b".\r\n"
NUMBERS = 99
"""The largest number; hypothesis draws numbers beyond it from the source code that happens to be loaded."""
POWERS = (6, 7, 8, 9, 9, 8, 7, 10, 11, 12)
"""Powers of two near which lines are long; lines up to 900 bytes have to be served."""
WRONG_LINES = (*WRONG.values(), "", "  ")
STUMBLES = (
    ("HELO", "HELO {host} {host}", "MAIL FROM: {address}", "mkdir"),
    ("MAIL FROM: student {address}", "HELO {host}", "RCPT TO: {address}", "MAIL FROM: student {address}"),
    ("RCPT TO: staff {address}", "MAIL FROM: {address}", "DATA", "RCPT TO: staff {address}"),
    ("RCPT TO: staff {address}", "MAIL FROM: {address}", "HELO {host}", "RCPT TO: staff {address}"),
)
"""The handout's errors by how far a session has come: before HELO, MAIL, RCPT, DATA."""


@dataclass(frozen=True)
class Spelling:
    """How a right command is written: the case of its words, and the white space of its places."""

    case: str = "upper"
    before: str = ""
    between: str = " "
    after_colon: str = " "
    end: str = ""


PLAIN = Spelling()
SPELLINGS = (
    Spelling(case="lower"),
    Spelling(case="mixed"),
    Spelling(before="  "),
    Spelling(between="   "),
    Spelling(after_colon="   "),
    Spelling(end="  "),
    Spelling(case="mixed", before=" ", between="  ", end=" "),
    Spelling(after_colon=""),
    Spelling(between="\t", end="\t"),
)


@cache
def host(number: int) -> str:
    """A host name; the plainest is one that no server has a reason to refuse."""
    if number % 5 == 4:
        return list(AWKWARD_HOSTS.values())[number // 5 % len(AWKWARD_HOSTS)]
    return Vocabulary(number, "search").host() if number else "h.edu"


@cache
def address(number: int) -> str:
    """An address; the plainest is one that no server has a reason to refuse."""
    if number % 5 == 4:
        return list(AWKWARD_ADDRESSES.values())[number // 5 % len(AWKWARD_ADDRESSES)]
    return Vocabulary(number, "search").address() if number else "a@h.edu"


@cache
def fill(template: str, number: int) -> bytes:
    """A wrong line with the host, the address and the token of a number in it."""
    return template.format(host=host(number), address=address(number), token=f"x{number}").encode("latin-1")


@cache
def command(verb: str, number: int, spelling: Spelling = PLAIN) -> bytes:
    """A right command, without its line end."""
    words = {"HELO": "HELO", "MAIL": "MAIL FROM:", "RCPT": "RCPT TO:", "DATA": "DATA"}[verb]
    if spelling.case == "lower":
        words = words.lower()
    elif spelling.case == "mixed":
        words = "".join(letter.lower() if at % 2 else letter for at, letter in enumerate(words))
    argument = "" if verb == "DATA" else host(number) if verb == "HELO" else address(number)
    gap = spelling.after_colon if ":" in words else spelling.between if argument else ""
    line = spelling.before + words.replace(" ", spelling.between) + gap + argument + spelling.end
    return line.encode("latin-1")


@cache
def long_line(verb: str, number: int) -> bytes:
    """A line whose length, its CRLF counted, is near a power of two; without a verb a line of a body."""
    length = (1 << POWERS[number % 10]) + (0, -1, 1, -2, 2, -3, 3, 0, -1, 1)[number // 10]
    plain: bytes = command({"DATA": "RCPT"}.get(verb, verb), 0) if verb else b""
    argument = plain.rpartition(b" ")[2]
    return plain.removesuffix(argument) + b"a" * (length - len(plain) - len(CRLF)) + argument + CRLF


_PROSE = Vocabulary(0, "search bodies")
BODIES = (
    b"t\r\n",
    _PROSE.body(2),
    _PROSE.body(20),
    b"",
    b"..\r\n",
    b".x\r\n...\r\n. \r\n .\r\n",
    b"ends in a dot.\r\n",
    b"x.\r\n.y\r\n..z\r\n",
    b"HELO b\r\nMAIL FROM: b\r\nRCPT TO: b\r\nDATA\r\n",
    b"Number: 1\r\nFrom: b\r\n",
    b"\r\nt\r\n",
    b"\r\n\r\nt\r\n\r\n\r\nu\r\n",
    bytes(byte for byte in range(256) if byte not in b"\r\n.") + CRLF,
    "\0t\0 ünïcödé €\r\n".encode(),
    b"x" * 4000 + CRLF,
    _PROSE.octets(3000),
)


@cache
def body(number: int) -> bytes:
    """A body without its dot: one of the shapes above, or lines or a whole of a length near a power of two."""
    if number % 4 != 3:
        return BODIES[(number - number // 4) % len(BODIES)]
    length = (1 << 6 + number // 4 % 8) + (0, -1, 1, -2, 2, -3)[number // 32]
    return b"b" * (length - 2) + CRLF
