"""What a reply says by its code."""

from __future__ import annotations

import pytest

from conformance.harness.wire.reply import Reply
from conformance.rfc5321.codes import choice


@pytest.mark.parametrize(
    ("raw", "words"),
    [(b"250 OK\r\n", "taken: 250"), (b"354 Go\r\n", "taken: 354"), (b"501 No\r\n", "refused: 501")],
)
def test_a_choice_is_told_in_a_few_words(raw: bytes, words: str) -> None:
    assert choice(Reply(raw, 0.0)) == words
    assert choice(None) == "closed"
