"""The liberties of mail stores are no change, and everything else is one that says where."""

import pytest

from conformance.stores.compare import added_fields, kept, same_body
from conformance.stores.message import stored

BODY = b"one\r\n\r\nFrom two \r\n\tthree\r\n"


@pytest.mark.parametrize(
    "there",
    [
        BODY,
        BODY + b"\r\n",
        BODY.replace(b"\r\n", b"\n"),
        BODY.replace(b"\r\n", b"\n") + b"\n",
        BODY.replace(b"From", b">From"),
    ],
)
def test_what_a_store_may_do_is_no_change(there: bytes) -> None:
    assert same_body(BODY, there) == ""


def test_a_last_line_without_its_end_may_get_one() -> None:
    assert same_body(b"one\r\ntwo", b"one\ntwo\n") == ""
    assert same_body(b"one\r\ntwo", b"one\ntwo\n\n") == ""
    assert same_body(b"one\r\ntwo", b"one\ntwo\n\n\n") == r"it goes on after its end, in line 2: 'two\r\n'"


@pytest.mark.parametrize(
    ("there", "told"),
    [
        (BODY + b"\r\n\r\n", r"it goes on after its end, in line 5: '\r\n'"),
        (BODY.replace(b"two ", b"two"), r"line 3, octet 9: expected 'From two \r\n', got 'From two\r\n'"),
        (BODY.replace(b"\t", b" "), r"line 4, octet 1: expected '\tthree\r\n', got ' three\r\n'"),
        (BODY[:-2], r"it ends in line 4, octet 7: expected '\tthree\r\n', and more"),
        (b"", r"it ends in line 1, octet 1: expected 'one\r\n', and more"),
        (b".one" + BODY[3:], r"line 1, octet 1: expected 'one\r\n', got '.one\r\n'"),
        (BODY.replace(b"one", b"o\xffe\x1b"), r"line 1, octet 2: expected 'one\r\n', got 'o\xffe\x1b\r\n'"),
        (BODY.replace(b"\r\n\r\n", b"\r\n", 1), r"line 2, octet 1: expected '\r\n', got 'From two \r\n'"),
    ],
)
def test_a_change_is_told_with_its_place(there: bytes, told: str) -> None:
    assert same_body(BODY, there) == told


def test_of_a_long_line_only_a_part_is_shown() -> None:
    told = same_body(b"x" * 500 + b"y" * 500, b"x" * 500 + b"z" * 400_000)
    x, y, z = "x" * 24, "y" * 24, "z" * 24
    assert told == f"line 1, octet 501: expected ...'{x}{y}', got ...'{x}{z}'"


SENT = b"From: a@b\r\nSubject: long and\r\n longer\r\nReceived: old\r\nX: y\r\n\r\n"


@pytest.mark.parametrize(
    ("there", "on_top", "between", "at_end"),
    [
        (SENT, [], [], []),
        (b"Return-Path: <>\nReceived: new\n" + SENT, ["Return-Path", "Received"], [], []),
        (b"Received: old\n" + SENT, ["Received"], [], []),
        (SENT[:-2] + b"X-Spam: no\r\n\r\n", [], [], ["X-Spam"]),
        (SENT.replace(b"X:", b"Date: now\r\nX:"), [], ["Date"], []),
        (SENT.replace(b"long and\r\n longer", b"long\r\n\tand longer"), [], [], []),
        (SENT.replace(b"From:", b"FROM:"), [], [], []),
    ],
)
def test_what_a_server_adds_is_told_by_its_place(
    there: bytes, on_top: list[str], between: list[str], at_end: list[str]
) -> None:
    added = added_fields(SENT, stored(there))
    assert added.changed == ""
    found = [[field.name for field in fields] for fields in (added.on_top, added.between, added.at_end)]
    assert found == [on_top, between, at_end]


@pytest.mark.parametrize(
    ("on_top", "own"),
    [
        (b"", None),
        (b"Return-Path: <>\r\n", None),
        (b"Received: later\r\nreceived: own\r\nX-Filter: yes\r\n", "own"),
    ],
)
def test_the_lowest_new_received_is_of_the_server_itself(on_top: bytes, own: str | None) -> None:
    found = added_fields(SENT, stored(on_top + SENT)).received
    assert (found and found.value) == own


@pytest.mark.parametrize(
    ("there", "told"),
    [
        (SENT.replace(b"X: y\r\n", b""), "X: it is not there"),
        (SENT.replace(b"X: y", b"X: z"), "X: expected 'y', got 'z'"),
        (SENT.replace(b"X: y", b"X: y\x1b"), "X: expected 'y', got 'y\\x1b'"),
        (
            b"X: y\r\n" + SENT.replace(b"X: y\r\n", b""),
            "From: it stands elsewhere in the header than it was sent, or",
        ),
        (SENT.replace(b"longer", b"shorter"), "Subject: expected 'long and longer', got 'long and shorter'"),
        (b"\r\n", "From: it is not there"),
    ],
)
def test_a_sent_field_that_was_not_kept_is_told(there: bytes, told: str) -> None:
    message = stored(there)
    assert added_fields(SENT, message).changed.startswith(told)
    assert kept(stored(SENT).fields, message).startswith(told)


def test_fields_that_were_kept_are_kept_wherever_others_stand() -> None:
    message = stored(b"Received: new\nFrom: a@b\nZ: z\nX: y\n\n")
    fields = stored(SENT).fields
    assert kept((fields[0], fields[3]), message) == ""
    assert kept((fields[3], fields[0]), message).startswith("X: it stands elsewhere")
