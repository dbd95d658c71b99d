"""LIMITS, whether what it announces is right and true, and the code 521, which is not for every reply."""

import pytest

from conformance.harness.verdict.verdict import Skipped
from conformance.rfc5321 import codes, limits
from conformance.rfc5321.case import Case

RECIPIENTS = 100
"""The most recipients that are tried."""
TRANSACTIONS = 10
"""The most transactions that are tried in a session."""


@pytest.mark.judges("limits.form")
def test_form(case: Case) -> None:
    """LIMITS has names, some with values, and the limits that are numbers have numbers."""
    client = case.client("ehlo", "LIMITS")
    if word := limits.fault(client.keywords["LIMITS"]):
        raise client.breach("a word that LIMITS cannot have", "NAME or NAME=value, a number from 1 to 999999", word)


def limit(parameters: str, name: str) -> int:
    """A limit that is announced.

    Raises:
        Skipped: it is not.
    """
    if number := limits.announced(parameters, name):
        return number
    raise Skipped(f"not announced: {name}")


@pytest.mark.judges("limits.kept")
def test_recipients_kept(case: Case) -> None:
    """As many recipients as LIMITS announces are not too many."""
    client = case.client("ehlo", "LIMITS")
    number = limit(client.keywords["LIMITS"], "RCPTMAX")
    client.set_up(client.plain("MAIL"))
    for given in range(min(number, RECIPIENTS)):
        reply = client.say(client.plain("RCPT"))
        if codes.too_many(reply):
            why = f"{given + 1} recipients are too many, and LIMITS announces {number}"
            raise client.breach(why, "taken, as the first", reply.text)
        if codes.refused(reply):
            raise Skipped(f"{codes.sense(reply).value}: recipient {given + 1} is answered {reply.code}")


@pytest.mark.judges("limits.kept")
def test_transactions_kept(case: Case) -> None:
    """As many transactions as LIMITS announces are not too many for a session."""
    client = case.client("ehlo", "LIMITS")
    number = limit(client.keywords["LIMITS"], "MAILMAX")
    for done in range(min(number, TRANSACTIONS)):
        reply = client.say(client.plain("MAIL"))
        if codes.too_many(reply):
            why = f"{done + 1} transactions are too many, and LIMITS announces {number}"
            raise client.breach(why, "taken, as the first", reply.text)
        if codes.refused(reply):
            raise Skipped(f"{codes.sense(reply).value}: sender {done + 1} is answered {reply.code}")
        client.set_up(client.plain("RCPT"))
        client.set_up("DATA")
        client.deliver_content(client.message())


@pytest.mark.judges("code.521")
def test_521(case: Case) -> None:
    """MAIL, RCPT and DATA are not answered 521, which is for hosts that never take mail."""
    client, known = case.client("ehlo"), case.learned  # of a server that takes no mail nothing may be known
    mail, rcpt = f"MAIL FROM:<{known.get('sender', '')}>", f"RCPT TO:<{known.get('recipient', 'Postmaster')}>"
    for line in (mail, rcpt, "RCPT TO:<someone@elsewhere.example>", "DATA"):
        reply = client.say(line)
        if reply.code == "521":
            raise client.breach(f"{line[:4]} is answered 521", "another code", reply.text)
    if reply.code.startswith("3"):
        client.content(client.message().data)


@pytest.mark.judges("code.521")
def test_521_greeting(case: Case) -> None:
    """After a greeting of 521 all is answered 521, or the connection ends."""
    client = case.unconnected_client()
    client.connect()
    if client.take_greeting().code != "521":
        raise Skipped("not greeted with 521")
    client.send(client.plain("EHLO").encode() + b"\r\n")
    if (reply := client.hear_or_end()) and reply.code != "521":
        raise client.breach("EHLO is served after a greeting of 521", "521, or a close", reply.text)
