"""Mutants of the section "Message": DATA, its end, the reply to it, what is kept of a body and what is forgotten."""

from __future__ import annotations

from proof.servers.edit import Edit, Mutant, begun, replaced, within
from proof.servers.shared import UNPROTECTED_WORKER, read

DATA = [
    Mutant(
        "data-reply-in-other-words", "data", [Edit("session.py", "354 End data with <CR><LF>.<CR><LF>", "354 go ahead")]
    ),
    Mutant("data-reply-with-250", "data", [Edit("session.py", "354 End data with", "250 End data with")]),
    Mutant(
        "delivery-reply-in-other-words",
        "delivered",
        [Edit("session.py", "250 OK: delivered message", "250 OK: queued as")],
    ),
    Mutant(
        "delivery-reply-in-other-case",
        "delivered.words",
        [Edit("session.py", "250 OK: delivered message", "250 Ok: Delivered message")],
    ),
]

END_OF_DATA = [
    Mutant(
        "end-of-data-seen-in-one-segment-only",
        "line.split",
        [
            replaced(
                "channel.py",
                "Channel.read_body",
                """
                def read_body(self, limit: int, stuffed: bytes) -> bytes | None:
                    body = bytearray()
                    segment = CRLF + self._received
                    while (end := segment.find(END_OF_DATA)) < 0:
                        body += segment
                        self._received.clear()
                        self._receive()
                        self.restart_clock()
                        segment = bytes(self._received)
                    body += segment[: end + len(CRLF)]
                    self._received[:] = segment[end + len(END_OF_DATA) :]
                    return bytes(body.replace(b"\\r\\n..", b"\\r\\n.")[len(CRLF) :])
                """,
            )
        ],
        also="line.joined end.empty bytes.large",
        why="an empty body, or one whose lines came with DATA, has its dot in a segment of its own too; a large one "
        "may have it among its last lines, where a busy server reads late",
    ),
    Mutant(
        "end-of-data-must-end-its-segment",
        "line.joined",
        [
            replaced(
                "channel.py",
                "Channel.read_body",
                """
                def read_body(self, limit: int, stuffed: bytes) -> bytes | None:
                    self._received[:0] = CRLF
                    while not self._received.endswith(END_OF_DATA):
                        self._receive()
                        self.restart_clock()
                    body = bytes(self._received[len(CRLF) : -len(b".\\r\\n")])
                    self._received.clear()
                    return body
                """,
            )
        ],
    ),
    Mutant(
        "dot-at-the-end-of-any-line-ends-the-body",
        "end.dot",
        [
            Edit("channel.py", 'END_OF_DATA = b"\\r\\n.\\r\\n"', 'END_OF_DATA = b".\\r\\n"'),
            Edit("channel.py", "body = self._received[: end + len(CRLF)]", "body = self._received[:end]"),
        ],
        also="mailbox.entry",
        why="the body of the handout's own example has such a line",
    ),
    Mutant(
        "line-that-begins-with-a-dot-ends-the-body",
        "end.dot",
        [
            Edit("channel.py", 'END_OF_DATA = b"\\r\\n.\\r\\n"', 'END_OF_DATA = b"\\r\\n."'),
            within(
                "channel.py",
                "Channel.read_body",
                "del self._received[: end + len(END_OF_DATA)]",
                "del self._received[: end + len(END_OF_DATA)]\nself.read_line(limit)",
            ),
        ],
    ),
    Mutant(
        "empty-body-never-ends",
        "end.empty",
        [
            within("channel.py", "Channel.read_body", "self._received[:0] = CRLF", "pass"),
            within("channel.py", "Channel.read_body", "[len(CRLF) :])", ")"),
        ],
    ),
]

KEPT = 'message = Message(self._host, self._reverse_path, self._recipients, body or b"")'


def kept_as(body: str) -> Edit:
    """Deliver this expression of the `body` instead of the body itself."""
    return Edit("session.py", KEPT, KEPT.replace('body or b""', body))


BODY = [
    Mutant("body-cut-at-64-kib", "bytes bytes.large", [kept_as('(body or b"")[:65_536]')]),
    Mutant("body-cut-at-nul", "bytes", [kept_as('(body or b"").partition(b"\\0")[0]')]),
    Mutant(
        "8-bit-bytes-become-question-marks",
        "bytes",
        [kept_as('(body or b"").decode("ascii", "replace").encode("ascii", "replace")')],
    ),
    Mutant("body-goes-through-utf-8", "bytes", [kept_as('(body or b"").decode("utf-8", "ignore").encode()')]),
    Mutant(
        "spaces-at-line-ends-lost",
        "bytes",
        [kept_as('b"\\r\\n".join(line.rstrip(b" \\t") for line in (body or b"").split(b"\\r\\n"))')],
    ),
    Mutant(
        "empty-lines-of-the-body-lost",
        "bytes",
        [kept_as('b"".join(line + b"\\r\\n" for line in (body or b"").split(b"\\r\\n") if line)')],
    ),
    Mutant("percent-signs-doubled", "bytes", [kept_as('(body or b"").replace(b"%", b"%%")')]),
    Mutant(
        "long-lines-of-the-body-wrapped",
        "bytes bytes.large",
        [kept_as('re.sub(rb"([^\\r\\n]{998})", rb"\\1\\r\\n", body or b"")')],
    ),
    Mutant(
        "body-over-10-mib-refused",
        "bytes.large",
        [Edit("session.py", "BODY_LIMIT = 96 * 2**20", "BODY_LIMIT = 10 * 2**20")],
    ),
    Mutant("8-bit-body-ends-the-session", "bytes", [read('(body or b"").decode("ascii")')]),
    Mutant(
        "8-bit-body-ends-the-worker",
        "bytes pool.survives",
        [UNPROTECTED_WORKER, read('(body or b"").decode("ascii")')],
    ),
]


def forgotten(code: str) -> Edit:
    """What is done after a message instead of forgetting it."""
    return replaced("session.py", "Session._forget_message", f"def _forget_message(self) -> None:\n    {code}")


AFTERWARDS = [
    Mutant("sender-kept-for-the-next-message", "after.forgets", [forgotten("self._recipients = []")]),
    Mutant("recipients-kept-for-the-next-message", "after.forgets", [forgotten('self._reverse_path = b""')]),
    Mutant("message-not-forgotten-at-all", "after.forgets", [forgotten("pass")]),
    Mutant(
        "body-kept-for-the-next-message",
        "after.forgets",
        [
            begun("session.py", "Session.run", 'self._lines = b""'),
            read('self._lines += body or b""'),
            kept_as("self._lines"),
        ],
    ),
]

MUTANTS = DATA + END_OF_DATA + BODY + AFTERWARDS
