"""Mutants of the section "MAIL": senders, parameters, and what a refused one leaves."""

from __future__ import annotations

from proof.servers.edit import Edit, Mutant, headed, within
from proof.servers.esmtp_mutants.common import RECIPIENT_KEPT, SENDER_KEPT, first, said

ATOM = "!#$%&'*+/=?^_`{|}~"
SECOND = 'return b"503 5.5.1 There is a sender already"'
REFUSED = "if refusal := parameters.refusal(given, known):"
RUN = 'subprocess.run(["sh", "-c", {0}], capture_output=True)'


def _without(signs: str) -> list[Edit]:
    kept = "".join(sign for sign in ATOM if sign not in signs)
    return [Edit("paths.py", ATOM, kept)]


def _too_long(answer: str, what: str, octets: int) -> Edit:
    """Refuse a mailbox, or a part of it, that is longer than some octets."""
    return first(
        answer, f'mailbox = found["mailbox"] or b""\nif len({what}) > {octets}:\n    return b"501 5.1.3 Path too long"'
    )


TRANSACTION = [
    Mutant("sender-gets-251", "mail.250", [said("_mail", "250 2.1.0", "251 2.1.0")]),
    Mutant(
        "null-sender-is-spam",
        "mail.null",
        [first("_mail", 'if not found["mailbox"]:\n    return b"550 5.7.1 No null senders"')],
    ),
    Mutant(
        "null-sender-is-a-syntax-error",
        "mail.null",
        [Edit("paths.py", 'REVERSE_PATH = rb"<(?:%b%b)?>"', 'REVERSE_PATH = rb"<(?:%b%b)>"')],
    ),
    Mutant(
        "sender-kept-before-its-parameters-are-read",
        "mail.refused-keeps",
        [said("_mail", REFUSED, f"{SENDER_KEPT}\n{REFUSED}")],
    ),
    Mutant(
        "refused-sender-becomes-the-null-sender",
        "mail.refused-keeps",
        [said("_mail", "return refusal", 'self._reverse_path = b""\nreturn refusal')],
    ),
    Mutant(
        "sender-of-8-bits-becomes-the-null-sender",
        "mail.refused-keeps",
        [said("_mail", "return commands.NOT_ASCII", 'self._reverse_path = b""\nreturn commands.NOT_ASCII')],
    ),
    Mutant(
        "second-sender-refused-and-resets", "mail.nested", [said("_mail", SECOND, f"self._forget_message()\n{SECOND}")]
    ),
    Mutant(
        "second-sender-refused-and-drops-recipients",
        "mail.nested",
        [said("_mail", SECOND, f"self._recipients = []\n{SECOND}")],
    ),
    Mutant("second-sender-joins-the-old-recipients", "mail.nested", [said("_mail", SECOND, "pass")]),
    Mutant("second-sender-refused-and-kept", "mail.nested", [said("_mail", SECOND, f"{SENDER_KEPT}\n{SECOND}")]),
    Mutant(
        "second-sender-taken-and-ignored",
        "mail.nested",
        [said("_mail", SECOND, 'self._recipients = []\nreturn b"250 2.1.0 Sender OK"')],
    ),
]
PATHS = [
    Mutant(
        "path-not-closed",
        "mail.malformed",
        [Edit("paths.py", 'REVERSE_PATH = rb"<(?:%b%b)?>"', 'REVERSE_PATH = rb"<(?:%b%b)?>?"')],
    ),
    Mutant(
        "two-at-signs-in-a-sender",
        "mail.malformed",
        [
            first("_mail", "pass"),
            Edit(
                "commands.py",
                '_syntax(rb"FROM:", REVERSE_PATH',
                '_syntax(rb"FROM:(?:<[^ <>@]+@@[^ <>]+>|", REVERSE_PATH, rb")"',
            ),
        ],
    ),
    Mutant(
        "spaces-in-a-sender",
        "mail.malformed",
        [
            Edit(
                "commands.py",
                '_syntax(rb"FROM:", REVERSE_PATH',
                '_syntax(rb"FROM:(?:<[A-Z]+ [^<>@]+@[^ <>]+>|", REVERSE_PATH, rb")"',
            )
        ],
    ),
    Mutant("no-plus-in-addresses", "mail.atext", _without("+")),
    Mutant("no-equals-sign-in-addresses", "mail.atext", _without("=")),
    Mutant("no-underscore-in-addresses", "mail.atext", _without("_")),
    Mutant(
        "one-dot-in-a-local-part",
        "mail.atext",
        [
            first(
                "_rcpt",
                'if (found["mailbox"] or b"").rpartition(b"@")[0].count(b".") > 1:\n'
                '    return b"501 5.1.3 Syntax: too many dots"',
            )
        ],
    ),
    Mutant("no-vertical-bar-in-addresses", "mail.atext-rare", _without("|")),
    Mutant("letters-digits-and-little-else", "mail.atext-rare", _without("!#$%&'*/?^`{|}~")),
    Mutant(
        "no-slash-in-recipients",
        "mail.atext-rare",
        [first("_rcpt", 'if b"/" in (found["mailbox"] or b""):\n    return b"501 5.1.3 Syntax: a path"')],
    ),
    Mutant(
        "no-quoted-local-parts",
        "mail.quoted rcpt.quoted-equal",
        [Edit("paths.py", "(DOT_STRING, QUOTED_STRING, HOST)", "(DOT_STRING, DOT_STRING, HOST)")],
    ),
    Mutant("quoted-part-ends-at-its-first-quote", "mail.quoted", [Edit("paths.py", r"|\\[ -~])*", r"|\\[ !#-~])*")]),
    Mutant("at-sign-ends-a-quoted-part", "mail.quoted", [Edit("paths.py", r'"(?:[ !#-\[\]-~', r'"(?:[ !#-?A-\[\]-~')]),
    Mutant(
        "quoted-senders-are-not-wanted",
        "mail.quoted",
        [first("_mail", 'if b\'"\' in found[0]:\n    return b"553 5.1.7 No quotes please"')],
    ),
    Mutant(
        "no-literals-in-addresses",
        "mail.literal rcpt.literal",
        [Edit("paths.py", "(DOT_STRING, QUOTED_STRING, HOST)", "(DOT_STRING, QUOTED_STRING, DOMAIN)")],
    ),
    Mutant(
        "no-ipv6-literals-in-addresses",
        "mail.literal",
        [first("_mail", 'if b"[IPv6:" in found[0]:\n    return b"501 5.1.7 Syntax: no such address"')],
    ),
    Mutant(
        "no-source-routes",
        "mail.route rcpt.route",
        [Edit("paths.py", 'ROUTE = rb"(?:@%b(?:,@%b)*:)?" % (DOMAIN, DOMAIN)', 'ROUTE = rb""')],
    ),
    Mutant(
        "one-hop-in-a-source-route",
        "mail.route rcpt.route",
        [Edit("paths.py", 'ROUTE = rb"(?:@%b(?:,@%b)*:)?" % (DOMAIN, DOMAIN)', 'ROUTE = rb"(?:@%b:)?" % DOMAIN')],
    ),
    Mutant(
        "local-part-of-63-octets",
        "mail.length-local mail.length-path",
        [_too_long("_mail", 'mailbox.rpartition(b"@")[0]', 63)],
    ),
    Mutant(
        "local-part-of-a-recipient-of-32-octets",
        "mail.length-local",
        [_too_long("_rcpt", 'mailbox.rpartition(b"@")[0]', 32)],
    ),
    Mutant("path-of-255-octets", "mail.length-path", [_too_long("_mail", "mailbox", 253)]),
]
PARAMETERS = [
    Mutant(
        "unknown-parameters-ignored",
        "mail.param-unknown rcpt.param-unknown",
        [within("parameters.py", "refusal", 'return b"555 5.5.4 Parameter not recognized"', "continue")],
    ),
    Mutant(
        "whatever-stands-behind-the-sender-ignored",
        "mail.param-unknown",
        [
            said(
                "_mail",
                REFUSED,
                'if b"FROB" not in found["parameters"] and (refusal := parameters.refusal(given, known)):',
            )
        ],
    ),
    Mutant(
        "names-of-parameters-in-upper-case-only",
        "mail.param-case",
        [within("parameters.py", "given", "keyword.upper()", "keyword")],
    ),
    Mutant(
        "one-parameter-at-most",
        "mail.param-all",
        [said("_mail", REFUSED, 'if len(given) > 1:\n    return b"501 5.5.4 Syntax: one parameter"\n' + REFUSED)],
    ),
    Mutant(
        "size-has-to-come-first",
        "mail.param-all",
        [
            said(
                "_mail",
                REFUSED,
                'if b"SIZE" in [keyword for keyword, _ in given[1:]]:\n    return b"501 5.5.4 Syntax: SIZE first"\n'
                + REFUSED,
            )
        ],
    ),
    Mutant(
        "room-for-100-octets-of-parameters",
        "mail.param-all",
        [
            said(
                "_mail",
                REFUSED,
                'if len(found["parameters"]) > 50:\n    return b"501 5.5.4 Syntax: too many parameters"\n' + REFUSED,
            )
        ],
    ),
]
SHELL = [
    Mutant(
        "recipient-in-a-shell",
        "mail.no-shell",
        [
            headed("esmtp.py", "import subprocess"),
            said("_rcpt", RECIPIENT_KEPT, RUN.format('b"echo " + mailbox.rpartition(b"@")[0]') + f"\n{RECIPIENT_KEPT}"),
        ],
    ),
    Mutant(
        "sender-in-a-shell-in-quotes",
        "mail.no-shell",
        [
            headed("esmtp.py", "import subprocess"),
            first("_deliver", RUN.format('b\'echo "%b"\' % (self._reverse_path or b"")')),
        ],
    ),
    Mutant(
        "file-named-after-its-recipient",
        "mail.no-shell",
        [
            headed("maildir.py", "from contextlib import suppress"),
            within(
                "maildir.py",
                "Maildir.deliver",
                "for name in names:\n",
                """
            for one in message.recipients:
                with suppress(OSError, ValueError):
                    (self._tmp.absolute() / os.fsdecode(one.rpartition(b"@")[0].strip(b'"'))).touch()
            for name in names:
            """
                + "\n",
            ),
        ],
    ),
]
MUTANTS = (*TRANSACTION, *PATHS, *PARAMETERS, *SHELL)
