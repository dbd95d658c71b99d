"""Recipients of one transaction: how many there may be, and whether each of them gets the message."""

import pytest

from conformance.harness.verdict.verdict import Skipped
from conformance.harness.wire.reply import Reply
from conformance.rfc5321 import codes, limits
from conformance.rfc5321.case import Case
from conformance.rfc5321.client import Client
from conformance.rfc5321.envelope import forward_paths, mailbox, spelled
from conformance.rfc5321.message import Message
from conformance.stores.message import Stored

ENOUGH = 100
"""Recipients that every server has to take in a transaction."""
MANY = 1_100
"""Recipients up to which a limit is looked for."""


def first_refused(client: Client, recipients: list[str]) -> tuple[int, Reply | None]:
    """Give recipients until one is refused: how many were taken, and how the next was answered."""
    for taken, recipient in enumerate(recipients):
        reply = client.say(f"RCPT TO:<{recipient}>")
        if codes.sense(reply) is not codes.Sense.ACCEPTED:
            return taken, reply
    return len(recipients), None


@pytest.mark.judges("rcpt.100")
@pytest.mark.places(2)
def test_100(case: Case) -> None:
    """A transaction takes 100 recipients, here 100 times the same."""
    client = case.client("mail")
    taken, reply = first_refused(client, ENOUGH * [case.recipient])
    if reply is None:
        return
    if not codes.too_many(reply):
        case.expect_accepted(reply, f"recipient {taken + 1}", [client])
    again, _ = first_refused(case.client("mail"), ENOUGH * [case.recipient])
    if again != taken:
        raise Skipped(f"unsteady: a recipient is refused after {taken} of them, then after {again}")
    came = f"{taken}, then {reply.text}"
    if (limits.announced(client.keywords.get("LIMITS", ""), "RCPTMAX") or ENOUGH) < ENOUGH:
        case.warn("fewer recipients than 100, as LIMITS says", f"{ENOUGH}", came, about=[client])
    else:
        raise client.breach("a transaction takes fewer recipients than 100", f"{ENOUGH}", came)


@pytest.mark.judges("rcpt.same-twice")
def test_same_twice(case: Case) -> None:
    """A recipient that is given twice gets the message once or twice; either is right."""
    client = case.client("ehlo")
    message, later = client.message(), client.message()
    client.deliver(message, case.recipient, case.recipient)
    client.deliver(later)
    case.delivered(message)
    case.delivered(later)  # by then a second copy has come as well
    case.note(f"copies: {len(case.mail.find(message.mark.encode()))}", about=[client])


@pytest.mark.judges("rcpt.limit-code")
def test_limit_code(case: Case) -> None:
    """A server that takes no more recipients says so with 452, so that the client tries the rest later."""
    if not case.tester.many:
        raise Skipped("not asked for: --many")
    client = case.client("mail")
    taken, reply = first_refused(client, MANY * [case.recipient])
    if reply is None:
        case.note(f"no limit up to {MANY} recipients", about=[client])
    elif reply.code == "421":
        raise Skipped(f"the server leaves: after {taken} recipients")
    elif reply.code != "452":
        raise client.breach(f"another code after {taken} recipients", "452", reply.text)


def unseen(copies: list[Stored], recipients: list[str]) -> list[str]:
    """The recipients whom no copy names; none where there are as many copies as recipients, whoever they name."""
    paths = forward_paths(copies)
    return [one for one in recipients if spelled(one) not in paths] if len(copies) < len(recipients) else []


def lacking(case: Case, message: Message, recipients: list[str]) -> str:
    """Which of a message's recipients has no copy of it, though the message has arrived; an empty string if none.

    Raises:
        Skipped: it has not arrived at all, or it cannot be told whose mailbox a copy lies in.
    """
    case.delivered(message)
    doubted = unseen(case.arrived(message), recipients)
    if not doubted:
        return ""
    client = case.client("ehlo")
    alone = client.message()
    client.deliver(alone, doubted[0])
    its = mailbox(case.delivered(alone))
    copies = case.arrived(message)  # what comes later than its own message may come much later
    if its and its not in forward_paths(copies):  # two recipients may share a mailbox, and one copy
        copies = case.arrived(message, len(recipients))
    if doubted[0] not in unseen(copies, recipients) or its in forward_paths(copies):
        return ""
    if its:
        return doubted[0]
    raise Skipped("cannot be told: nothing in a copy says whose it is")


@pytest.mark.judges("rcpt.limit-order")
@pytest.mark.places(2)
def test_limit_order(case: Case) -> None:
    """What is taken for the recipients before the limit is delivered to each of them."""
    client = case.client("mail")
    given = list(case.tester.recipients)
    taken, reply = first_refused(client, given)
    if reply is None or not codes.too_many(reply):
        raise Skipped(f"no limit met: name more than {len(given)} of --recipient")
    if codes.refused(client.say("DATA")):
        return
    message = client.message()
    if codes.refused(client.content(message.data)):
        return
    if missed := lacking(case, message, given[:taken]):
        raise client.breach(f"one of {taken} recipients before the limit lacks the message", missed, "no copy for it")


@pytest.mark.judges("rcpt.each")
@pytest.mark.places(2)
def test_each(case: Case) -> None:
    """A message that was taken for two recipients arrives for each of them."""
    if len(case.tester.recipients) < 2:
        raise Skipped("not given: name two of --recipient")
    recipients = list(case.tester.recipients[:2])
    client = case.client("ehlo")
    message = client.message()
    client.deliver(message, *recipients)
    if missed := lacking(case, message, recipients):
        raise client.breach("one of two recipients lacks the message", missed, "no copy for it")
