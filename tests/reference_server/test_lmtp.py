"""LMTP, and what it does otherwise than the protocol that it is made of. The ids are those of the rules."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.reference_server.esmtp_runs import TO, Office, office, trace

MAIL = b"MAIL FROM:<a@client.example>"
TWO = b"RCPT TO:<two@reference.example>"
NOBODY = b"RCPT TO:<nobody@reference.example>"
ENDS = [  # a rule, what is sent in a greeted session, the codes, and who gets a message
    ("lmtp.each", [MAIL, TO, b"DATA", b"."], b"250 250 354 250", [TO]),
    ("lmtp.each", [MAIL, TO, TWO, b"DATA", b"."], b"250 250 250 354 250 250", [TO, TWO]),
    ("lmtp.each", [MAIL, TO, NOBODY, TWO, b"DATA", b"."], b"250 250 550 250 354 250 250", [TO, TWO]),
    ("lmtp.each", [MAIL, TO, TWO, TO, b"DATA", b"."], b"250 250 250 250 354 250 250 250", [TO, TWO]),
    ("lmtp.each", [MAIL, TO, TWO, b"DATA", b"a\nb\r\n."], b"250 250 250 354 554 554", []),
    ("lmtp.no-rcpt", [MAIL, b"DATA", TO, b"DATA", b"."], b"250 503 250 354 250", [TO]),
    ("lmtp.no-rcpt", [MAIL, NOBODY, b"DATA"], b"250 550 503", []),
    ("lmtp.bdat", [MAIL, TO, TWO, b"BDAT 2", b"BDAT 2 LAST", b""], b"250 250 250 250 250 250", [TO, TWO]),
    ("lmtp.bdat", [MAIL, b"BDAT 2", b"BDAT 2 LAST", b"", MAIL], b"250 503 503 250", []),
    ("lmtp.bdat", [MAIL, TO, TWO, b"BDAT 3 LAST", b"\n", MAIL], b"250 250 250 554 554 250", []),
    ("order.messages", [MAIL, TO, b"DATA", b".", MAIL, TWO, b"DATA", b"."], b"250 250 354 250 " * 2, [TO, TWO]),
    ("lmtp.no-ehlo", [b"EHLO client.example", b"HELO client.example", MAIL], b"500 500 250", []),
]


@pytest.fixture(scope="module")
def post(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with office(tmp_path_factory.mktemp("maildir"), protocol="lmtp") as one:
        yield one


@pytest.mark.parametrize(("rule", "lines", "codes", "who"), ENDS)
def test_each_recipient_has_a_reply(
    post: Office, rule: str, lines: list[bytes], codes: bytes, who: list[bytes]
) -> None:
    before = post.files()
    with post.talk("greeted", kind=b"LMTP") as client:
        # An empty line is the two octets of a chunk before it.
        client.socket.sendall(b"\r\n".join(lines).replace(b"BDAT 2\r\n", b"BDAT 2\r\n\r\n") + b"\r\n")
        assert client.rest() == [*codes.split(), b"221"]
    copies = [trace(copy) for copy in post.copies(before)]
    assert sorted(copy["to"] for copy in copies) == sorted(path[9:-1] for path in who)
    assert all((copy["one"], copy["protocol"]) == (copy["to"], b"LMTP") for copy in copies)


def test_lhlo_is_answered_as_ehlo_is(post: Office) -> None:
    """lmtp.lhlo, lmtp.keywords"""
    with post.talk("connected", kind=b"LMTP") as client:
        assert {b"PIPELINING", b"ENHANCEDSTATUSCODES", b"8BITMIME"} <= set(client.keywords())
        assert client.ask(b"lhlo")[:9] == b"501 5.5.4"
        assert client.ask(b"LHLO [127.0.0.1]")[:3] == b"250"
    with post.talk("recipient", kind=b"LMTP") as client:
        assert client.ask(b"LHLO other.example")[:3] == b"250"
        assert client.ask(TO)[:3] == b"503"


def test_lhlo_is_of_lmtp_alone(tmp_path: Path) -> None:
    with office(tmp_path, "--tls", "none") as one, one.talk() as client:
        assert client.ask(b"LHLO client.example")[:9] == b"500 5.5.2"


def test_recipient_that_fails_has_its_own_reply(tmp_path: Path) -> None:
    with office(tmp_path, "--tls", "none", protocol="lmtp") as one:
        (tmp_path / "tmp").rmdir()
        with one.talk("recipient", kind=b"LMTP") as client:
            client.socket.sendall(TWO + b"\r\nDATA\r\n.\r\n")
            assert client.rest() == [b"250", b"354", b"451", b"451", b"221"]
        (tmp_path / "tmp").mkdir()
        assert one.files() == set()


def test_lmtp_inside_tls(post: Office) -> None:
    before = post.files()
    with post.talk("recipient", "starttls", b"LMTP") as client:
        assert client.ask(b"DATA")[:3] == b"354"
        assert client.ask(b".")[:3] == b"250"
    assert [trace(copy)["protocol"] for copy in post.copies(before)] == [b"LMTPS"]
