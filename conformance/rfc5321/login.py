"""What a login says: the responses of AUTH's mechanisms, and the forms of a password that nobody may read. No I/O."""

from __future__ import annotations

from base64 import b64encode

MECHANISMS = ("PLAIN", "LOGIN")
"""Those that the suite speaks, the one that it prefers first."""


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
    # A server may quote a part of what it was told: the end of PLAIN's response is the password's alone.
    tails = {form.rstrip("=") for form in forms}
    return tuple(sorted(forms | tails, key=len, reverse=True))
