"""Mutants of the section "Command lines": their ends, their length, their words."""

from __future__ import annotations

from proof.servers.edit import Edit, Mutant, headed, within
from proof.servers.esmtp_mutants.common import UNKNOWN, answered, first, parsed, said

FOUND = "while (end := self._received.find(CRLF)) < 0:"
LINE = "line = bytes(self._received[:end])"
RECEIVED = "self._receive()"


def _line_ended_by(expression: str) -> list[Edit]:
    """Take other bytes for the end of a command line as well, by a regular expression for them."""
    seen = f'''
    import re


    def _lines_seen(received):
        received[:] = re.sub(rb"{expression}", CRLF, received)
        return received
    '''
    found = "while (end := _lines_seen(self._received).find(CRLF)) < 0:"
    return [headed("channel.py", seen), within("channel.py", "Channel.read_line", FOUND, found)]


def _read_line(old: str, new: str) -> Edit:
    return within("channel.py", "Channel.read_line", old, new)


ENDS = [
    Mutant(
        "segment-is-a-line",
        "line.split",
        [_read_line(RECEIVED, "self._received.clear()\nself._receive()")],
        also="reply.one",
        why="A BDAT that comes octet by octet is never answered.",
    ),
    Mutant(
        "cr-and-lf-of-two-segments-missed",
        "line.split",
        [
            _read_line(
                RECEIVED,
                """
                if self._received.endswith(b"\\r"):
                    self._received += b" "
                self._receive()
                """,
            )
        ],
    ),
    Mutant(
        "noop-answered-before-its-end",
        "line.waits",
        [
            _read_line(
                RECEIVED,
                """
                self._receive()
                if self._received == b"NOOP":
                    self._received.clear()
                    return b"NOOP"
                """,
            )
        ],
    ),
    Mutant(
        "lf-ends-a-line",
        "line.bare-lf",
        _line_ended_by(r"(?<!\r)\n"),
        also="bdat.chunks bdat.split bin.kept",
        why="A chunk that ends between CR and LF, or has a bare LF, is changed.",
    ),
    Mutant("cr-ends-a-line", "line.bare-cr", _line_ended_by(r"\r(?!\n|$)")),
    Mutant("line-limit-of-500", "line.512", [Edit("esmtp.py", "LINE_LIMIT = 2_000", "LINE_LIMIT = 500")]),
    Mutant(
        "rest-of-a-long-line-is-the-next-command",
        "line.long-tail",
        [
            _read_line(
                LINE,
                """
                if end > 1_000:
                    line = bytes(self._received[:1_000])
                    del self._received[:1_000]
                    return line
                line = bytes(self._received[:end])
                """,
            )
        ],
    ),
    Mutant(
        "refused-long-line-goes-on-as-a-command",
        "line.long-tail",
        [
            _read_line(
                LINE,
                """
                if end > 510:
                    del self._received[:510]
                    return None
                line = bytes(self._received[:end])
                """,
            )
        ],
    ),
    Mutant(
        "endless-line-is-kept-in-memory",
        "line.endless",
        [
            _read_line("del self._received[:-1]", "pass"),
            _read_line("self._received.find(CRLF)", "self._received.find(CRLF, max(0, len(self._received) - 70_000))"),
        ],
        options=("--big",),
    ),
]
VERBS = [
    *(
        Mutant(
            f"{verb.lower()}-is-not-implemented",
            "cmd.required",
            [Edit("commands.py", 'if verb == b"EXPN":', f'if verb in (b"EXPN", b"{verb}"):')],
        )
        for verb in ("HELO", "RSET", "NOOP", "QUIT")
    ),
    Mutant("verbs-in-upper-case-only", "cmd.case", [Edit("commands.py", "verb = word.upper()", "verb = word")]),
    Mutant(
        "from-in-upper-case-only", "cmd.case", [Edit("commands.py", '_syntax(rb"FROM:"', '_syntax(rb"(?-i:FROM:)"')]
    ),
    Mutant("to-in-upper-case-only", "cmd.case", [Edit("commands.py", '_syntax(rb"TO:"', '_syntax(rb"(?-i:TO:)"')]),
    Mutant(
        "spaces-at-the-end-are-an-argument",
        "cmd.trailing-space",
        [Edit("commands.py", 'line.rstrip(b" ").partition', "line.partition")],
    ),
    Mutant("only-four-letters-of-a-verb-read", "cmd.unknown", [parsed('if verb != b"STARTTLS":\n    verb = verb[:4]')]),
    Mutant("unknown-verb-gets-250", "cmd.unknown", [Edit("commands.py", UNKNOWN, 'b"250 2.0.0 Whatever"')]),
    Mutant("unknown-verb-gets-502", "cmd.unknown-500", [Edit("commands.py", UNKNOWN, 'b"502 5.5.1 Not implemented"')]),
    Mutant(
        "empty-line-gets-250",
        "cmd.empty",
        [parsed('if not line:\n    return b"NOOP", SYNTAX[b"NOOP"][0].fullmatch(b"")')],
    ),
    Mutant("empty-line-is-ignored", "cmd.empty", [answered('if not line and line is not None:\n    reply = b""')]),
    Mutant("empty-line-closes", "cmd.empty", [answered('self._leaves |= line == b""')]),
    Mutant(
        "names-beyond-ascii-taken",
        "cmd.8bit",
        [Edit("commands.py", 'LINE = re.compile(rb"[ -~]*")', 'LINE = re.compile(rb"[ -~\\x80-\\xff]*")')],
        also="utf8.malformed",
        why="So are octets that are no UTF-8, in a session that has SMTPUTF8.",
    ),
    Mutant(
        "sender-beyond-ascii-taken",
        "utf8.without",
        [said("_mail", "if not is_utf8 and not found[0].isascii():", "if False:")],
    ),
    Mutant("closes-on-bytes-beyond-ascii", "cmd.8bit", [answered("if line and max(line) > 127:\n    return")]),
    Mutant(
        "control-characters-in-paths",
        "cmd.control",
        [
            Edit("commands.py", 'WIDER_LINE = re.compile(rb"[ -~', 'WIDER_LINE = re.compile(rb"[\\0-~'),
            Edit("paths.py", "`{|}~\\x80-\\xff-]+", "`{|}~\\x80-\\xff\\0-\\x09\\x0e-\\x1f\\x7f-]+"),
        ],
    ),
    Mutant("nul-is-dropped-from-a-line", "cmd.control", [first("_answer", 'line = line.replace(b"\\0", b"")')]),
]
ARGUMENTS = [
    Mutant(
        "ehlo-without-a-name",
        "args.missing",
        [Edit("commands.py", 'b"EHLO": (_syntax(HOST)', 'b"EHLO": (_syntax(HOST, rb"|")')],
    ),
    Mutant(
        "vrfy-of-nobody",
        "args.missing",
        [Edit("commands.py", 'b"VRFY": (_syntax(rb".+")', 'b"VRFY": (_syntax(rb".*")')],
    ),
    Mutant(
        "mail-from-nothing",
        "args.missing",
        [Edit("commands.py", '_syntax(rb"FROM:", REVERSE_PATH', '_syntax(rb"FROM:(?:", REVERSE_PATH, rb")?"')],
    ),
    Mutant("mail-to", "args.missing", [Edit("commands.py", '_syntax(rb"FROM:"', '_syntax(rb"(?:FROM|TO):"')]),
    Mutant(
        "data-with-an-argument", "args.data", [Edit("commands.py", 'b"DATA": (_syntax()', 'b"DATA": (_syntax(rb".*")')]
    ),
    Mutant(
        "data-refused-and-waited-for",
        "args.data",
        [
            Edit("commands.py", 'b"DATA": (_syntax()', 'b"DATA": (_syntax(rb".*")'),
            first(
                "_data",
                """
                if found[0]:
                    self._channel.reply(b"501 5.5.4 Syntax: DATA")
                    self._channel.read_body(SENT_LIMIT, STUFFED)
                    return b"250 2.0.0 OK"
                """,
            ),
        ],
        also="order.error-keeps",
        why="The rest of the transaction is read as the text of a message.",
    ),
    Mutant(
        "rset-with-an-argument",
        "args.surplus",
        [Edit("commands.py", 'b"RSET": (_syntax()', 'b"RSET": (_syntax(rb".*")')],
    ),
    Mutant(
        "quit-with-an-argument",
        "args.surplus",
        [Edit("commands.py", 'b"QUIT": (_syntax()', 'b"QUIT": (_syntax(rb".*")')],
    ),
]
MUTANTS = (*ENDS, *VERBS, *ARGUMENTS)
