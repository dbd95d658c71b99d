"""What LIMITS announces."""

from __future__ import annotations

import pytest

from conformance.rfc5321 import limits


@pytest.mark.parametrize(
    ("parameters", "word"),
    [
        ("", ""),
        ("RCPTMAX=100 MAILMAX=5", ""),
        ("rcptmax=100", ""),
        ("OTHER OTHER-ONE=a:b X_Y=", ""),
        ("RCPTMAX=999999", ""),
        ("RCPTMAX=1000000", "RCPTMAX=1000000"),
        ("MAILMAX=1 RCPTMAX=0", "RCPTMAX=0"),
        ("RCPTDOMAINMAX", "RCPTDOMAINMAX"),
        ("RCPTMAX=ten", "RCPTMAX=ten"),
        ("MAILMAX=-1", "MAILMAX=-1"),
        ("OTHER=a;b", "OTHER=a;b"),
        ("RCPTMAX=100;MAILMAX=5", "RCPTMAX=100;MAILMAX=5"),
        ("=5", "=5"),
        ("RCPTMAX=\u00b2", "RCPTMAX=\u00b2"),
    ],
)
def test_fault(parameters: str, word: str) -> None:
    """The first bad word is told."""
    assert limits.fault(parameters) == word


@pytest.mark.parametrize(
    ("parameters", "number"),
    [
        ("RCPTMAX=100 MAILMAX=5", 100),
        ("MAILMAX=5 rcptmax=7", 7),
        ("MAILMAX=5", None),
        ("RCPTMAX", None),
        ("RCPTMAX=0", None),
        ("RCPTMAX=1000000", None),
    ],
)
def test_announced(parameters: str, number: int | None) -> None:
    """What is no right number is none."""
    assert limits.announced(parameters, "RCPTMAX") == number
