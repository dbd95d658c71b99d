"""Names and addresses by the grammar."""

from __future__ import annotations

import pytest

from conformance.rfc5321 import grammar


@pytest.mark.parametrize("text", ["a", "mail.example", "a-b.example.", "x1.example", "[192.0.2.1]", "[IPv6:::1]"])
def test_hosts(text: str) -> None:
    assert grammar.is_host(text)


@pytest.mark.parametrize(
    "text", ["", "-a", "a-", "a_b", "a..b", "[300.1.1.1]", "[::1]", "[IPv6:zz]", "a b", "a" * 64, "x\n", "a." * 140]
)
def test_what_is_none(text: str) -> None:
    assert not grammar.is_host(text)


@pytest.mark.parametrize("text", ["a@b", "a.b+c@d.example", '"a b"@c', '"a\\"b"@c.example', "a@[192.0.2.1]"])
def test_mailboxes(text: str) -> None:
    assert grammar.is_mailbox(text)


@pytest.mark.parametrize("text", ["a", "@b", "a@", ".a@b", "a..b@c", "a b@c", '"a"b@c', "<a@b>"])
def test_what_is_no_mailbox(text: str) -> None:
    assert not grammar.is_mailbox(text)
