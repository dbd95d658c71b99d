"""Mutants of the section "Closing and losing the connection"."""

from __future__ import annotations

from proof.servers.edit import Edit, Mutant, headed, within
from proof.servers.esmtp_mutants.common import READ_TEXT, answered, broken_off, first, said

DIES = "os._exit(3)"
STORED = "maildir.deliver(message)"
LATER = """
import threading

LATER = threading.local()
"""

ERRORS = [
    Mutant(
        "unknown-verb-closes", "close.error", [answered('self._leaves |= reply == b"500 5.5.2 Command not recognized"')]
    ),
    Mutant(
        "syntax-error-closes-without-a-word",
        "close.error",
        [answered('if (reply or b"").startswith(b"501"):\n    return')],
    ),
    Mutant("wrong-order-closes", "close.error", [answered('self._leaves |= (reply or b"").startswith(b"503")')]),
    Mutant(
        "bad-recipient-closes", "close.error", [answered('self._leaves |= (reply or b"").startswith(b"550 5.1.1")')]
    ),
]
LOST = [
    Mutant(
        "lost-data-is-delivered",
        "close.lost-data",
        [broken_off("self._deliver(text[: text.rfind(CRLF) + 2], self._recipients)")],
        also="close.lost-dot",
        why="A message without its end is delivered wherever it breaks off.",
    ),
    Mutant(
        "message-of-a-lost-client-is-empty",
        "close.lost-data",
        [
            said(
                "run",
                "except ClockExpired:",
                """
            except EOFError:
                if self._recipients:
                    self._deliver(b"Subject: lost\\r\\n\\r\\n", self._recipients)
                raise
            except ClockExpired:
            """,
            ),
        ],
    ),
    Mutant(
        "reset-client-is-lost-and-delivered",
        "close.lost-data",
        [
            said(
                "_data",
                READ_TEXT,
                "try:\n"
                f"    {READ_TEXT}\n"
                "except ConnectionResetError:\n"
                '    text = b"Subject: reset\\r\\n\\r\\nmarker " + bytes(self._channel._received)\n'
                "    self._deliver(text, self._recipients)\n"
                "    raise",
            )
        ],
    ),
    Mutant(
        "dot-alone-ends-a-lost-message",
        "close.lost-dot",
        [broken_off('if text.endswith(b"\\r\\n."):\n    self._deliver(text[:-1], self._recipients)')],
    ),
    Mutant(
        "dot-and-cr-end-a-lost-message",
        "close.lost-dot",
        [broken_off('if text.endswith(b"\\r\\n.\\r"):\n    self._deliver(text[:-2], self._recipients)')],
    ),
    Mutant(
        "stored-when-the-client-says-quit",
        "close.keeps-done",
        [
            headed("delivery.py", LATER),
            within("delivery.py", "deliver", STORED, 'LATER.kept = [*getattr(LATER, "kept", ()), (maildir, message)]'),
            headed("esmtp.py", "from .delivery import LATER"),
            first("run", "LATER.kept = []"),
            first("_quit", "for maildir, message in LATER.kept:\n    maildir.deliver(message)"),
        ],
        also="data.crash data.delivered rcpt.route-ignored",
        why="What is stored once the session is over has not arrived before.",
    ),
]
SERVING = [
    Mutant(
        "says-nothing-when-it-is-stopped",
        "close.shutdown",
        [within("office.py", "PostOffice.close", "channel.last_reply(", "len(")],
    ),
    Mutant(
        "250-when-it-is-stopped", "close.shutdown", [within("office.py", "PostOffice.close", "421 4.3.2", "250 2.0.0")]
    ),
    Mutant(
        "one-client-at-a-time",
        "close.serves-on conn.parallel",
        [
            headed("office.py", "import threading"),
            within(
                "office.py",
                "PostOffice.__init__",
                "self._site = site",
                "self._site = site\nself._lock = threading.Lock()",
            ),
            within(
                "office.py",
                "PostOffice.serve",
                "self._session(channel, self._site, client, server).run()",
                "with self._lock:\n    self._session(channel, self._site, client, server).run()",
            ),
        ],
    ),
    Mutant(
        "four-workers", "close.serves-on", [Edit("__main__.py", "start_workers(options.threads,", "start_workers(4,")]
    ),
    Mutant(
        "dies-of-a-reset",
        "close.serves-on",
        [
            headed("office.py", "import os"),
            within(
                "office.py",
                "PostOffice.serve",
                "self._session(channel, self._site, client, server).run()",
                "try:\n"
                "    self._session(channel, self._site, client, server).run()\n"
                "except ConnectionResetError:\n"
                f"    {DIES}",
            ),
        ],
    ),
    Mutant(
        "dies-of-random-bytes",
        "close.serves-on",
        [headed("esmtp.py", "import os"), answered(f"if line and line.count(b'\\0') > 2:\n    {DIES}")],
    ),
    Mutant(
        "dies-of-a-long-line",
        "close.serves-on",
        [headed("channel.py", "import os"), within("channel.py", "Channel.read_line", "too_long = True", DIES)],
    ),
    Mutant(
        "one-message-at-a-time",
        "conn.parallel",
        [
            headed("esmtp.py", "import threading\n\nLOCK = threading.Lock()"),
            said("_data", READ_TEXT, f"with LOCK:\n    {READ_TEXT}"),
        ],
    ),
    Mutant(
        "lock-from-354-to-the-end",
        "conn.parallel",
        [
            headed("esmtp.py", "import threading\n\nLOCK = threading.Lock()"),
            said(
                "_data",
                'self._channel.reply(b"354 End data with <CR><LF>.<CR><LF>")',
                'LOCK.acquire()\nself._channel.reply(b"354 End data with <CR><LF>.<CR><LF>")',
            ),
            said("_data", READ_TEXT, f"try:\n    {READ_TEXT}\nfinally:\n    LOCK.release()"),
        ],
    ),
]
MUTANTS = (*ERRORS, *LOST, *SERVING)
