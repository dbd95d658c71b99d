"""Messages that come by BDAT. The ids are those of the rules that a row is about."""

import re

import pytest

from reference_server.chunks import CHUNK_LIMIT
from reference_server.parameters import SIZE_LIMIT
from tests.reference_server.esmtp_runs import TO, Office, trace

OPTIONS = ("--tls", "none")

MAIL = b"MAIL FROM:<a@client.example>"
NOBODY = b"RCPT TO:<nobody@reference.example>"
HEADER = b"Subject: chunks\r\n\r\n"
TRAP = b"NOOP\r\nQUIT\r\n" + MAIL + b"\r\n"
ALL = bytes(range(256)) + b"\r.\r\n.\n\0\r\n.\r\n"


def chunk(text: bytes, last: bytes = b"") -> bytes:
    return b"BDAT %d%b\r\n%b" % (len(text), last, text)


TAKEN = [  # a rule, what is sent behind MAIL and RCPT, the codes, and what arrives
    ("bdat.last", chunk(HEADER + b"text\r\n", b" LAST"), b"250", HEADER + b"text\r\n"),
    ("bdat.last", chunk(HEADER + b"no end", b"  last"), b"250", HEADER + b"no end"),
    ("bdat.chunks", chunk(HEADER + b"a\r") + chunk(b"\nb") + chunk(b"", b" LAST"), b"250 250 250", HEADER + b"a\r\nb"),
    ("bdat.chunks", chunk(b"", b" LAST"), b"250", b"\r\n"),
    ("bdat.chunks", chunk(HEADER) + b"NOOP\r\nVRFY x\r\n" + chunk(b"x", b" LAST"), b"250 250 252 250", HEADER + b"x"),
    ("bdat.bytes", chunk(HEADER + b"\r\n.\r\n..\r\n.", b" LAST"), b"250", HEADER + b"\r\n.\r\n..\r\n."),
    ("bdat.bytes", chunk(HEADER + TRAP, b" LAST"), b"250", HEADER + TRAP),
    ("bdat.split", chunk(HEADER + b"\xc3") + chunk(b"\xa9", b" LAST"), b"250 250", HEADER + b"\xc3\xa9"),
    (
        "bdat.rset",
        chunk(b"dropped") + b"RSET\r\n" + MAIL + b"\r\n" + TO + b"\r\n" + chunk(HEADER, b" LAST"),
        b"250 250 250 250 250",
        HEADER,
    ),
    (
        "bdat.rset",
        chunk(b"dropped") + b"HELO client.example\r\n" + MAIL + b"\r\n" + TO + b"\r\n" + chunk(HEADER, b" LAST"),
        b"250 250 250 250 250",
        HEADER,
    ),
    ("bdat.then-data", chunk(HEADER) + b"DATA\r\n" + chunk(b"x", b" LAST"), b"250 503 250", HEADER + b"x"),
    ("bdat.then-data", chunk(HEADER) + TO + b"\r\n" + chunk(b"x", b" LAST"), b"250 503 250", HEADER + b"x"),
    ("bdat.then-data", chunk(HEADER) + MAIL + b"\r\n" + chunk(b"x", b" LAST"), b"250 503 250", HEADER + b"x"),
    ("bdat.after-last", chunk(HEADER, b" LAST") + chunk(TRAP) + chunk(TRAP, b" LAST"), b"250 503 503", HEADER),
]
REFUSED = [  # a rule, the state, what is sent there, and the codes
    ("bdat.refused-eats", "connected", chunk(TRAP) + chunk(TRAP, b" LAST"), b"503 503"),
    ("bdat.refused-eats", "greeted", chunk(TRAP) + chunk(TRAP, b" LAST") + MAIL + b"\r\n", b"503 503 250"),
    ("bdat.refused-eats", "sender", chunk(TRAP) + NOBODY + b"\r\n", b"503 503"),
    ("bdat.refused-eats", "sender", chunk(TRAP, b" LAST") + MAIL + b"\r\n", b"503 250"),
    ("bdat.after-failed", "sender", chunk(TRAP) + TO + b"\r\n" + chunk(TRAP, b" LAST"), b"503 503 503"),
    ("bdat.after-failed", "sender", chunk(TRAP) * 3 + b"RSET\r\n" + MAIL + b"\r\n", b"503 503 503 250 250"),
    (
        "bdat.after-failed",
        "recipient",
        chunk(b"x" * (SIZE_LIMIT + 1)) + chunk(TRAP) + b"DATA\r\n" + chunk(TRAP, b" LAST") + MAIL + b"\r\n",
        b"552 503 503 503 250",
    ),
    (
        "size.over-data",
        "recipient",
        chunk(b"x" * SIZE_LIMIT) + chunk(b"x", b" LAST") + MAIL + b"\r\n",
        b"250 552 250",
    ),
    ("data.controls", "recipient", chunk(b"a\nb", b" LAST") + MAIL + b"\r\n", b"554 250"),
    ("data.controls", "recipient", chunk(b"a\0b", b" LAST") + MAIL + b"\r\n", b"554 250"),
    ("data.loop", "recipient", chunk(b"Received: x\r\n" * 101, b" LAST") + MAIL + b"\r\n", b"554 250"),
]
ENDED = [  # what is refused with a close, because nobody knows where it ends
    *(b"BDAT", b"BDAT x", b"BDAT -1", b"BDAT 1 FIRST", b"BDAT 1LAST", b"BDAT " + b"9" * 21, b"bdat\t5", b"BDAT 5\n"),
    *(b"BDAT 4294967306", b"BDAT 18446744073709551626", b"BDAT 18446744073709551626 LAST", b"BDAT \xb2"),
    b"BDAT %d" % (CHUNK_LIMIT + 1),
]


@pytest.mark.parametrize("segment", [1, 7, 10**6])
@pytest.mark.parametrize(("rule", "sent", "codes", "kept"), TAKEN)
def test_chunks_arrive_however_they_are_cut(
    post: Office, rule: str, sent: bytes, codes: bytes, kept: bytes, segment: int
) -> None:
    """bdat.pipelined too: all in one segment, or in many"""
    before = post.files()
    with post.talk("recipient") as client:
        for start in range(0, len(sent), segment):
            client.socket.sendall(sent[start : start + segment])
        assert client.rest() == [*codes.split(), b"221"]
    [copy] = post.copies(before)
    assert copy[trace(copy).end() :] == kept


@pytest.mark.parametrize(("rule", "state", "sent", "codes"), REFUSED)
def test_refused_chunk_is_swallowed_and_nothing_arrives(
    post: Office, rule: str, state: str, sent: bytes, codes: bytes
) -> None:
    before = post.files()
    with post.talk(state) as client:
        client.socket.sendall(sent)
        assert client.rest() == [*codes.split(), b"221"]
    assert post.copies(before) == []


@pytest.mark.parametrize("line", ENDED)
def test_chunk_of_no_size_ends_the_session(post: Office, line: bytes) -> None:
    """bdat.syntax, bdat.huge"""
    before = post.files()
    with post.talk("recipient") as client:
        client.socket.sendall(line + b"\r\n" + MAIL)
        assert re.match(rb"50[01] 5\.5\.[24] |552 5\.3\.4 ", client.reply())
        assert client.reply() == b""
    assert post.copies(before) == []


def test_chunk_gets_its_reply_after_its_last_octet(post: Office) -> None:
    with post.talk("recipient") as client:
        client.socket.sendall(b"BDAT 5\r\n1234")
        client.socket.sendall(b"5")
        assert client.reply() == b"250 2.0.0 5 octets taken\r\n"
        assert client.ask(b"BDAT 0 LAST")[:3] == b"250"


@pytest.mark.parametrize(
    "left", [b"BDAT 9 LAST\r\n", b"BDAT 9 LAST\r\n12345678", b"BDAT 1\r\n1", b"BDAT 1\r\n1QUIT\r\n"]
)
def test_client_that_leaves_between_its_octets_delivers_nothing(post: Office, left: bytes) -> None:
    """bdat.lost"""
    before = post.files()
    with post.talk("recipient") as client:
        client.socket.sendall(left)
    assert len(post.sent(b"x\r\n")[1]) == 1
    assert len(post.copies(before)) == 1


@pytest.mark.parametrize("state", ["recipient", "greeted"])
def test_endless_chunk_is_swallowed(post: Office, state: str) -> None:
    with post.talk(state) as client:
        client.socket.sendall(b"BDAT %d\r\n" % (64 * 2**20))
        for _ in range(64):
            client.socket.sendall(b"x" * 2**20)
        assert client.reply()[:3] == (b"552" if state == "recipient" else b"503")
        assert client.rest() == [b"221"]
    assert post.server.peak_memory() < 160 * 2**20


def test_binary_message_arrives_unchanged(post: Office) -> None:
    """bin.kept, bin.chunking"""
    before = post.files()
    with post.talk() as client:
        assert {b"CHUNKING", b"BINARYMIME"} <= set(client.keywords())
        for line in (MAIL + b" BODY=binarymime", TO, chunk(HEADER + ALL)[:-1]):
            client.socket.sendall(line + b"\r\n" if line[:1] != b"B" else line + b"\n")
            assert client.reply()[:3] == b"250"
        client.socket.sendall(chunk(ALL, b" LAST"))
        assert client.reply()[:3] == b"250"
    [copy] = post.copies(before)
    assert copy[trace(copy).end() :] == HEADER + ALL + ALL


def test_binary_message_does_not_come_by_data(post: Office) -> None:
    """bin.data"""
    before = post.files()
    with post.talk("greeted") as client:
        for line, code in ((MAIL + b" BODY=BINARYMIME", b"250"), (TO, b"250"), (b"DATA", b"503")):
            assert client.ask(line)[:3] == code
        client.socket.sendall(chunk(HEADER + b"a\nb", b" LAST"))
        assert client.reply()[:3] == b"250"
        for line, code in ((MAIL, b"250"), (TO, b"250"), (b"DATA", b"354"), (b"a\nb\r\n.", b"554")):
            assert client.ask(line)[:3] == code, "the next message is not binary"
    assert [copy[-3:] for copy in post.copies(before)] == [b"a\nb"]


def test_chunks_after_helo(post: Office) -> None:
    before = post.files()
    with post.talk() as client:
        for line in (b"HELO client.example", MAIL, TO):
            assert client.ask(line)[:3] == b"250"
        client.socket.sendall(chunk(HEADER, b" LAST"))
        assert client.reply()[:3] == b"250"
    assert [trace(copy)["protocol"] for copy in post.copies(before)] == [b"SMTP"]
