"""What arrives of what was sent: dots, lines of any length, control characters, and whole messages."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import accumulate, cycle, takewhile

import pytest

from conformance.harness.verdict.verdict import Skipped
from conformance.rfc5321 import codes
from conformance.rfc5321.case import Case
from conformance.rfc5321.client import Client
from conformance.rfc5321.link import Cut, whole
from conformance.rfc5321.message import Message
from conformance.rfc5321.scene import shown
from conformance.stores.compare import added_fields, same_body
from conformance.stores.message import Stored

PLAIN = b"text\r\n"
DOTS = b".\r\n.x\r\n..\r\n"


def as_delivered(case: Case, client: Client, message: Message, data: bytes = b"", cut: Cut = whole) -> Stored:
    """A message as it arrives.

    Args:
        case, client: the scene, and who sends it.
        message: it.
        data: as it goes over the wire, where that is not what the message makes of itself.
        cut: into segments.

    Raises:
        Skipped: it is refused, or not seen in time.
    """
    assert case.mail  # before a message is sent for nothing
    reply = client.content(data or message.data, cut)
    if not reply.code.startswith("2"):
        raise Skipped(f"content: the end of data is answered {shown(reply)}")
    return case.delivered(message)


def expect_body(
    case: Case, client: Client, message: Message, what: str, base: str = "", data: bytes = b"", cut: Cut = whole
) -> None:
    """Send a message and judge that its body arrives as it is.

    Args:
        case, client, message, data, cut: as of `as_delivered`.
        what: is special in it, for the report.
        base: the requirement that judges what is not special in it.

    Raises:
        Broken: it does not.
        Blocked: what the body has in it ended the data.
    """
    if change := same_body(message.body, as_delivered(case, client, message, data, cut).body):
        if len(more := client.farewell()) > 1:
            raise case.breach("data.eod-only", f"{what} ends the data", "one reply", more[0].text, about=[client])
        raise case.breach(case.main, f"{what} changed on the way", "octet for octet", change, base, [client])


def note_what_arrives(case: Case, client: Client, message: Message, what: str, **becomes: bytes) -> None:
    """Send a message with something in it that may be refused, and say what becomes of it.

    Args:
        case, client, message: the scene, who sends, and what.
        what: the thing.
        becomes: the octets of it by what a server has done that keeps them so, the likeliest first.
    """
    reply = client.content(message.data)
    if codes.refused(reply):
        case.note(f"{what}: refused, {shown(reply)}", about=[client])
        return
    stored = case.delivered(message)
    done = next((name for name, octets in becomes.items() if octets in stored.raw), "")
    case.note(f"{what}: {done.replace('_', ' ') or 'changed: ' + same_body(message.body, stored.body)}", about=[client])


def at_dots(place: int) -> Cut:
    """Cut in each line that begins with a doubled dot: before, between or after the dots."""

    def cut(data: bytes) -> Iterator[bytes]:
        begin = 0
        while (end := data.find(b"\r\n..", begin)) >= 0:
            yield data[begin : end + 2 + place]
            begin = end + 2 + place
        yield data[begin:]

    return cut


@pytest.mark.judges("data.unstuff", control={"dots": PLAIN, "around": PLAIN, "cut": whole})
@pytest.mark.parametrize("dots", [DOTS], ids=["dots"])
@pytest.mark.parametrize(
    ("around", "cut"),
    [(PLAIN, whole), (b"", whole), (PLAIN, at_dots(0)), (PLAIN, at_dots(1)), (PLAIN, at_dots(2))],
    ids=["inside", "first-and-last", "cut-before", "cut-between", "cut-after"],
)
def test_unstuff(case: Case, dots: bytes, around: bytes, cut: Cut) -> None:
    """Lines sent as `..`, `..x` and `...` arrive as `.`, `.x` and `..`, wherever they stand and a segment ends."""
    client = case.client("data")
    message = replace(client.message(), body=around + dots + PLAIN + dots + around)
    expect_body(case, client, message, "a line with a doubled dot", cut=cut)


@pytest.mark.judges("data.unstuff", control={"name": "X-Conformance"})
@pytest.mark.parametrize("name", [".X-Conformance"])
def test_unstuff_first_line(case: Case, name: str) -> None:
    """A field whose name begins with a dot, which is doubled, arrives as it is from the first line of the data."""
    client = case.client("data")
    message = client.message().with_fields((name, "first of all"))
    stored = as_delivered(case, client, message)
    if not stored.all(name):
        came = " ".join(field.name for field in stored.fields)
        raise client.breach("the dot of the first line changed on the way", name, came)


@pytest.mark.judges("data.unstuff-one", control={"dots": b".."})
@pytest.mark.parametrize("dots", [b"."], ids=["one"])
def test_unstuff_one(case: Case, dots: bytes) -> None:
    """A line sent as `.x` arrives as `x`, for a dot that begins a line and is not alone is always taken away."""
    client = case.client("data")
    message = client.message().with_body(dots[1:] + b"x\r\n" + PLAIN)
    data = message.content.replace(b"\r\n" + dots[1:] + b"x\r\n", b"\r\n" + dots + b"x\r\n") + b".\r\n"
    expect_body(case, client, message, "a line with a single dot before it", "data.unstuff", data)


TEXT = b"text in a line that is as long as any line of a message may be " * 400
LINES = {"short": b"." + TEXT[:69], "998": TEXT[:997] + b"x", "998-dotted": b"." + TEXT[:996] + b"x"}


@pytest.mark.judges("data.line-1000-whole", control={"line": "short"})
@pytest.mark.parametrize("line", ["998", "998-dotted"])
def test_line_of_1000(case: Case, line: str) -> None:
    """A line of 998 octets and CR LF arrives uncut and unfolded, also where a doubled dot made it one longer."""
    client = case.client("data")
    expect_body(case, client, client.message().with_body(LINES[line] + b"\r\n"), "a line of 998 octets", "data.unstuff")


@pytest.mark.judges("data.line-longer")
@pytest.mark.parametrize("length", [1_001, 2_049, 20_000])
def test_longer_line(case: Case, length: int) -> None:
    """A line longer than lines may be is taken whole, cut, folded or refused; any is right."""
    client, line = case.client("data"), TEXT[: length - 1] + b"x"
    message = client.message().with_body(line + b"\r\n")
    note_what_arrives(case, client, message, f"a line of {length} octets", taken_whole=line)


SPACES = b"at the end:   \r\n\ta tab, a\ttab, a tab\t\r\n\r\n\r\n \r\n   at the begin\r\n-- \r\n=20=\r\n"
FIELDS = (
    ("X-Conformance", "the first"),
    ("X-Other", "in between"),
    ("x-conformance", "the second,\r\n\tfolded,\r\n and folded again"),
)


@pytest.mark.judges("data.whole")
def test_whole(case: Case) -> None:
    """The body arrives octet for octet, and the fields of the header with their order, names and values."""
    client = case.client("data")
    message = client.message().with_body(SPACES).with_fields(*FIELDS)
    change = changed(message, as_delivered(case, client, message))
    if not change:
        return
    client.begin()
    plain = client.message()
    if changed(plain, as_delivered(case, client, plain)):
        case.note(f"a plain message is changed as well: {change}", about=[client])
    elif case.tester.role == "submission" and change.startswith(IN_HEADER):
        case.note(change, about=[client])
    else:
        raise client.breach("the message changed on the way", "octet for octet", change)


IN_HEADER = "header: "


def changed(message: Message, stored: Stored) -> str:
    """What is first found changed of a message; empty if nothing is."""
    header = added_fields(message.header, stored).changed
    return same_body(message.body, stored.body) or (header and IN_HEADER + header)


BIG = 300_000
SIZES = (1, 3, 7, 61, 509, 1021, 1023, 1447, 4093, 4097, 8191, 16381)


def odd_sizes(data: bytes) -> Iterator[bytes]:
    """Pieces of odd sizes."""
    ends = list(takewhile(lambda end: end < len(data), accumulate(cycle(SIZES))))
    return (data[begin:end] for begin, end in zip([0, *ends], [*ends, len(data)], strict=True))


@pytest.mark.judges("data.whole-big", control={"size": 1_000, "cut": whole})
@pytest.mark.parametrize("size", [BIG], ids=["300KB"])
@pytest.mark.parametrize("cut", [whole, odd_sizes], ids=["at-once", "odd-pieces"])
def test_whole_big(case: Case, size: int, cut: Cut) -> None:
    """300 KB in lines of 0 to 998 octets, every third begun with a dot, arrive as they are, however they are cut."""
    client = case.client("ehlo")
    if 0 < client.largest < size + 10_000:
        raise Skipped(f"SIZE announces {client.largest}")
    client.begin()
    message = client.message().with_body(dotted_lines(case, size))
    expect_body(case, client, message, "a big message", "data.line-1000-whole", cut=cut)


def dotted_lines(case: Case, size: int) -> bytes:
    """About so many octets in lines of any length, the longest one first, every third begun with a dot."""
    lines = [LINES["998-dotted"]]
    draw = case.words.random
    while sum(map(len, lines)) < size:
        dot = b"." if len(lines) % 3 == 0 else b""
        lines.append((dot + TEXT[draw.randrange(64) :][: draw.randrange(998)]).rstrip(b" "))
    return b"\r\n".join(lines) + b"\r\n"


CONTROLS = bytes([*(set(range(1, 32)) - {10, 13}), 127])


@pytest.mark.judges("data.controls", control={"controls": b"-"})
@pytest.mark.parametrize("controls", [CONTROLS], ids=["all-but-NUL"])
def test_controls(case: Case, controls: bytes) -> None:
    """The control characters of ASCII arrive in the text; CR and LF make lines, and NUL is another case."""
    client = case.client("data")
    assert case.mail
    message = client.message().with_body(b"".join(b"control %c here\r\n" % one for one in controls))
    client.expect_taken(message, "a message with control characters")
    if change := same_body(message.body, case.delivered(message).body):
        raise client.breach("control characters changed on the way", "as they were sent", change)


@pytest.mark.judges("data.controls")
def test_nul(case: Case) -> None:
    """A NUL in the text is kept, dropped or refused; any is right."""
    client = case.client("data")
    message = client.message().with_body(b"a\0b\r\n")
    note_what_arrives(case, client, message, "a NUL", kept=b"a\0b", dropped=b"ab", a_space=b"a b")


@pytest.mark.judges("data.8bit-bare")
@pytest.mark.parametrize("text", ["Gr\u00fc\u00dfe".encode(), b"Gr\xfc\xdfe"], ids=["UTF-8", "latin-1"])
def test_8bit(case: Case, text: bytes) -> None:
    """8-bit text that was not declared as such is kept, stripped or refused; any is right."""
    client = case.client("data")
    message = client.message().with_body(text + b"\r\n")
    stripped = bytes(byte & 0x7F for byte in text)
    note_what_arrives(case, client, message, "8-bit text, not declared", kept=text, stripped=stripped)


@pytest.mark.judges("data.bare")
@pytest.mark.parametrize("bare", ["LF", "CR"])
def test_bare(case: Case, bare: str) -> None:
    """A bare LF or CR in the text is kept or made CR LF (an LF looks the same in stores), or refused; any is right."""
    client, kept = case.client("data"), {"LF": b"a\nb", "CR": b"a\rb"}[bare]
    message = client.message().with_body(kept + b"\r\n")
    note_what_arrives(
        case, client, message, f"a bare {bare}", kept=b"a\rb", made_a_line_end=b"a\r\nb", made_a_space=b"a b"
    )
