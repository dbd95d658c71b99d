"""Lines and segments: TCP keeps the bytes and their order, and nothing else."""

from collections.abc import Callable

import pytest

from conformance.cs4410.case import Case
from conformance.cs4410.client import Cut, whole
from conformance.cs4410.lines import LINES
from conformance.cs4410.model import LONGEST_LINE

Chooser = Callable[[Case], Cut]


def bytewise(case: Case) -> Cut:
    """Every byte a segment."""
    return lambda data: [data[at : at + 1] for at in range(len(data))]


def at_random(case: Case) -> Cut:
    """Cut at places that the seed chooses."""
    return case.words.cuts


def at(position: int) -> Chooser:
    """One cut, so many bytes from the begin, or from the end if negative."""
    return lambda case: lambda data: [data[:position], data[position:]]


def uncut(case: Case) -> Cut:
    """One segment."""
    return whole


CUTS = {
    "bytewise": bytewise,
    "inside-verb": at(2),
    "after-verb": at(4),
    "before-crlf": at(-2),
    "inside-crlf": at(-1),
    "at-random": at_random,
}
ENDS = {"before-dot-line": -5, "after-cr": -4, "before-dot": -3, "after-dot": -2, "after-last-cr": -1}
STATE_OF = {
    "HELO": "connected",
    "MAIL": "greeted",
    "RCPT": "sender",
    "DATA": "recipient",
    "unknown": "greeted",
    "HELO-alone": "connected",
    "MAIL-space-inside": "greeted",
}


@pytest.mark.judges("line.split", control={"cut": uncut})
@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS)
@pytest.mark.parametrize("line", STATE_OF)
def test_split_line(case: Case, line: str, cut: Chooser) -> None:
    """A command that arrives in pieces is answered as one line, because a recv() may return any part of it."""
    client = case.client(STATE_OF[line])
    client.expect(case.words.fill(LINES[line]), cut=cut(case))
    client.expect_silence()


@pytest.mark.judges("line.split", control={"position": 1})
@pytest.mark.parametrize("position", ENDS.values(), ids=ENDS)
def test_split_end_of_data(case: Case, position: int) -> None:
    """The end of data is seen though it is cut inside CRLF.CRLF, because segments mean nothing."""
    client = case.client("body")
    client.expect_delivered(case.words.body(), cut=at(position)(case))


@pytest.mark.judges("line.split", control={"cut": uncut})
@pytest.mark.parametrize("cut", [bytewise, at_random], ids=["bytewise", "at-random"])
def test_split_message(case: Case, cut: Chooser) -> None:
    """A body that arrives in pieces is delivered whole, because segments mean nothing."""
    case.client("body").expect_delivered(case.words.body(), cut=cut(case))


@pytest.mark.long
@pytest.mark.judges("line.split", control={"cut": uncut})
@pytest.mark.parametrize("cut", [bytewise, at_random], ids=["bytewise", "at-random"])
def test_split_conversation(case: Case, cut: Chooser) -> None:
    """Every line of a conversation is cut, and every one is answered."""
    client = case.client()
    for line in ("HELO", "MAIL", "RCPT", "RCPT", "DATA"):
        client.expect(case.words.fill(LINES[line]), cut=cut(case))
    client.expect_delivered(case.words.body(), cut=cut(case))


SCRIPTS = {
    "HELO+MAIL": ("connected", ["HELO", "MAIL"]),
    "MAIL+RCPT": ("greeted", ["MAIL", "RCPT"]),
    "RCPT+RCPT": ("sender", ["RCPT", "RCPT"]),
    "RCPT+DATA": ("sender", ["RCPT", "DATA"]),
    "error+MAIL": ("greeted", ["unknown", "MAIL"]),
    "error+error": ("greeted", ["unknown", "MAIL-space-inside"]),
    "MAIL+error+RCPT": ("greeted", ["MAIL", "unknown", "RCPT"]),
    "DATA+body": ("recipient", ["DATA", "body"]),
    "DATA+empty-body": ("recipient", ["DATA", "nothing"]),
    "RCPT+DATA+body": ("sender", ["RCPT", "DATA", "body"]),
    "body+MAIL": ("body", ["body", "MAIL"]),
    "body+error": ("body", ["body", "unknown"]),
    "conversation": ("connected", ["HELO", "MAIL", "RCPT", "DATA", "body"]),
    "two-messages": ("connected", ["HELO", "MAIL", "RCPT", "DATA", "body", "MAIL", "RCPT", "DATA", "body"]),
    "conversation-with-errors": ("connected", ["unknown", "HELO", "HELO-alone", "MAIL", "RCPT", "DATA", "body"]),
}


def joined(case: Case, script: str, cut: Cut) -> None:
    """Send a script at once."""
    state, names = SCRIPTS[script]
    parts = {"body": case.words.body() + b".\r\n", "nothing": b".\r\n"}
    lines = [parts.get(name) or f"{case.words.fill(LINES[name])}\r\n".encode("latin-1") for name in names]
    case.client(state).expect_replies(lines, cut)


def one_by_one(case: Case, script: str) -> None:
    """Send a script line by line."""
    state, names = SCRIPTS[script]
    client = case.client(state)
    for name in names:
        if name in LINES:
            client.expect(case.words.fill(LINES[name]))
        else:
            client.expect_delivered(case.words.body() if name == "body" else b"")


@pytest.mark.judges("line.joined", control={"apart": True})
@pytest.mark.parametrize("apart", [False], ids=["together"])
@pytest.mark.parametrize("script", SCRIPTS)
def test_joined_lines(case: Case, script: str, apart: bool) -> None:
    """Lines that arrive in one segment are all answered, in order, because segments mean nothing."""
    if apart:
        one_by_one(case, script)
    else:
        joined(case, script, whole)


@pytest.mark.judges("line.joined", control={"cut": None})
@pytest.mark.parametrize("cut", [at(3), at(-3), at_random, at(-6)], ids=["early", "in-dot", "at-random", "in-body"])
@pytest.mark.parametrize("script", ["conversation", "two-messages", "conversation-with-errors"])
def test_joined_lines_cut_elsewhere(case: Case, script: str, cut: Chooser | None) -> None:
    """A conversation arrives in segments that end anywhere but at its lines, and is answered line by line."""
    if cut is None:
        one_by_one(case, script)
    else:
        joined(case, script, cut(case))


@pytest.mark.judges("line.empty")
@pytest.mark.parametrize("line", ["", "   "], ids=["empty", "spaces"])
def test_empty_line(case: Case, line: str) -> None:
    """An empty line is answered with an error, because it is no command."""
    case.client("greeted").expect(line)


@pytest.mark.judges("line.empty-harmless", control={"line": "mkdir"})
@pytest.mark.parametrize("line", ["", "   "], ids=["empty", "spaces"])
def test_session_goes_on_after_empty_line(case: Case, line: str) -> None:
    """After an empty line the session goes on, because errors do not end it."""
    client = case.client("sender")
    client.send(line.encode() + b"\r\n")
    client.peek(1.0)
    client.expect(case.words.fill("RCPT TO: {address}"))


LENGTHS = (127, 128, 255, 256, 257, 511, 512, 513, 899, LONGEST_LINE)


@pytest.mark.judges("line.length", control={"length": 60})
@pytest.mark.parametrize("length", LENGTHS)
def test_long_address_is_served(case: Case, length: int) -> None:
    """A command line of this many bytes is served, because addresses may be that long."""
    line = "MAIL FROM: " + "a" * (length - 23) + "@example.org"
    case.client("greeted").expect(line)


@pytest.mark.judges("line.length", control={"length": 60})
@pytest.mark.parametrize("length", (512, LONGEST_LINE))
def test_long_unknown_command_is_refused(case: Case, length: int) -> None:
    """An unknown command of this many bytes gets its one reply."""
    client = case.client("greeted")
    client.expect("x" * length)
    client.expect_silence()


@pytest.mark.judges("line.too-long")
@pytest.mark.parametrize("length", (1000, 1024, 2048, 4096, 8192, 65536, 300_000))
def test_too_long_line_is_survived(case: Case, length: int) -> None:
    """A line beyond 900 bytes is served or refused; whether or not the session ends, the server goes on."""
    client = case.client("greeted")
    client.send(b"MAIL FROM: " + b"a" * (length - 23) + b"@example.org\r\n")
    reply = client.peek(5.0)
    case.expect(not reply.startswith("4"), "reply.codes", "an error with a code of the 4xx kind", "2xx or 5xx", reply)
    case.expect(
        client.wire.ended or reply.startswith(("2", "5")),
        "line.too-long",
        "neither served nor refused",
        "2xx or 5xx",
        reply or "no reply",
    )
    if not client.wire.ended:
        client.wire.settle()
        client.send(b"mkdir\r\n")
        reply = client.peek(2.0)
    if client.wire.ended:
        case.client("greeted")


@pytest.mark.judges("half-close.answered", control={"ends": False})
@pytest.mark.parametrize("ends", [True], ids=["half-closed"])
@pytest.mark.parametrize("line", ["HELO", "MAIL", "RCPT", "DATA", "unknown"])
def test_half_closed_client_is_answered(case: Case, line: str, ends: bool) -> None:
    """A client sends a line and ends its direction at once: the line is answered, because it arrived whole."""
    client = case.client(STATE_OF[line])
    client.ends_with_send = ends
    client.expect(case.words.fill(LINES[line]))


@pytest.mark.judges("half-close.answered", control={"ends": False})
@pytest.mark.parametrize("ends", [True], ids=["half-closed"])
def test_half_closed_conversation_is_answered(case: Case, ends: bool) -> None:
    """A client sends several lines in one segment and ends its direction: all are answered."""
    client = case.client()
    client.ends_with_send = ends
    client.expect_replies(
        [b"HELO client\r\n", b"MAIL FROM: sender@example.org\r\n", b"RCPT TO: receiver@example.org\r\n"], whole
    )


@pytest.mark.judges("half-close.delivered", control={"ends": False})
@pytest.mark.parametrize("ends", [True], ids=["half-closed"])
def test_half_closed_message_is_delivered(case: Case, ends: bool) -> None:
    """A client sends its body with the dot and ends its direction: the message is delivered."""
    client = case.client("body")
    client.ends_with_send = ends
    client.expect_delivered(case.words.body())


BARE = {"LF": b"HELO client\n", "CR": b"HELO client\r"}


@pytest.mark.judges("line.bare")
@pytest.mark.parametrize("end", BARE)
def test_bare_line_end(case: Case, end: str) -> None:
    """Whether a bare LF or CR ends a command line is observed: the handout names CRLF only."""
    client = case.client()
    client.send(BARE[end])
    if client.peek():
        case.note(f"a bare {end} ends a command line")
