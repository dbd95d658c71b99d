"""The envelope of a delivered message, as far as its store shows it: a sink as it was, others in trace fields. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from conformance.rfc5321.trace import ReturnPath, unquoted
from conformance.stores.message import Stored

FORWARD_FIELDS = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "X-RcptTo")
"""Fields in which mail systems write whom a copy is for."""
_ADDRESS = re.compile(r"[^\s<>,;]+@[^\s<>,;]+")


def spelled(path: str) -> str:
    """A path in the one spelling of all that mean the same, and in lower case: without quotes that change nothing."""
    found = ReturnPath(path, "", "")
    return f"{unquoted(found.local)}@{found.domain}".rstrip("@").lower()


def reverse_path(copy: Stored) -> str | None:
    """The sender of the envelope without its brackets; None where nothing shows it."""
    if copy.envelope_from is not None:
        return copy.envelope_from
    return next((one.value.strip("<>") for one in copy.all("Return-Path")), None)


def forward_paths(copies: Iterable[Stored]) -> frozenset[str]:
    """Whom the copies of a message are for, as `spelled` spells them; empty where nothing shows it."""
    return frozenset(spelled(path) for copy in copies for path in _forward_paths(copy))


def mailbox(copy: Stored) -> str:
    """The mailbox in which a copy ended, as `spelled` spells it; empty where nothing shows it.

    Two recipients may share one, and then one copy is enough: only this tells, not how they were written.
    """
    if copy.envelope_to:
        return spelled(copy.envelope_to[0])
    return next((spelled(one.value.strip("<>")) for one in copy.all("Delivered-To")), "")


def _forward_paths(copy: Stored) -> Iterable[str]:
    yield from copy.envelope_to or ()
    for name in FORWARD_FIELDS:
        for field in copy.all(name):
            yield from _ADDRESS.findall(field.value)
