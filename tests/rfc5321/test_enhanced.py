"""Enhanced status codes in replies: whether they are there, whose class they have, and on which lines they stand."""

from __future__ import annotations

import pytest

from conformance.harness.wire.reply import Reply
from conformance.rfc5321 import enhanced


def reply(*lines: str) -> Reply:
    return Reply("".join(f"{line}\r\n" for line in lines).encode(), 0.0)


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("250 2.1.0 OK", False),
        ("250 2.1.0", False),
        ("250 OK", True),
        ("250", True),
        ("550 5.1 no", True),
        ("550 5.1.1, no", True),
        ("221 192.0.2.1 closing", True),
        ("250 5.1.1 of another class", False),
        ("354 go on", False),
    ],
)
def test_is_missing(text: str, missing: bool) -> None:
    """A bad enhanced code is not a missing one, and 3yz has none."""
    assert enhanced.is_missing(reply(text)) == missing


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("250 2.1.0 OK", ""),
        ("550 5.999.1 no", ""),
        ("550 4.1.1 no", "4.1.1"),
        ("250 2.1000.0 OK", "2.1000.0"),
        ("250 2.1.0000", "2.1.0000"),
        ("250 22.1.0 OK", "22.1.0"),
        ("250 OK", ""),
        ("354 2.0.0 Go ahead", ""),
    ],
)
def test_misshapen(text: str, code: str) -> None:
    """The class is the reply's, and the other numbers are short."""
    assert enhanced.misshapen(reply(text)) == code


@pytest.mark.parametrize(
    ("lines", "line"),
    [
        (("250-2.0.0 a", "250 2.0.0 b"), ""),
        (("250-2.0.0 a", "250 b"), "250 b"),
        (("250-2.0.0 a", "250-2.0.0 b", "250 2.1.0 c"), "250 2.1.0 c"),
        (("250-a", "250 2.0.0 b"), ""),
        (("250 2.0.0 a",), ""),
    ],
)
def test_uneven(lines: tuple[str, ...], line: str) -> None:
    """What the first line has all lines have; what it lacks is another matter."""
    assert enhanced.uneven(reply(*lines)) == line
