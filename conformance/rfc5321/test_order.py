"""Order and state: what may come when, and what a session keeps."""

import pytest

from conformance.harness.verdict.verdict import Skipped
from conformance.rfc5321 import codes, mailboxes, trace
from conformance.rfc5321.case import Case
from conformance.rfc5321.client import Client
from conformance.rfc5321.scene import shown
from conformance.stores.compare import same_body
from conformance.stores.message import Stored

TOO_EARLY = {
    "DATA first": ("ehlo", "DATA"),
    "DATA without recipient": ("mail", "DATA"),
    "MAIL without EHLO": ("greeted", "MAIL"),
    "MAIL after MAIL": ("mail", "MAIL"),
}
"""What is sent where it does not belong; RCPT without MAIL has a rule of its own."""
LOGIN = ("521", "523", "530", "534", "535", "538")
"""Codes that ask for something else first, or serve nobody."""


@pytest.mark.judges("order.503")
@pytest.mark.parametrize("what", TOO_EARLY)
def test_503(case: Case, what: str) -> None:
    """A command that is refused for its order is refused with 503, DATA also with 554."""
    state, verb = TOO_EARLY[what]
    client = case.client(state)
    reply = client.say(client.plain(verb))
    if not reply.code.startswith("5") or reply.code == "503" or (verb == "DATA" and reply.code == "554"):
        return
    if reply.code in LOGIN:
        raise Skipped(f"refused by policy: {verb} is answered {shown(reply)}")
    raise client.breach(f"{what}: not the code of a wrong order", "503", reply.text)


@pytest.mark.judges("order.before-ehlo")
@pytest.mark.parametrize("verb", ["NOOP", "RSET", "VRFY", "HELP", "EXPN"])
def test_before_ehlo(case: Case, verb: str) -> None:
    """A command that needs no session is answered before EHLO as it is after it."""
    client = case.client("greeted")
    line = f"{verb} {case.recipient}" if verb in ("VRFY", "EXPN") else verb
    before = client.say(line)
    client.set_up(client.plain("EHLO"))
    after = client.say(line)
    if not codes.refused(before) or before.code == after.code:
        return
    if before.code.startswith("4") or before.code in LOGIN:
        raise Skipped(f"refused by policy: {verb} before EHLO is answered {shown(before)}")
    if before.code == "503" or not codes.refused(after):
        raise client.breach(f"{verb} is refused before EHLO", f"{after.code}, as after EHLO", before.text)


def _transaction_despite(case: Case, line: str) -> Client:
    """A whole transaction with a line after MAIL and again after RCPT, or without."""
    client = case.client("mail")
    if line:
        client.say(line)
    client.expect_accepted(client.plain("RCPT"))
    if line and (reply := client.say(line)).code.startswith("3"):
        raise Skipped(f"not refused: {line} is answered {reply.code}")
    client.expect_data()
    client.expect_taken(client.message())
    return client


@pytest.mark.judges("order.neutral", control={"verb": ""})
@pytest.mark.parametrize("verb", ["NOOP", "VRFY", "EXPN", "HELP"])
def test_neutral(case: Case, verb: str) -> None:
    """A command that asks something between MAIL, RCPT and DATA changes nothing, whatever its answer."""
    _transaction_despite(case, f"{verb} {case.recipient}" if verb in ("VRFY", "EXPN") else verb)


@pytest.mark.judges("order.error-keeps", control={"error": ""})
@pytest.mark.parametrize("error", ["XFROB", "VRFY", "DATA x", "RSET x"])
def test_error_keeps(case: Case, error: str) -> None:
    """A command that is refused within a transaction does not lose it: RCPT is accepted, and DATA gets 354."""
    if error:
        first = case.client("mail").say(error)
        if not codes.refused(first):
            raise Skipped(f"not refused: {error} is answered {first.code}")
    _transaction_despite(case, error)


@pytest.mark.judges("order.messages")
def test_messages(case: Case) -> None:
    """Three messages can be sent in one session, one after another."""
    client = case.client()
    client.deliver(client.message())
    for requirement in ("data.after", ""):
        client.expect_accepted(client.plain("MAIL"), requirement)
        client.expect_accepted(client.plain("RCPT"), requirement)
        client.expect_data(requirement)
        client.expect_taken(client.message(), "the second message" if requirement else "the third message")


@pytest.mark.judges("order.no-carry")
def test_no_carry(case: Case) -> None:
    """Who gets one message of a session does not get the next one, which was not addressed to him."""
    if len(case.tester.recipients) < 2:
        raise Skipped("not given: name a second --recipient")
    first, second = case.tester.recipients[:2]
    client = case.client()
    both, one = client.message().to_nobody(), client.message().to_nobody()
    client.deliver(both, second, first)
    client.deliver(one, first)
    if not any(_is_for(copy, second) for copy in case.copies(both)):
        raise Skipped("not seen: delivered mail does not tell whom it is for")
    if any(_is_for(copy, second) for copy in case.copies(one)):
        raise client.breach("a recipient of the message before gets this one too", f"for {first}", f"for {second}")


def _is_for(copy: Stored, recipient: str) -> bool:
    """Whether a delivered message, whose own text names no recipient, tells that it is for this one."""
    added = [one.value for one in copy.fields if not one.named("Return-Path") and not one.named("From")]
    return any(mailboxes.mentions(text, recipient) for text in [*added, *(copy.envelope_to or ())])


@pytest.mark.judges("state.own", control={"at_once": False})
@pytest.mark.parametrize("at_once", [True], ids=["interleaved"])
@pytest.mark.places(2)
def test_own_state(case: Case, at_once: bool) -> None:
    """Two sessions that take turns step by step each keep their own sender, recipient and text."""
    recipients = ((*case.tester.recipients, case.recipient) * 2)[:2]
    senders, sessions = (case.sender, ""), (case.client(), case.client())
    messages = [client.message().to_nobody() for client in sessions]
    half = len(messages[0].data) // 2
    steps: list[list[str | bytes]] = [
        [f"MAIL FROM:<{sender}>", f"RCPT TO:<{recipient}>", "DATA", message.data[:half], message.data[half:]]
        for sender, recipient, message in zip(senders, recipients, messages, strict=True)
    ]
    turns = [(number, step) for step in range(len(steps[0])) for number in (0, 1)]
    for number, step in turns if at_once else sorted(turns):
        _take(sessions[number], steps[number][step], last=step == len(steps[0]) - 1)
    for number, (client, message) in enumerate(zip(sessions, messages, strict=True)):
        copy, other = case.delivered(message), 1 - number
        difference = same_body(message.body, copy.body)
        if difference:
            raise client.breach("the text is not what this client sent", "its own text", difference)
        if senders[other] != senders[number] and senders[other] in trace.senders(copy):
            raise client.breach("the sender is that of another session", senders[number], senders[other])
        if recipients[other] != recipients[number] and _is_for(copy, recipients[other]):
            raise client.breach("the recipient is that of another session", recipients[number], recipients[other])


def _take(client: Client, step: str | bytes, last: bool) -> None:
    """Say a command, or send a part of the text, as a set-up step."""
    if isinstance(step, str):
        client.set_up(step)
    elif not last:
        client.send(step)
    elif not (reply := client.content(step)).code.startswith("2"):
        raise Skipped(f"content: a plain message is answered {shown(reply)}")
