"""A header ends where it ends, and its fields are what stands there."""

import pytest

from conformance.stores.message import stored


@pytest.mark.parametrize(
    ("data", "fields", "body"),
    [
        (b"", [], b""),
        (b"\n", [], b""),
        (b"A: b\n\nc\n", [("A", "b")], b"c\r\n"),
        (b"A: b\r\n\r\nc\r\n", [("A", "b")], b"c\r\n"),
        (b"A: b", [("A", "b")], b""),
        (b"A: b\n  c\n\td\nE:\n\n\nf", [("A", "b  c\td"), ("E", "")], b"\r\nf"),
        (b"A : b\n\n", [("A", "b")], b""),
        (b"A: b\nno field\nC: d\n\ne", [("A", "b")], b"no field\r\nC: d\r\n\r\ne"),
        (b"no header at all\n\nc", [], b"no header at all\r\n\r\nc"),
        (b" folded\nA: b\n\n", [], b" folded\r\nA: b\r\n\r\n"),
        (b"A: b\n \n\nc", [("A", "b")], b"c"),
        (b"A: b\rX: y\n\nc\rd", [("A", "b\rX: y")], b"c\rd"),
        (b"A: \xc3\xa9\xff\n\n\xff\x00", [("A", "\xe9\udcff")], b"\xff\x00"),
        (b"From a@b Mon Jan  1 00:00:00 2024\nA: b\n\nc", [("A", "b")], b"c"),
        (b">From -\nA: b\n\nc", [("A", "b")], b"c"),
        (b"From here on\nthere is prose", [], b"From here on\r\nthere is prose"),
        (b":\n\n", [], b":\r\n\r\n"),
        (b"A: b\r\r\n\nc", [("A", "b\r")], b"c"),
    ],
)
def test_a_message_is_parted_byte_by_byte(data: bytes, fields: list[tuple[str, str]], body: bytes) -> None:
    message = stored(data)
    assert [(field.name, field.value) for field in message.fields] == fields
    assert message.body == body
    assert message.header + message.body == message.raw
    assert message.octets == data


def test_fields_are_found_by_name_in_any_letter_case() -> None:
    message = stored(b"received: 1\nX: y\nReceived: 2\n\n")
    assert [field.raw for field in message.all("RECEIVED")] == [b" 1", b" 2"]


def test_a_header_of_very_many_fields_is_cut_and_its_body_is_found() -> None:
    message = stored(b"a:\n" * 200_000 + b"\nbody")
    assert (len(message.fields), message.body) == (10_000, b"body")
