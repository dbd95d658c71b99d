"""Mutants with faults that people have reported of real servers, in whatever section."""

from __future__ import annotations

from proof.servers.edit import Edit, Mutant, begun, headed, replaced, within
from proof.servers.shared import ANSWERED, UNPROTECTED_WORKER, read

NUMBERED = 'return b"250 OK: delivered message %d" % self._mailbox.deliver(message)'


def unread(code: str) -> list[Edit]:
    """Do something when the client of a delivered message has gone."""
    return [
        within(
            "session.py",
            "Session._data",
            NUMBERED,
            f"""
            number = self._mailbox.deliver(message)
            try:
                sleep(0.002)
                self._channel._connection.getpeername()
            except OSError:
                {code}
            return b"250 OK: delivered message %d" % number
            """,
        ),
        headed("session.py", "from time import sleep"),
    ]


def accepted_by_a_thread(code: str) -> list[Edit]:
    """Accept connections in a thread that ends with the first exception."""
    return [
        headed("__main__.py", "from threading import Thread"),
        within(
            "__main__.py",
            "main",
            "while True:",
            f"""
            def accept_for_ever():
                while True:
                    hand_over.reserve_worker()
                    {code}
                    hand_over.give(connection)

            Thread(target=accept_for_ever, daemon=True).start()
            while True:
                time.sleep(60)
                continue
            """,
        ),
    ]


def where_a_segment_is(condition: str, then: str) -> list[Edit]:
    """Look at each segment by itself, as those do who take one recv for one line."""
    return [new_data(f"new = len(self._received)\nself._receive()\nif {condition}:\n    {then}")]


def new_data(code: str) -> Edit:
    """Receive data of a body in another way."""
    return within("channel.py", "Channel.read_body", "self._receive()", code)


SEGMENTS = [
    Mutant(
        "segment-that-begins-with-a-lone-dot-ends-the-body",
        "line.split",
        where_a_segment_is('self._received.startswith(b".\\r\\n", new)', "self._received[new:new] = CRLF"),
    ),
    Mutant(
        "segment-that-is-a-dot-ends-the-body",
        "line.split",
        where_a_segment_is('self._received[new:] == b"."', "self._received[new:] = END_OF_DATA"),
    ),
    Mutant(
        "segment-that-is-a-line-of-one-dot-ends-the-body",
        "line.split",
        where_a_segment_is('self._received[new:] == b".\\r\\n"', "self._received[new:new] = CRLF"),
    ),
    Mutant(
        "cr-at-the-end-of-a-segment-lost",
        "line.split",
        [new_data('self._receive()\nif self._received.endswith(b"\\r"):\n    del self._received[-1:]')],
    ),
    Mutant(
        "a-call-deeper-for-each-segment-of-a-body",
        "line.split",
        [
            begun(
                "channel.py",
                "Channel.read_body",
                """
                def receive_rest():
                    if END_OF_DATA not in CRLF + self._received:
                        self._receive()
                        self.restart_clock()
                        receive_rest()

                receive_rest()
                """,
            ),
        ],
    ),
]

BEFORE_THE_GREETING = [
    Mutant(
        "accepting-thread-ends-with-a-client-that-is-gone",
        "pool.survives",
        accepted_by_a_thread("connection = _accept(listener); connection.getpeername()"),
    ),
    Mutant(
        "process-ends-with-a-client-that-is-gone",
        "pool.alive",
        [
            within(
                "__main__.py",
                "main",
                "hand_over.give(_accept(listener))",
                "connection = _accept(listener)\nconnection.getpeername()\nhand_over.give(connection)",
            )
        ],
    ),
    Mutant(
        "worker-lost-with-a-client-that-is-not-greeted",
        "pool.survives",
        [
            UNPROTECTED_WORKER,
            begun(
                "session.py",
                "Session.run",
                "try:\n    self._channel._connection.getpeername()\n"
                'except OSError:\n    raise RuntimeError("nobody there") from None',
            ),
        ],
    ),
]

QUIET = [
    Mutant(
        "listener-with-a-time-out",
        "pool.alive",
        [
            within("__main__.py", "_accept", "except OSError:", "except MemoryError:"),
            within("__main__.py", "main", "_stay_on_one_core()", "listener.settimeout(options.time_limit)"),
        ],
    ),
    Mutant(
        "accepting-thread-ends-when-nobody-comes",
        "pool.alive",
        [
            *accepted_by_a_thread("connection = listener.accept()[0]"),
            within("__main__.py", "main", "_stay_on_one_core()", "listener.settimeout(options.time_limit)"),
        ],
    ),
]

FLOODS = [
    Mutant(
        "negative-time-out-ends-the-worker",
        "pool.survives",
        [
            UNPROTECTED_WORKER,
            replaced(
                "channel.py",
                "Channel._receive",
                """
                def _receive(self) -> None:
                    self._send_replies()
                    self._connection.settimeout(self._deadline - monotonic())
                    try:
                        data = self._connection.recv(RECEIVE_SIZE)
                    except TimeoutError:
                        raise ClockExpired from None
                    if not data:
                        raise EOFError
                    self._received += data
                """,
            ),
        ],
    ),
]

UNREAD = [
    Mutant(
        "number-taken-back-when-nobody-reads-its-reply",
        "numbers numbers.file",
        unread("self._mailbox._last_number -= 1"),
    ),
    Mutant(
        "delivered-again-when-nobody-reads-its-reply",
        "mailbox.whole",
        unread("self._mailbox.deliver(message)"),
    ),
]

LONG = [
    Mutant(
        "worker-lost-at-line-985",
        "session.long pool.survives",
        [
            UNPROTECTED_WORKER,
            within(
                "session.py",
                "Session.run",
                ANSWERED,
                f"""
                {ANSWERED}
                self._lines = getattr(self, "_lines", 0) + 1
                if self._lines == 985:
                    raise RecursionError
                """,
            ),
        ],
    ),
    Mutant(
        "two-hundredth-message-of-a-session-refused",
        "session.long",
        [
            begun(
                "session.py",
                "Session._data",
                "self._messages = getattr(self, '_messages', 0) + 1\n"
                "if self._messages == 200:\n"
                '    return b"554 too many messages"',
            )
        ],
    ),
]

LANGUAGE = [
    Mutant(
        "command-lines-split-as-a-language-does",
        "reply.one address.unprintable",
        [
            within(
                "session.py",
                "Session.run",
                ANSWERED,
                """
                for part in (line or b"").decode("latin-1").splitlines() or [""]:
                    self._reply(self._answer(part.encode("latin-1")))
                """,
            )
        ],
    ),
    Mutant(
        "verbs-made-upper-case-as-a-language-does",
        "reply.one",
        [Edit("session.py", "word.upper()", 'word.decode("latin-1").upper().encode("latin-1")')],
    ),
    Mutant(
        "commands-made-text",
        "reply.one address.unprintable",
        [begun("session.py", "Session._answer", "line.decode()")],
    ),
    Mutant(
        "addresses-stripped-as-a-language-does",
        "address.unprintable",
        [
            begun("session.py", f"Session.{name}", 'address = address.decode("latin-1").strip().encode("latin-1")')
            for name in ("_mail", "_rcpt")
        ],
    ),
    Mutant(
        "body-lines-stripped-as-a-language-does",
        "bytes",
        [
            headed("session.py", "STRIPPED = '\\x0b\\x0c\\x1c\\x1d\\x1e\\x85'"),
            read(
                'lines = (body or b"").decode("latin-1").split("\\r\\n")\n'
                'body = "\\r\\n".join(line.strip(STRIPPED) for line in lines).encode("latin-1")'
            ),
        ],
    ),
    Mutant(
        "from-at-the-begin-of-a-line-quoted",
        "bytes",
        [read('body = re.sub(rb"(?m)^From ", b">From ", body or b"")')],
    ),
    Mutant(
        "dot-between-form-feeds-ends-the-body",
        "end.dot",
        [
            headed("channel.py", "import re"),
            new_data(
                "self._receive()\n"
                r'self._received[:] = re.sub(rb"[\x0b\x0c]\.[\x0b\x0c]", END_OF_DATA, self._received)'
            ),
        ],
    ),
    Mutant(
        "address-looked-at-by-a-pattern-that-backtracks",
        "pool.no-influence line.too-long",
        [
            begun(
                "session.py",
                "Session._mail",
                r're.fullmatch(rb"([a-z0-9]+[._-]?)+@([a-z0-9]+\.?)+|\S+|.*\s.{,99}", address)',
            )
        ],
    ),
    Mutant(
        "refused-sender-taken-for-a-format",
        "sender.refused",
        [
            Edit(
                "session.py",
                'b"504 5.5.2 <%b>: Sender address rejected" % _on_one_line(address)',
                '(b"504 5.5.2 <" + address + b">: %b address rejected") % b"Sender"',
            )
        ],
    ),
]

WAKING = [
    Mutant(
        "worker-looks-once-when-it-is-woken",
        "pool.survives pool.frees",
        [within("pool.py", "HandOver.take", "while not self._connections:", "if not self._connections:")],
    ),
    Mutant(
        "backup-wakes-one-delivery",
        "backup.whole",
        [Edit("mailbox.py", "self._backup_is_done.notify_all()", "self._backup_is_done.notify()")],
    ),
]

MUTANTS = SEGMENTS + BEFORE_THE_GREETING + QUIET + FLOODS + UNREAD + LONG + LANGUAGE + WAKING
