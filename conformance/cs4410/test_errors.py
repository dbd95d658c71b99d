"""After an error the session goes on as if the line had not been sent."""

import pytest

from conformance.cs4410.case import Case
from conformance.cs4410.lines import LINES, RIGHT

STUMBLES = {
    "unknown": "mkdir",
    "HELO-alone": "HELO",
    "MAIL-no-address": "MAIL FROM:",
    "MAIL-space-inside": "MAIL FROM: a b",
    "RCPT-no-address": "RCPT TO:",
    "RCPT-space-inside": "RCPT TO: a b",
    "MAIL-no-colon": "MAIL FROM x",
    "DATA-argument": "DATA now",
}
NEXT = {"connected": "HELO", "greeted": "MAIL", "sender": "RCPT", "recipient": "DATA"}
TWICE = {
    "connected": "DATA",
    "greeted": "HELO x",
    "sender": "MAIL FROM: second@example.org",
    "recipient": "MAIL FROM: second@example.org",
}


@pytest.mark.judges("recover", control={"stumble": ""})
@pytest.mark.parametrize("stumble", STUMBLES.values(), ids=STUMBLES)
@pytest.mark.parametrize("state", NEXT)
def test_next_command_after_error(case: Case, state: str, stumble: str) -> None:
    """After this error the right next command is accepted, because an error prevents nothing."""
    client = case.client(state)
    if stumble:
        client.provoke_error(stumble)
    client.expect(case.words.fill(RIGHT[NEXT[state]]))


@pytest.mark.judges("recover", control={"again": False})
@pytest.mark.parametrize("again", [True], ids=["out-of-order"])
@pytest.mark.parametrize("state", TWICE)
def test_next_command_after_wrong_order(case: Case, state: str, again: bool) -> None:
    """After a command out of order the right next command is accepted."""
    client = case.client(state)
    if again:
        client.provoke_error(TWICE[state])
    client.expect(case.words.fill(RIGHT[NEXT[state]]))


@pytest.mark.judges("recover", control={"state": "greeted"})
@pytest.mark.parametrize("state", ["after-error"])
@pytest.mark.parametrize("line", [line for line in LINES if not line.startswith("HELO")])
def test_reply_after_error(case: Case, state: str, line: str) -> None:
    """After an unknown command every line is answered as if it had not been sent."""
    case.client(state).expect(case.words.fill(LINES[line]))


@pytest.mark.judges("recover", control={"errors": 0})
@pytest.mark.parametrize("errors", [5])
def test_message_after_five_errors(case: Case, errors: int) -> None:
    """A message is delivered though five errors came before its commands."""
    client = case.client()
    stumbles = ("HELO", "mkdir", "MAIL FROM: a b", "RCPT TO: c d", "DATA now")[:errors]
    for stumble, verb in zip(stumbles or [""] * 5, (*RIGHT, None), strict=True):
        if stumble:
            client.provoke_error(stumble)
        if verb:
            client.expect(case.words.fill(RIGHT[verb]))
        if verb == "DATA":
            break
    client.expect_delivered(case.words.body())


@pytest.mark.judges("recover.many", control={"errors": 1})
@pytest.mark.parametrize("errors", [25])
def test_many_errors(case: Case, errors: int) -> None:
    """A session survives many errors, because the protocol is very tolerant of them."""
    client = case.client("greeted")
    for _ in range(errors):
        client.expect("mkdir")
    client.expect(case.words.fill("MAIL FROM: {address}"))
