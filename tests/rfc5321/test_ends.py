"""What stands beside a dot, and bodies and cuts that the cases of DATA are made of."""

import pytest

from conformance.rfc5321 import ends
from conformance.rfc5321.message import Message
from conformance.rfc5321.test_end_of_data import CUTS
from conformance.rfc5321.test_transparency import at_dots, odd_sizes

MESSAGE = Message("mark", (("Subject", "mark"),), b"")


@pytest.mark.parametrize("name", ends.FALSE)
def test_no_false_end_is_the_true_one(name: str) -> None:
    assert ends.END not in b"text" + ends.FALSE[name] + b"text"


@pytest.mark.parametrize(
    ("octets", "bare"),
    [
        (b"text\n.\ntext", b"\n."),
        (b"text\r\n.\ntext", b".\n"),
        (b"text\r.\rtext", b"\r."),
        (b"text\r\n.\rtext", b".\r"),
        (b".\n", b".\n"),
        (b"text\r\n..\r\ntext.\r\n", b""),
        (b"bare\nbut no.dot\rbeside\r\n", b""),
    ],
)
def test_bare_at_dot(octets: bytes, bare: bytes) -> None:
    assert ends.bare_at_dot(octets) == bare


@pytest.mark.parametrize("size", [1_000, 1_001, 65_536])
def test_a_filled_message_has_the_size(size: int) -> None:
    content = MESSAGE.filled(size).content
    assert len(content) == size
    assert content.endswith(b"\r\n")
    assert b"mark" in content.split(b"\r\n\r\n")[1]


@pytest.mark.parametrize("name", CUTS)
def test_a_cut_loses_nothing(name: str) -> None:
    data = b"text " * 20 + ends.END
    assert b"".join(CUTS[name](data)) == data


def test_cuts_at_dots() -> None:
    data = b"a\r\n..\r\n..x\r\nb\r\n.\r\n"
    assert list(at_dots(0)(data)) == [b"a\r\n", b"..\r\n", b"..x\r\nb\r\n.\r\n"]
    assert list(at_dots(1)(data)) == [b"a\r\n.", b".\r\n.", b".x\r\nb\r\n.\r\n"]
    assert list(at_dots(2)(data)) == [b"a\r\n..", b"\r\n..", b"x\r\nb\r\n.\r\n"]


@pytest.mark.parametrize("size", [1, 4, 5, 100_000])
def test_odd_sizes_lose_nothing(size: int) -> None:
    data = b"x" * size
    assert b"".join(odd_sizes(data)) == data
