"""The mailboxes in a line of text, as VRFY and EXPN tell them (RFC 5321 3.5.1, 3.5.2). No I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass

from conformance.rfc5321 import grammar, trace

_ANGLED = re.compile(r"<[^<>]{1,1000}>")
_AROUND = "\"'`.,:;()"
"""What may stand around an address in free text, and is no part of it."""


@dataclass(frozen=True)
class Told:
    """A mailbox that a reply names.

    Attributes:
        mailbox: without brackets and route.
        route: the source route before it, with its colon, or nothing.
        bracketed: it stands in `<` and `>`.
    """

    mailbox: str
    route: str = ""
    bracketed: bool = True


def told(text: str) -> list[Told]:
    """All mailboxes in a text; where some stand in brackets, those alone."""
    paths = [trace.return_path(piece) for piece in _ANGLED.findall(text)]
    angled = [Told(path.mailbox, path.route) for path in paths if path.mailbox and not path.problem]
    words = (word.strip(_AROUND) for word in text.split())
    return angled or [Told(word, bracketed=False) for word in words if grammar.is_mailbox(word)]


def mentions(text: str, address: str) -> bool:
    """Whether a text names an address, in upper or lower case, and not only one that ends or begins like it."""
    return bool(re.search(rf"(?<![\w.!#$%&'*+/=?^`{{|}}~-]){re.escape(address)}(?![\w.-])", text, re.IGNORECASE))
