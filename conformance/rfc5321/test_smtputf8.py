"""SMTPUTF8: addresses and header fields in UTF-8, and ASCII in all that the server says itself."""

import pytest

from conformance.harness.verdict.verdict import Skipped
from conformance.harness.wire.reply import Reply
from conformance.rfc5321 import forms
from conformance.rfc5321.case import Case
from conformance.rfc5321.client import Client
from conformance.rfc5321.hearing import MOST_ERRORS
from conformance.rfc5321.message import Message
from conformance.rfc5321.scene import shown
from conformance.stores.compare import kept
from conformance.stores.message import part

UTF8 = "UTF-8"
WORDS = {"ASCII": (b"gruesse", b"buecher.example"), UTF8: ("gr\u00fc\u00dfe".encode(), "b\u00fccher.example".encode())}
"""Of each spelling a local part and a domain."""


def international(case: Case) -> Client:
    """A client that may use UTF-8.

    Raises:
        Skipped: SMTPUTF8 is not announced.
    """
    client = case.client("ehlo", "SMTPUTF8")
    return client


def mail(mailbox: bytes, parameter: bytes = b" SMTPUTF8") -> bytes:
    """A MAIL, without its CRLF."""
    return b"MAIL FROM:<" + mailbox + b">" + parameter


@pytest.mark.judges("utf8.8bitmime")
def test_8bitmime(case: Case) -> None:
    """Who announces SMTPUTF8 announces 8BITMIME as well."""
    client = international(case)
    if "8BITMIME" not in client.keywords:
        raise client.breach("SMTPUTF8 without 8BITMIME", "8BITMIME", " ".join(client.keywords))


@pytest.mark.judges("utf8.param", control={"parameter": ""})
@pytest.mark.parametrize("parameter", [" SMTPUTF8"], ids=["once"])
def test_parameter(case: Case, parameter: str) -> None:
    """MAIL with a sender in ASCII and SMTPUTF8 is taken."""
    client = international(case)
    client.expect_accepted(client.plain("MAIL") + parameter)


@pytest.mark.judges("utf8.param")
def test_parameter_twice(case: Case) -> None:
    """SMTPUTF8 given twice, as a widely used client does, is taken or refused; either is right."""
    client = international(case)
    client.note_liberty(f"{client.plain('MAIL')} SMTPUTF8 SMTPUTF8", "SMTPUTF8 twice")


@pytest.mark.judges("utf8.mailbox", control={"spelling": "ASCII"})
@pytest.mark.parametrize("spelling", [UTF8])
@pytest.mark.parametrize("verb", ["MAIL", "RCPT"])
@pytest.mark.parametrize("place", ["local part", "domain"])
def test_mailbox(case: Case, place: str, verb: str, spelling: str) -> None:
    """An address in UTF-8 meets no syntax refusal, wherever in it that stands."""
    client = international(case)
    local, domain = WORDS[spelling]
    served = (case.sender_domain if verb == "MAIL" else case.domain).encode()
    mailbox = local + b"@" + served if place == "local part" else b"a@" + domain
    if verb == "RCPT":
        client.expect_accepted(f"{client.plain('MAIL')} SMTPUTF8", "utf8.param")
        client.expect_well_formed(b"RCPT TO:<" + mailbox + b">")
    elif spelling == UTF8:
        client.expect_well_formed(mail(mailbox))
    else:
        client.expect_accepted(mail(mailbox), "utf8.param")


@pytest.mark.judges("utf8.value")
def test_value(case: Case) -> None:
    """SMTPUTF8 with a value is refused."""
    client = international(case)
    client.expect_refused(f"{client.plain('MAIL')} SMTPUTF8=1")


@pytest.mark.judges("utf8.without")
@pytest.mark.parametrize("verb", ["MAIL", "RCPT"])
def test_without(case: Case, verb: str) -> None:
    """An address in UTF-8 is refused where MAIL does not say SMTPUTF8."""
    client = international(case)
    local, _ = WORDS[UTF8]
    if verb == "MAIL":
        client.expect_refused(mail(local + b"@" + case.sender_domain.encode(), b""))
    else:
        client.set_up(client.plain("MAIL"))
        client.expect_refused(b"RCPT TO:<" + local + b"@" + case.domain.encode() + b">")


MALFORMED = {
    "latin-1": b"gr\xfc\xdfe",
    "cut short": b"a\xc3",
    "too long a form": b"a\xc0\xafb",
    "a surrogate": b"a\xed\xa0\x80b",
}


@pytest.mark.judges("utf8.malformed")
@pytest.mark.parametrize("verb", ["MAIL", "RCPT"])
@pytest.mark.parametrize("form", MALFORMED)
def test_malformed(case: Case, form: str, verb: str) -> None:
    """With SMTPUTF8 an address of octets that are no UTF-8 is refused."""
    client = international(case)
    if verb == "MAIL":
        client.expect_refused(mail(MALFORMED[form] + b"@" + case.sender_domain.encode()))
    else:
        client.expect_accepted(f"{client.plain('MAIL')} SMTPUTF8", "utf8.param")
        client.expect_refused(b"RCPT TO:<" + MALFORMED[form] + b"@" + case.domain.encode() + b">")


def with_utf8(message: Message) -> Message:
    """A message with header fields in UTF-8."""
    text = "Gr\u00fc\u00dfe, \u4f60\u597d".encode().decode("latin-1")
    return message.with_fields(("Subject", f"{text} {message.mark}"), ("X-Conformance", text), without=["Subject"])


@pytest.mark.judges("utf8.replies", control={"sender": "plain"})
@pytest.mark.parametrize("sender", ["ASCII", UTF8])
def test_replies(case: Case, sender: str) -> None:
    """Replies are ASCII, also where SMTPUTF8 was used; the client's own octets sent back are another matter."""
    client = international(case)
    local, _ = WORDS[UTF8 if sender == UTF8 else "ASCII"]
    mailbox = local + b"@" + case.sender_domain.encode()
    plain = client.plain("MAIL").encode()
    first = {"plain": plain, "ASCII": plain + b" SMTPUTF8"}.get(sender) or mail(mailbox)
    rule = "reply.ascii" if sender == "plain" else ""
    bad = b"RCPT TO:<" + local + b"@" + case.domain.encode() + b">"
    data = with_utf8(client.message()).data
    more = [text.encode() for text in ("NOOP", f"VRFY {case.recipient}", "HELP")]
    for line in (first, client.plain("RCPT").encode(), bad, b"DATA", *more):
        reply = client.say(line)
        expect_ascii(client, first + bad, reply, rule)
        if reply.code.startswith("3"):
            expect_ascii(client, first + bad + data, client.content(data), rule)
        if client.errors == MOST_ERRORS:
            return


def expect_ascii(client: Client, sent: bytes, reply: Reply, rule: str) -> None:
    """Judge that a reply has no octets above 127 but those that were sent."""
    if any(octets not in sent for octets in forms.beyond_ascii(reply)):
        raise client.breach("a reply has other octets than ASCII", "ASCII", reply.text, rule)


@pytest.mark.judges("utf8.name")
def test_name(case: Case) -> None:
    """The name of the server in EHLO's reply is ASCII."""
    client = international(case)
    assert client.hello
    name = client.hello.lines[0].text.split(" ")[0]
    if not name.isascii():
        raise client.breach("the server's name has other octets than ASCII", "A-labels", name)


@pytest.mark.judges("utf8.header")
def test_header(case: Case) -> None:
    """Header fields in UTF-8 arrive as they were sent with SMTPUTF8."""
    assert case.mail
    client = international(case)
    client.expect_accepted(f"{client.plain('MAIL')} SMTPUTF8", "utf8.param")
    client.set_up(client.plain("RCPT"))
    client.set_up("DATA")
    message = with_utf8(client.message())
    reply = client.content(message.data)
    if not reply.code.startswith("2"):
        raise Skipped(f"content: the end of data is answered {shown(reply)}")
    if change := kept(part(message.header)[0][:2], case.delivered(message)):
        raise client.breach("a field in UTF-8 changed on the way", "as it was sent", change)
