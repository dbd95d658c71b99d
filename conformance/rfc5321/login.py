"""What a login says: the responses of AUTH's mechanisms, and the forms of a password that nobody may read. No I/O."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator

MECHANISMS = ("PLAIN", "LOGIN")
"""Those that the suite speaks, the one that it prefers first."""
SHORTEST_CORE = 4
"""Characters of a part of a secret that is hidden: shorter ones stand in any text."""


def encoded(text: str) -> str:
    """A text as AUTH's lines have it: UTF-8 in base64."""
    return b64encode(text.encode()).decode()


def plain_response(user: str, password: str) -> str:
    """The response of PLAIN (RFC 4616), encoded."""
    return encoded(f"\0{user}\0{password}")


def secrets(user: str, password: str) -> tuple[str, ...]:
    """The forms in which a password may be said, longest first; none for an empty one."""
    if not password:
        return ()
    forms = {password, encoded(password), plain_response(user, password), encoded(f"{user}\0{user}\0{password}")}
    # A server may quote a part of what it was told.
    parts = {form.rstrip("=") for form in forms} | set(_cores(password.encode()))
    return tuple(sorted(forms | parts, key=len, reverse=True))


def _cores(secret: bytes) -> Iterator[str]:
    """What stands in base64 for a secret wherever it begins, without the characters that its neighbours share."""
    for before in range(3):
        whole = b64encode(b"\0" * before + secret).decode()
        core = whole[-(-before * 8 // 6) : (before + len(secret)) * 8 // 6]
        if len(core) >= SHORTEST_CORE:
            yield core
