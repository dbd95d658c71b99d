"""Mutants of the extensions in general, SIZE, 8BITMIME and LIMITS."""

from __future__ import annotations

from proof.servers.edit import Edit, Mutant, within
from proof.servers.esmtp_mutants.common import READ_TEXT, SENDER_KEPT, delivered, refused, said

TOO_BIG = 'if keyword == b"SIZE" and int(value) > SIZE_LIMIT:'
IS_TOO_BIG = "too_big = text is None or len(text) > SIZE_LIMIT"
DECLARED = said("_mail", SENDER_KEPT, f'{SENDER_KEPT}\nself._declared = int(dict(given).get(b"SIZE", b"0"))')
BIG = ("--big",)


def _listed(old: str, new: str) -> Edit:
    return within("site.py", "Site.keywords", old, new)


def _of_mail(old: str, new: str) -> Edit:
    """Take other values of a parameter of MAIL."""
    return Edit("parameters.py", old, new)


SIZE = 'b"SIZE": _values(rb"[0-9]{1,20}"),'
BODY = 'b"BODY": _values(rb"7BIT|8BITMIME|BINARYMIME"),'

SIZES = [
    Mutant("size-in-megabytes", "size.keyword", [_listed('b"SIZE %d" % SIZE_LIMIT,', 'b"SIZE 10M",')]),
    Mutant(
        "size-of-two-numbers", "size.keyword", [_listed('b"SIZE %d" % SIZE_LIMIT,', 'b"SIZE 1000 %d" % SIZE_LIMIT,')]
    ),
    Mutant(
        "size-of-60000",
        "size.64k",
        [_listed('b"SIZE %d" % SIZE_LIMIT,', 'b"SIZE 60000",')],
        also="size.over",
        why="It takes more than it announces.",
    ),
    Mutant("size-announced-and-not-known", "size.mail", [_of_mail(SIZE, "")]),
    Mutant(
        "size-of-four-digits-too-long",
        "size.mail size.kept-word",
        [_of_mail(SIZE, 'b"SIZE": _values(rb"[0-9]{1,3}|[0-9]{7,20}"),')],
    ),
    Mutant("declared-size-ignored", "size.over", [within("parameters.py", "refusal", TOO_BIG, "if False:")]),
    Mutant(
        "message-beyond-the-limit-taken",
        "size.over-data",
        [said("_data", IS_TOO_BIG, "too_big = text is None")],
        options=BIG,
    ),
    Mutant(
        "lf-dot-lf-ends-a-text-that-is-too-large",
        "data.smuggle",
        [
            said("_data", READ_TEXT, READ_TEXT.replace("SENT_LIMIT", "SIZE_LIMIT")),
            within(
                "channel.py",
                "Channel.read_body",
                "if not too_long:",
                """
                if too_long and (at := self._received.find(b"\\n.\\n")) >= 0:
                    del self._received[: at + 3]
                    return None
                if not too_long:
                """,
            ),
        ],
        options=BIG,
    ),
    Mutant(
        "endless-text-is-kept-in-memory",
        "size.endless",
        [within("channel.py", "Channel.read_body", "del self._received[: 1 - len(END_OF_DATA)]", "pass")],
        options=BIG,
    ),
    Mutant(
        "declared-size-ends-data",
        "size.not-end",
        [
            DECLARED,
            said(
                "_data",
                READ_TEXT,
                f"{READ_TEXT}\n"
                "if text and 0 < self._declared < 100:\n"
                "    self._channel._received[:0] = text[self._declared :] + b'.\\r\\n'\n"
                "    text = text[: self._declared] + CRLF",
            ),
        ],
        also="order.messages",
        why="The rest of the text is answered like commands.",
    ),
    Mutant(
        "trace-counts-as-declared",
        "size.kept-word",
        [DECLARED, said("_data", IS_TOO_BIG, "too_big = text is None or 500 < self._declared < len(text) + 300")],
    ),
    Mutant("negative-size", "size.bad-value", [_of_mail(SIZE, 'b"SIZE": _values(rb"-?[0-9]{1,20}"),')]),
    Mutant(
        "size-twice",
        "size.bad-value",
        [
            within(
                "parameters.py",
                "refusal",
                "if keyword in before or",
                'if (keyword in before and keyword != b"SIZE") or',
            )
        ],
    ),
]
EIGHT_BITS = [
    Mutant("body-read-as-a-size", "8bit.body", [_of_mail(BODY, 'b"BODY": _values(rb"[0-9]{1,20}"),')]),
    Mutant(
        "body-in-upper-case-only", "8bit.body", [_of_mail(BODY, 'b"BODY": re.compile(rb"7BIT|8BITMIME|BINARYMIME"),')]
    ),
    Mutant("7bit-is-not-known", "8bit.body", [_of_mail(BODY, 'b"BODY": _values(rb"8BITMIME|BINARYMIME"),')]),
    Mutant(
        "highest-bit-stripped",
        "8bit.kept utf8.header",
        [delivered("message.text = message.text if is_binary else bytes(byte & 127 for byte in message.text)")],
        also="bdat.split 8bit.accepted",
        why="A letter in two chunks loses its bits as well, and a lone CR or LF that comes of it is refused.",
    ),
    Mutant(
        "latin-1-made-utf-8",
        "8bit.kept",
        [
            delivered(
                "try:\n"
                "    message.text.decode()\n"
                "except UnicodeDecodeError:\n"
                '    message.text = message.text if is_binary else message.text.decode("latin-1").encode()'
            )
        ],
    ),
    Mutant(
        "text-beyond-ascii-refused",
        "8bit.accepted",
        [refused("not is_binary and not text.isascii()", "554 5.6.3 Text beyond ASCII")],
    ),
    Mutant("body-of-any-kind", "8bit.bad-value", [_of_mail(BODY, 'b"BODY": _values(rb"[A-Z0-9]+"),')]),
    Mutant(
        "body-without-a-value",
        "8bit.bad-value",
        [_of_mail(BODY, 'b"BODY": _values(rb"(?:7BIT|8BITMIME|BINARYMIME)?"),')],
    ),
]
OTHERS = [
    Mutant("pipelining-with-a-parameter", "ext.no-value", [_listed('b"PIPELINING",', 'b"PIPELINING YES",')]),
    Mutant("chunking-with-a-size", "ext.no-value", [_listed('b"CHUNKING",', 'b"CHUNKING 1048576",')]),
    Mutant(
        "limit-of-no-recipients",
        "limits.form",
        [_listed('b"LIMITS RCPTMAX=%d" % RECIPIENTS_LIMIT,', 'b"LIMITS RCPTMAX=0",')],
    ),
    Mutant(
        "limit-without-a-number",
        "limits.form",
        [_listed('b"LIMITS RCPTMAX=%d" % RECIPIENTS_LIMIT,', 'b"LIMITS RCPTMAX=many",')],
    ),
    Mutant(
        "five-messages-where-ten-are-announced",
        "limits.kept",
        [
            _listed('b"LIMITS RCPTMAX=%d" % RECIPIENTS_LIMIT,', 'b"LIMITS RCPTMAX=%d MAILMAX=10" % RECIPIENTS_LIMIT,'),
            said(
                "_mail",
                SENDER_KEPT,
                'self._count = getattr(self, "_count", 0) + 1\n'
                "if self._count > 5:\n"
                '    return b"452 4.5.3 Too many messages"\n'
                f"{SENDER_KEPT}",
            ),
        ],
    ),
    Mutant("foreign-recipient-gets-521", "code.521", [within("site.py", "Site.refusal", "550 5.7.1", "521 5.7.1")]),
]
MUTANTS = (*SIZES, *EIGHT_BITS, *OTHERS)
