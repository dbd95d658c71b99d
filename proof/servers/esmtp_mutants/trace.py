"""Mutants of the sections "Trace header" and "Notifications": what is added to a message, and what comes back."""

from __future__ import annotations

from proof.servers.edit import Edit, Mutant, within
from proof.servers.esmtp_mutants.common import first, said

COPY = "Message.copy"
PARTS = "(*trace, header, gap, self.text[end:])"
RECEIVED = 'b"Received: from %b (%b)\\r\\n\\tby %b with %b id %b%b;\\r\\n\\t%b\\r\\n" % way,'
DATE = "formatdate(localtime=True).encode()"
ONE = 'one = b"\\r\\n\\tfor <%b>" % recipient if len(self.recipients) == 1 else b""'
PATH = 'b"Return-Path: <%b>\\r\\n" % self.reverse_path,'
OWN_PATHS_GO = 'header = RETURN_PATH.sub(b"", self.text[:end])'


def _copy(old: str, new: str) -> Edit:
    return within("maildir.py", COPY, old, new)


def _date(form: str) -> Edit:
    return _copy(DATE, f'time.strftime("{form}").encode()')


RECEIVED_FIELD = [
    Mutant("no-received-field", "trace.received", [_copy(RECEIVED, "")]),
    Mutant(
        "received-below-what-was-sent",
        "trace.received",
        [_copy(PARTS, "(*trace[:2], header, trace[2], gap, self.text[end:])")],
    ),
    Mutant("received-without-from", "trace.from", [_copy("Received: from %b (%b)", "Received: (from %b %b)")]),
    Mutant(
        "received-without-by",
        "trace.from",
        [_copy("\\tby %b with", "\\tat %b with")],
        also="trace.grammar",
        why="What follows stands where a clause `by` was to stand.",
    ),
    Mutant("received-from-the-server-itself", "trace.from-both", [_copy("way = (self.client,", "way = (domain,")]),
    Mutant("received-without-the-address", "trace.from-both", [_copy("from %b (%b)", "from %b (so it says%.0b)")]),
    Mutant("year-of-two-digits", "trace.date", [_date("%a, %d %b %y %H:%M:%S +0000")]),
    Mutant("received-without-a-date", "trace.date", [_copy("id %b%b;\\r\\n\\t%b", "id %b%b%.0b")]),
    Mutant("date-of-iso-8601", "trace.date", [_date("%Y-%m-%dT%H:%M:%SZ")]),
    Mutant("month-before-the-day", "trace.date", [_date("%a %b %d %H:%M:%S %Y")]),
    Mutant("zone-gmt", "trace.zone", [_date("%a, %d %b %Y %H:%M:%S GMT")]),
    Mutant("zone-est", "trace.zone", [_date("%a, %d %b %Y %H:%M:%S EST")]),
    Mutant(
        "id-before-with",
        "trace.grammar",
        [
            _copy("with %b id %b%b", "id %b with %b%b"),
            _copy("self.protocol, self.id, one", "self.id, self.protocol, one"),
        ],
    ),
    Mutant(
        "by-before-from",
        "trace.grammar",
        [
            _copy("from %b (%b)\\r\\n\\tby %b", "by %b\\r\\n\\tfrom %b (%b)"),
            _copy("(self.client, self.address, domain,", "(domain, self.client, self.address,"),
        ],
        also="trace.from",
        why="Its rule says FROM, then BY.",
    ),
    Mutant("with-esmtp-after-helo", "trace.with", [said("_protocol", 'return b"SMTP"', 'return b"ESMTP"')]),
    Mutant("with-smtp-after-ehlo", "trace.with", [first("_protocol", 'return b"SMTP"')]),
    Mutant("with-an-invented-protocol", "trace.with", [first("_protocol", 'return b"FROBTP"')]),
    Mutant(
        "for-all-recipients",
        "trace.for-one trace.for-blind",
        [_copy(ONE, 'one = b"\\r\\n\\tfor " + b",".join(b"<%b>" % each for each in self.recipients)')],
    ),
    Mutant(
        "apparently-to",
        "trace.for-blind",
        [
            _copy(
                'b"Delivered-To: %b\\r\\n" % recipient,',
                'b"Delivered-To: %b\\r\\n" % recipient,\nb"Apparently-To: %b\\r\\n" % recipient,',
            )
        ],
    ),
    Mutant(
        "all-recipients-in-a-field",
        "trace.for-blind",
        [
            _copy(
                'b"Delivered-To: %b\\r\\n" % recipient,',
                'b"Delivered-To: %b\\r\\n" % recipient,\nb"X-Recipients: %b\\r\\n" % b", ".join(self.recipients),',
            )
        ],
    ),
    Mutant(
        "trace-of-others-removed",
        "trace.old-kept",
        [_copy(OWN_PATHS_GO, f'{OWN_PATHS_GO}\nheader = re.sub(rb"(?im)^Received%b" % REST_OF_FIELD, b"", header)')],
    ),
    Mutant(
        "trace-of-others-in-capitals",
        "trace.old-kept",
        [
            _copy(
                OWN_PATHS_GO,
                f"{OWN_PATHS_GO}\n"
                'fields = re.compile(rb"(?im)^Received%b" % REST_OF_FIELD)\n'
                "header = fields.sub(lambda old: old[0][:8] + old[0][8:].upper(), header)",
            )
        ],
    ),
]
RETURN_PATH = [
    Mutant("no-return-path", "trace.return-path", [_copy(PATH, "")]),
    Mutant(
        "return-path-of-bounces-is-mailer-daemon",
        "trace.return-path",
        [_copy("% self.reverse_path,", '% (self.reverse_path or b"MAILER-DAEMON"),')],
    ),
    Mutant(
        "return-path-below-received",
        "trace.return-path",
        [_copy(PARTS, "(*trace[1:], trace[0], header, gap, self.text[end:])")],
    ),
    Mutant(
        "return-path-from-the-header",
        "trace.return-path",
        [_copy("% self.reverse_path,", '% b"author@conformance.example",')],
        also="trace.quoted",
        why="It is not the sender's path either where that one is quoted.",
    ),
    Mutant(
        "return-path-loses-its-tag",
        "trace.return-path",
        [_copy("% self.reverse_path,", '% re.sub(rb"\\+[^@]*", b"", self.reverse_path),')],
    ),
    Mutant("return-path-of-others-kept", "trace.return-path-one", [_copy(OWN_PATHS_GO, "header = self.text[:end]")]),
    Mutant("return-path-in-lower-case", "trace.case", [_copy("% self.reverse_path,", "% self.reverse_path.lower(),")]),
    Mutant(
        "return-path-loses-its-quotes",
        "trace.quoted",
        [_copy("% self.reverse_path,", "% self.reverse_path.replace(b'\"', b''),")],
    ),
    Mutant(
        "name-with-a-line-end-in-received",
        "trace.clean",
        [
            Edit("paths.py", 'HOST = rb"(?:%b|%b)" % (DOMAIN, LITERAL)', 'HOST = rb"[^ ]+"'),
            Edit("commands.py", "if not (WIDER_LINE", 'if verb != b"EHLO" and not (WIDER_LINE'),
        ],
        also="cmd.8bit mail.malformed rcpt.malformed",
        why="Whatever stands behind EHLO is taken, and any host in a path.",
    ),
    Mutant(
        "sender-with-a-line-end-in-return-path",
        "trace.clean",
        [
            Edit("paths.py", 'ATOM = rb"[A-Z0-9', 'ATOM = rb"[\\r\\n\\0:A-Z0-9'),
            Edit("commands.py", "if not (WIDER_LINE", 'if verb != b"MAIL" and not (WIDER_LINE'),
        ],
        also="cmd.control utf8.malformed",
        why="Whatever stands in a path is taken.",
    ),
]
BAD_TAKEN = within("site.py", "Site.refusal", "if unquoted(local_part).lower() == NOBODY:", "if False:")
NOTIFIED = """
known = [one for one in recipients if not one.startswith(b"nobody@")]
if len(known) < len(recipients):
    sender = self._reverse_path
    {lost}
    if not known:
        return b"250 2.0.0 Delivered"
recipients = known
"""
TOLD = (
    'told = b"From: MAILER-DAEMON@reference.example\\r\\nSubject: failed\\r\\n\\r\\nnot delivered\\r\\n" + text\n'
    '    notice = Message(b"here", self._address, b"SMTP", {path}, [{to}], told)'
    "\n    {when}self._site.maildir.deliver(notice)"
)
UNASKED = "What it sends it sends in spite of NOTIFY=NEVER."


def _notified(lost: str) -> list[Edit]:
    """Take a message for the bad recipient, and do something about that."""
    return [BAD_TAKEN, first("_deliver", NOTIFIED.format(lost=lost))]


NOTIFICATIONS = [
    Mutant("lost-without-a-word", "ndn.sent", _notified("pass")),
    Mutant(
        "notification-from-postmaster",
        "ndn.null",
        _notified(TOLD.format(path='b"postmaster@reference.example"', to="sender", when="if sender:\n        ")),
        also="dsn.never",
        why=UNASKED,
    ),
    Mutant(
        "notification-of-bounces-to-postmaster",
        "ndn.none",
        _notified(TOLD.format(path='b""', to='sender or b"postmaster@reference.example"', when="")),
        also="dsn.never",
        why=UNASKED,
    ),
]
MUTANTS = (*RECEIVED_FIELD, *RETURN_PATH, *NOTIFICATIONS)
