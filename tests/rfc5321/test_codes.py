"""What a reply says by its code."""

from __future__ import annotations

import pytest

from conformance.harness.wire.reply import Reply
from conformance.rfc5321.codes import choice, too_many


@pytest.mark.parametrize(
    ("raw", "words"),
    [(b"250 OK\r\n", "taken: 250"), (b"354 Go\r\n", "taken: 354"), (b"501 No\r\n", "refused: 501")],
)
def test_a_choice_is_told_in_a_few_words(raw: bytes, words: str) -> None:
    assert choice(Reply(raw, 0.0)) == words
    assert choice(None) == "closed"


@pytest.mark.parametrize(
    ("text", "is_so"),
    [("452 4.5.3 x", True), ("552 x", True), ("550 5.5.3 x", True), ("550 5.1.1 x", False), ("250 2.1.5 x", False)],
)
def test_too_many(text: str, is_so: bool) -> None:
    """Two codes say that there are too many recipients, and an enhanced code with any."""
    assert too_many(Reply(f"{text}\r\n".encode(), 0.0)) == is_so
