"""The form of a reply, by itself: what is wrong with which bytes."""

from __future__ import annotations

import pytest

from conformance.harness.wire.reply import LONGEST_REPLY, Reply
from conformance.rfc5321 import codes
from conformance.rfc5321.codes import Sense
from conformance.rfc5321.forms import faults

RIGHT = [
    b"250 OK\r\n",
    b"250-one\r\n250-two\r\n250 three\r\n",
    b"220 me\tESMTP\r\n",
    b"250-\r\n250 x\r\n",
    b"250 " + b"x" * 506 + b"\r\n",
]
WRONG = {
    b"250 OK\n": {"reply.crlf"},
    b"250 OK": {"reply.crlf"},
    b"250 O\rK\r\n": {"reply.crlf"},
    b"250-one\n250 two\r\n": {"reply.crlf"},
    b"2500 OK\r\n": {"reply.form"},
    b"OK\r\n": {"reply.form"},
    b"250\tOK\r\n": {"reply.form"},
    b"150 OK\r\n": {"reply.digit"},
    b"650 OK\r\n": {"reply.digit"},
    b"250\r\n": {"reply.text"},
    b"250 \r\n": {"reply.text"},
    b"250-one\r\n251 two\r\n": {"reply.multiline"},
    b"250-one\r\n250-two\r\n": {"reply.multiline"},
    b"250 " + b"x" * 507 + b"\r\n": {"reply.length"},
    b"250 caf\xc3\xa9\r\n": {"reply.ascii"},
    b"250 \x1b[31m\r\n": {"reply.ascii"},
}


@pytest.mark.parametrize("raw", RIGHT)
def test_nothing_is_wrong(raw: bytes) -> None:
    assert list(faults(Reply(raw, 0.0))) == []


@pytest.mark.parametrize(("raw", "broken"), WRONG.items())
def test_what_is_wrong(raw: bytes, broken: set[str]) -> None:
    assert {fault.requirement for fault in faults(Reply(raw, 0.0))} == broken


def test_of_a_line_that_was_too_long_to_be_kept_no_more_is_said_than_that() -> None:
    cut_off = b"250-first\r\n250-" + b"X" * LONGEST_REPLY
    assert {fault.requirement for fault in faults(Reply(cut_off, 0.0))} == {"reply.length"}


def test_what_the_client_sent_may_be_echoed() -> None:
    (fault,) = faults(Reply(b"501 <caf\xe9>\r\n", 0.0), odd_sent=True)
    assert fault.requirement == "reply.ascii" and fault.warns


@pytest.mark.parametrize(
    ("raw", "meaning"),
    [
        (b"250 x\r\n", Sense.ACCEPTED),
        (b"354 x\r\n", Sense.INTERMEDIATE),
        (b"501 x\r\n", Sense.SYNTAX),
        (b"555 x\r\n", Sense.SYNTAX),
        (b"503 x\r\n", Sense.ORDER),
        (b"421 x\r\n", Sense.LEAVING),
        (b"450 x\r\n", Sense.TEMPORARY),
        (b"550 x\r\n", Sense.POLICY),
        (b"571 x\r\n", Sense.POLICY),
        (b"x\r\n", Sense.NOTHING),
        (b"150 x\r\n", Sense.NOTHING),
    ],
)
def test_what_a_code_means(raw: bytes, meaning: Sense) -> None:
    assert codes.sense(Reply(raw, 0.0)) is meaning


def test_enhanced_codes() -> None:
    assert codes.enhanced(Reply(b"550 5.7.1 no\r\n", 0.0)) == "5.7.1"
    assert codes.enhanced(Reply(b"550 5.7.1no\r\n", 0.0)) == ""
    assert codes.by_policy(Reply(b"550-5.7.26 no\r\n550 5.7.26 really\r\n", 0.0))
    assert not codes.by_policy(Reply(b"554 5.6.0 no\r\n", 0.0))
