"""What LIMITS announces in EHLO's reply (RFC 9422). No I/O."""

from __future__ import annotations

import re

NUMBERS = ("MAILMAX", "RCPTMAX", "RCPTDOMAINMAX")
"""Limits whose values are numbers."""
_WORD = re.compile(r"[A-Za-z0-9_-]+(?:=[!-:<-~]*)?")
_NUMBER = re.compile(r"0{0,5}[1-9][0-9]{0,5}")


def fault(parameters: str) -> str:
    """The first word that is none by the grammar, or has no right number for its value; empty if all are right.

    Args:
        parameters: what follows the keyword.
    """
    for word in parameters.split():
        name, _, value = word.partition("=")
        if not _WORD.fullmatch(word) or (name.upper() in NUMBERS and not _is_number(value)):
            return word
    return ""


def announced(parameters: str, name: str) -> int | None:
    """The number that is the value of a limit; None if there is none.

    Args:
        parameters: what follows the keyword.
        name: of the limit, in upper case.
    """
    words = dict(word.partition("=")[::2] for word in parameters.upper().split())
    value = words.get(name, "")
    return int(value) if _is_number(value) else None


def _is_number(value: str) -> bool:
    return len(value) <= 6 and bool(_NUMBER.fullmatch(value))
