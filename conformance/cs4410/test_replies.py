"""Replies as such: one a line, ended by CRLF, soon, and with a code of the right kind."""

import pytest

from conformance.cs4410.case import Case
from conformance.cs4410.lines import ERRORS, REPLIES


@pytest.mark.judges("reply.crlf")
def test_greeting_ends_in_crlf(case: Case) -> None:
    """The greeting ends in CRLF, because every line of the protocol does."""
    client = case.unconnected_client()
    client.connect()
    client.expect_greeting()


@pytest.mark.judges("reply.crlf")
@pytest.mark.parametrize("kind", REPLIES)
def test_reply_ends_in_crlf(case: Case, kind: str) -> None:
    """The reply to this command ends in CRLF, because every line of the protocol does."""
    state, line = REPLIES[kind]
    case.client(state).ask(case.words.fill(line))


@pytest.mark.judges("reply.crlf")
def test_delivery_reply_ends_in_crlf(case: Case) -> None:
    """The reply to the end of data ends in CRLF, because every line of the protocol does."""
    case.client("body").expect_delivered(case.words.body(), "delivered")


@pytest.mark.judges("reply.one")
@pytest.mark.parametrize("kind", REPLIES)
def test_one_reply(case: Case, kind: str) -> None:
    """After the reply to this command nothing more comes, because a line has one reply."""
    state, line = REPLIES[kind]
    client = case.client(state)
    client.ask(case.words.fill(line))
    client.expect_silence()


@pytest.mark.judges("reply.one")
def test_no_reply_to_body_lines(case: Case) -> None:
    """Lines of a body get no reply, and the dot gets one, because only the end of data is answered."""
    client = case.client("body")
    client.send(case.words.body(5))
    client.expect_silence()
    client.expect_delivered(b"", "delivered")
    client.expect_silence()


@pytest.mark.judges("reply.one")
def test_empty_line_has_one_reply(case: Case) -> None:
    """An empty line is a line and gets one reply, so that client and server stay in step."""
    client = case.client("greeted")
    reply = client.try_line("")
    why = "an empty line ends the session"
    case.expect(bool(reply) or not client.wire.ended, "line.empty-harmless", why, "the session goes on", "it ended")
    if not reply:
        case.client("greeted").ask("mkdir")
    case.expect(bool(reply), "reply.one", "no reply to an empty line", "a reply", "none")
    client.expect_silence()


@pytest.mark.judges("reply.prompt")
@pytest.mark.parametrize("domain", ["@example.org", ""], ids=["domain", "no-domain"])
def test_replies_come_soon(case: Case, domain: str) -> None:
    """A whole conversation, errors among it, waits no more than two seconds for any reply."""
    client = case.client()
    for line in (
        "mkdir",
        "HELO client",
        "HELO",
        "MAIL FROM: a b",
        f"MAIL FROM: a{domain}",
        f"RCPT TO: b{domain}",
        "DATA",
    ):
        client.ask(line)
    client.expect_delivered(case.words.body(), "delivered")


@pytest.mark.judges("reply.codes")
@pytest.mark.parametrize("error", ERRORS)
def test_errors_are_5xx(case: Case, error: str) -> None:
    """An error is answered with a code of the 5xx kind, because 4xx tells of time-outs."""
    state, line = ERRORS[error]
    reply = case.client(state).ask(case.words.fill(line))
    case.expect(reply.code.startswith("5"), "reply.codes", "no code of the 5xx kind", "5xx", reply.text)
