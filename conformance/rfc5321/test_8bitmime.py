"""8BITMIME: the parameter BODY, and text of octets above 127."""

import pytest

from conformance.harness.verdict.verdict import Skipped
from conformance.rfc5321 import mime
from conformance.rfc5321.case import Case
from conformance.rfc5321.client import Client
from conformance.rfc5321.message import Message
from conformance.rfc5321.scene import shown
from conformance.stores.compare import same_body

PLAIN = "plain"
TEXTS = {
    PLAIN: ("us-ascii", b"Grosse Gruesse\r\n"),
    "UTF-8": ("utf-8", "Gr\u00fc\u00dfe, \u4f60\u597d, \U0001f4e8\r\n".encode()),
    "latin-1": ("iso-8859-1", b"Gr\xfc\xdfe\r\n"),
    "all octets": ("iso-8859-1", b"".join(b"octet %c here\r\n" % one for one in range(128, 256))),
}
"""Texts, and the character sets that they are in."""


@pytest.mark.judges("8bit.body", control={"body": ""})
@pytest.mark.parametrize("body", ["8BITMIME", "7BIT", "8bitmime", "7bit", "8BitMime"])
def test_body(case: Case, body: str) -> None:
    """MAIL with BODY=8BITMIME or BODY=7BIT is taken, in upper and lower case."""
    client = case.client("ehlo", "8BITMIME")
    client.expect_accepted(client.plain("MAIL") + (f" BODY={body}" if body else ""))


def begin(case: Case, text: str) -> tuple[Client, Message]:
    """A client that is to send a MIME message with a text, of which MAIL has told."""
    client = case.client("ehlo", "8BITMIME")
    client.expect_accepted(f"{client.plain('MAIL')} BODY=8BITMIME", "8bit.body")
    client.set_up(client.plain("RCPT"))
    client.set_up("DATA")
    charset, octets = TEXTS[text]
    fields = (
        ("MIME-Version", "1.0"),
        ("Content-Type", f"text/plain; charset={charset}"),
        ("Content-Transfer-Encoding", "7bit" if text == PLAIN else "8bit"),
    )
    return client, client.message().with_body(octets).with_fields(*fields)


@pytest.mark.judges("8bit.accepted", control={"text": PLAIN})
@pytest.mark.parametrize("text", list(TEXTS)[1:])
def test_accepted(case: Case, text: str) -> None:
    """A MIME message sent as BODY=8BITMIME is not refused for its octets above 127."""
    client, message = begin(case, text)
    client.expect_taken(message, "a message with octets above 127")


@pytest.mark.judges("8bit.kept", control={"text": PLAIN})
@pytest.mark.parametrize("text", list(TEXTS)[1:])
def test_kept(case: Case, text: str) -> None:
    """Octets above 127 arrive unchanged, or rightly encoded by a relay."""
    assert case.mail
    client, message = begin(case, text)
    reply = client.content(message.data)
    if not reply.code.startswith("2"):
        raise Skipped(f"content: the end of data is answered {shown(reply)}")
    copy = case.delivered(message)
    if (change := same_body(message.body, copy.body)) and same_body(message.body, mime.decoded(copy)):
        raise case.breach(case.main, "8-bit text changed on the way", "octet for octet", change, "data.whole", [client])


BAD = {"unknown value": "BODY=9BIT", "no value": "BODY", "twice": "BODY=8BITMIME BODY=8BITMIME"}


@pytest.mark.judges("8bit.bad-value")
@pytest.mark.parametrize("form", BAD)
def test_bad_value(case: Case, form: str) -> None:
    """BODY with another value, without one, or given twice is refused."""
    client = case.client("ehlo", "8BITMIME")
    client.expect_refused(f"{client.plain('MAIL')} {BAD[form]}")
