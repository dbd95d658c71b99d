"""Mutants of the section "RCPT": who is taken, how many, and what a refused one leaves."""

from __future__ import annotations

from proof.servers.edit import Edit, Mutant, within
from proof.servers.esmtp_mutants.common import RECIPIENT_KEPT, first, said

EARLY = 'return b"503 5.5.1 MAIL first"'
FOREIGN = 'return b"550 5.7.1 Not a domain of ours, and no relay"'
HOST_IS_SERVED = "host.lower() not in (self.domain.lower(), server.lower())"
MAILBOX = 'mailbox = found["mailbox"] or b"Postmaster@" + self._site.domain'
SERVED = "if refusal := self._site.refusal(mailbox, self._server):"
FOUR = tuple(word for one in "abcd" for word in ("--recipient", f"{one}@reference.example"))


def _limit(recipients: int) -> Edit:
    return Edit("parameters.py", "RECIPIENTS_LIMIT = 1_000", f"RECIPIENTS_LIMIT = {recipients}")


NOT_ANNOUNCED = within("site.py", "Site.keywords", 'b"LIMITS RCPTMAX=%d" % RECIPIENTS_LIMIT,', "")

REPLIES = [
    Mutant("recipient-gets-252", "rcpt.250", [said("_rcpt", "250 2.1.5", "252 2.1.5")]),
    Mutant("early-recipient-gets-501", "rcpt.before-mail", [said("_rcpt", EARLY, 'return b"501 5.5.1 MAIL first"')]),
    Mutant("early-recipient-gets-554", "rcpt.before-mail", [said("_rcpt", EARLY, 'return b"554 5.5.1 MAIL first"')]),
    Mutant(
        "early-recipient-is-taken",
        "rcpt.before-mail",
        [said("_rcpt", "if self._reverse_path is None:", "if self._reverse_path is None and self._recipients:")],
    ),
    Mutant(
        "unknown-user-drops-the-others",
        "rcpt.refused-keeps",
        [said("_rcpt", SERVED, f'{SERVED}\n    if b"5.1.1" in refusal:\n        self._recipients = []')],
    ),
    Mutant(
        "foreign-recipient-resets",
        "rcpt.refused-keeps",
        [said("_rcpt", SERVED, f'{SERVED}\n    if b"5.7.1" in refusal:\n        self._forget_message()')],
    ),
    Mutant(
        "refused-parameter-of-a-recipient-resets",
        "rcpt.refused-keeps",
        [said("_rcpt", "parameters.OF_RCPT):", "parameters.OF_RCPT):\n    self._forget_message()")],
    ),
    Mutant(
        "recipient-of-8-bits-drops-the-others",
        "rcpt.refused-keeps",
        [said("_rcpt", "return commands.NOT_ASCII", "self._recipients = []\nreturn commands.NOT_ASCII")],
    ),
    Mutant("unknown-user-gets-553", "rcpt.unknown-user", [within("site.py", "Site.refusal", "550 5.1.1", "553 5.1.1")]),
    Mutant("unknown-user-gets-554", "rcpt.unknown-user", [within("site.py", "Site.refusal", "550 5.1.1", "554 5.1.1")]),
    Mutant(
        "nobody-is-a-recipient",
        "rcpt.null",
        [Edit("paths.py", 'FORWARD_PATH = rb"<(?:Postmaster|%b%b)>"', 'FORWARD_PATH = rb"<(?:Postmaster|%b%b)?>"')],
    ),
    Mutant(
        "path-of-a-recipient-not-closed",
        "rcpt.malformed",
        [Edit("paths.py", 'FORWARD_PATH = rb"<(?:Postmaster|%b%b)>"', 'FORWARD_PATH = rb"<(?:Postmaster|%b%b)>?"')],
    ),
    Mutant(
        "two-at-signs-in-a-recipient",
        "rcpt.malformed",
        [Edit("paths.py", 'MAILBOX = rb"(?P<mailbox>(?:%b|%b)@%b)"', 'MAILBOX = rb"(?P<mailbox>(?:%b|%b)@@?%b)"')],
        also="mail.malformed",
        why="Senders are written by the same grammar.",
    ),
    Mutant(
        "parameters-of-recipients-ignored",
        "rcpt.param-unknown",
        [said("_rcpt", 'parameters.refusal(parameters.given(found["parameters"]), parameters.OF_RCPT)', 'b""')],
    ),
]
MANY = [
    Mutant("99-recipients-at-most", "rcpt.100", [_limit(99), NOT_ANNOUNCED]),
    Mutant(
        "50-recipients-and-then-552", "rcpt.100", [_limit(50), NOT_ANNOUNCED, said("_rcpt", "452 4.5.3", "552 5.5.3")]
    ),
    Mutant(
        "limit-on-recipients-gets-550",
        "rcpt.limit-code",
        [said("_rcpt", "452 4.5.3", "550 5.5.3")],
        options=("--many",),
    ),
    Mutant(
        "recipient-beyond-the-limit-drops-others",
        "rcpt.limit-order rcpt.100",
        [_limit(3), NOT_ANNOUNCED, said("_rcpt", 'return b"452 4.5.3', 'del self._recipients[1:]\nreturn b"452 4.5.3')],
        options=FOUR,
    ),
    Mutant(
        "second-recipient-gets-nothing",
        "rcpt.each",
        [said("_end", "list(dict.fromkeys(self._recipients))", "self._recipients[:1]")],
    ),
    Mutant(
        "last-recipient-gets-nothing",
        "rcpt.each",
        [said("_end", "list(dict.fromkeys(self._recipients))", "self._recipients[:max(1, len(self._recipients) - 1)]")],
    ),
]
NAMES = [
    Mutant(
        "no-postmaster-without-a-domain", "rcpt.postmaster", [Edit("paths.py", "<(?:Postmaster|%b%b)>", "<(?:%b%b)>")]
    ),
    Mutant(
        "postmaster-in-these-letters-only",
        "rcpt.postmaster-any",
        [
            said(
                "_rcpt",
                MAILBOX,
                f"{MAILBOX}\n"
                'if not found["mailbox"] and found[0][4:-1] != b"Postmaster":\n'
                '    return b"550 5.1.1 No such user"',
            )
        ],
    ),
    Mutant(
        "postmaster-at-no-domain",
        "rcpt.postmaster-any",
        [
            said(
                "_rcpt",
                MAILBOX,
                f"{MAILBOX}\n"
                'if found["mailbox"] and mailbox.lower().startswith(b"postmaster@"):\n'
                '    return b"550 5.1.1 No such user"',
            )
        ],
        options=FOUR,
    ),
    Mutant(
        "domain-in-lower-case-only",
        "rcpt.domain-case",
        [within("site.py", "Site.refusal", "if host.lower() not", "if host not")],
    ),
    Mutant(
        "no-routes-to-recipients",
        "rcpt.route",
        [
            Edit(
                "paths.py",
                'FORWARD_PATH = rb"<(?:Postmaster|%b%b)>" % (ROUTE, MAILBOX)',
                'FORWARD_PATH = rb"<(?:Postmaster|%b)>" % MAILBOX',
            )
        ],
    ),
    Mutant(
        "route-leads-to-postmaster",
        "rcpt.route-ignored",
        [
            said(
                "_rcpt",
                RECIPIENT_KEPT,
                'self._recipients.append(b"lost" if b"TO:<@" in found[0].upper() else mailbox)',
            ),
            within(
                "maildir.py",
                "Maildir.deliver",
                "enumerate(message.recipients)",
                'enumerate(one for one in message.recipients if one != b"lost")',
            ),
        ],
    ),
    Mutant(
        "no-recipients-at-a-literal",
        "rcpt.literal",
        [first("_rcpt", 'if b"@[" in found[0]:\n    return b"501 5.1.3 Syntax: no domain"')],
    ),
    Mutant(
        "quoted-recipient-is-another",
        "rcpt.quoted-equal",
        [
            within(
                "site.py",
                "Site.refusal",
                "if unquoted(local_part).lower() == NOBODY:",
                "if local_part.startswith(b'\"') or local_part.lower() == NOBODY:",
            )
        ],
    ),
]
RELAY = [
    Mutant(
        "relays-for-anybody",
        "rcpt.relay-open",
        [within("site.py", "Site.refusal", f"if {HOST_IS_SERVED}:", "if False:")],
        options=("--public",),
    ),
    Mutant(
        "percent-sign-relays",
        "rcpt.relay-tricks",
        [
            said(
                "_rcpt",
                RECIPIENT_KEPT,
                'local_part = mailbox.rpartition(b"@")[0]\n'
                'self._recipients.append(local_part.replace(b"%", b"@") if b"%" in local_part else mailbox)',
            )
        ],
    ),
    Mutant(
        "quoted-address-relays",
        "rcpt.relay-tricks",
        [
            said(
                "_rcpt",
                RECIPIENT_KEPT,
                "quoted = mailbox.rpartition(b'@')[0].strip(b'\"')\n"
                "self._recipients.append(quoted if b'@elsewhere.example' in quoted else mailbox)",
            )
        ],
    ),
    Mutant(
        "route-by-this-host-relays",
        "rcpt.relay-tricks",
        [
            said(
                "_rcpt",
                SERVED,
                "refusal = self._site.refusal(mailbox, self._server)\n"
                'if refusal and b"<@reference.example:" not in found[0]:',
            )
        ],
    ),
]
MUTANTS = (*REPLIES, *MANY, *NAMES, *RELAY)
