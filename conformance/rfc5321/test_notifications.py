"""Notifications of mail that was taken and could not be delivered, where the sender's mailbox can be read too."""

import pytest

from conformance.harness.verdict.verdict import Skipped
from conformance.rfc5321 import trace
from conformance.rfc5321.case import Case
from conformance.rfc5321.client import Client
from conformance.rfc5321.message import Message, is_test_mail
from conformance.stores.message import Stored


def _send_to_nobody(case: Case, client: Client, sender: str) -> Message:
    """Send a message to the bad recipient, which has to be accepted to be judged.

    Its sender is the recipient of all other mail, whose mailbox can be read.
    """
    if not case.tester.bad_recipient:
        raise Skipped("not given: name --bad-recipient")
    message = client.message().with_fields(("From", f"<{case.recipient}>"), without=["From"])
    client.set_up(f"MAIL FROM:<{sender}>")
    reply = client.say(f"RCPT TO:<{case.tester.bad_recipient}>")
    if not reply.code.startswith("2"):
        raise Skipped("no notification is due: the bad recipient is refused at once")
    client.set_up("DATA")
    if not client.content(message.data).code.startswith("2"):
        raise Skipped("no notification is due: the message is refused at its end")
    return message


def _notifications(case: Case, message: Message, wait: bool = True) -> list[Stored]:
    """What has come of a message that was taken for a bad recipient."""
    found = case.arrived(message) if wait else case.mail.find(message.mark.encode())
    if any(is_test_mail(copy.body) for copy in found):
        raise Skipped("no notification is due: the bad recipient has a mailbox")
    return found


@pytest.mark.clock(1.5)
@pytest.mark.judges("ndn.sent")
def test_sent(case: Case) -> None:
    """A message that was taken for somebody who is not there comes back to its sender as a notification."""
    client = case.client()
    message = _send_to_nobody(case, client, case.recipient)
    found = _notifications(case, message) or case.mail.find((case.tester.bad_recipient or "").encode())
    if all(is_test_mail(copy.body) for copy in found):
        raise client.breach("nobody is told that a message was lost", f"a notification to {case.recipient}", "none")


@pytest.mark.clock(1.5)
@pytest.mark.judges("ndn.null")
def test_null(case: Case) -> None:
    """A notification has the null return path, so that nobody answers it."""
    client = case.client()
    message = _send_to_nobody(case, client, case.recipient)
    found = _notifications(case, message)
    if not found:
        raise Skipped("not seen: there is no notification, which ndn.sent judges")
    senders = trace.senders(found[0])
    if not senders:
        raise Skipped("not seen: delivered mail does not tell its sender")
    if senders[0]:
        raise client.breach("a notification has a return path", "<>", f"<{senders[0]}>")


@pytest.mark.clock(1.5)
@pytest.mark.judges("ndn.none")
def test_none(case: Case) -> None:
    """A message of the null sender is lost without a notification, which could only go in circles."""
    client = case.client()
    silent = _send_to_nobody(case, client, "")
    told = _send_to_nobody(case, client, case.recipient)
    if not _notifications(case, told):
        raise Skipped("not seen: there is no notification, which ndn.sent judges")
    if _notifications(case, silent, wait=False):
        raise client.breach("a notification of a message of the null sender", "none", f"one to {case.recipient}")
