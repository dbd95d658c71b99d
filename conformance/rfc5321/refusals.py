"""How refusals are had where a case needs one: recipients that a server does not take, and messages."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.harness.verdict.verdict import Skipped
from conformance.rfc5321 import codes
from conformance.rfc5321.case import Case
from conformance.rfc5321.client import Client
from conformance.rfc5321.message import Message

HOPS = ("Received", "from a.example by b.example; Mon, 1 Jan 2024 00:00:00 +0000")
LARGEST = 16 * 1024 * 1024
"""Octets that are sent to be refused, at the most, and only on this machine."""


def hops(message: Message, count: int) -> Message:
    """A message that has come through so many servers."""
    return message.with_fields(*[HOPS] * count)


def of_recipient(case: Case, client: Client) -> None:
    """Have a recipient refused, in a transaction.

    Raises:
        Skipped: no address is known for which that happens.
    """
    for address in filter(None, (case.tester.bad_recipient, case.tester.relay_recipient)):
        if codes.refused(client.say(f"RCPT TO:<{address}>")):
            return
        raise Skipped(f"not refused: {address}")
    raise Skipped("not given: name --bad-recipient")


def at_the_end(case: Case) -> Iterator[tuple[Client, Message, str]]:
    """Sessions in which a message has just been refused at the end of data, the message, and what is wrong with it."""
    for client, message, data, why in _odd(case):
        client.send_content(data)
        reply = client.hear_or_end()
        if reply and codes.refused(reply) and reply.code != "421":
            yield client, message, why
        client.quit()


def _odd(case: Case) -> Iterator[tuple[Client, Message, bytes, str]]:
    for why, odd in {"a bare LF": b"a\nb", "a NUL": b"a\0b"}.items():
        client = case.client("data")
        message = client.message()
        yield client, message, message.content + odd + b"\r\n.\r\n", why
    client = case.client("data")
    message = hops(client.message(), 300)
    yield client, message, message.data, "300 hops"
    client = case.client("ehlo")
    if 0 < client.largest < LARGEST and case.tester.local:
        client.begin()
        message = client.message().filled(client.largest + 1)
        yield client, message, message.data, "its size"
