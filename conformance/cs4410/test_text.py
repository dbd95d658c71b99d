"""A line, a blank and a letter are those of ASCII and CRLF, whatever the server's language thinks of other bytes."""

import string
from collections.abc import Sequence
from functools import partial

import pytest

from conformance.cs4410 import crowd
from conformance.cs4410.case import Case
from conformance.cs4410.model import acceptable
from conformance.harness.verdict.verdict import Blocked

ODD = {
    "NUL": b"\x00",
    "backspace": b"\x08",
    "VT": b"\x0b",
    "FF": b"\x0c",
    "end-of-file": b"\x1a",
    "escape": b"\x1b",
    "FS": b"\x1c",
    "GS": b"\x1d",
    "RS": b"\x1e",
    "US": b"\x1f",
    "DEL": b"\x7f",
    "NEL": b"\x85",
    "no-break-space": b"\xa0",
    "NEL-in-utf-8": "\x85".encode(),
    "no-break-space-in-utf-8": "\xa0".encode(),
    "line-separator": "\u2028".encode(),
    "paragraph-separator": "\u2029".encode(),
    "wide-space": "\u3000".encode(),
    "byte-order-mark": "\ufeff".encode(),
    "micro": b"\xb5",
    "sharp-s": b"\xdf",
    "y-diaeresis": b"\xff",
    "dotless-i": "ı".encode(),
    "long-s": "ſ".encode(),
    "ligature": "ﬁ".encode(),
    "surrogate": b"\xed\xa0\x80",
}
"""Bytes that some language takes for the end of a line, for a blank, or for a letter with another upper case."""
BLANK = [name for name in ODD if name not in ("micro", "sharp-s", "y-diaeresis", "dotless-i", "long-s", "ligature")]
"""Those that are no letters."""


@pytest.mark.judges("reply.one", control={"odd": b"-"})
@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_line_with_odd_bytes_has_one_reply(case: Case, odd: bytes) -> None:
    """Lines with such bytes at an end or inside get one reply each, because only CRLF ends a line."""
    client = case.client()
    for pattern in (b"mkdir%bmkdir", b"%bmkdir", b"mkdir%b", b"HELO a%bmkdir", b"MAIL FROM: a%bRCPT TO: b"):
        line = pattern.replace(b"%b", odd).decode("latin-1")
        reply = client.try_line(line)
        case.expect(bool(reply), "reply.one", f"no reply to {line!r}", "one reply", "none")
    client.expect_silence()


@pytest.mark.judges("end.dot", control={"dot": b"-"})
@pytest.mark.parametrize("dot", [b"."], ids=["dot"])
@pytest.mark.parametrize("odd", [ODD[name] for name in BLANK], ids=BLANK)
def test_dot_beside_odd_bytes_is_no_end(case: Case, odd: bytes, dot: bytes) -> None:
    """A dot beside such bytes is body, because they end no line, and are no blank that may be left out."""
    client = case.client("body")
    client.send(b"text%b.%btext\r\n%b.\r\n.%b\r\n".replace(b".", dot).replace(b"%b", odd))
    client.expect_silence()
    client.expect_delivered(b"", end=b"last line\r\n.\r\n")
    client.expect_silence()


@pytest.mark.judges("bytes", control={"odd": b"x"})
@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_odd_bytes_are_kept(case: Case, odd: bytes) -> None:
    """Such bytes stand in the mailbox as they were sent, at either end of a line, inside of one, and alone in one."""
    body = b"%bbegin\r\nend%b\r\nin%bside\r\n%b\r\n".replace(b"%b", odd)
    case.inbox.expect_entry(case.client("body").expect_delivered(body), "bytes")


@pytest.mark.judges("unknown", control={"verb": "MAXL"})
@pytest.mark.parametrize("verb", ["MA\u0131L"], ids=["dotless-i"])
def test_letter_with_the_upper_case_of_another(case: Case, verb: str) -> None:
    """A verb with such a letter is unknown, because verbs are ASCII, whatever a language makes of the letter."""
    reply = case.client("greeted").try_line(f"{verb} FROM: someone@example.org".encode().decode("latin-1"))
    if not reply:
        raise Blocked("reply.one", f"no reply to {verb!r}")
    code = case.dialect.code("unknown")
    case.expect(reply.startswith(code), "unknown", f"{verb!r} is taken for another verb", code, reply)


LINES = {
    "HELO": ("connected", "HELO {word} {end}", "syntax"),
    "MAIL": ("greeted", "MAIL FROM: {word} {end}", "sender.refused"),
    "RCPT": ("sender", "RCPT TO: {word} {end}", "recipient.refused"),
    "RCPT-accepted": ("sender", "RCPT TO: {word}{end}", "address.characters"),
    "DATA": ("recipient", "DATA {word} {end}", "syntax"),
    "MAIL-alone": ("greeted", "MAIL {word} {end}", "syntax.boundary"),
    "unknown": ("greeted", "x{word}{end}", "unknown"),
}
UNITS = (*"azAZ09", *string.punctuation, "a.", "a-", "a@", "a.a@", "%s", "%n", "{}", "{0}")
"""What words are made of that patterns try in ever more ways, or formats fill in."""


ALIKE = ("a", "Z", "0", "a.", "a-", "a@", "a.a@")
"""Those that patterns for hosts and addresses match."""


def words_of(length: int, units: Sequence[str] = UNITS) -> list[str]:
    """Words of this length, each of one kind of characters."""
    return [(unit * length)[:length] for unit in units]


TOKENS = {
    "HELO": ("connected", "HELO {word}"),
    "MAIL": ("greeted", "MAIL FROM: {word}"),
    "RCPT": ("sender", "RCPT TO: {word}"),
    "unknown": ("greeted", "x{word}"),
}
TAILS = ("_", "!", "\x01", "\x80")
"""What patterns for hosts, addresses and verbs do not expect at the end of one."""


@pytest.mark.long
@pytest.mark.alone(fresh=False, heavy=True)
@pytest.mark.judges("pool.no-influence")
@pytest.mark.parametrize("command", TOKENS)
def test_words_with_an_odd_end(case: Case, command: str) -> None:
    """Words of one kind that end in another are answered, and nobody waits while a pattern tries to match them."""
    state, line = TOKENS[command]
    other = case.client("sender")
    for word in case.soon([f"{word}{tail}" for word in words_of(60, ALIKE) for tail in TAILS]):
        client = case.client(state)
        reason = f"another client waits while {len(word)} characters like {word[:6]}, and {word[-1]!r}, are looked at"
        meanwhile = partial(crowd.expect_answered, case, other, "RCPT TO: someone@example.org", reason)
        said = line.format(word=word)
        client.expect_some_reply(said, acceptable(client.state, said.encode("latin-1"))[0].rule, meanwhile)
        client.close()


@pytest.mark.long
@pytest.mark.alone(fresh=False, heavy=True)
@pytest.mark.parametrize(
    "command",
    [pytest.param(name, marks=pytest.mark.judges(row[2], "pool.no-influence")) for name, row in LINES.items()],
)
def test_words_of_one_kind(case: Case, command: str) -> None:
    """Words of 60 and of 800 characters of every kind are answered, and nobody waits while they are looked at."""
    crowd.need_freed_places(case, at_once=True)
    state, line, rule = LINES[command]
    other = case.client("sender")
    for word in case.soon(words_of(60) + words_of(800)):
        client = case.client(state)
        said = line.format(word=word, end=word[-1])
        reason = f"another client waits while {len(word)} characters like {word[:6]} are looked at"
        meanwhile = partial(crowd.expect_answered, case, other, "RCPT TO: someone@example.org", reason)
        if len(word) < 100:
            client.expect(said, rule, meanwhile=meanwhile)
        else:  # whether so long a line is served is another case's to judge
            client.expect_some_reply(said, rule, meanwhile)
        client.close()
