"""Whose fault it is: of each symptom the requirement that it breaks, by what else is known. No I/O.

A judge sees a symptom; here, and nowhere else, it is decided what that says of the server where it could be one
requirement's or another's. A symptom that can only be one requirement's is named where it is seen.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum

FIELDS_JUDGED_BY = {
    "case.arguments": ("case",),
    "space.spaces": ("host", "sender", "recipients"),
    "rcpt.lines": ("recipients",),
    "helo.first-stays": ("host",),
    "mail.first-stays": ("sender",),
    "recipient.not-kept": ("recipients",),
    "order.no-trace": ("recipients",),
    "after.forgets": ("sender", "recipients", "body"),
    "end.dot": ("body",),
    "bytes": ("body",),
    "bytes.large": ("body",),
    "start.mailbox": (),
    "numbers.first": (),
}
"""What of an entry some requirements judge; what is wrong with the rest of it breaks `mailbox.entry`."""


class Late(Enum):
    """What a time-out says that comes where a reply was to come."""

    CASE = "the case itself was late"
    UNANSWERED = "no reply until the time-out"
    EARLY = "timed out in the middle of a quick conversation"


def no_greeting(silent: bool, greets: bool, others: bool, before: bool) -> str:
    """Nobody greets a client.

    Args:
        silent: the connection stays open, without a word.
        greets: the server has greeted a client before.
        others: other clients are connected.
        before: other clients were connected, and have left.
    """
    if not (silent and greets):
        return "greeting"
    return "pool.32" if others else "pool.frees" if before else "greeting"


def too_few_greeted(requirement: str, greeted: int, before: bool) -> tuple[str, str]:
    """Of a crowd too few are greeted.

    Args:
        requirement: what the case judges by the crowd.
        greeted: how many are.
        before: more clients came before than are connected at a time.

    Returns:
        What it breaks, and what judges the same in its plainest form.
    """
    if greeted or not before:
        return requirement, "" if requirement == "pool.32" else "pool.32"
    # It is another requirement's only where the case is about what came before, which its control leaves out.
    return ("pool.frees" if requirement == "pool.32" else requirement), "pool.frees"


def delayed(greeting: bool) -> str:
    """A delivery takes too long while another client is connected.

    Args:
        greeting: whether it has waited that long to be greeted, beside the other one.
    """
    return "pool.32" if greeting else "pool.no-influence"


def time_out(sent: float, came: float, limit: float) -> Late:
    """A time-out comes where a reply was to come.

    Args:
        sent: seconds from the last command that restarts the clock to the end of what it should answer.
        came: seconds from there to the time-out.
        limit: seconds.
    """
    if sent > 0.95 * limit:
        return Late.CASE
    return Late.UNANSWERED if came > 0.95 * limit else Late.EARLY


def too_early(requirement: str, connected: float, limit: float) -> str:
    """A time-out comes before its time.

    Args:
        requirement: what judges that.
        connected: seconds from the connect to the time-out: after a whole limit it is a command that restarts no clock.
        limit: seconds.
    """
    return "time.restart" if requirement == "time.early" and connected >= limit else requirement


def hung_up(stumbled: bool, delivered: bool) -> str:
    """The server ends the connection where it should not; empty where that is for what is judged to say.

    Args:
        stumbled: an error was the last thing that it was told.
        delivered: the first message of the session was.
    """
    return "recover" if stumbled else "after.forgets" if delivered else ""


def unfit(requirement: str, code: str, refusing: bool) -> str:
    """A reply is none of those that are acceptable.

    Args:
        requirement: what judges the reply.
        code: its code.
        refusing: whether an error would be acceptable.
    """
    return "reply.codes" if refusing and code.startswith("4") else requirement


def no_time_out(requirement: str, answers: bool) -> str:
    """A time-out does not come: of a server that answers nothing at all it is no news."""
    return requirement if answers else "reply.one"


def entry(wrong: Collection[str], requirement: str) -> str:
    """An entry is not as it should be.

    Args:
        wrong: what of it is wrong, as `mailbox.differences` names it.
        requirement: what is judged.
    """
    if set(wrong) == {"case"}:
        return "case.arguments"
    concerned = any(what in FIELDS_JUDGED_BY.get(requirement, wrong) for what in wrong)
    return requirement if concerned and "form" not in wrong else "mailbox.entry"


def number_twice(alike: bool, files: int) -> str:
    """A number stands twice.

    Args:
        alike: the entries with it are the same.
        files: how many files hold it.
    """
    if not alike:
        return "numbers"
    return "backup.emptied" if files > 1 else "mailbox.whole"
