"""What a reply says by its code: RFC 5321's classes of answers, and the policy that nobody outside can judge."""

from __future__ import annotations

import re
from enum import Enum

from conformance.harness.wire.reply import Reply

SYNTAX = frozenset({"500", "501", "502", "504", "555"})
"""Codes that refuse a line for how it is written."""
ORDER = "503"
POLICY = frozenset({"521", "523", "530", "534", "535", "538", "550", "551", "552", "553", "554", "556"})
"""5yz codes by which a site refuses what is written well, for reasons of its own (RFC 5321 7.9)."""
ENHANCED = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})(?: |$)")


class Sense(Enum):
    """What a reply means."""

    ACCEPTED = "accepted"
    INTERMEDIATE = "more is wanted"
    SYNTAX = "refused for its syntax"
    ORDER = "refused for its order"
    TEMPORARY = "refused for now"
    POLICY = "refused by policy"
    LEAVING = "the server is leaving"
    NOTHING = "not a reply of this protocol"


def sense(reply: Reply) -> Sense:
    """What a reply means, by its code; a refusal that says x.7.z is one by policy, whatever its code."""
    code = reply.code
    if code == "421":
        return Sense.LEAVING
    if code[:1] == "5" and by_policy(reply):
        return Sense.POLICY
    if code in SYNTAX:
        return Sense.SYNTAX
    if code == ORDER:
        return Sense.ORDER
    first = {"2": Sense.ACCEPTED, "3": Sense.INTERMEDIATE, "4": Sense.TEMPORARY, "5": Sense.POLICY}
    return first.get(code[:1], Sense.NOTHING)


def fault(reply: Reply) -> str:
    """The requirement that a reply breaks whose code says nothing; empty for one that says something."""
    if sense(reply) is not Sense.NOTHING:
        return ""
    return "reply.digit" if reply.code else "reply.form"


def refused(reply: Reply) -> bool:
    """Whether it is a 4yz or a 5yz."""
    return reply.code[:1] in ("4", "5")


def enhanced(reply: Reply) -> str:
    """The enhanced status code at the begin of its text, or an empty string (RFC 2034)."""
    found = ENHANCED.match(reply.lines[0].text)
    return found[0].rstrip() if found else ""


def by_policy(reply: Reply) -> bool:
    """Whether a refusal names policy or security as its reason: x.7.z."""
    return bool(re.match(r"[45]\.7\.", enhanced(reply)))


def too_many(reply: Reply) -> bool:
    """Whether a refusal says that there are too many recipients, as 452, 552 and x.5.3 do."""
    return reply.code in ("452", "552") or enhanced(reply)[1:] == ".5.3"


def choice(reply: Reply | None) -> str:
    """Which of the ways that are free to it a server took, in a few words.

    Args:
        reply: to what may be taken or refused; None where the server closed the connection instead.
    """
    if reply is None:
        return "closed"
    return f"{'refused' if refused(reply) else 'taken'}: {reply.code}"
