"""The envelope that a store shows of a message."""

import pytest

from conformance.rfc5321.envelope import forward_paths, mailbox, reverse_path, spelled
from conformance.stores.message import Stored, stored


def test_fields_show_it_where_the_store_is_none_of_envelopes() -> None:
    copy = stored(b"Return-Path: <a@b.example>\r\nDelivered-To: C@d.example\r\nTo: z@z.example\r\n\r\ntext\r\n")
    assert reverse_path(copy) == "a@b.example"
    assert forward_paths([copy]) == {"c@d.example"}


def test_a_null_sender_is_not_an_unknown_one() -> None:
    assert reverse_path(stored(b"Return-Path: <>\r\n\r\n")) == ""
    assert reverse_path(stored(b"Subject: s\r\n\r\n")) is None


def test_a_sink_shows_the_envelope_itself() -> None:
    raw = b"Return-Path: <old@b.example>\r\n\r\n"
    copy = Stored(raw, raw, envelope_from="a@b.example", envelope_to=("c@d.example", "E@d.example"))
    assert reverse_path(copy) == "a@b.example"
    assert forward_paths([copy]) == {"c@d.example", "e@d.example"}


def test_all_addresses_of_all_copies_count() -> None:
    one = stored(b"X-RcptTo: a@b.example, c@d.example\r\n\r\n")
    other = stored(b"Envelope-to: <e@f.example>\r\n\r\n")
    assert forward_paths([one, other]) == {"a@b.example", "c@d.example", "e@f.example"}
    assert forward_paths([stored(b"Subject: s\r\n\r\n")]) == frozenset()


def test_the_uppermost_field_tells_the_mailbox_and_the_recipient_as_written_does_not() -> None:
    assert mailbox(stored(b"Delivered-To: Box@b.example\r\nDelivered-To: list@b.example\r\n\r\n")) == "box@b.example"
    assert mailbox(stored(b"X-Original-To: alias@b.example\r\n\r\n")) == ""
    raw = b"Subject: s\r\n\r\n"
    assert mailbox(Stored(raw, raw, envelope_to=("E@d.example",))) == "e@d.example"


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ('"probe"@D.example', "probe@d.example"),
        (r'"pro\be"@d.example', "probe@d.example"),
        ('"a@b"@d.example', "a@b@d.example"),
        ("Postmaster", "postmaster"),
        ('"', '"'),
        ("", ""),
    ],
)
def test_all_spellings_of_a_path_are_one(path: str, wanted: str) -> None:
    assert spelled(path) == wanted
    assert forward_paths([Stored(b"", b"", envelope_to=(path,))]) == {wanted}
