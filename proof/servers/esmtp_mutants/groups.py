"""Mutants of ENHANCEDSTATUSCODES and PIPELINING."""

from __future__ import annotations

from proof.servers.edit import Edit, Mutant, headed, within
from proof.servers.esmtp_mutants.common import UNKNOWN, answered, first, said

DROPPED = "self._channel._received.clear()"
REFUSED = 'return b"550 5.7.1 Not a domain of ours, and no relay"'
SERVED = "if refusal := self._site.refusal(mailbox, self._server):"

CODES = [
    Mutant("noop-without-an-enhanced-code", "esc.all", [said("_noop", "250 2.0.0 OK", "250 OK")]),
    Mutant(
        "unknown-verb-without-an-enhanced-code",
        "esc.all",
        [Edit("commands.py", UNKNOWN, 'b"500 Command not recognized"')],
    ),
    Mutant(
        "enhanced-code-behind-the-text",
        "esc.all",
        [said("_quit", 'b"221 2.0.0 %b Goodbye"', 'b"221 %b Goodbye 2.0.0"')],
    ),
    Mutant(
        "refusal-with-a-code-of-success", "esc.class", [within("site.py", "Site.refusal", "550 5.7.1", "550 2.7.1")]
    ),
    Mutant("enhanced-code-of-four-digits", "esc.class", [said("_mail", "250 2.1.0", "250 2.1.1000")]),
    Mutant(
        "second-line-without-its-enhanced-code",
        "esc.lines",
        [
            Edit(
                "commands.py",
                'b"502 5.5.1 Not implemented"',
                'b"502-5.5.1 Not implemented,\\r\\n502 and never will be"',
            )
        ],
    ),
    Mutant(
        "enhanced-codes-after-ehlo-only",
        "esc.without-ehlo",
        [
            headed("esmtp.py", "import re as expressions"),
            answered(
                "if reply and not self._is_extended:\n"
                '    reply = expressions.sub(rb"^([245]\\d\\d) \\d\\.\\d\\.\\d+", rb"\\1", reply)'
            ),
        ],
    ),
]
GROUPS = [
    Mutant(
        "one-command-a-segment",
        "pipe.group",
        [answered(f'if line is not None and not line.upper().startswith((b"BDAT", b"DATA")):\n    {DROPPED}')],
        also="reply.one",
        why="It drops what comes together with the end of a handshake, too.",
    ),
    Mutant(
        "rset-drops-what-came-with-it",
        "pipe.group",
        [first("_rset", DROPPED)],
    ),
    Mutant(
        "rest-dropped-after-a-refusal",
        "pipe.refused",
        [answered(f'if (reply or b"").startswith(b"5"):\n    {DROPPED}')],
    ),
    Mutant(
        "rest-dropped-after-a-refused-recipient",
        "pipe.refused",
        [answered(f'if (reply or b"").startswith(b"550"):\n    {DROPPED}')],
    ),
    Mutant("rest-dropped-after-a-message", "pipe.after-data bdat.pipelined", [first("_end", DROPPED)]),
    Mutant(
        "rset-behind-the-end-of-data-drops-the-rest",
        "pipe.after-data",
        [
            first("_end", "self._followed = bool(self._channel._received)"),
            first("_rset", f'if self.__dict__.pop("_followed", False):\n    {DROPPED}'),
        ],
    ),
    Mutant(
        "rest-dropped-beyond-3000-octets",
        "pipe.many",
        [within("channel.py", "Channel.read_line", "self._receive()", "self._receive()\ndel self._received[3_000:]")],
    ),
    Mutant(
        "last-reply-waits-for-more",
        "pipe.prompt",
        [
            within(
                "channel.py",
                "Channel._receive",
                "self._send_replies()",
                """
                if self._replies.count(b"250 2.1.") > 1:
                    kept = self._replies.rindex(b"250 2.1.")
                    self._send(self._replies[:kept])
                    del self._replies[:kept]
                else:
                    self._send_replies()
                """,
            )
        ],
    ),
    Mutant(
        "data-refused-where-a-recipient-was-in-its-group",
        "pipe.data-iff",
        [
            said("_rcpt", SERVED, f"{SERVED}\n    self._is_spoilt = bool(self._channel._received)"),
            first("_mail", "self._is_spoilt = False"),
            first("_data", 'if getattr(self, "_is_spoilt", False):\n    return b"503 5.5.1 A recipient was refused"'),
        ],
    ),
    Mutant(
        "data-taken-in-a-group-and-refused-at-its-end",
        "pipe.data-iff",
        [
            first(
                "_data",
                "if not self._recipients and self._reverse_path is not None:\n"
                '    self._channel.reply(b"354 Go on")\n'
                "    self._channel.read_body(SENT_LIMIT, STUFFED)\n"
                '    return b"554 5.5.1 RCPT first"',
            )
        ],
        also="data.after-refused",
        why="The transaction goes on behind such a text.",
    ),
    Mutant(
        "message-without-a-recipient-goes-to-postmaster",
        "pipe.no-rcpt pipe.data-iff",
        [
            first(
                "_data",
                """
                if not self._recipients and self._reverse_path is not None:
                    self._channel.reply(b"354 Go on")
                    text = self._channel.read_body(SENT_LIMIT, STUFFED)
                    self._deliver(text or b"", [b"postmaster@reference.example"])
                    return b"554 5.5.1 RCPT first"
                """,
            )
        ],
        also="data.after-refused",
        why="The transaction goes on behind such a text.",
    ),
]
MUTANTS = (*CODES, *GROUPS)
