"""Servers that store in other ways: other trace fields, other forms of mailboxes, slower ones."""

from __future__ import annotations

from proof.servers.edit import Edit, headed, replaced, within
from proof.servers.esmtp_liberal.edits import unlisted
from proof.servers.esmtp_liberal.liberty import MAIL, EsmtpLiberal
from proof.servers.esmtp_mutants.common import delivered, first, refused

_FORM = "Received: from %b (%b)\\r\\n\\tby %b with %b id %b%b;\\r\\n\\t%b\\r\\n"
_HEADER = 'header = RETURN_PATH.sub(b"", self.text[:end])'
_RECEIVED = f'b"{_FORM}" % way,'
_DELIVERED_TO = 'b"Delivered-To: %b\\r\\n" % recipient,'
_BARE = Edit("delivery.py", 'rb"\\r(?!\\n)|(?<!\\r)\\n|\\0"', 'rb"\\r(?!\\n)|\\0"')
_MBOX = """
def deliver(self, message):
    with _LOCK, open(self._new.parent / "mbox", "ab") as file:
        for recipient in message.recipients:
            text = message.copy(recipient, self._domain).replace(b"\\r\\n", b"\\n")
            sender = message.reverse_path.replace(b" ", b"-") or b"MAILER-DAEMON"
            file.write(b"From %b %b\\n" % (sender, time.asctime(time.gmtime()).encode()))
            file.write(re.sub(rb"(?m)^({quoted}From )", rb">\\1", text) + b"\\n")
        file.flush()
        os.fsync(file.fileno())
"""
_LATER = """
def _remove(self, names):
    pass

def _appear(self, names):
    for name in names:
        os.rename(self._tmp / name, self._new / name)
"""


def _copy(old: str, new: str) -> Edit:
    return within("maildir.py", "Message.copy", old, new)


def _mbox(quoted: str) -> list[Edit]:
    return [
        headed("maildir.py", "import threading\n\n_LOCK = threading.Lock()"),
        replaced("maildir.py", "Maildir.deliver", _MBOX.replace("{quoted}", quoted)),
    ]


def _header(code: str) -> Edit:
    """Do something with the `header` that was sent."""
    return _copy(_HEADER, f"{_HEADER}\n{code}")


def _received(form: str) -> Edit:
    """Write another `Received` field: what is filled in stays in its order."""
    return _copy(_FORM, form)


STORAGE = [
    EsmtpLiberal(
        "keeps-bare-lf-in-the-text",
        [_BARE],
        "kept, made a line end, or refused (2.3.8, disputed)",
    ),
    EsmtpLiberal(
        "makes-bare-lf-a-line-end",
        [_BARE, delivered('message.text = re.sub(rb"(?<!\\r)\\n", b"\\r\\n", message.text)')],
        "kept, made a line end, or refused (2.3.8, disputed)",
    ),
    EsmtpLiberal(
        "makes-bare-cr-a-line-end",
        [
            _BARE,
            delivered('message.text = re.sub(rb"\\r(?!\\n)", b"\\r\\n", message.text)'),
            *unlisted("BINARYMIME"),
        ],
        "kept, made a line end, or refused (2.3.8, disputed)",
    ),
    EsmtpLiberal(
        "keeps-bare-cr-in-the-text",
        [Edit("delivery.py", 'rb"\\r(?!\\n)|(?<!\\r)\\n|\\0"', 'rb"\\0"')],
        "kept, made a line end, or refused (2.3.8, disputed)",
    ),
    EsmtpLiberal(
        "drops-nul",
        [delivered('message.text = message.text.replace(b"\\0", b"")'), *unlisted("BINARYMIME")],
        "no message may have it (RFC 5322)",
    ),
    EsmtpLiberal(
        "keeps-a-lone-leading-dot",
        [
            within(
                "channel.py",
                "Channel.read_body",
                "bytes(body.replace(CRLF + stuffed, CRLF + stuffed[1:])[len(CRLF) :])",
                'bytes(body.replace(CRLF + b"..", CRLF + b".")[len(CRLF) :])',
            )
        ],
        "a fault of the client's; it warns (disputed)",
        warns="data.unstuff-one",
    ),
    EsmtpLiberal(
        "refuses-lines-over-1000-octets",
        [refused('re.search(rb"[^\\r\\n]{999}", text)', "554 5.6.0 Line too long")],
        "longer ones may be refused (4.5.3.1.6)",
    ),
    EsmtpLiberal(
        "cuts-lines-over-1000-octets",
        [delivered('message.text = re.sub(rb"([^\\r\\n]{998})(?=[^\\r\\n])", rb"\\1\\r\\n", message.text)')],
        "longer ones may be cut (4.5.3.1.6)",
    ),
    EsmtpLiberal(
        "strips-the-eighth-bit-of-plain-messages",
        [
            headed("esmtp.py", "_HALF = bytes(range(128)) * 2"),
            first(
                "_deliver",
                "if not (self._is_eight or self._is_utf8 or self._is_binary):\n    text = text.translate(_HALF)",
            ),
            within(
                "esmtp.py",
                "Esmtp._mail",
                "self._is_utf8 = is_utf8",
                """
                self._is_utf8 = is_utf8
                self._is_eight = any(value.upper() == b"8BITMIME" for keyword, value in given if keyword == b"BODY")
                """,
            ),
        ],
        "8-bit text without 8BITMIME may be stripped (2.4)",
    ),
    EsmtpLiberal(
        "mbox-with-quoted-from",
        _mbox(""),
        "`>From ` in the store is the format's",
        options=("--store", f"mbox:{MAIL}/mbox"),
        arguments=f"--directory {MAIL}",
    ),
    EsmtpLiberal(
        "mbox-with-every-from-quoted",
        _mbox(">*"),
        "`>From ` in the store is the format's",
        options=("--store", f"mbox:{MAIL}/mbox"),
        arguments=f"--directory {MAIL}",
    ),
    EsmtpLiberal(
        "mail-is-seen-three-seconds-later",
        [
            headed("maildir.py", "import threading"),
            within(
                "maildir.py",
                "Maildir.deliver",
                "for name in names:\n                os.rename(self._tmp / name, self._new / name)",
                "threading.Timer(3, self._appear, (names,)).start()",
            ),
            within(
                "maildir.py",
                "Maildir.__init__",
                "_sync(directory)",
                "self._appear(os.listdir(self._tmp))\n_sync(directory)",
            ),
            replaced("maildir.py", "Maildir._remove", _LATER),
        ],
        "mail takes its time (2.1)",
        workers=8,
    ),
    EsmtpLiberal(
        "stores-lf",
        [
            within(
                "maildir.py",
                "Maildir.deliver",
                "file.write(message.copy(recipient, self._domain))",
                'file.write(message.copy(recipient, self._domain).replace(b"\\r\\n", b"\\n"))',
            )
        ],
        "the store's line ends are its own",
    ),
    EsmtpLiberal(
        "stores-with-flags",
        [
            within(
                "maildir.py",
                "Maildir.deliver",
                "os.rename(self._tmp / name, self._new / name)",
                'os.rename(self._tmp / name, self._new.parent / "cur" / f"{name}:2,S")',
            )
        ],
        "somebody has seen it already",
    ),
    EsmtpLiberal(
        "one-empty-line-more-at-the-end",
        [
            _copy(
                'return b"".join((*trace, header, gap, self.text[end:]))',
                'return b"".join((*trace, header, gap, self.text[end:], b"\\r\\n"))',
            )
        ],
        "formats of mailboxes have it",
    ),
    EsmtpLiberal(
        "two-copies-to-a-recipient-given-twice",
        [within("esmtp.py", "Esmtp._end", "list(dict.fromkeys(self._recipients))", "self._recipients")],
        "one copy or two (3.3)",
    ),
    EsmtpLiberal(
        "recipients-without-their-quotes",
        [_copy(_DELIVERED_TO, _DELIVERED_TO.replace("recipient,", 'recipient.replace(b\'"\', b""),'))],
        "all spellings of a mailbox are one (4.1.2)",
    ),
    EsmtpLiberal(
        "recipients-in-lower-case",
        [_copy('Delivered-To: %b\\r\\n" % recipient,', 'Delivered-To: %b\\r\\n" % recipient.lower(),')],
        "letters of its own mailboxes are its own (2.4)",
    ),
    EsmtpLiberal(
        "no-delivered-to",
        [_copy(_DELIVERED_TO, "")],
        "no field but Received and Return-Path is asked for (4.4)",
    ),
    EsmtpLiberal(
        "adds-fields-on-top-and-at-the-end",
        [
            _copy(
                _DELIVERED_TO,
                f'{_DELIVERED_TO}\nb"X-Spam-Flag: NO\\r\\nX-Spam-Report: folded\\r\\n  and\\r\\n\\tfolded\\r\\n",',
            ),
            _header('header += b"Message-Id: <added@reference.example>\\r\\nX-Scanned: yes\\r\\n" if header else b""'),
        ],
        "fields may be added (6.4)",
    ),
    EsmtpLiberal(
        "folds-long-fields",
        [_header('header = re.sub(rb"(?m)^([^\\r\\n]{40,}?)( [!-~][^\\r\\n]*)", rb"\\1\\r\\n\\2", header)')],
        "an unfolded value is the same value (RFC 5322)",
    ),
    EsmtpLiberal(
        "a-filter-and-a-hop-above",
        [
            _copy(
                _RECEIVED,
                'b"X-Filtered: yes\\r\\nReceived: from localhost ([127.0.0.1])\\r\\n by inner.reference.example'
                ' (filter, port 10024)\\r\\n with LMTP id f-17; %b\\r\\n" % way[-1:],\n' + _RECEIVED,
            )
        ],
        "hops behind the server have traces of their own (4.4)",
    ),
    EsmtpLiberal(
        "received-with-notes-of-tls",
        [
            _received(
                "Received: from %b (unknown %b)\\r\\n\\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256"
                " bits)\\r\\n\\t key-exchange X25519)\\r\\n\\t(No client certificate requested)"
                "\\r\\n\\tby %b (Mailer) with %b id %b%b;\\r\\n\\t%b (UTC)\\r\\n"
            )
        ],
        "comments may stand anywhere (4.4)",
    ),
    EsmtpLiberal(
        "received-with-odd-ids",
        [
            _received(
                "Received: from %b (%b)\\r\\n by %b (8.15.2/8.15.2) via TCP with %b\\r\\n"
                " id <20240229.%b-1A/x+y@reference.example>%b; %b\\r\\n"
            )
        ],
        "an id is any word or msg-id (4.4)",
    ),
    EsmtpLiberal(
        "received-in-one-line",
        [_received("Received: from %b (%b) by %b with %b id %b%b; %b\\r\\n")],
        "folding is free (RFC 5322)",
    ),
    EsmtpLiberal(
        "received-without-with-and-id",
        [_received("Received: from %b (%b) by %b (%.0b%.0bhere)%b; %b\\r\\n")],
        "all but from and by may be missing (4.4)",
    ),
    EsmtpLiberal(
        "received-by-an-address",
        [_received("Received: from %b (%b) by [127.0.0.1] (%b) with %b id %b%b; %b\\r\\n")],
        "a literal is a host, too (4.4)",
    ),
    EsmtpLiberal(
        "received-with-the-fields-name-in-capitals",
        [_received("RECEIVED: FROM %b (%b) BY %b WITH %b ID %b%b; %b\\r\\n")],
        "names and keywords have no case (RFC 5322)",
    ),
]
