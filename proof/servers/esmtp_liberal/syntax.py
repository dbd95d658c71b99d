"""Servers that understand more, or less, and see another order of commands."""

from __future__ import annotations

from proof.servers.edit import Edit, within
from proof.servers.esmtp_liberal.liberty import EsmtpLiberal
from proof.servers.esmtp_mutants.common import first, parsed, said

_AGAIN = 'if self._client:\n    return b"{}"'
_LOCAL = "(?:%b|%b)@%b"


def _second_ehlo(reply: str) -> Edit:
    return first("_ehlo", _AGAIN.format(reply))


SYNTAX = [
    EsmtpLiberal(
        "nested-mail-begins-anew",
        [said("_mail", 'return b"503 5.5.1 There is a sender already"', "self._forget_message()")],
        "MAIL clears all buffers (4.1.1.2)",
    ),
    EsmtpLiberal("500-to-a-second-ehlo", [_second_ehlo("500 5.5.1 Again?")], "a code that it may have (4.1.4)"),
    EsmtpLiberal("502-to-a-second-ehlo", [_second_ehlo("502 5.5.1 Again?")], "a code that it may have (4.1.4)"),
    EsmtpLiberal("550-to-a-second-ehlo", [_second_ehlo("550 5.7.1 Again?")], "policy (4.1.4)"),
    EsmtpLiberal(
        "503-to-a-second-ehlo",
        [_second_ehlo("503 5.5.1 Duplicate EHLO")],
        "no code for it (4.1.4); it warns (disputed)",
        warns="ehlo.again",
    ),
    EsmtpLiberal(
        "mail-without-ehlo",
        [
            said(
                "_mail",
                "if not self._client:",
                "if not self._client:\n    self._client = self._address\nif not self._client:",
            )
        ],
        "the rule binds the client (disputed)",
    ),
    EsmtpLiberal(
        "503-before-ehlo",
        [
            first(
                "_answer",
                """
                if not self._client and line.upper()[:4] in (b"NOOP", b"RSET", b"VRFY", b"HELP", b"EXPN"):
                    return b"503 5.5.1 EHLO first"
                """,
            )
        ],
        "they may come at any time; refusing them warns (4.1.4)",
        warns="order.before-ehlo",
    ),
    EsmtpLiberal(
        "underscores-in-names",
        [
            Edit(
                "paths.py",
                'LABEL = rb"[A-Z0-9\\x80-\\xff]+(?:-+[A-Z0-9\\x80-\\xff]+)*"',
                'LABEL = rb"[A-Z0-9_\\x80-\\xff-]+"',
            )
        ],
        "nearly all take them (disputed)",
    ),
    EsmtpLiberal(
        "any-name-in-ehlo",
        [
            Edit("commands.py", 'b"EHLO": (_syntax(HOST)', 'b"EHLO": (_syntax(rb".+")'),
            Edit("commands.py", 'b"HELO": (_syntax(HOST)', 'b"HELO": (_syntax(rb".+")'),
        ],
        "names may be taken as they are (disputed)",
    ),
    EsmtpLiberal(
        "loose-paths",
        [
            parsed("""
            if verb in (b"MAIL", b"RCPT"):
                argument = re.sub(rb"^(from|to)\\s*:\\s*", rb"\\1:", argument, flags=re.I)
                if b"<" not in argument:
                    argument = re.sub(rb":([^ ]+)", rb":<\\1>", argument, count=1)
            """),
            Edit(
                "paths.py",
                'DOT_STRING = rb"%b(?:\\.%b)*" % (ATOM, ATOM)',
                'DOT_STRING = rb"[A-Z0-9.!#$%&\'*+/=?^_`{|}~\\x80-\\xff-]+"',
            ),
        ],
        "a generous reader of what clients send (3.3)",
    ),
    EsmtpLiberal(
        "senders-without-a-domain",
        [Edit("paths.py", 'REVERSE_PATH = rb"<(?:%b%b)?>"', 'REVERSE_PATH = rb"<(?:%b%b|[a-z0-9]+)?>"')],
        "a generous reader of what clients send (3.3)",
    ),
    EsmtpLiberal(
        "white-space-before-verbs",
        [
            Edit(
                "commands.py",
                'word, _, argument = line.rstrip(b" ").partition(b" ")',
                'line = b" ".join(line.split())\n    word, _, argument = line.partition(b" ")',
            )
        ],
        "a generous reader of what clients send (4.1.1)",
    ),
    EsmtpLiberal(
        "words-behind-commands",
        [
            Edit("commands.py", f'b"{verb}": (_syntax()', f'b"{verb}": (_syntax(rb".*")')
            for verb in ("RSET", "QUIT", "DATA", "STARTTLS")
        ],
        "they should be refused (4.1.1)",
        warns="args.surplus args.data",
        may="tls.argument",
    ),
    EsmtpLiberal(
        "unknown-parameters-passed-over",
        [within("parameters.py", "refusal", 'return b"555 5.5.4 Parameter not recognized"', "continue")],
        "they should be refused (4.1.1.11)",
        warns="mail.param-unknown rcpt.param-unknown",
    ),
    EsmtpLiberal(
        "commands-end-in-a-bare-lf-too",
        [
            within(
                "channel.py",
                "Channel.read_line",
                "too_long = False",
                """
                if 0 <= self._received.find(b"\\n") != self._received.find(CRLF) + 1:
                    at = self._received.find(b"\\n")
                    line = bytes(self._received[:at])
                    del self._received[: at + 1]
                    return line
                too_long = False
                """,
            ),
            within(
                "channel.py", "Channel.read_line", "self._receive()", "self._receive()\nreturn self.read_line(limit)"
            ),
        ],
        "nearly all take it; it warns (disputed)",
        warns="line.bare-lf",
    ),
    EsmtpLiberal(
        "empty-lines-passed-over",
        [first("_answer", "if not line:\n    return None")],
        "no reply to no command; it warns (4.2)",
        warns="cmd.empty",
    ),
    EsmtpLiberal(
        "lines-of-1000-octets-at-the-most",
        [Edit("esmtp.py", "LINE_LIMIT = 2_000", "LINE_LIMIT = 998")],
        "longer ones may be refused (4.5.3.1)",
    ),
    EsmtpLiberal(
        "lines-of-512-octets-at-the-most",
        [Edit("esmtp.py", "LINE_LIMIT = 2_000", "LINE_LIMIT = 510")],
        "longer ones may be refused (4.5.3.1)",
    ),
    EsmtpLiberal(
        "paths-as-short-as-may-be",
        [
            parsed("""
            path = re.match(rb"(?i)(?:from|to):(<[^ ]*>)", argument)
            if path and (len(path[1]) > 256 or len(path[1].rpartition(b"@")[0].rpartition(b":")[2].lstrip(b"<")) > 64):
                return verb, b"501 5.1.3 Path too long"
            """)
        ],
        "longer ones may be refused (4.5.3.1)",
    ),
    EsmtpLiberal(
        "names-as-short-as-may-be",
        [first("_helo", 'if len(found[0]) > 253:\n    return b"501 5.5.4 Name too long"')],
        "longer ones may be refused (4.5.3.1.2)",
    ),
    EsmtpLiberal(
        "loops-at-25-hops",
        [Edit("delivery.py", "HOPS_LIMIT = 100", "HOPS_LIMIT = 25")],
        "a common threshold; it warns (disputed)",
        warns="data.hops",
    ),
    EsmtpLiberal(
        "any-number-of-hops",
        [Edit("delivery.py", "HOPS_LIMIT = 100", "HOPS_LIMIT = 100_000")],
        "loops may be found in other ways (6.3)",
    ),
]
