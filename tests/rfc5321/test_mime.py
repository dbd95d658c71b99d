"""Transfer encodings of delivered messages, undone."""

from __future__ import annotations

import pytest

from conformance.rfc5321.mime import decoded
from conformance.stores.message import stored


@pytest.mark.parametrize(
    ("encoding", "body", "text"),
    [
        (b"8bit", b"Gr\xfc\xdfe\r\n", b"Gr\xfc\xdfe\r\n"),
        (b"quoted-printable", b"Gr=FC=\r\n=DFe\r\n", b"Gr\xfc\xdfe\r\n"),
        (b"Base64", b"R3L8\r\n32UNCg==\r\n", b"Gr\xfc\xdfe\r\n"),
        (b"base64", b"R3L8x\r\n", b"R3L8x\r\n"),
        (b"unknown", b"Gr=FC\r\n", b"Gr=FC\r\n"),
    ],
)
def test_decoded(encoding: bytes, body: bytes, text: bytes) -> None:
    """Known encodings are undone, and what is wrongly encoded stays as it is."""
    assert decoded(stored(b"Content-Transfer-Encoding: " + encoding + b"\r\n\r\n" + body)) == text


def test_decoded_without_encoding() -> None:
    """A message that names none has none."""
    assert decoded(stored(b"Subject: x\r\n\r\na=FC\r\n")) == b"a=FC\r\n"
