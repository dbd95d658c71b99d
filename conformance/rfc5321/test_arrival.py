"""What a 250 at the end of data promises: the message arrives, at whom the envelope names, crash or no crash."""

import pytest

from conformance.harness.verdict.verdict import Skipped
from conformance.rfc5321 import codes, refusals
from conformance.rfc5321.case import Case
from conformance.stores.message import Stored

OWNERS = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "X-RcptTo")
"""Fields in which servers say whom a copy is for."""


@pytest.mark.judges("data.delivered")
def test_delivered(case: Case) -> None:
    """A message that got its 250 arrives, or else a notification that names it."""
    client = case.client("ehlo")
    assert case.mail
    message = client.message()
    client.deliver(message)
    found = case.arrived(message)
    if not found:
        first = "; nor did the first one, so see that --store names the place of its mail" * bool(case.server.no_store)
        why = f"a message that was accepted does not arrive{first}"
        raise client.breach(why, "its mark in the store", "nothing in time")
    if len(found) > 1:
        case.note(f"{len(found)} copies of one message", about=[client])


@pytest.mark.judges("data.refused-gone")
def test_refused_is_gone(case: Case) -> None:
    """A message that was refused at the end of data never arrives."""
    mail = case.mail
    refused = list(refusals.at_the_end(case))
    if not refused:
        raise Skipped("no refusal at the end of data was to be had")
    case.wait_for_later_mail()
    for client, message, why in refused:
        if mail.find(message.mark.encode()):
            raise client.breach(f"a message that was refused for {why} arrives", "nothing", "the message")


@pytest.mark.judges("data.envelope")
def test_envelope(case: Case) -> None:
    """A message goes to the address of RCPT, and to none that only its header names."""
    client, mail = case.client("ehlo"), case.mail
    other = next((one for one in case.tester.recipients if one != case.recipient), None)
    if not other:
        raise Skipped("not given: name a second --recipient")
    message = client.message().with_fields(("To", f"<{other}>"), ("Cc", f"<{other}>"), without=["To"])
    client.deliver(message)
    case.delivered(message)
    case.wait_for_later_mail()
    owners = [owner for stored in mail.find(message.mark.encode()) for owner in owners_of(stored)]
    if not owners:
        raise Skipped("not seen: whom a copy is for")
    if other.lower() in owners:
        raise client.breach("a message goes to an address of its header", case.recipient, other)


def owners_of(stored: Stored) -> list[str]:
    """Whom a copy is for, as far as it says."""
    said = [field.value for name in OWNERS for field in stored.all(name)]
    return [one.strip(" <>").lower() for one in (*said, *(stored.envelope_to or ()))]


@pytest.mark.judges("data.partial")
def test_partial(case: Case) -> None:
    """With a good and a bad recipient a 250 means that the good one has the message, a refusal that nobody has it."""
    client, bad = case.client("mail"), case.tester.bad_recipient
    if not bad or case.tester.role == "lmtp":
        raise Skipped("not given: name --bad-recipient" if not bad else "LMTP answers for each recipient")
    assert case.mail
    client.set_up(client.plain("RCPT"))
    if not client.say(f"RCPT TO:<{bad}>").code.startswith("2"):
        raise Skipped("refused: the bad recipient at RCPT, as is usual")
    client.set_up("DATA")
    message = client.message()
    reply = client.content(message.data)
    if codes.refused(reply):
        case.expect(
            case.never_arrives(message),
            case.main,
            "refused for both, and it arrives",
            "nothing",
            "the message",
            [client],
        )
        case.warn("a message is refused for a good recipient, too", "250, a notification", reply.text, about=[client])
    elif not case.arrived(message):
        raise client.breach("accepted, and the good recipient has it not", "a copy for the good recipient", "nothing")


@pytest.mark.alone(fresh=False)
@pytest.mark.judges("data.crash", control={"end": "none"})
@pytest.mark.parametrize("end", ["kill"])
def test_crash(case: Case, end: str) -> None:
    """A message that got its 250 survives that the server is killed at once, and started again."""
    if not (case.tester.launched and case.tester.durable):
        raise Skipped("not given: --durable, of a server that is launched")
    client = case.client("ehlo")
    assert case.mail
    message = client.message()
    client.deliver(message)
    if end == "kill":
        case.server.crash()
    if not case.arrived(message):
        why = "a message that was accepted is lost by a crash"
        raise case.breach(case.main, why, "the message", "nothing", "data.delivered", [client])
