"""What the case of the search does: it learns what may be said, runs conversations, and records what was found."""

from __future__ import annotations

from conformance.harness.verdict.verdict import Blocked, Skipped
from conformance.rfc5321.case import Case
from conformance.rfc5321.client import Client
from conformance.rfc5321.search import strategies
from conformance.rfc5321.search.player import EXAMPLES, JUDGED, OF_EXTENSIONS, QUICK_EXAMPLES, Player
from conformance.rfc5321.search.words import Book
from conformance.search import recording
from conformance.search.budget import Budget
from conformance.search.hunt import Hunt

USUAL = Budget(EXAMPLES, slowness=20.0)
FEW = Budget(QUICK_EXAMPLES, slowness=20.0)
"""The same of a quick run, or of one with a server that the suite has not started."""


def run_conversations(case: Case) -> None:
    """Run random conversations, and shrink and record those that fail.

    Raises:
        Blocked: replies cannot be told apart.
        Skipped: the server takes no mail here.
    """
    if case.tester.role == "lmtp":
        raise Skipped("not of LMTP: random conversations, which are of SMTP")
    if case.server.manners.chatty or case.server.manners.unterminated:
        raise Blocked("reply.one" if case.server.manners.chatty else "reply.crlf", "replies that cannot be told apart")
    with case.server.places.acquire(1):
        book = learn(case)
    asked, many = case.settings.examples, case.tester.launched and not case.settings.quick
    player = Player(case, book)
    hunt = Hunt(player, Budget(asked) if asked else USUAL if many else FEW, case.limit, case.patience.slowest)
    case.record.requirements = judged(book)
    hunt.run(strategies.conversations(), f"{case.settings.seed}/{case.record.id}")
    recording.record(hunt, case.record, "the random search", enough=3)
    case.server.prepare()


def learn(case: Case) -> Book:
    """What may be said to a server, after one look at what it announces.

    Raises:
        Blocked, Skipped: it takes no mail here.
    """
    client = case.client("ehlo")
    words_after_noop = client.say("NOOP word").code.startswith("2")
    client.set_up(client.plain("MAIL"))
    recipients = [one for one in case.tester.recipients if client.say(f"RCPT TO:<{one}>").code.startswith("2")]
    client.quit()
    return Book(
        case.client_name,
        case.sender,
        tuple(dict.fromkeys([*recipients[:3], *([] if recipients else [case.recipient])])),
        tuple(filter(None, (case.tester.bad_recipient, case.tester.relay_recipient))),
        _announced(client),
        words_after_noop,
        rude=case.tester.local,
    )


def _announced(client: Client) -> frozenset[str]:
    return frozenset(client.keywords)


def judged(book: Book) -> tuple[str, ...]:
    """The requirements that conversations judge: those of extensions as far as these are announced."""
    needs = dict(zip(OF_EXTENSIONS, ("PIPELINING", "CHUNKING", "SIZE", "8BITMIME", "DSN", "SMTPUTF8"), strict=True))
    return tuple(
        one
        for one in JUDGED
        if all(keyword in book.announced for name, keyword in needs.items() if one.startswith(name))
    )
