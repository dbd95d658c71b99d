"""Test mail, and what is told apart from it."""

import pytest

from conformance.rfc5321.message import tells_of
from conformance.stores.message import stored

REPORT = b"Content-Type: multipart/report; report-type=delivery-status; boundary=x\r\n"


@pytest.mark.parametrize(
    ("header", "body", "tells"),
    [
        (
            b"Return-Path: <>\r\nMessage-ID: <other@b.example>\r\n",
            b"Undelivered.\r\nMessage-ID: <mark@a.example>\r\n",
            True,
        ),
        (b"From: Mailer Daemon <MAILER-DAEMON@b.example>\r\n", b"Message-ID: <mark@a.example>\r\n", True),
        (REPORT, b"--x\r\nMessage-ID: <mark@a.example>\r\n", True),
        (b"Auto-Submitted: auto-replied\r\nReferences: <mark@a.example>\r\n", b"Undelivered.\r\n", True),
        (b"Return-Path: <>\r\nMessage-ID: <mark@a.example>\r\n", b"t\r\n", False),
        (b"Return-Path: <>\r\n", b"marker mark\r\nt\r\n", False),
        (b"Subject: a header that was changed\r\n", b"mark\r\n", False),
    ],
)
def test_a_notification_is_told_from_the_message_that_it_quotes(header: bytes, body: bytes, tells: bool) -> None:
    assert tells_of(stored(header + b"\r\n" + body), b"mark") is tells
