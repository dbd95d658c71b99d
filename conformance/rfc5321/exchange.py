"""The exchange of a login, as cases lead it step by step: nothing of a password is told."""

from __future__ import annotations

from conformance.harness.verdict.verdict import Skipped
from conformance.harness.wire.reply import Reply
from conformance.rfc5321 import codes
from conformance.rfc5321.case import Case
from conformance.rfc5321.client import Client
from conformance.rfc5321.scene import shown

NO_LOGIN = "no login is demanded"
"""What is known of a server that takes mail without a login."""
SOMEBODY = "conformance"
"""A user whom no server knows, it is hoped, for logins that are broken off or fail."""
CHALLENGING = ("PLAIN", "LOGIN", "CRAM-MD5")
"""Mechanisms that begin with a challenge if the client gives no response at once."""


def stranger(case: Case, mechanism: str = "") -> Client:
    """A client that may log in and has not done so, inside TLS where it cannot be done outside.

    Raises:
        Skipped: no login is announced, or not this mechanism.
    """
    case.expect_announced("AUTH")
    client = case.client("unknown")
    if "AUTH" not in client.keywords and "STARTTLS" in client.keywords:
        client.start_tls()
        client.set_up(client.plain("EHLO"))
    client.needs("AUTH")
    if mechanism and mechanism not in client.mechanisms:
        raise Skipped(f"not announced: AUTH {mechanism}")
    return client


def known(case: Case) -> str:
    """The user whose password the tester gives.

    Raises:
        Skipped: none is given, or the server does not let him in.
    """
    if not case.tester.user:
        raise Skipped("not given: --user and --password-file")
    if not case.learned.get("logged in"):
        raise Skipped("credentials: no login succeeded at the first look")
    return case.tester.user


def respond(client: Client, response: str) -> Reply:
    """Answer a challenge with what nobody may read."""
    client.send_secret(response, "[response]")
    return client.hear()


def challenged(client: Client, line: str) -> Reply:
    """Send what is answered by a challenge, as a set-up step.

    Raises:
        Blocked, Skipped: it is not.
    """
    reply = client.say(line)
    if codes.refused(reply):
        raise Skipped(f"no challenge: {line} is answered {shown(reply)}")
    if reply.code != "334":
        raise client.breach("no challenge", "334", reply.text, "auth.334")
    return reply


def refusal(client: Client) -> Reply | None:
    """How mail is refused to a client, at MAIL or at RCPT; None if it is not."""
    replies = (client.say(client.plain(verb)) for verb in ("MAIL", "RCPT"))
    return next((reply for reply in replies if codes.refused(reply)), None)


def demanded(case: Case) -> Reply:
    """The refusal of mail to a client that has not logged in.

    Raises:
        Skipped: it is not refused, or perhaps for another reason.
    """
    if why := case.patience.known.get(NO_LOGIN):
        raise Skipped(why)
    refused = refusal(stranger(case))
    if refused is None:
        why = case.patience.known[NO_LOGIN] = "not demanded: mail is taken without a login"
        raise Skipped(why)
    if refused.code != "530" and not case.needs_login:
        raise Skipped(f"not to be told: mail is refused with {shown(refused)}, for want of a login or otherwise")
    return refused
