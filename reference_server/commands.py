"""Command lines: what they are made of, the syntax of each verb's argument, and how others are refused."""

import re
from collections.abc import Container

from .parameters import PARAMETERS
from .paths import FORWARD_PATH, HOST, REVERSE_PATH

LINE = re.compile(rb"[ -~]*")  # not even a bare CR or LF
WIDER_LINE = re.compile(rb"[ -~\x80-\xff]*")  # of MAIL and RCPT, if it is UTF-8, until SMTPUTF8 is looked for
NOT_ASCII = b"501 5.5.2 Printable ASCII only"


def _syntax(*parts: bytes) -> re.Pattern[bytes]:
    return re.compile(b"".join(parts), re.IGNORECASE)


SYNTAX = {  # of each verb that of its argument, and how a 501 names it
    b"EHLO": (_syntax(HOST), b"EHLO host"),
    b"HELO": (_syntax(HOST), b"HELO host"),
    b"LHLO": (_syntax(HOST), b"LHLO host"),
    b"STARTTLS": (_syntax(), b"STARTTLS"),
    b"AUTH": (_syntax(rb"(?P<mechanism>[A-Z0-9_-]{1,20})(?: +(?P<initial>[!-~]+))?"), b"AUTH mechanism"),
    b"MAIL": (_syntax(rb"FROM:", REVERSE_PATH, PARAMETERS), b"MAIL FROM:<address>"),
    b"RCPT": (_syntax(rb"TO:", FORWARD_PATH, PARAMETERS), b"RCPT TO:<address>"),
    b"DATA": (_syntax(), b"DATA"),
    b"BDAT": (_syntax(rb"(?P<size>[0-9]{1,20})(?P<last> +LAST)?"), b"BDAT size [LAST]"),
    b"RSET": (_syntax(), b"RSET"),
    b"NOOP": (_syntax(rb".*"), b"NOOP"),
    b"VRFY": (_syntax(rb".+"), b"VRFY user"),
    b"HELP": (_syntax(rb".*"), b"HELP"),
    b"QUIT": (_syntax(), b"QUIT"),
}


def parse(line: bytes, verbs: Container[bytes]) -> tuple[bytes, re.Match[bytes] | bytes]:
    """Return the verb in capital letters, and what its argument says, or the reply by which the line is refused.

    Args:
        line: without its CRLF.
        verbs: those that are served; each has a syntax.
    """
    word, _, argument = line.rstrip(b" ").partition(b" ")
    verb = word.upper()
    wider = verb in (b"MAIL", b"RCPT") and is_utf8(line)
    if not (WIDER_LINE if wider else LINE).fullmatch(line):
        return verb, NOT_ASCII
    if verb == b"EXPN":
        return verb, b"502 5.5.1 Not implemented"
    if verb not in verbs:
        return verb, b"500 5.5.2 Command not recognized"
    syntax, usage = SYNTAX[verb]
    return verb, syntax.fullmatch(argument) or b"501 5.5.4 Syntax: " + usage


def is_utf8(line: bytes) -> bool:
    """Return whether the bytes are UTF-8, as ASCII is."""
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True
