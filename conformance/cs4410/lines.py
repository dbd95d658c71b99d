"""What clients of the assignment say, as templates: right commands, every deliberate error, awkward names."""

from __future__ import annotations

import string

RIGHT = {
    "HELO": "HELO {host}",
    "MAIL": "MAIL FROM: {address}",
    "RCPT": "RCPT TO: {address}",
    "DATA": "DATA",
}
"""The four commands as they should be."""

WRONG = {
    "HELO-alone": "HELO",
    "HELO-two-hosts": "HELO {host} {host}",
    "MAIL-no-address": "MAIL FROM:",
    "RCPT-no-address": "RCPT TO:",
    "DATA-argument": "DATA {token}",
    "MAIL-space-inside": "MAIL FROM: student {address}",
    "RCPT-space-inside": "RCPT TO: staff {address}",
    "MAIL-alone": "MAIL",
    "MAIL-no-FROM": "MAIL {address}",
    "MAIL-no-colon": "MAIL FROM {address}",
    "MAIL-TO": "MAIL TO: {address}",
    "MAILFROM": "MAILFROM: {address}",
    "RCPT-alone": "RCPT",
    "RCPT-FROM": "RCPT FROM: {address}",
    "RCPT-no-colon": "RCPT TO {address}",
    "RCPTTO": "RCPTTO: {address}",
    "HELO-glued": "HELOx {host}",
    "DATA-colon": "DATA:",
    "unknown": "mkdir",
    "unknown-argument": "SEND FROM: {address}",
    "unknown-like-HELO": "HELLO {host}",
    "unknown-punctuation": "?",
    "unknown-dot": ".",
    "unknown-digits": "250 OK",
}
"""Every way of getting a command wrong that the assignment names, and some that it leaves to be understood."""

LINES = RIGHT | WRONG

ERRORS = {
    "unknown": ("greeted", "mkdir"),
    "syntax": ("connected", "HELO"),
    "duplicate": ("greeted", "HELO {host}"),
    "nested": ("sender", "MAIL FROM: {address}"),
    "bad-sender": ("greeted", "MAIL FROM: student {address}"),
    "bad-recipient": ("sender", "RCPT TO: staff {address}"),
    "need": ("greeted", "DATA"),
}
"""One way to each error reply of the handout: the state, and the line."""

REPLIES = {
    "helo": ("connected", "HELO {host}"),
    "mail": ("greeted", "MAIL FROM: {address}"),
    "rcpt": ("sender", "RCPT TO: {address}"),
    "data": ("recipient", "DATA"),
    **ERRORS,
}
"""One way to each reply to a command line."""

AWKWARD_ADDRESSES = {
    "one-character": "x",
    "no-at": "postmaster",
    "digits": "0",
    "all-punctuation": string.punctuation.replace("<", "").replace(">", ""),
    "bracketed": "<someone@example.org>",
    "empty-brackets": "<>",
    "half-bracket": "a>b@example.org",
    "dots": "..a..b..@..example..org..",
    "only-dot": ".",
    "colons": "a:b:c@example.org:",
    "like-a-verb": "DATA",
    "like-a-path": "FROM:",
    "quoted": '"a.b"@example.org',
    "percent": "user%other@example.org",
    "long": "l" * 64 + "@" + "e" * 300,
    "mixed-case": "MixedCase@Example.ORG",
}
"""Valid addresses that a careless server stumbles over."""

AWKWARD_HOSTS = {
    "one-character": "a",
    "digits": "127",
    "dotted": "a.b.c.d.e.f.example.org",
    "hyphens": "a-b--c",
    "mixed-case": "MixedCase.Example.ORG",
    "ip": "192.0.2.1",
    "like-a-verb": "HELO",
    "long": "h" * 63 + "." + "o" * 63 + ".example",
}
"""Host names of letters, digits, dots and hyphens that a careless server stumbles over."""

ODD_HOSTS = {"underscore": "my_host", "literal": "[192.0.2.1]", "punctuation": "!#$%&'*+/=?^`{|}~", "colon": "::1"}
"""Printable tokens that are no names of letters, digits, dots and hyphens."""
