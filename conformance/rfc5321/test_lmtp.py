"""LMTP: LHLO in place of EHLO, and a reply for each recipient at the end of a message."""

import pytest

from conformance.harness.verdict.verdict import Skipped
from conformance.rfc5321.case import Case
from conformance.rfc5321.client import Client
from conformance.rfc5321.test_chunking import chunk

SMTP_PORT = 25


def lmtp(case: Case, state: str = "ehlo") -> Client:
    """A client of a server of LMTP.

    Raises:
        Skipped: it is one of SMTP.
    """
    if case.tester.role != "lmtp":
        raise Skipped("only of LMTP: --role lmtp")
    return case.client(state)


@pytest.mark.judges("lmtp.lhlo")
def test_lhlo(case: Case) -> None:
    """LHLO is answered 250."""
    lmtp(case, "greeted").expect_always(f"LHLO {case.client_name}", "250")


@pytest.mark.judges("lmtp.no-ehlo")
@pytest.mark.parametrize("verb", ["EHLO", "HELO"])
def test_no_ehlo(case: Case, verb: str) -> None:
    """EHLO and HELO are not accepted."""
    client = lmtp(case, "greeted")
    reply = client.say(f"{verb} {case.client_name}")
    if reply.code.startswith("2"):
        raise client.breach(f"{verb} is accepted", "500", reply.text)


@pytest.mark.judges("lmtp.no-rcpt")
def test_no_recipient(case: Case) -> None:
    """DATA without a recipient is answered 503."""
    lmtp(case, "mail").expect_always("DATA", "503")


def recipients(case: Case, which: str) -> list[str]:
    """Addresses by what they are.

    Raises:
        Skipped: the tester does not give them.
    """
    one, *others = case.tester.recipients or (case.recipient,)
    if which == "two" and not others:
        raise Skipped("not given: name a second --recipient")
    return {
        "one": [case.recipient],
        "two": [one, *others[:1]],
        "one of them twice": [one, *others[:1], one],
        "one twice": [case.recipient] * 2,
        "a refused one between": [case.recipient, case.tester.bad_recipient or "", case.recipient],
    }[which]


def give(client: Client, addresses: list[str]) -> int:
    """Begin a transaction, and return how many of the recipients were accepted."""
    client.set_up(client.plain("MAIL"))
    for address in addresses:
        client.say(f"RCPT TO:<{address}>")
    if client.recipients:
        return client.recipients
    raise Skipped("refused by policy: all recipients")


def expect_each(client: Client, accepted: int, end: str) -> None:
    """Judge that the end of a message gets as many replies as recipients were accepted: QUIT's comes behind them.

    Raises:
        Broken: there are fewer, or more.
        Skipped: the server says nothing at all.
    """
    replies = client.farewell()
    if not replies or replies[-1].code not in ("221", "421"):
        raise Skipped("not counted: QUIT is not answered")
    came = [reply.code for reply in replies[:-1]]
    if len(came) != accepted:
        why = f"{end} does not get a reply for each recipient"
        raise client.breach(why, f"{accepted}", f"{len(came)}: {' '.join(came) or 'none'}")


@pytest.mark.judges("lmtp.each")
@pytest.mark.parametrize("which", ["one", "two", "one twice", "one of them twice", "a refused one between"])
def test_each(case: Case, which: str) -> None:
    """The end of data gets a reply for each recipient that was accepted, and two for one who was given twice."""
    client = lmtp(case)
    accepted = give(client, recipients(case, which))
    client.set_up("DATA")
    client.send_content(client.message().data)
    expect_each(client, accepted, "the end of data")


@pytest.mark.judges("lmtp.bdat")
@pytest.mark.parametrize("which", ["one", "one twice"])
def test_bdat(case: Case, which: str) -> None:
    """The last BDAT gets a reply for each recipient that was accepted, and any other one."""
    client = lmtp(case)
    client.needs("CHUNKING", "PIPELINING")
    accepted = give(client, recipients(case, which))
    message = client.message()
    client.send_content(chunk(message.header) + chunk(b"\r\n" + message.body, last=True))
    expect_each(client, 1 + accepted, "BDAT, and BDAT LAST,")


@pytest.mark.judges("lmtp.keywords")
def test_keywords(case: Case) -> None:
    """PIPELINING and ENHANCEDSTATUSCODES are announced; 8BITMIME should be."""
    client = lmtp(case)
    missing = [one for one in ("PIPELINING", "ENHANCEDSTATUSCODES") if one not in client.keywords]
    if missing:
        raise client.breach("extensions that LMTP needs are not announced", " and ".join(missing), "not announced")
    if "8BITMIME" not in client.keywords:
        announced = " ".join(client.keywords)
        raise client.breach("8BITMIME is not announced", "8BITMIME", announced, "ehlo.8bitmime")  # of all servers


@pytest.mark.judges("lmtp.port")
def test_port(case: Case) -> None:
    """LMTP is not served on port 25."""
    client = lmtp(case, "greeted")
    if case.server.address[1] == SMTP_PORT:
        raise client.breach("LMTP on the port of SMTP", "any other port", str(SMTP_PORT))
