"""What EHLO announces: the form of its lines, and the keywords that are registered. No I/O."""

from __future__ import annotations

import re

from conformance.rfc5321.grammar import KEYWORD

REGISTERED = {
    "SEND": "RFC 821",
    "SOML": "RFC 821",
    "SAML": "RFC 821",
    "TURN": "RFC 821",
    "EXPN": "RFC 5321",
    "HELP": "RFC 5321",
    "VRFY": "RFC 5321",
    "8BITMIME": "RFC 6152",
    "SIZE": "RFC 1870",
    "VERB": "no RFC",
    "ONEX": "no RFC",
    "CHUNKING": "RFC 3030",
    "BINARYMIME": "RFC 3030",
    "CHECKPOINT": "RFC 1845",
    "DELIVERBY": "RFC 2852",
    "PIPELINING": "RFC 2920",
    "DSN": "RFC 3461",
    "ETRN": "RFC 1985",
    "ENHANCEDSTATUSCODES": "RFC 2034",
    "STARTTLS": "RFC 3207",
    "NO-SOLICITING": "RFC 3865",
    "MTRK": "RFC 3885",
    "SUBMITTER": "RFC 4405",
    "ATRN": "RFC 2645",
    "AUTH": "RFC 4954",
    "BURL": "RFC 4468",
    "FUTURERELEASE": "RFC 4865",
    "CONPERM": "RFC 4141",
    "CONNEG": "RFC 4141",
    "UTF8SMTP": "RFC 5336",
    "SMTPUTF8": "RFC 6531",
    "MT-PRIORITY": "RFC 6710",
    "RRVS": "RFC 7293",
    "REQUIRETLS": "RFC 8689",
    "LIMITS": "RFC 9422",
}
"""IANA's registry "SMTP Service Extensions" (iana.org/assignments/smtp) in September 2025, each with its definition;
and VRFY, which RFC 5321 lets servers list as well."""
PARAMETER = re.compile(r"[!-~]+")


def fault(line: str) -> tuple[str, str]:
    """What is wrong with a line of EHLO's reply but the first (RFC 5321 4.1.1.1), and the worst verdict for that.

    Args:
        line: its text, without the code.

    Returns:
        A reason and `fail`, `warn` or `note`; two empty strings where nothing is wrong.
    """
    keyword, *parameters = line.split(" ")
    words = [word for word in parameters if word]
    if KEYWORD.fullmatch(keyword.partition("=")[0]) is None:
        return "a line that does not begin with a keyword", "fail"
    if any(PARAMETER.fullmatch(word) is None for word in [keyword, *words]):
        return "a parameter of other octets than printable ASCII", "fail"
    if "=" in keyword:
        return "a keyword with an equals sign", "note"
    if KEYWORD.fullmatch(keyword) is None:
        return "a keyword of other characters than letters, digits and hyphens", "fail"
    if len(words) < len(parameters):
        return "a space too many", "warn"
    return "", ""


def is_registered(keyword: str) -> bool:
    """Whether a server may announce a keyword: it is registered, or begins with the X of a private one."""
    return keyword.upper() in REGISTERED or keyword.upper().startswith("X")
