"""Lines of EHLO's reply, and their keywords."""

from __future__ import annotations

import pytest

from conformance.rfc5321.keywords import REGISTERED, fault, is_registered


@pytest.mark.parametrize("line", ["SIZE", "SIZE 1000", "8BITMIME", "AUTH PLAIN LOGIN", "X-a", "size", "LIMITS A=1 B=2"])
def test_a_right_line_has_no_fault(line: str) -> None:
    assert fault(line) == ("", "")


@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        ("", "fail"),
        (" SIZE", "fail"),
        ("-SIZE", "fail"),
        ("=LOGIN", "fail"),
        ("HELLO, my friend", "fail"),
        ("UTF_8", "fail"),
        ("SIZE\t1000", "fail"),
        ("SIZE 10\x07", "fail"),
        ("SIZE 10\xe9", "fail"),
        ("AUTH=\xe9", "fail"),
        ("AUTH=LOGIN", "note"),
        ("AUTH=LOGIN PLAIN ", "note"),
        ("SIZE ", "warn"),
        ("SIZE  1000", "warn"),
    ],
)
def test_a_fault_is_as_bad_as_it_is(line: str, verdict: str) -> None:
    assert fault(line)[1] == verdict


def test_a_keyword_is_registered_in_any_case_or_private() -> None:
    assert is_registered("size") and is_registered("XCLIENT") and is_registered("x-mine")
    assert not is_registered("FROB")


def test_the_registry_is_in_upper_case_and_has_nothing_private() -> None:
    assert all(keyword == keyword.upper() and not keyword.startswith("X") for keyword in REGISTERED)
