"""A body's bytes are kept, whatever they are."""

import pytest

from conformance.cs4410.case import Case

KIB = 1024

BODIES = {
    "all-printable": bytes(range(32, 127)) + b"\r\n",
    "8-bit": bytes(range(128, 256)) + b"\r\n",
    "utf-8": "Grüße, 你好, мир, 🎉\r\n".encode(),
    "no-utf-8": b"\xff\xfe\xc3\x28\r\n",
    "NUL": b"before\x00after\r\n\x00\r\n",
    "controls": bytes(byte for byte in range(1, 32) if byte not in b"\r\n") + b"\x7f\r\n",
    "spaces-around": b"   leading\r\ntrailing   \r\n\tboth\t\r\n",
    "empty-lines-inside": b"one\r\n\r\n\r\ntwo\r\n",
    "empty-line-first": b"\r\nsecond line\r\n",
    "composed-and-decomposed": "\u00e9 e\u0301 \u212b A\u030a\r\n".encode(),
    "percent-and-braces": b"100% 100%% {0} {{}} %s %d $HOME $$ `id` \\n \\x00\r\n",
    "header-like": b"Number: 7\r\nFrom: someone\r\nReceived: from a by b (CS4410MP3)\r\nTo: other\r\n",
    "From-line": b"From me to you\r\nFrom \r\n>From quoted\r\n From indented\r\n",
    "quoted-printable": b"=3D=20=0A =\r\nsoft =\r\n=\r\n",
    "encoded": b"begin 644 x\r\n=?utf-8?q?x?= %0d%0a &amp;&lt;<b> \\r\\n \\x41 \\u0041\r\n",
    "header-and-folded": b"Subject: x\r\n folded\r\n\tfolded\r\nContent-Length: 3\r\n\r\ny\r\n",
    "signature": b"--\r\n-- \r\n--boundary--\r\n~q\r\n~s subject\r\n",
    "tabs": b"\tone\t\ttwo\t\r\n\t\r\n",
    "many-spaces": b"a" + b" " * 100 + b"b" + b" " * 100 + b"\r\n" + b" " * 10 + b"\r\n",
    "commands-of-terminals": b"\x1b[31mred\x1b[0m\x07\x08\x08\r\n",
    "long-line-1000": b"a" * 1000 + b"\r\n",
    "long-line-5000": b"b" * 5000 + b"\r\n",
    "long-line-70000": b"c" * 70_000 + b"\r\n",
    "many-lines": b"line\r\n" * 5000,
    "many-short-lines": b"x\r\n" * 3000,
}


@pytest.mark.judges("bytes", control={"body": b"text\r\n"})
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_body_is_kept(case: Case, body: bytes) -> None:
    """These bytes stand in the mailbox as they were sent."""
    message = case.client("body").expect_delivered(body)
    case.inbox.expect_entry(message, "bytes")


SIZES = (1023, 1024, 1025, 2048, 4095, 4096, 4097, 8192, 16384, 65535, 65536, 65537, 128 * KIB)


@pytest.mark.judges("bytes", control={"size": 100})
@pytest.mark.parametrize("size", SIZES)
def test_body_of_size(case: Case, size: int) -> None:
    """A body of this many bytes is kept, though its end falls on or beside the border of a buffer."""
    text = case.words.octets(size + 80)[: size - 2].replace(b"\r", b"r").replace(b"\n", b"n") + b"\r\n"
    message = case.client("body").expect_delivered(text)
    case.inbox.expect_entry(message, "bytes")


BORDERS = (1015, 1020, 1021, 1022, 1023, 1024, 4090, 4091, 4092, 4093, 4094, 4095)


@pytest.mark.judges("bytes", control={"size": 100})
@pytest.mark.parametrize("size", [*BORDERS, 8189, 16_381, 32_765, 65_533])
def test_end_of_data_at_buffer_border(case: Case, size: int) -> None:
    """The end of data is seen wherever it falls in a buffer, and the body before it is kept."""
    text = b"z" * (size - 2) + b"\r\n"
    message = case.client("body").expect_delivered(text)
    case.inbox.expect_entry(message, "bytes")


@pytest.mark.alone(heavy=True)
@pytest.mark.judges("bytes.large")
@pytest.mark.parametrize("mebibytes", [*(pytest.param(many, marks=pytest.mark.long) for many in (64, 16)), 1])
def test_large_body(case: Case, mebibytes: int) -> None:
    """A large body is kept, because nothing in the handout limits a message."""
    body = case.words.octets(mebibytes * KIB * KIB)
    message = case.client("body").expect_delivered(body)
    case.inbox.expect_entry(message, "bytes.large")
