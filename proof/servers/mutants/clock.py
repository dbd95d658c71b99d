"""Mutants of the section "Time": when the clock runs, what restarts it, and how a time-out is told."""

from __future__ import annotations

from proof.servers.edit import Edit, Mutant, begun, headed, replaced
from proof.servers.mutants.message import READ
from proof.servers.shared import BODY_RESTARTS_NOTHING, accepted

RESTARTED = 'if text < b"4":'


def restarted(condition: str) -> Edit:
    """Restart the clock by a reply, the `text`, on this condition only."""
    return Edit("session.py", RESTARTED, f"if {condition}:")


def limited(seconds: str) -> Edit:
    """Set the clock to another number of seconds."""
    return Edit("session.py", "monotonic() + self._time_limit", f"monotonic() + {seconds}")


LIMIT = [
    Mutant("half-the-limit", "time.early time.session time.slow-line", [limited("self._time_limit / 2")]),
    Mutant("two-and-a-half-seconds-late", "time.prompt", [limited("self._time_limit + 2.5")]),
    Mutant("three-times-the-limit", "time.out", [limited("self._time_limit * 3")]),
    Mutant("no-limit", "time.out", [limited("86_400")]),
    Mutant(
        "clock-looked-at-only-when-data-come",
        "time.out",
        [
            replaced(
                "session.py",
                "Channel._receive",
                """
                def _receive(self) -> None:
                    self._send_replies()
                    data = self._connection.recv(RECEIVE_SIZE)
                    if not data:
                        raise EOFError
                    if monotonic() > self._deadline:
                        raise ClockExpired
                    self._received += data
                """,
            )
        ],
    ),
    Mutant(
        "no-limit-before-helo",
        "time.out",
        [
            Edit(
                "session.py",
                RESTARTED,
                'if text[:3] == b"220":\n            self._deadline = monotonic() + 86_400\n        elif text < b"4":',
            )
        ],
    ),
    Mutant(
        "no-limit-in-the-body",
        "time.out",
        [
            begun("session.py", "Channel.read_body", "self._deadline = monotonic() + 86_400"),
            BODY_RESTARTS_NOTHING,
        ],
    ),
    Mutant(
        "session-of-four-limits-at-most",
        "time.session",
        [
            Edit(
                "session.py",
                "        self._restart_clock()\n\n    def reply(",
                "        self._end = monotonic() + 4 * time_limit\n        self._restart_clock()\n\n    def reply(",
            ),
            Edit(
                "session.py",
                "self._deadline = monotonic() + self._time_limit",
                "self._deadline = min(monotonic() + self._time_limit, self._end)",
            ),
        ],
    ),
    Mutant(
        "unfinished-line-has-half-the-limit",
        "time.slow-line time.early",
        [
            Edit(
                "session.py",
                "            self._receive()\n        line = ",
                "            self._receive()\n"
                "            if CRLF not in self._received:\n"
                "                self._deadline = min(self._deadline, monotonic() + self._time_limit / 2)\n"
                "        line = ",
            )
        ],
    ),
]

RESTARTS = [
    Mutant(
        "one-clock-for-the-whole-connection",
        "time.restart time.session time.body",
        [restarted('text.startswith(b"220")')],
    ),
    Mutant(
        "helo-does-not-restart-the-clock",
        "time.restart time.session",
        [restarted('text < b"4" and len(text.split()) != 2')],
    ),
    Mutant(
        "mail-does-not-restart-the-clock",
        "time.restart time.session",
        [restarted('text < b"4" and b"2.1.0" not in text')],
    ),
    Mutant(
        "rcpt-does-not-restart-the-clock",
        "time.restart time.session",
        [restarted('text < b"4" and b"2.1.5" not in text')],
    ),
    Mutant(
        "second-rcpt-does-not-restart-the-clock",
        "time.restart time.session",
        [
            Edit(
                "session.py",
                "        self._recipients.append(address)\n",
                "        self._recipients.append(address)\n        self._channel.again = len(self._recipients) > 1\n",
            ),
            restarted('text < b"4" and not (b"2.1.5" in text and self.again)'),
        ],
    ),
    Mutant(
        "message-does-not-restart-the-clock",
        "time.restart time.session",
        [
            restarted('text < b"4" and b"delivered" not in text'),
            BODY_RESTARTS_NOTHING,
        ],
    ),
    Mutant("body-under-the-clock-of-rcpt", "time.body", [restarted('text < b"3"')]),
    Mutant("errors-restart-the-clock", "time.invalid", [restarted("True")]),
    Mutant("unknown-commands-restart-the-clock", "time.invalid", [restarted('text < b"4" or text.startswith(b"502")')]),
    Mutant(
        "any-byte-restarts-the-clock",
        "time.drip time.invalid",
        [
            Edit(
                "session.py",
                "                self._received += data\n",
                "                self._received += data\n                self._restart_clock()\n",
            )
        ],
    ),
    Mutant(
        "the-limit-for-each-recv",
        "time.drip time.invalid",
        [begun("session.py", "Channel._receive", "self._deadline = monotonic() + self._time_limit")],
    ),
    Mutant(
        "clock-starts-at-accept",
        "time.start pool.ahead",
        [
            accepted("connection, accepted = _accept(listener), time.monotonic()", "(connection, accepted)"),
            replaced(
                "pool.py",
                "_work",
                """
                def _work(hand_over: HandOver, serve: Callable[[socket, float], None]) -> None:
                    while True:
                        connection, accepted = hand_over.take()
                        with connection:
                            serve(connection, accepted)
                """,
            ),
            replaced(
                "__main__.py",
                "main.serve",
                """
                def serve(connection: socket.socket, accepted: float) -> None:
                    channel = Channel(connection, options.time_limit)
                    channel._deadline = accepted + options.time_limit
                    Session(channel, mailbox, netid).run()
                """,
            ),
            restarted('text < b"4" and not text.startswith(b"220")'),
        ],
    ),
]

TOLD = '            self._channel.last_reply(b"421 4.4.2 %b Error: timeout exceeded" % self._netid)\n'
TIMED_OUT = [
    Mutant("time-out-without-reply", "time.reply", [Edit("session.py", TOLD, "            pass\n")]),
    Mutant("time-out-in-other-words", "time.reply", [Edit("session.py", "Error: timeout exceeded", "Error: too slow")]),
    Mutant("time-out-with-a-5xx-code", "time.reply", [Edit("session.py", 'b"421 4.4.2', 'b"521 5.4.2')]),
    Mutant(
        "time-out-without-close",
        "time.close",
        [
            headed("session.py", "still_open = []"),
            Edit("session.py", TOLD, TOLD + "            still_open.append(self._channel._connection.dup())\n"),
        ],
    ),
    Mutant(
        "timed-out-message-delivered",
        "time.no-trace",
        [
            Edit(
                "session.py",
                READ,
                "        try:\n"
                "            body = self._channel.read_body()\n"
                "        except ClockExpired:\n"
                "            body = bytes(self._channel._received[2:]) + CRLF\n"
                "            self._mailbox.deliver(Message(self._host, self._reverse_path, self._recipients, body))\n"
                "            raise\n",
            )
        ],
    ),
    Mutant(
        "timed-out-message-takes-a-number",
        "time.no-trace",
        [
            Edit(
                "session.py",
                READ,
                "        try:\n"
                "            body = self._channel.read_body()\n"
                "        except ClockExpired:\n"
                "            self._mailbox._last_number += 1\n"
                "            raise\n",
            )
        ],
    ),
]

MUTANTS = LIMIT + RESTARTS + TIMED_OUT
