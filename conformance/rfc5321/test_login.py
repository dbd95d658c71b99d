"""AUTH: what a login is good for: mail that needs one, and what the session keeps of it."""

from collections.abc import Callable

import pytest

from conformance.harness.verdict.verdict import Skipped
from conformance.rfc5321 import codes
from conformance.rfc5321.case import Case
from conformance.rfc5321.client import Client
from conformance.rfc5321.exchange import SOMEBODY, challenged, demanded, known, refusal, stranger
from conformance.rfc5321.login import plain_response
from conformance.rfc5321.scene import shown
from conformance.rfc5321.tracing import read


def fail(case: Case, client: Client) -> None:
    """Fail a login."""
    case.may_fail_to_log_in()
    response = plain_response(case.tester.user or SOMEBODY, case.words.token(12))
    client.send_secret(f"AUTH PLAIN {response}", "AUTH PLAIN [wrong]")
    client.hear()


def cancel(case: Case, client: Client) -> None:
    """Cancel a login."""
    challenged(client, "AUTH PLAIN")
    client.say("*")


def interrupt(case: Case, client: Client) -> None:
    """Give a command where a response is due."""
    challenged(client, "AUTH PLAIN")
    client.say(client.plain("MAIL"))


@pytest.mark.judges("auth.failed-out")
@pytest.mark.parametrize("break_off", [fail, cancel, interrupt], ids=["failed", "cancelled", "interrupted"])
def test_failed_out(case: Case, break_off: Callable[[Case, Client], None]) -> None:
    """Where mail needs a login, one that came to nothing does not do."""
    demanded(case)
    client = stranger(case, "PLAIN")
    break_off(case, client)
    if refusal(client) is None:
        raise client.breach("mail is taken after a login that came to nothing", "530", "250")


@pytest.mark.judges("auth.once")
def test_once(case: Case) -> None:
    """AUTH after a login is answered 503."""
    known(case)
    client = stranger(case)
    client.log_in()
    client.expect_always(f"AUTH {client.mechanisms[0]}", "503")


@pytest.mark.judges("auth.in-mail")
def test_in_mail(case: Case) -> None:
    """AUTH within a transaction is answered 503, and the transaction stays."""
    first = stranger(case)
    client = case.client() if refusal(first) else stranger(case)  # a refusal may come as late as at RCPT
    client.set_up(client.plain("MAIL"))
    client.expect_always(f"AUTH {first.mechanisms[0]}", "503")
    client.expect_as_plain(client.plain("RCPT"))
    client.expect_data()
    client.content(client.message().data)


def xtext(text: str) -> str:
    """A text in xtext, each character in the longer of its forms."""
    return "".join(f"+{ord(character):02X}" for character in text)


MAILBOXES = {
    "null": "<>",
    "mailbox": "somebody@conformance.example",
    "xtext": "some+2Bbody+3Dx@conformance.example",
    "long": xtext(f"{'a' * 64}@{'b' * 60}.{'c' * 60}.conformance.example"),
}


@pytest.mark.judges("auth.mail-param", control={"mailbox": ""})
@pytest.mark.parametrize("login", [False, True], ids=["stranger", "logged in"])
@pytest.mark.parametrize("mailbox", MAILBOXES)
def test_mail_parameter(case: Case, mailbox: str, login: bool) -> None:
    """MAIL with `AUTH=` is taken, logged in or not, also where that makes the line longer than 512 octets."""
    if login:
        known(case)
    client = stranger(case)
    if login:
        client.log_in()
    client.expect_accepted(f"{client.plain('MAIL')}{f' AUTH={MAILBOXES[mailbox]}' if mailbox else ''}")


@pytest.mark.judges("auth.530")
def test_530_to_mail(case: Case) -> None:
    """A server that needs a login answers 530 to MAIL, or to RCPT."""
    refused = demanded(case)
    why = "mail without a login is refused with another code"
    case.expect(refused.code == "530", "auth.530", why, "530", refused.text, case.clients)


@pytest.mark.judges("auth.530")
@pytest.mark.parametrize("verb", ["AUTH", "EHLO", "HELO", "NOOP", "RSET", "QUIT"])
def test_530_to_others(case: Case, verb: str) -> None:
    """What needs no login is not answered 530."""
    demanded(case)
    client = stranger(case)
    if verb == "HELO" and case.tester.role == "lmtp":
        raise Skipped("not of LMTP: EHLO and HELO")
    reply = client.say(f"AUTH {client.mechanisms[0]}" if verb == "AUTH" else client.plain(verb))
    if reply.code == "530":
        raise client.breach(f"{verb} needs a login", "any other code", reply.text)
    if reply.code == "334":
        client.say("*")


@pytest.mark.judges("auth.rset")
@pytest.mark.parametrize("verb", ["RSET", "EHLO"])
def test_rset(case: Case, verb: str) -> None:
    """A login outlasts RSET and a second EHLO: mail is taken after them."""
    known(case)
    client = stranger(case)
    client.log_in()
    reply = client.say(client.plain(verb))
    if codes.refused(reply):
        raise Skipped(f"refused: {verb} after a login is answered {shown(reply)}")
    client.expect_as_plain(client.plain("MAIL"))
    client.expect_as_plain(client.plain("RCPT"))


@pytest.mark.judges("auth.received")
def test_received(case: Case) -> None:
    """The trace field of mail that was sent after a login says ESMTPA, or inside TLS ESMTPSA."""
    known(case)
    client = stranger(case)
    client.log_in()
    field = read(case, client)
    lmtp, inside = case.tester.role == "lmtp", bool(client.wire.session)
    if field.clause("with") is None:
        raise Skipped("no WITH clause, which need not be there")
    if problem := field.with_problem(extended=True, tls=inside, auth=True, lmtp=lmtp):
        raise client.breach("the trace field does not tell of the login", "ESMTPA or ESMTPSA", problem)
