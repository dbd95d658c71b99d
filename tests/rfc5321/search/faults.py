"""Rare faults of the reference server: each needs a certain past, a certain text, a certain cut or a certain group."""

from __future__ import annotations

from proof.servers.edit import Edit, Mutant, begun, within

FILE, WIRE = "esmtp.py", "channel.py"


def _of_init(code: str) -> Edit:
    return within(FILE, "Esmtp.__init__", "self._leaves = False", f"self._leaves = False\n{code}")


def _of_answer(old: str, new: str) -> Edit:
    return within(FILE, "Esmtp._answer", old, new)


FORGET = "self._forget_message()"
NESTED = 'return b"503 5.5.1 There is a sender already"'
ANSWERED = "return self._answers()[verb](self, found)"
LINE = "line = self._channel.read_line(LINE_LIMIT)"
FAULTS = (
    Mutant(
        "transaction-survives-rset-after-two-recipients",
        "rset.clears",
        [within(FILE, "Esmtp._rset", FORGET, f"if len(self._recipients) < 2:\n    {FORGET}")],
    ),
    Mutant(
        "refused-ehlo-drops-the-recipients",
        "ehlo.refused-keeps",
        [_of_answer("if isinstance(found, bytes):", 'if isinstance(found, bytes):\n    if verb == b"EHLO":\n        self._recipients = []')],
    ),
    Mutant(
        "bad-recipient-ends-a-transaction-of-two-recipients",
        "rcpt.refused-keeps",
        [within(FILE, "Esmtp._rcpt", "if refusal := self._site.refusal(mailbox, self._server):",
                "if refusal := self._site.refusal(mailbox, self._server):\n    if len(self._recipients) > 1:\n        self._forget_message()")],
    ),
    Mutant(
        "nested-mail-after-a-recipient-changes-the-sender",
        "mail.nested",
        [within(FILE, "Esmtp._mail", NESTED, f'if self._recipients:\n    self._reverse_path = found["mailbox"] or b""\n{NESTED}')],
    ),
    Mutant(
        "unknown-verb-after-data-was-refused-ends-the-transaction",
        "order.error-keeps",
        [_of_answer("if isinstance(found, bytes):", 'if isinstance(found, bytes):\n    if found[:3] == b"500" and self._recipients:\n        self._forget_message()')],
    ),
    Mutant(
        "third-transaction-needs-ehlo-again",
        "order.messages",
        [
            _of_init("self._count = 0"),
            begun(FILE, "Esmtp._end", "self._count += 1"),
            within(FILE, "Esmtp._mail", "if not self._client:", "if not self._client or self._count > 1:"),
        ],
    ),
    Mutant(
        "reply-lost-when-a-command-is-cut-before-its-last-byte",
        "line.split",
        [
            within(WIRE, "Channel.read_line", "too_long = False", "too_long = False\nself.was_cut = False"),
            within(WIRE, "Channel.read_line", "self._receive()", "self.was_cut = self._received.endswith(b'\\r')\nself._receive()"),
            within(FILE, "Esmtp.run", "if reply:", "if reply and not (self._channel.was_cut and line[:4].upper() in (b'RCPT', b'RSET')):"),
        ],
    ),
    Mutant(
        "end-of-data-missed-when-cut-before-its-lf",
        "data.eod",
        [within(WIRE, "Channel.read_body", "len(self._received) - len(END_OF_DATA) + 1", "len(self._received) - len(END_OF_DATA) + 2")],
    ),
    Mutant(
        "dots-stay-doubled-after-a-line-of-998",
        "data.unstuff",
        [within(WIRE, "Channel.read_body", "body = self._received[: end + len(CRLF)]",
                "body = self._received[: end + len(CRLF)]\nif any(len(one) == 998 for one in body.split(CRLF)):\n    stuffed = b'..'")],
    ),
    Mutant(
        "noop-behind-a-recipient-answered-first",
        "pipe.group",
        [within(FILE, "Esmtp._noop", 'return b"250 2.0.0 OK"',
                "if self._channel._replies:\n    self._channel._replies[:0] = b'250 2.0.0 OK\\r\\n'\n    return None\nreturn b\"250 2.0.0 OK\"")],
    ),
    Mutant(
        "lines-behind-a-text-dropped",
        "pipe.after-data",
        [within(WIRE, "Channel.read_body", "del self._received[: end + len(END_OF_DATA)]", "del self._received[: end + len(END_OF_DATA)]\nif self._received.startswith(b'MAIL'):\n    del self._received[: self._received.find(CRLF) + 2]")],
    ),
    Mutant(
        "rset-keeps-a-chunk-for-the-next-message",
        "bdat.rset",
        [
            _of_init("self._old = b''"),
            begun(FILE, "Esmtp._rset", "self._old = bytes(self._chunks.text) if self._chunks else b''"),
            within(FILE, "Esmtp._end", "reply = refusal or self._deliver(text,", "reply = refusal or self._deliver(text + self._old,"),
        ],
    ),
    Mutant(
        "refused-chunk-runs-as-commands",
        "bdat.refused-eats",
        [within(FILE, "Esmtp._bdat", "octets = self._channel", "if self._reverse_path is not None and not self._recipients:\n    return b\"503 5.5.1 RCPT first\"\noctets = self._channel")],
    ),
    Mutant(
        "second-text-of-a-lost-connection-delivered",
        "close.lost-data",
        [
            _of_init("self._count = 0"),
            begun(FILE, "Esmtp._end", "self._count += 1"),
            within(FILE, "Esmtp._data", "text = self._channel.read_body(SENT_LIMIT, STUFFED)",
                   "try:\n    text = self._channel.read_body(SENT_LIMIT, STUFFED)\nexcept EOFError:\n"
                   "    if self._count:\n        self._end(bytes(self._channel._received), None)\n    raise"),
        ],
    ),
    Mutant(
        "recipient-of-the-message-before-when-mail-is-null",
        "order.no-carry",
        [
            _of_init("self._before = []"),
            within(FILE, "Esmtp._deliver", "message = Message", "if not self._reverse_path:\n    recipients += [one for one in self._before if one not in recipients]\nself._before = recipients\nmessage = Message"),
        ],
    ),
    Mutant(
        "lower-case-rcpt-unknown-after-a-message",
        "cmd.case",
        [
            _of_init("self._count = 0"),
            begun(FILE, "Esmtp._end", "self._count += 1"),
            _of_answer("verb, found =", "if self._count and line[:4] == b'rcpt':\n    return b'500 5.5.2 Command not recognized'\nverb, found ="),
        ],
    ),
    Mutant(
        "helo-within-a-transaction-keeps-it",
        "ehlo.resets",
        [within(FILE, "Esmtp._helo", FORGET, f"if len(self._recipients) != 1:\n    {FORGET}")],
    ),
)  # fmt: skip
