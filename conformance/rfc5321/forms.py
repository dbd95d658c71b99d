"""What every reply must look like, whatever it says: one pure look at its bytes (RFC 5321 4.2)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from conformance.harness.wire.reply import Reply, ReplyLine

LONGEST = 512
"""Octets of a reply line with its CR LF (4.5.3.1.5)."""
SHAPE = re.compile(rb"\d{3}(?:[ -][^\r\n]*)?(?:\r\n|\n|)")


class Fault(NamedTuple):
    """Something wrong with a reply's form.

    Attributes:
        requirement: what it breaks.
        reason, expected, actual: for the report.
        warns: whether it only warns, whatever the requirement's level.
    """

    requirement: str
    reason: str
    expected: str
    actual: str
    warns: bool = False


def faults(reply: Reply, odd_sent: bool = False) -> Iterator[Fault]:
    """What is wrong with the form of a reply.

    Args:
        reply: it.
        odd_sent: whether the client sent other bytes than printable ASCII, which the server may echo.
    """
    lines = reply.lines
    if reply.truncated:  # of such a line no more is known than that
        yield Fault("reply.length", "a reply line without an end", f"at most {LONGEST}", _text(lines[-1])[:80])
        return
    for line in lines:
        yield from _of_line(line, odd_sent)
    numbers = {line.code for line in lines}
    if len(numbers) > 1 and all(numbers):
        yield Fault("reply.multiline", "the lines of a reply differ in their codes", lines[0].code, " ".join(numbers))
    if lines[-1].more:
        yield Fault("reply.multiline", "the last line of a reply says that more follow", "a space", _text(lines[-1]))
    last = lines[-1]
    if last.code and not last.text.strip():
        yield Fault("reply.text", "a reply without a text", f"{last.code} and a text", _text(last))


def beyond_ascii(reply: Reply) -> list[bytes]:
    """The runs of octets above 127 in a reply."""
    return re.findall(rb"[\x80-\xff]+", reply.raw)


def _of_line(line: ReplyLine, odd_sent: bool) -> Iterator[Fault]:
    inner = line.raw.removesuffix(line.end.encode())
    if line.end != "\r\n" or b"\r" in inner:
        yield Fault("reply.crlf", "a reply line that does not end in CR LF", "CR LF once, at its end", _text(line))
    if not SHAPE.fullmatch(line.raw.replace(b"\r", b"").replace(b"\n", b"")):
        yield Fault(
            "reply.form", "a reply line of another shape", "three digits, then a space or a hyphen", _text(line)
        )
    elif line.code[0] not in "2345":
        yield Fault("reply.digit", "a reply of another first digit", "2, 3, 4 or 5", _text(line))
    if len(line.raw) > LONGEST:
        yield Fault("reply.length", f"a reply line of {len(line.raw)} octets", f"at most {LONGEST}", _text(line)[:80])
    if any(byte != 9 and not 32 <= byte <= 126 for byte in inner.replace(b"\r", b"")):
        echoed = ", as the client sent" if odd_sent else ""
        yield Fault("reply.ascii", f"other octets than printable ASCII{echoed}", "ASCII", _text(line), odd_sent)


def _text(line: ReplyLine) -> str:
    return line.raw.decode("latin-1")
