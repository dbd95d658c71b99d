"""What was sent, as a report tells it, and whether a server may defend itself against it."""

from __future__ import annotations

import re

LONGEST_LINE = 2_000
"""Octets of a line beyond which a close is a defence."""
_ODD = re.compile(rb"(?<!\r)\n|\r(?!\n)|[\0\x80-\xff]")


def told(data: bytes) -> str:
    """What was sent, in the middle of a sentence."""
    text = data.removesuffix(b"\r\n").decode("latin-1")
    shorter = text if len(text) <= 60 else f"{text[:40]}... ({len(data)} octets)"
    return shorter.encode("unicode_escape").decode("ascii")


def is_odd(data: bytes) -> bool:
    """Whether a server may defend itself against such bytes with a close: bare line ends, NUL, 8 bits, long lines."""
    return bool(_ODD.search(data)) or max(map(len, data.split(b"\n"))) > LONGEST_LINE
