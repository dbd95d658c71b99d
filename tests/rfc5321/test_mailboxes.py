"""Mailboxes in the text of replies."""

from __future__ import annotations

import pytest

from conformance.rfc5321.mailboxes import Told, mentions, told


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2.1.5 Jane Doe <jane@d.example>", [Told("jane@d.example")]),
        ("jane@d.example", [Told("jane@d.example", bracketed=False)]),
        ("user is jane@d.example, here.", [Told("jane@d.example", bracketed=False)]),
        ("<@a.example,@b.example:jane@d.example>", [Told("jane@d.example", "@a.example,@b.example:")]),
        ("<Postmaster>", [Told("Postmaster")]),
        ("<a@d.example> <b@d.example>", [Told("a@d.example"), Told("b@d.example")]),
        ("jane@d.example (mailbox <jane@d.example>)", [Told("jane@d.example")]),
        ("cannot VRFY user, but will take mail", []),
        ("<jane> <> <a@> @ <@d.example>", []),
    ],
)
def test_told(text: str, found: list[Told]) -> None:
    """Brackets go before bare words, and what is no address is none."""
    assert told(text) == found


@pytest.mark.parametrize(
    ("text", "is_there"),
    [
        ("box@d.example", True),
        ("for <BOX@D.example>; Mon", True),
        ("for box@d.example;", True),
        ("mybox@d.example", False),
        ("a.box@d.example", False),
        ("box@d.example.org", False),
        ("box@dxexample", False),
    ],
)
def test_mentions(text: str, is_there: bool) -> None:
    """An address is not found within a longer one."""
    assert mentions(text, "box@d.example") is is_there
