"""Enhanced status codes at the begin of replies, as a server has them that announced them (RFC 2034 4). No I/O."""

from __future__ import annotations

import re

from conformance.harness.wire.reply import Reply, ReplyLine

_LIKE = re.compile(r"([0-9]+)\.([0-9]+)\.([0-9]+)(?: |$)")
LONGEST = 3
"""Digits of a subject, or of a detail."""


def is_missing(reply: Reply) -> bool:
    """Whether a reply that is to have an enhanced code begins with none, not even with a bad one."""
    return reply.code[:1] in ("2", "4", "5") and not _of(reply.lines[0])


def misshapen(reply: Reply) -> str:
    """The enhanced code of a reply where it is of another class, or has too many digits; else an empty string.

    A 3yz has none, whatever its text looks like.
    """
    code = _of(reply.lines[0]) if reply.code[:1] in ("2", "4", "5") else ""
    first, *others = code.split(".")
    bad = code and (first != reply.code[:1] or any(len(digits) > LONGEST for digits in others))
    return code if bad else ""


def uneven(reply: Reply) -> str:
    """The first line that lacks the enhanced code of the reply's first line; empty if none does."""
    code = _of(reply.lines[0])
    lines = reply.lines[1:] if code else ()
    return next((line.raw.decode("latin-1").rstrip("\r\n") for line in lines if _of(line) != code), "")


def _of(line: ReplyLine) -> str:
    found = _LIKE.match(line.text)
    return found[0].rstrip() if found else ""
