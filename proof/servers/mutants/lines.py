"""Mutants of the section "Greeting and lines"."""

from __future__ import annotations

from proof.servers.edit import Edit, Mutant, begun, headed, replaced, within
from proof.servers.shared import UNPROTECTED_WORKER, answered

GREETINGS_AND_NETIDS = [
    Mutant(
        "greeting-in-other-words",
        "greeting",
        [Edit("session.py", 'b"220 %b SMTP CS4410MP3"', 'b"220 %b ESMTP ready"')],
    ),
    Mutant(
        "greeting-after-first-line",
        "greeting",
        [begun("session.py", "Session.run", "self._channel.read_line(LINE_LIMIT)")],
    ),
    Mutant(
        "greeting-before-first-reply",
        "greeting",
        [
            Edit("session.py", 'self._reply(b"220 %b SMTP CS4410MP3" % self._netid)', "greeted = False"),
            Edit(
                "session.py",
                "line = self._channel.read_line(LINE_LIMIT)",
                "line = self._channel.read_line(LINE_LIMIT)\n"
                "                if not greeted:\n"
                '                    self._reply(b"220 %b SMTP CS4410MP3" % self._netid)\n'
                "                    greeted = True",
            ),
        ],
    ),
    Mutant(
        "greeting-of-two-lines",
        "greeting reply.one",
        [Edit("session.py", 'SMTP CS4410MP3" % self._netid', 'SMTP CS4410MP3\\r\\n220 Welcome" % self._netid')],
        workers=5,
    ),
    Mutant(
        "helo-reply-names-another-server",
        "netid",
        [Edit("session.py", 'return b"250 " + self._netid', 'return b"250 localhost"')],
    ),
    Mutant(
        "time-out-reply-names-another-server",
        "netid",
        [
            Edit(
                "session.py",
                '421 4.4.2 %b Error: timeout exceeded" % self._netid',
                '421 4.4.2 netid Error: timeout exceeded"',
            )
        ],
    ),
    Mutant(
        "received-line-names-another-server",
        "netid",
        [Edit("mailbox.py", "(self.host, netid)", '(self.host, b"netid")')],
    ),
]

REPLIES = [
    Mutant(
        "replies-end-in-lf",
        "reply.crlf",
        [Edit("channel.py", "self._replies += text + CRLF", 'self._replies += text + b"\\n"')],
    ),
    Mutant(
        "replies-end-in-nothing",
        "reply.crlf",
        [Edit("channel.py", "self._replies += text + CRLF", "self._replies += text")],
        workers=5,
    ),
    Mutant(
        "error-replies-end-in-lf",
        "reply.crlf",
        [
            begun(
                "channel.py",
                "Channel.reply",
                'if text.startswith(b"5"):\n    self._replies += text + b"\\n"\n    return',
            )
        ],
    ),
    Mutant(
        "errors-answered-twice",
        "reply.one",
        [begun("channel.py", "Channel.reply", 'if text.startswith(b"5"):\n    self._replies += text + CRLF')],
        workers=5,
    ),
    Mutant(
        "body-lines-answered",
        "reply.one",
        [within("channel.py", "Channel.read_body", "self._receive()", 'self._receive()\nself.reply(b"250 go on")')],
        workers=5,
    ),
    Mutant(
        "unknown-commands-unanswered",
        "unknown reply.one line.empty syntax.boundary",
        [answered('if not answer.startswith(b"502"):\n    self._reply(answer)')],
    ),
    Mutant(
        "address-without-a-domain-looked-up-for-seconds",
        "reply.prompt",
        [
            headed("session.py", "from time import sleep"),
            within(
                "session.py",
                "Session._mail",
                "self._reverse_path = address",
                'if b"@" not in address:\n    sleep(2.5)\nself._reverse_path = address',
            ),
        ],
    ),
    Mutant(
        "errors-with-4xx-codes",
        "reply.codes",
        [answered('self._reply(b"4" + answer[1:] if answer.startswith(b"5") else answer)')],
    ),
    Mutant(
        "nested-mail-with-4xx-code",
        "reply.codes mail.nested",
        [Edit("session.py", "503 5.5.1 Error: nested", "403 4.5.1 Error: nested")],
    ),
]

SEGMENTS = [
    Mutant(
        "recv-taken-for-a-line",
        "line.split line.joined",
        [
            replaced(
                "channel.py",
                "Channel.read_line",
                """
                def read_line(self, limit: int) -> bytes | None:
                    if not self._received:
                        self._receive()
                    line = bytes(self._received)
                    self._received.clear()
                    return line.rstrip(CRLF)
                """,
            )
        ],
        workers=4,
    ),
    Mutant(
        "line-end-cut-in-two-not-seen",
        "line.split",
        [
            replaced(
                "channel.py",
                "Channel.read_line",
                """
                def read_line(self, limit: int) -> bytes | None:
                    line = b""
                    while CRLF not in self._received:
                        line += bytes(self._received)
                        self._received.clear()
                        self._receive()
                    end = self._received.find(CRLF)
                    line += bytes(self._received[:end])
                    del self._received[: end + len(CRLF)]
                    return line
                """,
            )
        ],
    ),
    Mutant(
        "rest-of-the-segment-dropped",
        "line.joined",
        [within("channel.py", "Channel.read_line", "del self._received[: end + len(CRLF)]", "self._received.clear()")],
    ),
    Mutant(
        "rest-after-the-dot-dropped",
        "line.joined",
        [
            within(
                "channel.py",
                "Channel.read_body",
                "del self._received[: end + len(END_OF_DATA)]",
                "self._received.clear()",
            )
        ],
    ),
    Mutant(
        "body-that-comes-with-data-dropped",
        "line.joined",
        [begun("channel.py", "Channel.read_body", "self._received.clear()")],
    ),
    Mutant(
        "joined-lines-answered-in-reverse",
        "line.joined",
        [Edit("channel.py", "self._replies += text + CRLF", "self._replies[:0] = text + CRLF")],
    ),
]

EMPTY_AND_LONG_LINES = [
    Mutant(
        "empty-line-unanswered",
        "reply.one line.empty",
        [answered('if line != b"":\n    self._reply(answer)')],
    ),
    Mutant(
        "empty-line-answered-250",
        "line.empty time.invalid",
        [begun("session.py", "Session._answer", 'if not line:\n    return b"250 OK"')],
    ),
    Mutant(
        "empty-line-ends-the-session",
        "line.empty-harmless line.empty",
        [begun("session.py", "Session._answer", "line.split()[0]")],
    ),
    Mutant(
        "empty-line-ends-the-worker",
        "line.empty-harmless line.empty pool.survives",
        [UNPROTECTED_WORKER, begun("session.py", "Session._answer", "line.split()[0]")],
    ),
    Mutant(
        "lines-over-512-bytes-refused",
        "line.length",
        [Edit("session.py", "LINE_LIMIT = 4_096", "LINE_LIMIT = 512")],
    ),
    Mutant(
        "host-cut-at-255-bytes",
        "line.length",
        [Edit("session.py", "self._host = host\n", "self._host = host[:255]\n")],
    ),
    Mutant(
        "sender-cut-at-128-bytes",
        "line.length",
        [Edit("session.py", "self._reverse_path = address\n", "self._reverse_path = address[:128]\n")],
    ),
    Mutant(
        "long-line-unanswered",
        "line.too-long reply.one",
        [answered("if line is not None:\n    self._reply(answer)")],
    ),
]

LOOKING = "import socket\nfrom contextlib import suppress\nfrom time import sleep"
LOOK_FOR_THE_END = """
    with suppress(BlockingIOError):
        sleep(0.003)
        if not self._channel._connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT):
            raise EOFError
"""
HALF_CLOSED = [
    Mutant(
        "half-closed-client-unanswered",
        "half-close.answered",
        [headed("session.py", LOOKING), begun("session.py", "Session._answer", LOOK_FOR_THE_END)],
    ),
    Mutant(
        "half-closed-message-lost",
        "half-close.delivered",
        [
            headed("session.py", LOOKING),
            begun("session.py", "Session._forget_message", LOOK_FOR_THE_END),
        ],
    ),
]

MUTANTS = GREETINGS_AND_NETIDS + REPLIES + SEGMENTS + EMPTY_AND_LONG_LINES + HALF_CLOSED
