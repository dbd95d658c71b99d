"""Messages whose headers are odd, long, or tell of a long way: a server is not to refuse mail for these."""

import pytest

from conformance.rfc5321 import codes, refusals
from conformance.rfc5321.case import Case
from conformance.rfc5321.client import Client
from conformance.rfc5321.message import Fields, Message
from conformance.rfc5321.scene import shown

SOMEBODY = "<somebody@conformance.example>"
CROWD = ",\r\n ".join(f"<user{number}@conformance.example>" for number in range(150))
MIME = (("MIME-Version", "1.0"), ("Content-Type", 'multipart/mixed; boundary="=another="'))
RESENT: dict[str, Fields] = {
    "Resent-To alone": (("Resent-To", SOMEBODY),),
    "one Resent-From, two Resent-To": (("Resent-From", SOMEBODY), ("Resent-To", SOMEBODY), ("Resent-To", SOMEBODY)),
}
TRACE: dict[str, Fields] = {
    "no date": (("Received", "from a.example by b.example"),),
    "free text": (("Received", "it came by some other way, perhaps"),),
}


def odd(message: Message, header: str) -> Message:
    """A message with an odd header, or with its own."""
    match header:
        case "none":
            return Message(message.mark, (), message.body)
        case "no Date":
            return message.with_fields(without=["Date"])
        case "no value":
            return message.with_fields(("X-Conformance", ""))
        case "wrong boundary":
            return message.with_fields(*MIME).with_body(b"--=one=\r\n\r\ntext\r\n--=one=--\r\n")
    return message


@pytest.mark.judges("data.odd-header", control={"header": "plain"})
@pytest.mark.parametrize("header", ["none", "no Date", "no value", "wrong boundary"])
def test_odd_header(case: Case, header: str) -> None:
    """A message is not refused for its header: none, no Date, a field without a value, a wrong MIME boundary."""
    client = case.client("data")
    message = odd(client.message(), header)
    if case.tester.role != "submission":
        client.expect_taken(message, f"a message with an odd header ({header})")
    else:
        note(case, client, message, f"submission of an odd header ({header})")


@pytest.mark.judges("data.resent", control={"fields": "none"})
@pytest.mark.parametrize("fields", RESENT)
def test_resent(case: Case, fields: str) -> None:
    """A message is not refused because its Resent fields are incomplete or do not match."""
    client = case.client("data")
    client.expect_taken(client.message().with_fields(*RESENT.get(fields, ())), f"a message with {fields}")


@pytest.mark.judges("data.odd-trace", control={"received": "none"})
@pytest.mark.parametrize("received", TRACE)
def test_odd_trace(case: Case, received: str) -> None:
    """A message is not refused because another server wrote an odd Received field."""
    client = case.client("data")
    client.expect_taken(client.message().with_fields(*TRACE.get(received, ())), f"a message with Received: {received}")


@pytest.mark.judges("data.many-to", control={"to": SOMEBODY})
@pytest.mark.parametrize("to", [CROWD], ids=["150"])
def test_many_addresses(case: Case, to: str) -> None:
    """A message with one recipient is not refused because its To field names 150 addresses."""
    client = case.client("data")
    client.expect_taken(client.message().with_fields(("To", to), without=["To"]), "a message with 150 addresses in To")


@pytest.mark.judges("data.hops", control={"count": 1})
@pytest.mark.parametrize("count", [99])
def test_hops(case: Case, count: int) -> None:
    """A message that has come through 99 servers is not refused as a loop."""
    client = case.client("data")
    client.expect_taken(refusals.hops(client.message(), count), f"a message with {count} Received fields")


@pytest.mark.judges("data.loop")
def test_loop(case: Case) -> None:
    """A message that has come through 300 servers may be refused as a loop, or accepted; either is right."""
    client = case.client("data")
    note(case, client, refusals.hops(client.message(), 300), "300 Received fields")


def note(case: Case, client: Client, message: Message, what: str) -> None:
    """Say whether a message is taken."""
    reply = client.content(message.data)
    case.note(f"{what}: {'refused' if codes.refused(reply) else 'taken'}, {shown(reply)}", about=[client])
