"""CHUNKING and BINARYMIME: messages that come by BDAT, chunk by chunk, and the octets behind a BDAT that is refused."""

from collections.abc import Callable

import pytest

from conformance.harness.verdict.verdict import Skipped
from conformance.harness.wire.reply import Reply
from conformance.rfc5321 import codes
from conformance.rfc5321.case import Case
from conformance.rfc5321.client import Client
from conformance.rfc5321.link import CRLF, Cut, bytewise, whole
from conformance.rfc5321.message import Message
from conformance.rfc5321.scene import shown
from conformance.stores.compare import same_body

SOON = 0.2
"""Seconds after which a server that does not wait for the octets of a chunk has answered its command."""
COMMANDS = b"NOOP\r\nRSET\r\nNOOP\r\n"
"""Octets of a chunk that would be answered if they ran as commands."""
MIME = ("MIME-Version", "1.0"), ("Content-Type", "application/octet-stream"), ("Content-Transfer-Encoding", "binary")


def chunk(octets: bytes, last: bool = False) -> bytes:
    """A BDAT with its octets."""
    return f"BDAT {len(octets)}{' LAST' * last}\r\n".encode() + octets


def chunker(case: Case, state: str = "rcpt", *keywords: str) -> Client:
    """A client in a session in which CHUNKING was announced, and other extensions that it needs."""
    client = case.client("ehlo", "CHUNKING", *keywords)
    for verb in ("MAIL", "RCPT")[: ("ehlo", "mail", "rcpt").index(state)]:
        client.set_up(client.plain(verb))
    return client


def send(client: Client, octets: bytes, last: bool = False, cut: Cut = whole) -> Reply:
    """Send a chunk, and return the reply; in LMTP, to the last one, a refusal if one came."""
    client.send(chunk(octets, last), cut)
    replies = client.hear_ends() if last else [client.hear()]
    return next((reply for reply in replies if codes.refused(reply)), replies[0])


def set_up(client: Client, octets: bytes) -> None:
    """Send a chunk that is not the last, as a set-up step.

    Raises:
        Blocked, Skipped: it is refused.
    """
    reply = send(client, octets)
    if not reply.code.startswith("2"):
        raise client.breach("a chunk is not taken", "250", reply.text, "bdat.chunks")


def thirds(message: Message) -> tuple[bytes, bytes, bytes]:
    """A message in three pieces, cut anywhere."""
    content = message.content
    third = len(content) // 3
    return content[:third], content[third : 2 * third], content[2 * third :]


@pytest.mark.judges("bdat.last")
@pytest.mark.parametrize("last", ["LAST", "last", "LaSt"])
def test_last(case: Case, last: str) -> None:
    """`BDAT n LAST` and n octets are answered 250 after the last octet, and nothing is answered before."""
    client = chunker(case)
    message = client.message()
    client.send(f"BDAT {len(message.content)} {last}\r\n".encode())
    if early := client.hear_within(SOON):
        case.expect_refused(early, "BDAT before its octets", [client])
        if codes.sense(early) is codes.Sense.SYNTAX:
            raise client.breach(f"BDAT n {last} is refused", "250 after its octets", early.text)
        raise Skipped(f"content: BDAT is answered {shown(early)}")
    client.send(message.content)
    for reply in client.hear_ends():
        case.expect_taken(reply, f"BDAT n {last}", [client])
        if reply.code != "250":
            raise client.breach("the last chunk is accepted with another code", "250", reply.text)
    client.expect_as_plain(client.plain("MAIL"))  # else the message has not ended


CHUNKS: dict[str, Callable[[Message], tuple[bytes, ...]]] = {
    "full": thirds,
    "the last one empty": lambda message: (*thirds(message), b""),
    "one of them empty": lambda message: (*thirds(message)[:2], b"", thirds(message)[2]),
}


@pytest.mark.judges("bdat.chunks", control={"chunks": ""})
@pytest.mark.parametrize("chunks", CHUNKS)
def test_chunks(case: Case, chunks: str) -> None:
    """Each of several chunks is answered 250, an empty one as well."""
    client = chunker(case)
    message = client.message()
    *before, last = CHUNKS[chunks](message) if chunks else (message.content,)
    for octets in before:
        reply = send(client, octets)
        case.expect_taken(reply, "a chunk" if octets else "an empty chunk", [client])
        if reply.code != "250":
            raise client.breach("a chunk is accepted with another code", "250", reply.text)
    case.expect_taken(send(client, last, last=True), "the last chunk", [client], "" if chunks else "bdat.last")


def expect_body(case: Case, client: Client, message: Message, what: str, *chunks: bytes, cut: Cut = whole) -> None:
    """Send a message in chunks, and judge that its body arrives as it is.

    Raises:
        Broken: it does not, or is refused though plain mail is taken.
        Skipped: it is refused otherwise.
    """
    assert case.mail  # before a message is sent for nothing
    for octets in chunks[:-1]:
        set_up(client, octets)
    case.expect_taken(send(client, chunks[-1], last=True, cut=cut), what, [client])
    if change := same_body(message.body, case.delivered(message).body):
        raise client.breach(f"{what} changed on the way", "octet for octet", change)


def cut_at(mark: bytes, within: int) -> Callable[[bytes], tuple[bytes, bytes]]:
    """Make two pieces of some octets, so many octets behind the begin of a mark."""

    def cut(data: bytes) -> tuple[bytes, bytes]:
        at = data.index(mark) + within
        return data[:at], data[at:]

    return cut


SPLITS: dict[str, tuple[Callable[[bytes], tuple[bytes, ...]], Cut]] = {
    "octet by octet": (lambda data: (data,), bytewise),
    "within BDAT": (lambda data: (data,), cut_at(b"BDAT", 2)),
    "CR and LF in two chunks": (cut_at(b"\r\n", 1), whole),
    "CR and LF of an empty line": (cut_at(b"\r\n\r\n", 3), whole),
    "a character in two chunks": (cut_at(b"\xc3\xa9", 1), whole),
    "many chunks of one octet": (lambda data: (*bytewise(data[:20]), data[20:]), whole),
}


@pytest.mark.judges("bdat.split", control={"split": None})
@pytest.mark.parametrize("split", SPLITS)
def test_split(case: Case, split: str | None) -> None:
    """Wherever chunks and segments are cut, the message is the same."""
    client = chunker(case)
    text = b"a caf\xc3\xa9\r\n" if split == "a character in two chunks" else b"a cafe\r\n"
    message = client.message().with_body(text)
    pieces, cut = SPLITS[split] if split else (lambda data: (data,), whole)
    if split == "a character in two chunks":
        client.needs("8BITMIME")
        client.set_up("RSET")
        client.set_up(f"{client.plain('MAIL')} BODY=8BITMIME")
        client.set_up(client.plain("RCPT"))
    expect_body(case, client, message, "a message in chunks", *pieces(message.content), cut=cut)


DOTS = {"a lone dot": b"text\r\n.\r\ntext\r\n", "two dots": b"..\r\n..text\r\n", "a dot at the end": b"text\r\n.\r\n"}


@pytest.mark.judges("bdat.bytes", control={"dots": None})
@pytest.mark.parametrize("dots", DOTS)
def test_dots(case: Case, dots: str | None) -> None:
    """Dots are text: none ends the message, and none is taken away."""
    client = chunker(case)
    message = client.message().with_body(DOTS[dots] if dots else b"text\r\n")
    expect_body(case, client, message, dots or "text", message.content)


@pytest.mark.judges("bdat.pipelined", control={"together": False})
@pytest.mark.parametrize("together", [True], ids=["one segment"])
@pytest.mark.parametrize("verb", ["NOOP", "MAIL"])
def test_pipelined(case: Case, verb: str, together: bool) -> None:
    """Chunks and the command behind them may come in one segment, be it the MAIL of the next message."""
    client = chunker(case, "rcpt", "PIPELINING")
    message = client.message()
    first, second, third = thirds(message)
    line = client.plain(verb) if verb == "MAIL" else verb
    parts = chunk(first), chunk(second), chunk(third, last=True), f"{line}\r\n".encode()
    ends = max(1, client.recipients if case.tester.role == "lmtp" else 1)
    if together:
        client.send(b"".join(parts))
        replies = client.hear_all(3 + ends)
    else:
        replies = []
        for part, count in zip(parts, (1, 1, ends, 1), strict=True):
            client.send(part)
            replies += client.hear_all(count)
    if len(replies) < 3 + ends or any(codes.sense(one) is codes.Sense.SYNTAX for one in replies):
        came = " ".join(one.code for one in replies)
        raise client.breach("chunks in one segment are not all served", f"250 for each, and for {verb}", came)
    for reply in replies[:-1]:
        case.expect_taken(reply, "a chunk", [client])
    case.expect_accepted(replies[-1], f"{verb} behind the last chunk", [client])


def expect_swallowed(client: Client, what: str, *pieces: bytes) -> None:
    """Send a BDAT that has to be refused, and judge that its octets are not run as commands; a close is right.

    Args:
        client: who sends it.
        what: the BDAT, for the report.
        pieces: it, in segments.

    Raises:
        Broken: there is more than one reply.
        Skipped: it is not refused.
    """
    client.send(pieces[0])
    first = client.hear_within(SOON) if len(pieces) > 1 else None
    for piece in pieces[1:]:
        client.send(piece)
    first = first or client.hear_or_end()
    if first is None or first.code == "421":
        return
    if not codes.refused(first):
        raise Skipped(f"not refused: {what} is answered {shown(first)}")
    if more := [reply.code for reply in client.farewell() if reply.code not in ("221", "421")]:
        raise client.breach(f"octets of {what} run as commands", "one reply", " ".join([first.code, *more]))


@pytest.mark.judges("bdat.refused-eats")
@pytest.mark.parametrize("apart", [False, True], ids=["together", "apart"])
@pytest.mark.parametrize("last", [False, True], ids=["more", "last"])
@pytest.mark.parametrize("state", ["ehlo", "mail"])
def test_refused_eats(case: Case, state: str, last: bool, apart: bool) -> None:
    """The octets behind a BDAT that is refused are thrown away, and none of them runs as a command."""
    client = chunker(case, state)
    data = chunk(COMMANDS, last)
    command = data.removesuffix(COMMANDS)
    expect_swallowed(client, f"a BDAT in state `{state}`", *((command, COMMANDS) if apart else (data,)))


@pytest.mark.judges("bdat.after-failed")
def test_after_failed(case: Case) -> None:
    """Chunks that were sent behind one that failed are thrown away too, and none of them is taken."""
    client = chunker(case, "mail", "PIPELINING")
    client.send(chunk(COMMANDS) + chunk(COMMANDS) + chunk(COMMANDS, last=True))
    first = client.hear_or_end()
    if first is None:
        return
    if not codes.refused(first):
        raise Skipped(f"not refused: BDAT without a recipient is answered {shown(first)}")
    replies = [first, *(reply for reply in client.farewell() if reply.code not in ("221", "421"))]
    came = " ".join(reply.code for reply in replies)
    if any(not codes.refused(reply) for reply in replies) or len(replies) > 3:
        raise client.breach("chunks behind one that failed", "thrown away, each refused", came)


@pytest.mark.judges("bdat.then-data")
def test_then_data(case: Case) -> None:
    """DATA after a BDAT of the same transaction is answered 503."""
    client = chunker(case)
    set_up(client, client.message().content)
    client.expect_code("DATA", "503")


@pytest.mark.judges("bdat.after-last")
@pytest.mark.parametrize("last", [False, True], ids=["more", "last"])
def test_after_last(case: Case, last: bool) -> None:
    """A BDAT after BDAT LAST, without MAIL, is answered 503, and its octets are thrown away; a close is right."""
    client = chunker(case)
    reply = send(client, client.message().content, last=True)
    if not reply.code.startswith("2"):
        raise Skipped(f"content: BDAT LAST is answered {shown(reply)}")
    client.send(chunk(COMMANDS, last))
    again = client.hear_or_end()
    if again is None or again.code == "421":
        return
    if again.code != "503":
        raise client.breach("BDAT after the last chunk", "503, or a close", again.text)
    if more := [one.code for one in client.farewell() if one.code not in ("221", "421")]:
        raise client.breach("octets of a BDAT after the last one run as commands", "503", " ".join(["503", *more]))


@pytest.mark.judges("bdat.rset", control={"by": ""})
@pytest.mark.parametrize("by", ["RSET", "EHLO"])
def test_reset(case: Case, by: str) -> None:
    """RSET, or EHLO where it is taken, gives up the chunks that came: the next message has nothing of them."""
    client = chunker(case)
    given_up, message = client.message(), client.message()
    if by:
        set_up(client, given_up.content)
        reply = client.say(client.plain(by))
        if codes.refused(reply):
            raise Skipped(f"refused: {by} between two chunks is answered {shown(reply)}")
        for verb in ("MAIL", "RCPT"):
            client.expect_as_plain(client.plain(verb))
    expect_body(case, client, message, "a message after chunks that were given up", message.content)
    if given_up.mark.encode() in case.delivered(message).raw:
        raise client.breach(f"chunks from before {by} are in the next message", "nothing of them", given_up.mark)


@pytest.mark.judges("bdat.lost")
@pytest.mark.parametrize("where", ["within a chunk", "between chunks", "within the last chunk"])
def test_lost(case: Case, where: str) -> None:
    """A message whose connection is lost before its last octet is not delivered."""
    client = chunker(case)
    assert case.mail
    message = client.message()
    if where == "between chunks":
        set_up(client, message.content)
    else:
        last = where == "within the last chunk"
        client.send(chunk(message.content + b"the end\r\n", last).removesuffix(b"end\r\n"))
    client.vanish()
    if not case.never_arrives(message):
        raise client.breach("half a message is delivered", "nothing", f"the connection was lost {where}")


@pytest.mark.judges("bdat.syntax")
@pytest.mark.parametrize("line", ["BDAT", "BDAT x", "BDAT -1", "BDAT 1 FIRST"])
def test_syntax(case: Case, line: str) -> None:
    """A BDAT that is not written well is refused; a close is right, for nobody knows what follows."""
    client = chunker(case)
    client.send(line.encode() + CRLF + b"x" * line.startswith("BDAT 1"))
    if reply := client.hear_or_end():
        case.expect_refused(reply, line, [client])


@pytest.mark.judges("bdat.huge")
@pytest.mark.parametrize("size", [2**32 + 10, 2**64 + 10], ids=["2^32+10", "2^64+10"])
def test_huge(case: Case, size: int) -> None:
    """A size is not cut to 32 or 64 bits: ten octets behind one that is ten more do not end the chunk."""
    client = chunker(case)
    client.send(f"BDAT {size}\r\n".encode() + b"ten octets")
    reply = client.hear_within(1.0)
    if reply and reply.code.startswith("2"):
        raise client.breach(f"BDAT {size} is taken for one of 10 octets", "a refusal, a close or silence", reply.text)
    if not reply:
        client.vanish()


@pytest.mark.judges("bin.chunking")
def test_binary_needs_chunking(case: Case) -> None:
    """BINARYMIME is announced only together with CHUNKING."""
    client = case.client("ehlo", "BINARYMIME")
    if "CHUNKING" not in client.keywords:
        raise client.breach("BINARYMIME alone", "CHUNKING as well", " ".join(client.keywords))


def binary(case: Case) -> Client:
    """A client in a transaction of `BODY=BINARYMIME`."""
    client = chunker(case, "ehlo", "BINARYMIME")
    client.set_up(f"{client.plain('MAIL')} BODY=BINARYMIME")
    client.set_up(client.plain("RCPT"))
    return client


@pytest.mark.judges("bin.data")
def test_binary_by_data(case: Case) -> None:
    """DATA is answered 503 in a transaction of BINARYMIME."""
    binary(case).expect_code("DATA", "503")


OCTETS = {
    "all values": bytes(range(256)) + b"\r\n",
    "bare CR": b"a\rb\r\n",
    "bare LF": b"a\nb\n\nc\r\n",
    "NUL": b"a\0b\r\n",
    "no line end": b"the end",
}


@pytest.mark.judges("bin.kept", control={"octets": None})
@pytest.mark.parametrize("octets", OCTETS)
def test_binary_kept(case: Case, octets: str | None) -> None:
    """A binary message arrives as it was sent, whatever octets are in it."""
    client = binary(case)
    message = client.message().with_fields(*MIME).with_body(OCTETS[octets] if octets else b"text\r\n")
    expect_body(case, client, message, f"a binary message ({octets})", message.content)
