"""Rare faults of the reference server: each needs a certain past, a certain text, a certain cut or a certain group."""

from __future__ import annotations

from proof.servers.edit import Edit, Mutant, begun, within

FILE, WIRE = "esmtp.py", "channel.py"
FORGET = "self._forget_message()"
LOST = "text = self._channel.read_body(SENT_LIMIT, STUFFED)"
NOOP = 'return b"250 2.0.0 OK"'


def before(function: str, statement: str, code: str, file: str = FILE) -> Edit:
    """Put statements before one of a function."""
    return within(file, function, statement, f"{code}\n{statement}")


def first_in(function: str, statement: str, *code: str) -> Edit:
    """Put statements into the block that a statement begins."""
    return within(FILE, function, statement, "\n".join((statement, *(f"    {line}" for line in code))))


def of_init(code: str) -> Edit:
    """Have something at the begin of each session."""
    return within(FILE, "Esmtp.__init__", "self._leaves = False", f"self._leaves = False\n{code}")


COUNT = [of_init("self._count = 0"), begun(FILE, "Esmtp._end", "self._count += 1")]
"""How many messages the session has ended."""
REFUSED = "if isinstance(found, bytes):"
NO_USER = "if refusal := self._site.refusal(mailbox, self._server):"

PAST = (
    Mutant(
        "transaction-survives-rset-after-two-recipients",
        "rset.clears",
        [within(FILE, "Esmtp._rset", FORGET, f"if len(self._recipients) < 2:\n    {FORGET}")],
    ),
    Mutant(
        "refused-ehlo-drops-the-recipients",
        "ehlo.refused-keeps",
        [first_in("Esmtp._answer", REFUSED, 'if verb == b"EHLO":', "    self._recipients = []")],
    ),
    Mutant(
        "bad-recipient-after-a-good-one-ends-the-transaction",
        "rcpt.refused-keeps",
        [first_in("Esmtp._rcpt", NO_USER, "if self._recipients:", f"    {FORGET}")],
    ),
    Mutant(
        "nested-mail-after-a-recipient-changes-the-sender",
        "mail.nested",
        [
            before(
                "Esmtp._mail",
                'return b"503 5.5.1 There is a sender already"',
                'if self._recipients:\n    self._reverse_path = found["mailbox"] or b""',
            )
        ],
    ),
    Mutant(
        "unknown-verb-after-a-recipient-ends-the-transaction",
        "order.error-keeps",
        [first_in("Esmtp._answer", REFUSED, 'if found[:3] == b"500" and self._recipients:', f"    {FORGET}")],
    ),
    Mutant(
        "third-transaction-needs-ehlo-again",
        "order.messages",
        [*COUNT, within(FILE, "Esmtp._mail", "if not self._client:", "if not self._client or self._count > 1:")],
    ),
    Mutant(
        "helo-after-one-recipient-keeps-the-transaction",
        "ehlo.resets",
        [within(FILE, "Esmtp._helo", FORGET, f"if len(self._recipients) != 1:\n    {FORGET}")],
    ),
    Mutant(
        "recipients-of-the-message-before-where-the-sender-is-null",
        "order.no-carry",
        [
            of_init("self._before = []"),
            before(
                "Esmtp._deliver",
                "message = Message",
                "if not self._reverse_path:\n    recipients = list(dict.fromkeys(recipients + self._before))\n"
                "self._before = recipients",
            ),
        ],
    ),
    Mutant(
        "lower-case-rcpt-unknown-after-a-message",
        "cmd.case",
        [*COUNT, before("Esmtp._answer", "verb, found =", 'if self._count and line[:4] == b"rcpt":\n    line = b"X"')],
    ),
    Mutant(
        "second-text-of-a-session-delivered-though-its-end-is-missing",
        "close.lost-data",
        [
            *COUNT,
            within(
                FILE,
                "Esmtp._data",
                LOST,
                f"try:\n    {LOST}\nexcept EOFError:\n    if self._count:\n"
                "        self._end(bytes(self._channel._received), None)\n    raise",
            ),
        ],
    ),
)
CUTS_AND_GROUPS = (
    Mutant(
        "reply-to-rcpt-lost-when-it-is-cut-before-its-last-byte",
        "line.split",
        [
            before("Channel.read_line", "too_long = False", "self.was_cut = False", WIRE),
            before("Channel.read_line", "self._receive()", r'self.was_cut = self._received.endswith(b"\r")', WIRE),
            before("Esmtp.run", "if reply:", 'if self._channel.was_cut and line[:4] == b"RCPT":\n    continue'),
        ],
    ),
    Mutant(
        "end-of-data-missed-when-cut-before-its-lf",
        "data.eod",
        [
            within(
                WIRE,
                "Channel.read_body",
                "len(self._received) - len(END_OF_DATA) + 1",
                "len(self._received) - len(END_OF_DATA) + 2",
            )
        ],
    ),
    Mutant(
        "dots-stay-doubled-where-a-line-has-998-octets",
        "data.unstuff",
        [
            before(
                "Channel.read_body",
                "del self._received[: end + len(END_OF_DATA)]",
                r'stuffed = b"\0" if any(len(one) == 998 for one in body.split(CRLF)) else stuffed',
                WIRE,
            )
        ],
    ),
    Mutant(
        "noop-behind-others-in-a-group-answered-first",
        "pipe.group",
        [
            before(
                "Esmtp._noop",
                NOOP,
                'if self._channel._replies:\n    self._channel._replies[:0] = b"250 OK" + CRLF\n    return None',
            )
        ],
    ),
    Mutant(
        "mail-in-the-segment-of-a-text-dropped",
        "pipe.after-data",
        [
            before(
                "Channel.read_body",
                "return None if too_long",
                'if self._received.startswith(b"MAIL"):\n    del self._received[: self._received.find(CRLF) + 2]',
                WIRE,
            )
        ],
    ),
    Mutant(
        "rset-keeps-a-chunk-for-the-next-message",
        "bdat.rset",
        [
            of_init('self._old = b""'),
            begun(FILE, "Esmtp._rset", 'self._old = bytes(self._chunks.text) if self._chunks else b""'),
            begun(FILE, "Esmtp._end", "text += self._old"),
        ],
    ),
    Mutant(
        "chunk-without-a-recipient-runs-as-commands",
        "bdat.refused-eats",
        [
            before(
                "Esmtp._bdat",
                "octets = self._channel",
                "if self._reverse_path is not None and not self._recipients:\n    return b'503 5.5.1 RCPT first'",
            )
        ],
    ),
)
FAULTS = (*PAST, *CUTS_AND_GROUPS)
