"""The parameters of MAIL and RCPT: which there are, what values they take, and how others are refused."""

import re
from collections.abc import Mapping, Sequence

SIZE_LIMIT = 10 * 2**20  # bytes of a message, its doubled dots not counted
RECIPIENTS_LIMIT = 1_000  # a message; each further one gets a 452, and the message keeps those it has

TOO_BIG = b"552 5.3.4 Message too big"

PARAMETERS = rb"(?P<parameters>(?: +[A-Z0-9][A-Z0-9-]*(?:=[!-<>-~]+)?)*)"
XTEXT = rb"(?:[!-*,-<>-~]|\+[0-9A-F]{2})"  # a character of it (RFC 3461, 4)


def _values(expression: bytes) -> re.Pattern[bytes]:
    return re.compile(expression, re.IGNORECASE)


NO_VALUE = _values(rb"")
OF_MAIL = {
    b"SIZE": _values(rb"[0-9]{1,20}"),
    b"BODY": _values(rb"7BIT|8BITMIME|BINARYMIME"),
    b"SMTPUTF8": NO_VALUE,
    b"RET": _values(rb"FULL|HDRS"),
    b"ENVID": _values(XTEXT + rb"{1,100}"),
}
OF_MAIL_WITH_AUTH = {**OF_MAIL, b"AUTH": _values(rb"<>|%b+" % XTEXT)}
OF_RCPT = {
    b"NOTIFY": _values(rb"NEVER|(?:SUCCESS|FAILURE|DELAY)(?:,(?:SUCCESS|FAILURE|DELAY))*"),
    b"ORCPT": _values(rb"[A-Z0-9-]+;%b{0,500}" % XTEXT),
}

Given = Sequence[tuple[bytes, bytes]]


def given(text: bytes) -> Given:
    """Return the parameters that stand behind a path: the keyword in capital letters, and the value or nothing."""
    parted = (parameter.partition(b"=") for parameter in text.split())
    return [(keyword.upper(), value) for keyword, _, value in parted]


def refusal(parameters: Given, known: Mapping[bytes, re.Pattern[bytes]]) -> bytes | None:
    """Return how the parameters are refused, or None if they are all right.

    Args:
        parameters: those of one MAIL or RCPT.
        known: the values that each keyword can have.
    """
    before: set[bytes] = set()
    for keyword, value in parameters:
        if keyword not in known:
            return b"555 5.5.4 Parameter not recognized"
        if keyword in before or not known[keyword].fullmatch(value):
            return b"501 5.5.4 Syntax: %b given once, with a value of its own" % keyword
        if keyword == b"SIZE" and int(value) > SIZE_LIMIT:
            return TOO_BIG
        before.add(keyword)
    return None
