"""Replies: their number, and their form, over all that a client commonly says and some that it should not."""

import time

import pytest

from conformance.harness.verdict.verdict import Skipped
from conformance.harness.wire.connection import Closed, Silent
from conformance.harness.wire.reply import Reply
from conformance.rfc5321 import codes
from conformance.rfc5321.case import Case
from conformance.rfc5321.client import Client
from conformance.rfc5321.forms import faults

FORMS = (
    "reply.form",
    "reply.digit",
    "reply.crlf",
    "reply.multiline",
    "reply.text",
    "reply.length",
    "reply.ascii",
)
TOURS = {
    "transaction": ("ehlo", ("MAIL", "RCPT", "DATA", ".", "RSET", "NOOP", "QUIT")),
    "helo": ("greeted", ("HELO", "MAIL", "RSET", "QUIT")),
    "queries": ("ehlo", ("VRFY {recipient}", "HELP", "EXPN staff", "NOOP word", "QUIT")),
    "unknown": ("ehlo", ("XFROB", "XFROB with arguments", "QUIT")),
    "order": ("greeted", ("RCPT", "DATA", ".", "QUIT")),
    "syntax": ("ehlo", ("MAIL FROM:<a@b", "RCPT TO:", "QUIT")),
    "foreign": ("mail", ("RCPT TO:<someone@elsewhere.example>", "RSET", "QUIT")),
    "parameters": ("ehlo", ("MAIL FROM:<{sender}> FROB=1", "VRFY", "QUIT")),
    "echo": ("ehlo", ("MAIL FROM:<a\rb@c.example>", "QUIT")),
    "long": ("ehlo", ("XFROB " + 600 * "x", "QUIT")),
}
"""States, and what is said from there on: verbs in their plainest form, a message's end, or lines as they stand."""


def lines_of(case: Case, client: Client, words: tuple[str, ...]) -> list[str]:
    """The lines of a tour."""
    plain = ("HELO", "MAIL", "RCPT", "DATA", "RSET", "NOOP", "QUIT")
    return [
        client.plain(word)
        if word in plain
        else client.message().data.decode("latin-1").removesuffix("\r\n")
        if word == "."
        else word.replace("{recipient}", case.recipient).replace("{sender}", case.sender)
        if "{" in word
        else word
        for word in words
    ]


@pytest.mark.judges(*FORMS)
@pytest.mark.parametrize("tour", TOURS)
def test_form(case: Case, tour: str) -> None:
    """Every line of every reply has three digits, a space or a hyphen, a text of printable ASCII, and CR LF."""
    state, words = TOURS[tour]
    client = case.client(state)
    replies = [client.greeting, client.hello]
    for word, line in zip(words, lines_of(case, client, words), strict=True):
        if word == "." and not (replies[-1] and replies[-1].code.startswith("3")):
            continue
        client.send(line.encode("latin-1") + b"\r\n")
        replies.append(client.hear_or_end())
    for reply in filter(None, replies):
        for fault in faults(reply, odd_sent="\r" in "".join(words)):
            at_most = "warn" if fault.warns else "fail"
            case.record.find(
                fault.requirement, fault.reason, fault.expected, fault.actual, [client.connection], at_most
            )


@pytest.mark.judges("reply.one")
@pytest.mark.parametrize("tour", [name for name in TOURS if name not in ("echo", "long")])
def test_one(case: Case, tour: str) -> None:
    """Each command line gets one reply, each message one after its end: counted to the end of the session."""
    state, words = TOURS[tour]
    client = case.client(state)
    lines = lines_of(case, client, words)
    replies: list[Reply] = []
    for word, line in zip(words, lines, strict=True):
        if word == "." and not replies[-1].code.startswith("3"):
            continue
        client.send(line.encode("latin-1") + b"\r\n")
        if (reply := client.hear_or_end()) is None:
            raise Skipped("the server closed the connection, which close.error judges")
        replies.append(reply)
    more = _until_the_end(client, case.patient)
    if more:
        wanted = f"{len(replies)} replies to as many lines"
        raise client.breach(f"{len(more)} replies more than commands", wanted, more[0].text)


def _until_the_end(client: Client, patience: float) -> list[Reply]:
    more: list[Reply] = []
    deadline = time.monotonic() + patience
    try:
        while True:
            more.append(client.next_reply(deadline))
    except (Closed, Silent):
        return more


UNASKED = 2.0
"""Seconds in which something may come that was not asked for."""


@pytest.mark.judges("reply.unasked")
@pytest.mark.parametrize("state", ("greeted", "ehlo", "mail", "rcpt"))
def test_unasked(case: Case, state: str) -> None:
    """Nothing comes that was not asked for, but a 421."""
    client = case.client(state)
    reply = client.hear_within(UNASKED)
    if reply and reply.code != "421":
        raise client.breach("a reply without a command", "nothing", reply.text)


WRONG = {
    "unknown verb": ("ehlo", "XFROB"),
    "bad syntax": ("ehlo", "MAIL FROM:<a@b"),
    "wrong order": ("ehlo", "RCPT"),
    "no data": ("ehlo", "DATA"),
}


@pytest.mark.judges("reply.permanent")
@pytest.mark.parametrize("error", WRONG)
def test_permanent(case: Case, error: str) -> None:
    """A mistake of syntax or order is refused for good, with a 5yz, for it fails again if it is sent again."""
    state, line = WRONG[error]
    client = case.client(state)
    reply = client.say(client.plain(line))
    if reply.code.startswith("4") and reply.code != "421":
        raise client.breach(f"{error}: refused for now", "5yz", reply.text)


FITTING = {
    "EHLO": "502 504 550",
    "MAIL": "451 452 455 503 550 552 553 555",
    "RCPT": "450 451 452 455 503 550 551 552 553 555",
    "DATA": "451 503 554",
    "the end of data": "450 451 452 550 552 554",
    "VRFY": "502 504 550 551 553",
    "HELP": "502 504",
}
"""The codes of refusals that RFC 5321 4.3.2 lists for a command; those of `ALWAYS` fit any.

What a command is answered that is accepted has a rule of its own.
"""
ALWAYS = frozenset({"421", "500", "501", "503"})
POLICY_FITS = ("EHLO", "MAIL", "RCPT", "DATA", "the end of data")
SAID = {
    "plain": ("greeted", ("EHLO", "MAIL", "RCPT", "DATA", "the end of data", "VRFY {recipient}", "HELP")),
    "MAIL": ("ehlo", ("MAIL FROM:<{sender}> FROB=1",)),
    "RCPT": ("mail", ("RCPT TO:<{recipient}> FROB=1", "RCPT TO:<a@@b.example>")),
    "VRFY": ("ehlo", ("VRFY",)),
}


def fits(command: str, code: str) -> bool:
    """Whether a code is none of a refusal, or among those that are listed for a command."""
    if code[:1] not in ("4", "5") or code in ALWAYS:
        return True
    policy = code in codes.POLICY or code.startswith("4")
    return code in FITTING[command].split() or (policy and command in POLICY_FITS)


@pytest.mark.judges("reply.fits")
@pytest.mark.parametrize("tour", SAID)
def test_fits(case: Case, tour: str) -> None:
    """The code of a refusal is one of those that are listed for its command."""
    state, lines = SAID[tour]
    client = case.client(state)
    for line in lines:
        command = line if line in FITTING else line[:4]
        said = line.format(sender=case.sender, recipient=case.recipient)
        ends_data = command == "the end of data"
        reply = client.content(client.message().data) if ends_data else client.say(client.plain(said))
        if reply.code and not fits(command, reply.code):  # a line without a code is for reply.form
            listed = f"{FITTING[command]}, or a code that fits all"
            case.record.find(case.main, f"{command} is answered {reply.code}", listed, reply.text, [client.connection])
        if command == "EHLO":
            client.hello = reply
            client.secure()
        if command == "DATA" and tour == "plain" and reply.code != "354":
            raise Skipped("DATA is refused")


@pytest.mark.clock(1.1)
@pytest.mark.judges("reply.421-closes")
def test_421_closes(case: Case) -> None:
    """After a 421 the server ends the connection within 30 seconds."""
    client = case.client("ehlo")
    for _ in range(25):
        client.send(b"XFROB\r\n")
        reply = client.hear_or_end()
        if reply is None:
            raise Skipped("the server closes after many errors without a 421")
        if reply.code == "421":
            case.expect(
                client.wire.wait_closed(time.monotonic() + 30.0),
                "reply.421-closes",
                "the connection stays after a 421",
                "closed within 30 s",
                "still open",
                [client],
            )
            return
    raise Skipped("no 421 was to be had by 25 errors")
