"""Servers that take freedoms in what they say and in what they understand."""

from proof.servers.edit import Edit, begun, replaced, within
from proof.servers.liberal.liberty import Liberal

_BARE_LF = replaced(
    "channel.py",
    "Channel.read_line",
    """
    def read_line(self, limit):
        while (end := self._received.find(b"\\n")) < 0:
            self._receive()
        line = bytes(self._received[:end])
        del self._received[: end + 1]
        return line.removesuffix(b"\\r")
    """,
)
_BARE_LF_BODY = replaced(
    "channel.py",
    "Channel.read_body",
    """
    def read_body(self, limit, stuffed):
        lines = []
        while (line := self.read_line(limit)) != b".":
            self.restart_clock()
            lines.append(line[1:] if line.startswith(b"..") else line)
        return b"".join(line + b"\\n" for line in lines)
    """,
)
_LF_ENTRY = Edit(
    "mailbox.py",
    'return b"".join((b"\\r\\n".join(header), b"\\r\\n\\r\\n", self.body, b"\\r\\n"))',
    'return b"".join((b"\\n".join(header), b"\\n\\n", self.body.replace(b"\\r\\n", b"\\n"), b"\\n"))',
)
_BARE = 'address[1:-1] if address[:1] == b"<" and address[-1:] == b">" and len(address) > 2 else address'

SPEECH = [
    Liberal(
        "other-words-after-501-syntax",
        [Edit("session.py", "+ proper_syntax\n", '+ b"usage is: " + proper_syntax + b" (see the manual)"\n')],
    ),
    Liberal(
        "501-syntax-names-no-verb",
        [Edit("session.py", "+ proper_syntax\n", '+ b"wrong"\n')],
        warns="syntax.verb",
    ),
    Liberal(
        "need-mail-from-and-need-rcpt-to",
        [
            within("session.py", "Session._out_of_order", 'b"MAIL"', 'b"MAIL FROM"'),
            within("session.py", "Session._out_of_order", 'b"RCPT"', 'b"RCPT TO"'),
        ],
    ),
    Liberal(
        "need-names-the-last-command-that-is-missing",
        [
            within("session.py", "Session._rcpt", "self._out_of_order()", 'b"503 Error: need MAIL command"'),
            within("session.py", "Session._data", "self._out_of_order()", 'b"503 Error: need RCPT command"'),
        ],
    ),
    Liberal(
        "503-without-the-words-of-the-example",
        [Edit("session.py", "503 Error: need %b command", "503 Error: first %b, please")],
        warns="order.words",
    ),
    Liberal(
        "order-is-judged-before-syntax-and-address",
        [
            begun(
                "session.py",
                "Session._answer",
                """
                word, *rest = line.upper().split(maxsplit=1) or [b""]
                if word == b"HELO" and self._host:
                    return b"503 Error: duplicate HELO"
                if word in (b"MAIL", b"RCPT", b"DATA") and not self._host:
                    return b"503 Error: need HELO command"
                if word == b"MAIL" and self._reverse_path:
                    return b"503 5.5.1 Error: nested MAIL command"
                if word in (b"RCPT", b"DATA") and not self._reverse_path:
                    return b"503 Error: need MAIL command"
                if word == b"DATA" and not self._recipients:
                    return b"503 Error: need RCPT command"
                """,
            )
        ],
    ),
    Liberal(
        "address-is-judged-before-order",
        [
            begun(
                "session.py",
                "Session._mail",
                """
                if not PRINTABLE.fullmatch(address):
                    return b"504 5.5.2 <%b>: Sender address rejected" % _on_one_line(address)
                """,
            ),
            begun(
                "session.py",
                "Session._rcpt",
                """
                if not PRINTABLE.fullmatch(address):
                    return b"504 5.5.2 <%b>: Recipient address invalid" % _on_one_line(address)
                """,
            ),
        ],
    ),
    Liberal(
        "502-to-what-only-begins-like-a-command",
        [
            begun(
                "session.py",
                "Session._answer",
                """
                word, *rest = line.upper().split(maxsplit=1) or [b""]
                if word in (b"MAIL", b"RCPT") and b":" not in b"".join(rest):
                    return b"502 5.5.2 Error: command not recognized"
                """,
            )
        ],
    ),
    Liberal(
        "serves-quit-noop-rset-help-and-ehlo",
        [
            begun(
                "session.py",
                "Session._answer",
                """
                word, *rest = line.upper().split(maxsplit=1) or [b""]
                if word == b"QUIT":
                    self._channel.last_reply(b"221 2.0.0 Bye")
                    raise EOFError
                if word == b"RSET":
                    self._forget_message()
                if word in (b"RSET", b"NOOP"):
                    return b"250 2.0.0 OK"
                if word == b"HELP":
                    return b"214 see the handout"
                if word == b"EHLO":
                    return b"250 " + self._netid
                """,
            )
        ],
    ),
    Liberal("takes-a-bare-lf-as-the-end-of-a-line", [_BARE_LF, _BARE_LF_BODY, _LF_ENTRY]),
    Liberal("keeps-doubled-dots", [Edit("channel.py", "body.replace(CRLF + stuffed, CRLF + stuffed[1:])", "body")]),
    Liberal(
        "removes-every-leading-dot",
        [Edit("session.py", 'STUFFED = b".."', 'STUFFED = b"."')],
    ),
    Liberal("writes-lf-to-the-mailbox", [_LF_ENTRY]),
    Liberal(
        "two-empty-lines-after-each-entry",
        [Edit("mailbox.py", 'self.body, b"\\r\\n"))', 'self.body, b"\\r\\n\\r\\n"))')],
    ),
    Liberal(
        "says-ok-in-another-case",
        [Edit("session.py", "250 2.1.0 OK", "250 2.1.0 Ok"), Edit("session.py", "250 2.1.5 OK", "250 2.1.5 ok")],
        warns="mail.words rcpt.words",
    ),
    Liberal(
        "says-delivered-in-another-case",
        [Edit("session.py", "250 OK: delivered message", "250 Ok:  Delivered Message")],
        warns="delivered.words",
    ),
    Liberal(
        "strips-a-pair-of-angle-brackets",
        [
            Edit("session.py", "self._reverse_path = address", f"self._reverse_path = {_BARE}"),
            Edit("session.py", "self._recipients.append(address)", f"self._recipients.append({_BARE})"),
        ],
    ),
    Liberal(
        "merges-a-recipient-given-twice",
        [
            within(
                "session.py",
                "Session._rcpt",
                "self._recipients.append(address)",
                "if address not in self._recipients:\n    self._recipients.append(address)",
            )
        ],
    ),
    Liberal(
        "collapses-white-space-in-the-504",
        [Edit("session.py", "return address.replace(", 'return b" ".join(address.split()).replace(')],
    ),
    Liberal(
        "accepts-addresses-of-any-bytes",
        [Edit("session.py", 'PRINTABLE = re.compile(rb"[!-~]+")', 'PRINTABLE = re.compile(rb"[^ \\t]+")')],
        warns="address.unprintable",
    ),
    Liberal(
        "refuses-tabs",
        [
            Edit("session.py", 'WHITE_SPACE = re.compile(rb"[ \\t]+")', 'WHITE_SPACE = re.compile(rb"[ ]+")'),
            Edit("session.py", 'line.strip(b" \\t")', 'line.strip(b" ")'),
        ],
        warns="space.tabs",
    ),
    Liberal("500-to-a-line-over-1000-bytes", [Edit("session.py", "LINE_LIMIT = 4_096", "LINE_LIMIT = 1_000")]),
    Liberal(
        "closes-after-a-line-over-1000-bytes",
        [
            Edit("session.py", "LINE_LIMIT = 4_096", "LINE_LIMIT = 1_000"),
            within(
                "session.py",
                "Session.run",
                "line = self._channel.read_line(LINE_LIMIT)",
                """
                line = self._channel.read_line(LINE_LIMIT)
                if line is None:
                    self._channel._send_replies()
                    self._channel.last_reply(b"500 5.5.2 Error: line too long")
                    return
                """,
            ),
        ],
    ),
    Liberal(
        "speaks-the-earlier-edition",
        [
            Edit("session.py", "502 5.5.2 Error: command not", "500 Error: command not"),
            Edit("session.py", "503 5.5.1 Error: nested", "503 Error: nested"),
            Edit("session.py", "504 5.5.2 <%b>: Sender", "555 <%b>: Sender"),
            Edit("session.py", "504 5.5.2 <%b>: Recipient", "555 <%b>: Recipient"),
            Edit("session.py", "250 2.1.0 OK", "250 OK"),
            Edit("session.py", "250 2.1.5 OK", "250 OK"),
        ],
        options=["--dialect", "cs4410-2014"],
    ),
]
