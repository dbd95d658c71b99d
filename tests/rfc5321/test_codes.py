"""What a reply says by its code."""

from __future__ import annotations

import pytest

from conformance.harness.wire.reply import Reply
from conformance.rfc5321.codes import Sense, choice, sense, too_many


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


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("503 5.7.1 Relay not allowed", Sense.POLICY),
        ("501 5.7.1 x", Sense.POLICY),
        ("503 5.5.1 x", Sense.ORDER),
        ("501 x", Sense.SYNTAX),
        ("450 4.7.1 x", Sense.TEMPORARY),
        ("250 2.7.1 x", Sense.ACCEPTED),
    ],
)
def test_a_refusal_that_names_security_is_one_by_policy(text: str, meant: Sense) -> None:
    """Whatever its code: that is why nobody outside can judge it."""
    assert sense(Reply(f"{text}\r\n".encode(), 0.0)) is meant
