"""Mutants of DSN and SMTPUTF8: what a client asks for by parameters of MAIL and RCPT."""

from __future__ import annotations

from proof.servers.edit import Edit, Mutant, within
from proof.servers.esmtp_mutants.common import RECIPIENT_KEPT, first, said
from proof.servers.esmtp_mutants.trace import BAD_TAKEN

NOTIFY = 'b"NOTIFY": _values(rb"NEVER|(?:SUCCESS|FAILURE|DELAY)(?:,(?:SUCCESS|FAILURE|DELAY))*"),'
ORCPT = 'b"ORCPT": _values(rb"[A-Z0-9-]+;%b{0,500}" % XTEXT),'
RET = 'b"RET": _values(rb"FULL|HDRS"),'
ENVID = 'b"ENVID": _values(XTEXT + rb"{1,100}"),'
TOLD = """
if getattr(self, "_is_asked", False):
    to = self._reverse_path or b"postmaster@reference.example"
    notice = Message(b"here", self._address, b"SMTP", b"", [to], b"Subject: delivered\\r\\n\\r\\nreport\\r\\n" + text)
    self._site.maildir.deliver(notice)
"""
BAD_TOLD = """
if any(one.startswith(b"nobody@") for one in recipients):
    told = b"Subject: lost\\r\\n\\r\\nreport\\r\\n" + text
    notice = Message(b"here", self._address, b"SMTP", b"", [self._reverse_path], told)
    if self._reverse_path:
        self._site.maildir.deliver(notice)
    recipients = [one for one in recipients if not one.startswith(b"nobody@")]
    if not recipients:
        return b"250 2.0.0 Delivered"
"""


def _takes(old: str, new: str) -> Edit:
    return Edit("parameters.py", old, new)


NOTIFICATIONS = [
    Mutant("ret-in-upper-case-only", "dsn.mail", [_takes(RET, 'b"RET": re.compile(rb"FULL|HDRS"),')]),
    Mutant("envid-of-letters-and-digits", "dsn.mail", [_takes(ENVID, 'b"ENVID": _values(rb"[A-Z0-9]{1,100}"),')]),
    Mutant("envid-of-64-characters", "dsn.mail", [_takes(ENVID, 'b"ENVID": _values(XTEXT + rb"{1,64}"),')]),
    Mutant("notify-in-upper-case-only", "dsn.rcpt", [_takes(NOTIFY, NOTIFY.replace("_values", "re.compile"))]),
    Mutant("one-word-of-notify", "dsn.rcpt", [_takes(NOTIFY, 'b"NOTIFY": _values(rb"NEVER|SUCCESS|FAILURE|DELAY"),')]),
    Mutant("orcpt-of-100-characters", "dsn.rcpt", [_takes(ORCPT, ORCPT.replace("{0,500}", "{0,100}"))]),
    Mutant(
        "orcpt-without-xtext", "dsn.rcpt", [_takes(ORCPT, 'b"ORCPT": _values(rb"[A-Z0-9-]+;[A-Z0-9@.;-]{0,500}"),')]
    ),
    Mutant("any-ret", "dsn.mail-bad", [_takes(RET, 'b"RET": _values(rb"[A-Z]+"),')]),
    Mutant("envid-of-anything", "dsn.mail-bad", [_takes(ENVID, 'b"ENVID": _values(rb"[!-~]{1,100}"),')]),
    Mutant(
        "bad-ret-gets-555",
        "dsn.mail-bad",
        [within("parameters.py", "refusal", 'return b"501 5.5.4 Syntax', 'return b"555 5.5.4 Syntax')],
        also="dsn.rcpt-bad",
        why="So does NOTIFY.",
    ),
    Mutant(
        "never-and-more",
        "dsn.rcpt-bad",
        [_takes(NOTIFY, 'b"NOTIFY": _values(rb"(?:NEVER|SUCCESS|FAILURE|DELAY)(?:,(?:SUCCESS|FAILURE|DELAY))*"),')],
    ),
    Mutant("orcpt-without-a-type", "dsn.rcpt-bad", [_takes(ORCPT, 'b"ORCPT": _values(rb"%b{0,500}" % XTEXT),')]),
    Mutant(
        "delivery-told-where-the-sender-is-null",
        "dsn.null",
        [
            said("_rcpt", RECIPIENT_KEPT, f'{RECIPIENT_KEPT}\nself._is_asked = b"SUCCESS" in found["parameters"]'),
            first("_deliver", TOLD),
        ],
    ),
    Mutant("loss-told-in-spite-of-never", "dsn.never", [BAD_TAKEN, first("_deliver", BAD_TOLD)]),
]
UTF8 = [
    Mutant(
        "smtputf8-without-8bitmime",
        "utf8.8bitmime ehlo.8bitmime",
        [within("site.py", "Site.keywords", 'b"8BITMIME",', "")],
    ),
    Mutant("smtputf8-announced-and-not-known", "utf8.param", [Edit("parameters.py", 'b"SMTPUTF8": NO_VALUE,', "")]),
    Mutant("no-utf8-in-local-parts", "utf8.mailbox", [Edit("paths.py", "`{|}~\\x80-\\xff-]+", "`{|}~-]+")]),
    Mutant(
        "no-utf8-in-domains",
        "utf8.mailbox",
        [
            Edit(
                "paths.py",
                'LABEL = rb"[A-Z0-9\\x80-\\xff]+(?:-+[A-Z0-9\\x80-\\xff]+)*"',
                'LABEL = rb"[A-Z0-9]+(?:-+[A-Z0-9]+)*"',
            )
        ],
    ),
    Mutant(
        "smtputf8-with-a-value",
        "utf8.value",
        [Edit("parameters.py", 'b"SMTPUTF8": NO_VALUE,', 'b"SMTPUTF8": _values(rb"1?"),')],
    ),
    Mutant(
        "recipient-in-utf8-without-asking",
        "utf8.without cmd.8bit",
        [said("_rcpt", "if not self._is_utf8 and not found[0].isascii():", "if False:")],
    ),
    Mutant("any-octets-for-utf8", "utf8.malformed", [within("commands.py", "is_utf8", "return False", "return True")]),
    Mutant(
        "surrogates-are-utf8",
        "utf8.malformed",
        [within("commands.py", "is_utf8", "line.decode()", 'line.decode(errors="surrogatepass")')],
    ),
    Mutant(
        "replies-in-utf8-where-the-client-is",
        "utf8.replies",
        [
            said(
                "_mail",
                'return b"250 2.1.0 Sender OK"',
                'return b"250 2.1.0 Sender \\xe2\\x9c\\x93" if is_utf8 else b"250 2.1.0 Sender OK"',
            )
        ],
    ),
    Mutant(
        "server-named-in-utf8",
        "utf8.name ehlo.name reply.ascii",
        [said("_ehlo", "= self._site.domain,", '= b"r\\xc3\\xa9f\\xc3\\xa9rence.example",')],
    ),
    Mutant(
        "header-made-ascii",
        "utf8.header",
        [
            within(
                "delivery.py",
                "deliver",
                "try:",
                "end = message._header_end()\n"
                'header = message.text[:end].decode("utf-8", "replace").encode("ascii", "replace")\n'
                "message.text = header + message.text[end:]\n"
                "try:",
            )
        ],
    ),
]
MUTANTS = (*NOTIFICATIONS, *UTF8)
