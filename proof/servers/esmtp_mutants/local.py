"""Mutants of LMTP, and of submission."""

from __future__ import annotations

from proof.servers.edit import Edit, Mutant, within
from proof.servers.esmtp_mutants.common import first

LMTP = Edit("standard.py", 'PROTOCOLS = {"rfc5321": Esmtp,', 'PROTOCOLS = {"rfc5321": Lmtp,')
"""The server speaks LMTP whatever it is asked to speak."""
AS_LMTP = ("--role", "lmtp")
LOGIN_REQUIRED = Edit(
    "__main__.py", 'add("--require-login", action="store_true"', 'add("--require-login", action="store_false"'
)
AS_SUBMISSION = ("--role", "submission")


def _lmtp(name: str, breaks: str, *edits: Edit, also: str = "", why: str = "") -> Mutant:
    return Mutant(name, breaks, (LMTP, *edits), also, why, options=AS_LMTP)


def _submission(name: str, breaks: str, *edits: Edit, also: str = "", why: str = "") -> Mutant:
    return Mutant(name, breaks, (LOGIN_REQUIRED, *edits), also, why, options=AS_SUBMISSION)


REPLIES = "CRLF.join(replies[one] for one in self._recipients)"
LOCAL = [
    _lmtp(
        "lhlo-gets-251",
        "lmtp.lhlo",
        within("esmtp.py", "Esmtp._ehlo", '"250-"', '"251-"'),
        within("esmtp.py", "Esmtp._ehlo", '"250 "', '"251 "'),
    ),
    _lmtp(
        "lhlo-in-one-line",
        "lmtp.keywords",
        within("esmtp.py", "Esmtp._ehlo", "*lines, last =", 'return b"250 " + self._site.domain\n*lines, last ='),
        also="ehlo.complete ehlo.8bitmime",
        why="Nothing that it serves is announced.",
    ),
    _lmtp("ehlo-in-lmtp", "lmtp.no-ehlo", Edit("lmtp.py", 'not in (b"EHLO", b"HELO")', 'not in (b"HELO",)')),
    _lmtp("helo-in-lmtp", "lmtp.no-ehlo", Edit("lmtp.py", 'not in (b"EHLO", b"HELO")', 'not in (b"EHLO",)')),
    _lmtp(
        "lmtp-data-without-a-recipient-gets-554",
        "lmtp.no-rcpt",
        within("esmtp.py", "Esmtp._data", "503 5.5.1 RCPT first", "554 5.5.1 RCPT first"),
    ),
    _lmtp(
        "one-reply-for-all-recipients",
        "lmtp.each lmtp.bdat",
        within("lmtp.py", "Lmtp._end", REPLIES, "CRLF.join(replies[one] for one in self._recipients[:1])"),
    ),
    _lmtp(
        "one-reply-for-equal-recipients",
        "lmtp.each lmtp.bdat",
        within("lmtp.py", "Lmtp._end", REPLIES, "CRLF.join(replies[one] for one in dict.fromkeys(self._recipients))"),
    ),
    _lmtp(
        "one-reply-after-the-last-chunk",
        "lmtp.bdat",
        within(
            "lmtp.py",
            "Lmtp._end",
            REPLIES,
            "CRLF.join(replies[one] for one in (self._recipients[:1] if self._chunks else self._recipients))",
        ),
    ),
    _lmtp("lmtp-without-pipelining", "lmtp.keywords", within("site.py", "Site.keywords", 'b"PIPELINING",', "")),
    _lmtp(
        "lmtp-without-enhanced-codes",
        "lmtp.keywords",
        within("site.py", "Site.keywords", 'b"ENHANCEDSTATUSCODES",', ""),
    ),
]
SUBMISSION = [
    _submission(
        "submission-without-auth",
        "sub.auth",
        within("site.py", "Site.keywords", "if self.credentials and is_private", "if False"),
        also="ehlo.complete",
        why="AUTH is served all the same.",
    ),
    _submission(
        "no-login-from-the-same-machine",
        "sub.login",
        within(
            "esmtp.py",
            "Esmtp._mail",
            "not self._is_logged_in:",
            "not self._is_logged_in and not is_loopback(self._address):",
        ),
    ),
    _submission(
        "submission-refuses-the-null-sender",
        "sub.null mail.null",
        first("_mail", 'if self._is_logged_in and not found["mailbox"]:\n    return b"550 5.1.7 Not your address"'),
    ),
    _submission("submission-without-dsn", "sub.extensions", within("site.py", "Site.keywords", 'b"DSN",', "")),
    _submission(
        "submission-with-etrn",
        "sub.none",
        within("site.py", "Site.keywords", 'b"VRFY",', 'b"VRFY",\nb"ETRN",'),
        also="ehlo.true",
        why="It is announced, and there is none.",
    ),
    _submission(
        "bad-sender-gets-553",
        "sub.syntax",
        first(
            "_answer",
            'if line.upper().startswith(b"MAIL") and b"@@" in line:\n    return b"553 5.1.7 No such address"',
        ),
    ),
]
MUTANTS = (*LOCAL, *SUBMISSION)
