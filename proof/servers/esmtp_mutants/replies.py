"""Mutants of the section "Replies": how many come, and what they look like."""

from __future__ import annotations

from proof.servers.edit import Edit, Mutant, headed, within
from proof.servers.esmtp_mutants.common import UNKNOWN, answered, first, said

NUMBER = [
    Mutant("noop-answered-twice", "reply.one", [first("_noop", 'self._channel.reply(b"250 2.0.0 OK")')]),
    Mutant(
        "hint-after-an-unknown-command",
        "reply.one",
        [
            answered("""
            if reply == b"500 5.5.2 Command not recognized":
                reply += CRLF + b"214 2.0.0 Try HELP"
            """)
        ],
    ),
    Mutant(
        "queued-and-then-delivered",
        "reply.one",
        [said("_end", "self._forget_message()", 'reply = b"250 2.0.0 Queued" + CRLF + reply\nself._forget_message()')],
    ),
    Mutant(
        "greets-again-after-a-pause",
        "reply.unasked",
        [
            headed("esmtp.py", "import threading"),
            said(
                "run",
                "try:",
                """
                again = threading.Timer(0.2, self._channel.last_reply, (b"220 Still there?",))
                again.start()
                try:
                """,
            ),
            answered("again.cancel()"),
        ],
    ),
]
FORM = [
    Mutant("code-and-text-without-a-space", "reply.form", [said("_rset", "250 2.0.0 OK", "250OK")]),
    Mutant("code-of-four-digits", "reply.form", [said("_rset", "250 2.0.0 OK", "2500 2.0.0 OK")]),
    Mutant("code-behind-a-space", "reply.form", [said("_help", 'b"214 2.0.0 "', 'b" 214 2.0.0 "')]),
    Mutant("unknown-verb-gets-600", "reply.digit", [Edit("commands.py", UNKNOWN, 'b"600 Command not recognized"')]),
    Mutant(
        "syntax-error-gets-1xx", "reply.digit", [Edit("commands.py", 'b"501 5.5.4 Syntax: "', 'b"101 5.5.4 Syntax: "')]
    ),
    Mutant("replies-end-in-lf", "reply.crlf", [within("channel.py", "Channel.reply", "text + CRLF", 'text + b"\\n"')]),
    Mutant("ehlo-list-separated-by-lf", "reply.crlf", [said("_ehlo", "return CRLF.join(", 'return b"\\n".join(')]),
    Mutant("greeting-ends-in-cr-cr-lf", "reply.crlf", [said("run", "%b %b ready", "%b %b ready\\r")]),
    Mutant(
        "line-is-echoed-with-its-bare-cr",
        "reply.crlf",
        [Edit("commands.py", "return verb, NOT_ASCII", 'return verb, NOT_ASCII + b": " + line')],
    ),
    Mutant("ehlo-list-without-hyphens", "reply.one reply.unasked", [said("_ehlo", 'b"250-" + line', 'b"250 " + line')]),
    Mutant("last-line-of-ehlo-with-a-hyphen", "reply.multiline", [said("_ehlo", 'b"250 " + last', 'b"250-" + last')]),
    Mutant(
        "help-changes-its-code",
        "reply.multiline",
        [said("_help", 'b"214 2.0.0 " +', 'b"214-2.0.0 These there are:\\r\\n250 2.0.0 " +')],
    ),
    Mutant(
        "bare-code-after-rset",
        "reply.text",
        [said("_rset", "250 2.0.0 OK", "250")],
        also="esc.all",
        why="A reply without a text has no enhanced code in it.",
    ),
    Mutant(
        "code-and-a-space-after-quit",
        "reply.text",
        [said("_quit", 'b"221 2.0.0 %b Goodbye" % self._site.domain', 'b"221 "')],
        also="esc.all",
        why="A reply without a text has no enhanced code in it.",
    ),
    Mutant("help-in-one-long-line", "reply.length", [said("_help", 'b" ".join(', '600 * b"." + b" ".join(')]),
    Mutant(
        "unknown-line-is-echoed-whole",
        "reply.length",
        [Edit("commands.py", UNKNOWN, 'b"500 5.5.2 Command not recognized: " + line')],
    ),
    Mutant(
        "typographic-quotes",
        "reply.ascii",
        [Edit("commands.py", UNKNOWN, 'b"500 5.5.2 \\xe2\\x80\\x9cCommand\\xe2\\x80\\x9d unknown"')],
    ),
    Mutant("nul-ends-the-text", "reply.ascii", [said("_noop", "2.0.0 OK", "2.0.0 OK\\0")]),
    Mutant("colours-of-a-terminal", "reply.ascii", [said("_quit", "221 2.0.0 %b", "221 2.0.0 \\x1b[1m%b\\x1b[0m")]),
]
CODES = [
    Mutant("vrfy-is-put-off", "reply.fits", [said("_vrfy", "252 2.0.0", "450 4.0.0")]),
    Mutant(
        "syntax-errors-are-temporary",
        "reply.permanent",
        [Edit("commands.py", '"501 5.5.4 Syntax: "', '"451 4.5.4 Syntax: "')],
    ),
    Mutant(
        "unknown-verb-is-temporary", "reply.permanent", [Edit("commands.py", "500 5.5.2 Command", "450 4.5.2 Command")]
    ),
    Mutant(
        "stays-after-421-for-errors",
        "reply.421-closes",
        [
            answered("""
            self._errors = getattr(self, "_errors", 0) + (reply or b"").startswith(b"5")
            if self._errors > 8:
                reply = b"421 4.7.0 Too many errors"
            """)
        ],
    ),
]
MUTANTS = (*NUMBER, *FORM, *CODES)
