"""Mutants of the section "Commands": spelling, syntax, HELO, MAIL and RCPT."""

from __future__ import annotations

from proof.servers.edit import Edit, Mutant, begun, within

SPELLING = [
    Mutant(
        "verbs-in-upper-case-only",
        "case.verbs",
        [Edit("session.py", "verb = word.upper()", "verb = word")],
    ),
    Mutant(
        "from-in-upper-case-only",
        "case.verbs",
        [
            Edit(
                "session.py",
                '(rb"FROM[ \\t]*:[ \\t]*(.+)", re.DOTALL | re.IGNORECASE)',
                '(rb"FROM:[ \\t]*(.+)", re.DOTALL)',
            )
        ],
    ),
    Mutant(
        "addresses-made-lower-case",
        "case.arguments",
        [begun("session.py", "Session._mail", "address = address.lower()")],
    ),
    Mutant(
        "host-made-lower-case",
        "case.arguments",
        [within("session.py", "Session._helo", "self._host = host", "self._host = host.lower()")],
    ),
    Mutant(
        "whole-line-made-upper-case",
        "case.arguments",
        [begun("session.py", "Session._answer", "line = line.upper()")],
    ),
    Mutant(
        "one-space-and-no-more",
        "space.spaces space.tabs",
        [Edit("session.py", 'WHITE_SPACE = re.compile(rb"[ \\t]+")', 'WHITE_SPACE = re.compile(rb" ")')],
    ),
    Mutant(
        "spaces-before-the-verb-refused",
        "space.spaces space.tabs",
        [Edit("session.py", 'line.strip(b" \\t")', 'line.rstrip(b" \\t")')],
    ),
    Mutant(
        "spaces-after-data-taken-for-an-argument",
        "space.spaces",
        [
            begun(
                "session.py", "Session._answer", 'if line.upper().startswith(b"DATA "):\n    return b"501 Syntax: DATA"'
            )
        ],
    ),
    Mutant(
        "spaces-at-the-end-part-of-the-address",
        "space.spaces space.tabs",
        [
            Edit("session.py", 'line.strip(b" \\t")', 'line.lstrip(b" \\t")'),
            Edit("session.py", 'rb"([!-~]+)"', 'rb"([!-~]+) *"'),
            Edit("session.py", 'rb""', 'rb" *"'),
        ],
    ),
    Mutant(
        "tabs-are-no-white-space",
        "space.tabs",
        [
            Edit("session.py", 'WHITE_SPACE = re.compile(rb"[ \\t]+")', 'WHITE_SPACE = re.compile(rb" +")'),
            Edit("session.py", 'line.strip(b" \\t")', 'line.strip(b" ")'),
        ],
    ),
    Mutant(
        "space-after-the-colon-required",
        "space.after-colon",
        [
            Edit("session.py", "FROM[ \\t]*:[ \\t]*", "FROM[ \\t]*:[ \\t]+"),
            Edit("session.py", "TO[ \\t]*:[ \\t]*", "TO[ \\t]*:[ \\t]+"),
        ],
    ),
]

UNKNOWN_AND_SYNTAX = [
    Mutant(
        "unknown-command-in-other-words",
        "unknown",
        [Edit("session.py", "502 5.5.2 Error: command not recognized", "502 5.5.2 Error: unknown command")],
    ),
    Mutant(
        "unknown-command-gets-500",
        "unknown",
        [Edit("session.py", "502 5.5.2 Error: command not", "500 5.5.2 Error: command not")],
    ),
    Mutant("argument-of-data-ignored", "syntax", [Edit("session.py", 'rb""', 'rb".*"')]),
    Mutant("second-word-of-helo-ignored", "syntax", [Edit("session.py", 'rb"([!-~]+)"', 'rb"([!-~]+).*"')]),
    Mutant(
        "missing-address-taken-for-a-bad-one",
        "syntax",
        [
            Edit("session.py", "FROM[ \\t]*:[ \\t]*(.+)", "FROM[ \\t]*:[ \\t]*(.*)"),
            Edit("session.py", "TO[ \\t]*:[ \\t]*(.+)", "TO[ \\t]*:[ \\t]*(.*)"),
        ],
    ),
    Mutant(
        "syntax-error-names-no-verb",
        "syntax.verb",
        [Edit("session.py", 'b"501 Syntax: " + proper_syntax', 'b"501 Syntax: see the manual"')],
    ),
    Mutant(
        "verb-is-the-first-four-letters",
        "syntax.boundary",
        [
            begun(
                "session.py",
                "Session._answer",
                'line = line.strip(b" \\t")\nline = (line[:4] + b" " + line[4:]).rstrip(b" ")',
            )
        ],
    ),
    Mutant(
        "mail-without-from-accepted",
        "syntax.boundary syntax",
        [Edit("session.py", 'rb"FROM[ \\t]*:[ \\t]*(.+)"', 'rb"(?:FROM)?[ \\t]*:?[ \\t]*(.+)"')],
    ),
]

HELO = [
    Mutant("helo-refused", "helo", [Edit("session.py", 'return b"250 " + self._netid', 'return b"550 go away"')]),
    Mutant(
        "helo-reply-of-two-lines",
        "helo reply.one",
        [Edit("session.py", 'b"250 " + self._netid', 'b"250-" + self._netid + b"\\r\\n250 HELP"')],
    ),
    Mutant("host-of-digits-refused", "helo.hosts", [Edit("session.py", 'rb"([!-~]+)"', 'rb"([^\\s\\d][!-~]*)"')]),
    Mutant(
        "host-is-letters-digits-dots-hyphens", "helo.printable", [Edit("session.py", 'rb"([!-~]+)"', 'rb"([\\w.-]+)"')]
    ),
    Mutant(
        "helo-needed-for-each-message",
        "helo.once",
        [begun("session.py", "Session._forget_message", 'self._host = b""')],
    ),
    Mutant(
        "second-helo-accepted",
        "helo.duplicate",
        [Edit("session.py", 'return b"503 Error: duplicate HELO"', 'return b"250 " + self._netid')],
    ),
    Mutant(
        "second-helo-starts-over",
        "helo.duplicate helo.first-stays",
        [within("session.py", "Session._helo", 'return b"503 Error: duplicate HELO"', "self._forget_message()")],
    ),
    Mutant(
        "second-helo-changes-the-host",
        "helo.first-stays",
        [within("session.py", "Session._helo", 'return b"503', 'self._host = host\nreturn b"503')],
    ),
]

MAIL = [
    Mutant("mail-reply-without-enhanced-code", "mail", [Edit("session.py", "250 2.1.0 OK", "250 OK")]),
    Mutant("mail-reply-in-other-case", "mail.words", [Edit("session.py", "250 2.1.0 OK", "250 2.1.0 Ok")]),
    Mutant(
        "nested-mail-in-other-words",
        "mail.nested",
        [Edit("session.py", "503 5.5.1 Error: nested", "503 Error: nested")],
    ),
    Mutant(
        "nested-mail-accepted",
        "mail.nested mail.first-stays",
        [within("session.py", "Session._mail", 'return b"503 5.5.1 Error: nested MAIL command"', "pass")],
    ),
    Mutant(
        "nested-mail-changes-the-sender",
        "mail.first-stays",
        [within("session.py", "Session._mail", 'return b"503', 'self._reverse_path = address\nreturn b"503')],
    ),
    Mutant("bad-sender-gets-555", "sender.refused", [Edit("session.py", "504 5.5.2 <%b>: Sender", "555 <%b>: Sender")]),
    Mutant(
        "bad-sender-without-brackets",
        "sender.refused",
        [Edit("session.py", "504 5.5.2 <%b>: Sender", "504 5.5.2 %b: Sender")],
    ),
    Mutant(
        "bad-sender-shown-as-far-as-the-space",
        "sender.refused",
        [within("session.py", "Session._mail", "_on_one_line(address)", "address.split()[0]")],
    ),
    Mutant(
        "bad-sender-kept",
        "recover",
        [within("session.py", "Session._mail", 'return b"504', 'self._reverse_path = address\nreturn b"504')],
    ),
    Mutant(
        "address-needs-an-at-sign",
        "address.characters",
        [
            begun(
                "session.py",
                "Session._mail",
                """
                if b"@" not in address:
                    return b"504 5.5.2 <%b>: Sender address rejected" % _on_one_line(address)
                """,
            )
        ],
    ),
    Mutant(
        "8-bit-addresses-accepted",
        "address.unprintable",
        [Edit("session.py", 'PRINTABLE = re.compile(rb"[!-~]+")', 'PRINTABLE = re.compile(rb"[^\\s]+")')],
    ),
]

RCPT = [
    Mutant("rcpt-reply-without-enhanced-code", "rcpt", [Edit("session.py", "250 2.1.5 OK", "250 OK")]),
    Mutant("rcpt-reply-in-other-case", "rcpt.words", [Edit("session.py", "250 2.1.5 OK", "250 2.1.5 Ok")]),
    Mutant(
        "rcpt-reply-in-other-case-after-a-message",
        "rcpt.words",
        [
            within(
                "session.py", "Session._data", "self._forget_message()", "self._forget_message()\nself._sent = True"
            ),
            within(
                "session.py",
                "Session._rcpt",
                'return b"250 2.1.5 OK"',
                'return b"250 2.1.5 Ok" if "_sent" in vars(self) else b"250 2.1.5 OK"',
            ),
        ],
    ),
    Mutant(
        "second-rcpt-refused",
        "rcpt rcpt.lines recipient.refused",
        [
            begun(
                "session.py",
                "Session._rcpt",
                'if self._recipients:\n    return b"503 5.5.1 Error: nested RCPT command"',
            )
        ],
    ),
    Mutant(
        "only-the-last-recipient-kept",
        "rcpt.lines",
        [Edit("session.py", "self._recipients.append(address)", "self._recipients = [address]")],
    ),
    Mutant(
        "recipients-on-one-line",
        "rcpt.lines",
        [
            Edit(
                "mailbox.py",
                '*(b"To: " + recipient for recipient in self.recipients)',
                'b"To: " + b", ".join(self.recipients)',
            )
        ],
    ),
    Mutant(
        "an-entry-for-each-recipient",
        "rcpt.lines",
        [
            begun(
                "mailbox.py",
                "Mailbox.deliver",
                """
                for recipient in message.recipients[1:]:
                    self.deliver(Message(message.host, message.reverse_path, [recipient], message.body))
                message.recipients[1:] = []
                """,
            )
        ],
    ),
    Mutant(
        "recipients-sorted",
        "rcpt.order",
        [Edit("mailbox.py", "for recipient in self.recipients", "for recipient in sorted(self.recipients)")],
    ),
    Mutant(
        "bad-recipient-in-other-words",
        "recipient.refused",
        [Edit("session.py", "Recipient address invalid", "Recipient address rejected")],
    ),
    Mutant(
        "bad-recipient-accepted",
        "recipient.refused recipient.not-kept",
        [within("session.py", "Session._rcpt", "not PRINTABLE.fullmatch(address)", "False")],
    ),
    Mutant(
        "bad-recipient-kept",
        "recipient.not-kept",
        [within("session.py", "Session._rcpt", 'return b"504', 'self._recipients.append(address)\nreturn b"504')],
    ),
]

MUTANTS = SPELLING + UNKNOWN_AND_SYNTAX + HELO + MAIL + RCPT
