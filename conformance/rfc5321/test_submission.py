"""Submission: a login comes first, and the server is stricter about what it is given."""

import pytest

from conformance.harness.verdict.verdict import Skipped
from conformance.rfc5321 import codes
from conformance.rfc5321.case import Case
from conformance.rfc5321.client import Client
from conformance.rfc5321.exchange import refusal, stranger
from conformance.rfc5321.scene import shown

IMPLICIT_PORT = 465
LONGEST = 120.0
"""Seconds that a reply may take."""


def submission(case: Case, state: str = "ehlo") -> Client:
    """A client of a server of submission, logged in where that is needed.

    Raises:
        Skipped: it is none.
    """
    if case.tester.role != "submission":
        raise Skipped("only of submission: --role submission")
    return case.client(state)


@pytest.mark.judges("sub.auth")
def test_auth(case: Case) -> None:
    """AUTH is announced, if not at once then after STARTTLS."""
    client = submission(case, "clear")
    if "AUTH" not in client.keywords and "STARTTLS" in client.keywords:
        client.start_tls()
        client.set_up(client.plain("EHLO"))
    if "AUTH" not in client.keywords:
        raise client.breach("nobody can log in", "AUTH", " ".join(client.keywords) or "nothing is announced")


@pytest.mark.judges("sub.login")
def test_login(case: Case) -> None:
    """A client that has not logged in is refused, at MAIL or at RCPT."""
    submission(case, "greeted")
    client = stranger(case)
    if refusal(client) is None:
        raise client.breach("mail is taken without a login", "530", "250")


@pytest.mark.judges("sub.null", control={"sender": "plain"})
@pytest.mark.parametrize("sender", ["null"])
def test_null(case: Case, sender: str) -> None:
    """After a login the null sender is not refused."""
    client = submission(case)
    reply = client.say("MAIL FROM:<>" if sender == "null" else client.plain("MAIL"))
    if codes.refused(reply) and (reply.code.startswith("4") or codes.by_policy(reply)):
        raise Skipped(f"refused by policy: MAIL FROM:<> is answered {shown(reply)}")
    if codes.refused(reply):
        raise case.breach("sub.null", f"the {sender} sender is refused", "250", reply.text, "mail.250", [client])


@pytest.mark.judges("sub.extensions")
@pytest.mark.parametrize("keyword", ["PIPELINING", "ENHANCEDSTATUSCODES", "DSN", "8BITMIME"])
def test_extensions(case: Case, keyword: str) -> None:
    """PIPELINING, ENHANCEDSTATUSCODES, DSN and 8BITMIME are announced, before a login or to an EHLO after it."""
    client = submission(case)
    if keyword not in client.keywords and client.logged_in:
        client.set_up(client.plain("EHLO"))
    if keyword not in client.keywords:
        rule = "ehlo.8bitmime" if keyword == "8BITMIME" else ""  # of all servers, and found by that
        raise client.breach(f"{keyword} is not announced", keyword, " ".join(client.keywords), rule)


@pytest.mark.judges("sub.none")
def test_none(case: Case) -> None:
    """ETRN and ATRN are not announced, and no reply is 521."""
    client = submission(case)
    if unfit := [one for one in ("ETRN", "ATRN") if one in client.keywords]:
        raise client.breach("what is for relays is announced to submitters", "neither ETRN nor ATRN", " ".join(unfit))
    for line in ("MAIL FROM:<>", "RSET", client.plain("MAIL"), client.plain("RCPT"), f"VRFY {case.recipient}"):
        if (reply := client.say(line)).code == "521":
            raise client.breach(f"{line} is answered 521", "any other code", reply.text)


ILLEGAL = ("a b@{domain}", "a@@{domain}", "a..b@{domain}")
MALFORMED = {("MAIL", ILLEGAL[0]): "mail.malformed", ("MAIL", ILLEGAL[1]): "mail.malformed"}
MALFORMED["RCPT", ILLEGAL[1]] = "rcpt.malformed"
"""The requirements that find these taken at any server."""


@pytest.mark.judges("sub.syntax")
@pytest.mark.parametrize("verb", ["MAIL", "RCPT"])
@pytest.mark.parametrize("address", ILLEGAL)
def test_syntax(case: Case, address: str, verb: str) -> None:
    """An address that the grammar does not allow is refused, with 501."""
    client = submission(case, "ehlo" if verb == "MAIL" else "mail")
    path = address.replace("{domain}", case.domain)
    rule = ""
    line = f"{verb} {'FROM' if verb == 'MAIL' else 'TO'}:<{path}>"
    if codes.sense(reply := client.say(line)) is codes.Sense.ACCEPTED:
        rule = MALFORMED.get((verb, address), "")
    if reply.code == "421":
        raise Skipped(f"the server is leaving: {line} is answered {shown(reply)}")
    if reply.code != "501":
        raise client.breach(f"{line} is not answered as it must be", "501", reply.text, rule)


@pytest.mark.judges("sub.one-label")
@pytest.mark.parametrize("verb", ["MAIL", "RCPT"])
def test_one_label(case: Case, verb: str) -> None:
    """A domain of one label is completed, or refused."""
    client = submission(case, "ehlo" if verb == "MAIL" else "mail")
    client.note_liberty(f"{verb} {'FROM' if verb == 'MAIL' else 'TO'}:<probe@host>", f"one label in {verb}")


@pytest.mark.judges("sub.prompt")
def test_prompt(case: Case) -> None:
    """No reply takes longer than two minutes, the one at the end of data included."""
    client = submission(case)
    for line in (client.plain("MAIL"), client.plain("RCPT"), "DATA", "the end of data"):
        reply = client.content(client.message().data) if line == "the end of data" else client.set_up(line)
        if (seconds := reply.at - client.wire.sent) > LONGEST:
            raise client.breach(f"{line} is answered late", f"within {LONGEST:g} s", f"after {seconds:.0f} s")


@pytest.mark.judges("sub.implicit")
def test_implicit(case: Case) -> None:
    """On the port of implicit TLS the greeting comes inside it, and STARTTLS is not announced."""
    client = submission(case, "clear")
    if case.server.address[1] == IMPLICIT_PORT:
        case.expect(bool(client.wire.session), "sub.implicit", "a greeting in clear", "TLS first", "220", [client])
    if case.tester.tls != "implicit":
        raise Skipped(f"only of implicit TLS, as on port {IMPLICIT_PORT}")
    if "STARTTLS" in client.keywords:
        raise client.breach("STARTTLS is announced inside TLS", "not announced", " ".join(client.keywords))
