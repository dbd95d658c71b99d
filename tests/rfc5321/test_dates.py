"""A date-time has the form of RFC 5322, or it is said why not."""

import pytest

from conformance.rfc5321 import dates


@pytest.mark.parametrize(
    ("text", "numeric"),
    [
        ("Mon, 1 Jan 2024 12:00:00 +0000", True),
        ("Mon, 01 Jan 2024 12:00:00 -0800", True),
        ("1 Jan 2024 12:00 -0000", True),
        ("Mon,  1 jan  2024  23:59:60  +1300", True),
        ("Thu,29 Feb 2024 00:00:00 +0545", True),
        ("Mon, 1 Jan 2024 12:00:00 GMT", False),
        ("Mon, 1 Jan 2024 12:00:00 Z", False),
    ],
)
def test_a_date_is_one_with_any_zone(text: str, numeric: bool) -> None:
    date = dates.look(text)
    assert (date.problem, date.numeric_zone) == ("", numeric)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "form"),
        ("Monday, 1 Jan 2024 12:00:00 +0000", "not `Monday`"),
        ("Tue, 1 Jan 2024 12:00:00 +0000", "not `Tue`"),
        ("Mon, 1 Jan 24 12:00:00 +0000", "2 digits, not 4"),
        ("Mon, 1 Jan 02024 12:00:00 +0000", "5 digits, not 4"),
        ("Mon, 1 January 2024 12:00:00 +0000", "month"),
        ("30 Feb 2024 12:00:00 +0000", "no such day"),
        ("1 Jan 0000 12:00:00 +0000", "no such day"),
        (f"{'9' * 90} Jan 2024 12:00:00 +0000", "day has more than 2 digits"),
        ("1 Jan 2024 24:00:00 +0000", "no such time"),
        ("1 Jan 2024 12:60:00 +0000", "no such time"),
        ("1 Jan 2024 9:00:00 +0000", "two digits"),
        ("1 Jan 2024 12:00:00", "no zone"),
        ("1 Jan 2024 12:00:00 +01:00", "offset of another form"),
        ("1 Jan 2024 12:00:00 +0160", "offset of another form"),
        ("1 Jan 2024 12:00:00 GMT+1", ""),
        ("1 Jan 2024 (a comment) 12:00:00 +0000", "form"),
        ("2024-01-01T12:00:00Z", "form"),
        ("Mon Jan  1 12:00:00 2024", "form"),
        ("\u0661 Jan 2024 12:00:00 +0000", "form"),
        ("1 Jan 2024 12:00:00 +0000\n", "form"),
        (" " * 10_000, "form"),
    ],
)
def test_what_is_no_date_is_told_why(text: str, told: str) -> None:
    assert told in dates.look(text).problem
    assert dates.look(text).problem or not told
