"""Mutants of the section "DATA and transparency" that are about replies and ends: when a message is over, and taken."""

from __future__ import annotations

from proof.servers.edit import Edit, Mutant, within
from proof.servers.esmtp_mutants.common import ended_by, refused, said

FIRST_RECIPIENT = 'return b"503 5.5.1 RCPT first"'
FORGETS = "self._forget_message()"
NO_END = "data.eod-only"

REPLIES = [
    Mutant("data-gets-355", "data.354", [said("_data", "354 End", "355 End")]),
    Mutant("data-gets-250", "data.354", [said("_data", "354 End", "250 End")]),
    Mutant(
        "data-without-a-recipient",
        "data.no-rcpt",
        [said("_data", "if not self._recipients:", "if self._reverse_path is None:")],
    ),
    Mutant("data-without-a-sender", "data.no-rcpt", [said("_data", "if not self._recipients:", "if False:")]),
    Mutant(
        "refused-data-forgets-the-sender",
        "data.refused-goes-on",
        [said("_data", FIRST_RECIPIENT, f"{FORGETS}\n{FIRST_RECIPIENT}")],
    ),
    Mutant("message-gets-251", "data.250", [within("delivery.py", "deliver", "250 2.0.0", "251 2.0.0")]),
    Mutant(
        "message-gets-252-and-its-number",
        "data.250",
        [within("delivery.py", "deliver", '"250 2.0.0 Delivered as "', '"252 2.0.0 Kept as "')],
    ),
    Mutant(
        "taken-message-is-not-over",
        "data.after",
        [said("_end", FORGETS, f'if not reply.startswith(b"250"):\n    {FORGETS}')],
    ),
    Mutant(
        "sender-kept-after-a-message",
        "data.after",
        [said("_end", FORGETS, "self._recipients = []\nself._chunks = None")],
    ),
    Mutant("rset-needed-after-a-message", "data.after", [said("_end", FORGETS, f'{FORGETS}\nself._client = b""')]),
    Mutant(
        "refused-message-is-not-over",
        "data.after-refused",
        [said("_end", FORGETS, f'if reply.startswith(b"250"):\n    {FORGETS}')],
    ),
]
ENDS = [
    Mutant(
        "end-cut-in-two-missed",
        "data.eod",
        [
            within(
                "channel.py",
                "Channel.read_body",
                "max(0, len(self._received) - len(END_OF_DATA) + 1)",
                "len(self._received)",
            )
        ],
    ),
    Mutant(
        "end-looked-for-at-the-end-of-a-segment",
        "data.eod",
        [
            within(
                "channel.py",
                "Channel.read_body",
                "self._receive()",
                "held = len(self._received)\n"
                "self._receive()\n"
                "if self._received[held:] in (b'\\n', b'.\\r\\n'):\n"
                "    self._received += b' '",
            )
        ],
    ),
    Mutant("dot-and-space-end-data", NO_END, ended_by(r"\r\n\. \r\n")),
    Mutant("dot-at-a-line-end-ends-data", NO_END, ended_by(r"\.\r\n")),
    Mutant(
        "two-dots-end-data",
        NO_END,
        ended_by(r"\r\n\.\.\r\n"),
        also="data.unstuff",
        why="A line of two dots arrives as one of one dot, or would.",
    ),
    Mutant("nul-in-the-end-overlooked", NO_END, ended_by(r"\r\n\.\r\0\n")),
    Mutant(
        "end-needs-a-line-before-it",
        "data.eod-first",
        [within("channel.py", "Channel.read_body", "self._received[:0] = CRLF", 'self._received[:0] = b"\\n\\n"')],
        also="data.unstuff",
        why="The dot of the first line is not taken away either.",
    ),
    Mutant("lf-dot-lf-ends-data", "data.not-lf-lf data.smuggle data.smuggle-mail", ended_by(r"(?<!\r)\n\.\n")),
    Mutant("lf-dot-crlf-ends-data", "data.not-lf-crlf data.smuggle data.smuggle-mail", ended_by(r"(?<!\r)\n\.\r\n")),
    Mutant("crlf-dot-lf-ends-data", "data.not-crlf-lf data.smuggle data.smuggle-mail", ended_by(r"\r\n\.\n")),
    Mutant("cr-dot-cr-ends-data", "data.not-cr data.smuggle data.smuggle-mail", ended_by(r"\r\.\r(?!\n)")),
    Mutant("cr-dot-crlf-ends-data", "data.not-cr data.smuggle data.smuggle-mail", ended_by(r"\r\.\r\n")),
    Mutant("crlf-dot-cr-ends-data", "data.not-cr data.smuggle data.smuggle-mail", ended_by(r"\r\n\.\r(?!\n|$|\0)")),
    Mutant("any-number-of-crs-in-the-end", "data.not-cr data.smuggle data.smuggle-mail", ended_by(r"\r+\n\.\r\r+\n")),
    Mutant("nul-before-the-end-overlooked", "data.not-cr data.smuggle data.smuggle-mail", ended_by(r"\r\n\0\.\r\n")),
    Mutant("nul-behind-the-dot-overlooked", "data.not-cr data.smuggle data.smuggle-mail", ended_by(r"\r\n\.\0\r\n")),
    Mutant(
        "any-line-end-around-the-dot",
        "data.not-lf-lf data.not-lf-crlf data.not-crlf-lf data.not-cr data.smuggle data.smuggle-mail",
        ended_by(r"(?:(?<!\r)\n\.(?:\r\n|\n)|\r\n\.\n|\r\.\r(?!\n|$)|\r\.\n)"),
    ),
    Mutant("lf-dot-lf-ends-data-before-a-command", "data.smuggle", ended_by(r"(?<!\r)\n\.\n(?=MAIL)")),
    Mutant(
        "refused-for-its-bare-lf-and-run-on",
        "data.smuggle-mail",
        ended_by(r"(?<!\r)\n\.\n(?=MAIL)", become=r"\n\r\n.\r\n"),
    ),
    Mutant("quit-in-data-is-a-command", "data.not-commands", ended_by(r"\r\nQUIT\r\n")),
    Mutant("rset-in-data-is-a-command", "data.not-commands", ended_by(r"\r\nRSET\r\n")),
]
LIMITS = [
    Mutant(
        "998-octets-of-a-line-with-its-end",
        "data.line-1000",
        [refused("max(map(len, text.split(b'\\r\\n'))) > 996", "554 5.6.0 Line too long")],
        also="data.line-1000-whole",
        why="What is refused does not arrive.",
    ),
    Mutant(
        "doubled-dot-counts",
        "data.line-1000",
        [
            within(
                "channel.py",
                "Channel.read_body",
                "body = self._received",
                "too_long = too_long or any(len(line) > 998 for line in self._received[:end].split(CRLF))\n"
                "body = self._received",
            )
        ],
    ),
    Mutant("65000-octets-at-most", "data.64k", [refused("len(text) > 65_000", "552 5.3.4 Message too big")]),
    Mutant(
        "no-mail-without-a-date", "data.odd-header", [refused("b'\\nDate:' not in b'\\n' + text", "554 5.6.0 No date")]
    ),
    Mutant(
        "no-mail-without-a-header", "data.odd-header", [refused("message._header_end() == 0", "554 5.6.0 No header")]
    ),
    Mutant("no-resent-mail", "data.resent", [refused("b'\\nResent-' in text", "554 5.6.0 Resent fields")]),
    Mutant(
        "odd-trace-refused",
        "data.odd-trace",
        [refused("b'\\nReceived:' in b'\\n' + text and b';' not in text", "554 5.6.0 Received without a date")],
    ),
    Mutant(
        "header-of-5000-octets-at-most",
        "data.many-to",
        [refused("message._header_end() > 5_000 and b'Received' not in text", "554 5.6.0 Header too big")],
    ),
    Mutant("fifty-hops-are-a-loop", "data.hops", [Edit("delivery.py", "HOPS_LIMIT = 100", "HOPS_LIMIT = 50")]),
]
MUTANTS = (*REPLIES, *ENDS, *LIMITS)
