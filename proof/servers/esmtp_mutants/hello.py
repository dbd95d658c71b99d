"""Mutants of the section "EHLO and HELO"."""

from __future__ import annotations

from proof.servers.edit import Edit, Mutant, within
from proof.servers.esmtp_mutants.common import announced, first, said

LISTED = "return CRLF.join("

LIST = [
    Mutant("ehlo-gets-251", "ehlo.250", [said("_ehlo", '"250-"', '"251-"'), said("_ehlo", '"250 "', '"251 "')]),
    Mutant(
        "ehlo-says-hello-first",
        "ehlo.name",
        [said("_ehlo", "= self._site.domain,", '= b"Hello! " + self._site.domain,')],
    ),
    Mutant(
        "ehlo-names-the-client-in-quotes",
        "ehlo.name",
        [said("_ehlo", "= self._site.domain,", "= b\"'%b'\" % found[0],")],
    ),
    Mutant("ehlo-says-welcome-in-its-list", "ehlo.lines", [announced("Welcome, you!")]),
    Mutant("keyword-with-an-underscore", "ehlo.lines", [announced("X_BULK")]),
    Mutant("empty-line-in-the-list", "ehlo.lines", [announced("")]),
    Mutant(
        "two-spaces-before-a-parameter", "ehlo.lines", [within("site.py", "Site.keywords", 'b"SIZE %d"', 'b"SIZE  %d"')]
    ),
    Mutant("keyword-that-nobody-registered", "ehlo.registered", [announced("FROBNICATE")]),
    Mutant("announces-expn-and-has-none", "ehlo.true", [announced("EXPN")]),
    Mutant("announces-etrn-and-has-none", "ehlo.true", [announced("ETRN")]),
    Mutant(
        "announces-vrfy-and-has-none",
        "ehlo.true vrfy.known",
        [Edit("commands.py", 'if verb == b"EXPN":', 'if verb in (b"EXPN", b"VRFY"):')],
    ),
    Mutant(
        "announces-chunking-and-has-none",
        "ehlo.true",
        [Edit("commands.py", 'if verb == b"EXPN":', 'if verb in (b"EXPN", b"BDAT"):')],
    ),
    Mutant("help-is-not-announced", "ehlo.complete", [within("site.py", "Site.keywords", '    b"HELP",\n', "")]),
    Mutant(
        "starttls-is-not-announced",
        "ehlo.complete",
        [within("site.py", "Site.keywords", '*((b"STARTTLS",) if self.context and not is_encrypted else ()),', "")],
    ),
    Mutant(
        "8bitmime-is-not-announced",
        "ehlo.8bitmime",
        [within("site.py", "Site.keywords", 'b"8BITMIME",', "")],
        also="utf8.8bitmime",
        why="SMTPUTF8 may not be announced without it.",
    ),
    Mutant("xclient-for-anybody", "ehlo.trusting", [announced("XCLIENT ADDR NAME")]),
]
NAMES = [
    Mutant(
        "no-literal-in-ehlo",
        "ehlo.literal ehlo.literal-v6",
        [Edit("commands.py", 'b"EHLO": (_syntax(HOST)', 'b"EHLO": (_syntax(rb"[A-Z0-9.-]+")')],
    ),
    Mutant(
        "no-ipv6-literal-in-ehlo",
        "ehlo.literal-v6",
        [first("_ehlo", 'if b"IPv6" in found[0]:\n    return b"501 5.5.4 Syntax: EHLO host"')],
    ),
    Mutant(
        "ipv6-tag-in-its-own-letters-only",
        "ehlo.literal-v6",
        [first("_ehlo", 'if found[0].startswith(b"[ipv6"):\n    return b"501 5.5.4 Syntax: EHLO host"')],
    ),
    Mutant(
        "no-ipv4-in-an-ipv6-literal",
        "ehlo.literal-v6",
        [
            first(
                "_ehlo",
                'if found[0].lower().startswith(b"[ipv6") and b"." in found[0]:\n'
                '    return b"501 5.5.4 Syntax: EHLO host"',
            )
        ],
    ),
    Mutant(
        "name-of-64-octets-at-most",
        "ehlo.long-name",
        [first("_ehlo", 'if len(found[0]) > 64:\n    return b"500 5.5.2 Line too long"')],
    ),
    Mutant(
        "name-of-another-host-refused",
        "ehlo.mismatch",
        [first("_mail", 'if self._client == b"elsewhere.example":\n    return b"550 5.7.1 That is not your name"')],
    ),
]
STATE = [
    Mutant("ehlo-and-helo-keep-the-transaction", "ehlo.resets", [said("_helo", "self._forget_message()", "pass")]),
    Mutant(
        "ehlo-keeps-the-transaction", "ehlo.resets", [said("_ehlo", "self._helo(found)", "self._client = found[0]")]
    ),
    Mutant(
        "helo-keeps-the-recipients-sender",
        "ehlo.resets",
        [said("_helo", "self._forget_message()", "self._recipients = []")],
    ),
    Mutant(
        "second-ehlo-gets-503",
        "ehlo.again",
        [first("_ehlo", 'if self._client:\n    return b"503 5.5.1 Duplicate EHLO"')],
    ),
    Mutant(
        "ehlo-after-helo-gets-503",
        "ehlo.again",
        [first("_ehlo", 'if self._client and not self._is_extended:\n    return b"503 5.5.1 Duplicate HELO"')],
    ),
    Mutant(
        "second-ehlo-refused-and-resets",
        "ehlo.refused-keeps",
        [first("_ehlo", 'if self._client:\n    self._forget_message()\n    return b"501 5.5.1 Once is enough"')],
    ),
    Mutant(
        "ehlo-without-a-name-resets",
        "ehlo.refused-keeps",
        [first("_answer", 'if line.upper() == b"EHLO":\n    self._forget_message()')],
    ),
    Mutant("helo-gets-220", "helo.250", [said("_helo", 'return b"250 "', 'return b"220 "')]),
    Mutant("helo-answered-as-ehlo", "helo.plain", [Edit("esmtp.py", 'b"HELO": Esmtp._helo', 'b"HELO": Esmtp._ehlo')]),
    Mutant(
        "helo-with-a-motto",
        "helo.plain",
        [
            said(
                "_helo",
                'return b"250 " + self._site.domain',
                'return b"250-%b\\r\\n250 Nice to meet you" % self._site.domain',
            )
        ],
    ),
    Mutant(
        "no-mail-after-helo",
        "helo.transaction",
        [first("_mail", 'if self._client and not self._is_extended:\n    return b"503 5.5.1 EHLO first"')],
    ),
    Mutant(
        "no-message-after-helo",
        "helo.transaction",
        [
            first(
                "_end",
                'if not self._is_extended:\n    self._forget_message()\n    return b"554 5.6.0 Not without EHLO"',
            )
        ],
    ),
]
MUTANTS = (*LIST, *NAMES, *STATE)
