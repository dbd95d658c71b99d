"""Mutants of the section "Time": when the clock runs, what restarts it, and how a time-out is told."""

from __future__ import annotations

from proof.servers.edit import Edit, Mutant, begun, headed, replaced, within
from proof.servers.shared import BODY_RESTARTS_NOTHING, UNFINISHED_DELIVERED, accepted, reading_failed

VALID = 'text.startswith((b"2", b"3"))'


def restarted(condition: str) -> Edit:
    """Restart the clock by a reply, the `text`, on this condition only."""
    return within("session.py", "Session._reply", VALID, condition)


def limited(seconds: str) -> Edit:
    """Set the clock to another number of seconds."""
    return within("channel.py", "Channel.restart_clock", "self._time_limit", seconds)


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
                "channel.py",
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
            headed("session.py", "from time import monotonic"),
            within(
                "session.py",
                "Session._reply",
                f"if {VALID}:",
                f'if text[:3] == b"220":\n    self._channel._deadline = monotonic() + 86_400\nelif {VALID}:',
            ),
        ],
    ),
    Mutant(
        "no-limit-in-the-body",
        "time.out",
        [
            begun("channel.py", "Channel.read_body", "self._deadline = monotonic() + 86_400"),
            BODY_RESTARTS_NOTHING,
        ],
    ),
    Mutant(
        "session-of-four-limits-at-most",
        "time.session",
        [
            begun("channel.py", "Channel.__init__", "self._end = monotonic() + 4 * time_limit"),
            within(
                "channel.py",
                "Channel.restart_clock",
                "monotonic() + self._time_limit",
                "min(monotonic() + self._time_limit, self._end)",
            ),
        ],
    ),
    Mutant(
        "unfinished-line-has-half-the-limit",
        "time.slow-line time.early",
        [
            within(
                "channel.py",
                "Channel.read_line",
                "self._receive()",
                """
                self._receive()
                if CRLF not in self._received:
                    self._deadline = min(self._deadline, monotonic() + self._time_limit / 2)
                """,
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
        [restarted(f"{VALID} and len(text.split()) != 2")],
    ),
    Mutant(
        "mail-does-not-restart-the-clock",
        "time.restart time.session",
        [restarted(f'{VALID} and b"2.1.0" not in text')],
    ),
    Mutant(
        "rcpt-does-not-restart-the-clock",
        "time.restart time.session",
        [restarted(f'{VALID} and b"2.1.5" not in text')],
    ),
    Mutant(
        "second-rcpt-does-not-restart-the-clock",
        "time.restart time.session",
        [
            begun("session.py", "Session._rcpt", "self._again = bool(self._recipients)"),
            restarted(f'{VALID} and not (b"2.1.5" in text and self._again)'),
        ],
    ),
    Mutant(
        "message-does-not-restart-the-clock",
        "time.restart time.session",
        [
            restarted(f'{VALID} and b"delivered" not in text'),
            BODY_RESTARTS_NOTHING,
        ],
    ),
    Mutant("body-under-the-clock-of-rcpt", "time.body", [restarted('text < b"3"')]),
    Mutant("errors-restart-the-clock", "time.invalid", [restarted("True")]),
    Mutant("unknown-commands-restart-the-clock", "time.invalid", [restarted(f'{VALID} or text.startswith(b"502")')]),
    Mutant(
        "any-byte-restarts-the-clock",
        "time.drip time.invalid",
        [
            within(
                "channel.py",
                "Channel._receive",
                "self._received += self._tls",
                "self.restart_clock()\nself._received += self._tls",
            )
        ],
    ),
    Mutant(
        "the-limit-for-each-recv",
        "time.drip time.invalid",
        [begun("channel.py", "Channel._receive", "self.restart_clock()")],
    ),
    Mutant(
        "clock-starts-at-accept",
        "time.start pool.ahead",
        [
            *accepted("connection, accepted = _accept(listener), time.monotonic()", "(connection, accepted)"),
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
            restarted(f'{VALID} and not text.startswith(b"220")'),
        ],
    ),
]

TOLD = 'self._channel.last_reply(b"421 4.4.2 %b Error: timeout exceeded" % self._netid)'


def timed_out(code: str) -> Edit:
    """Do this when a client is timed out, instead of telling it."""
    return within("session.py", "Session.run", TOLD, code)


TIMED_OUT = [
    Mutant("time-out-without-reply", "time.reply", [timed_out("pass")]),
    Mutant("time-out-in-other-words", "time.reply", [Edit("session.py", "Error: timeout exceeded", "Error: too slow")]),
    Mutant("time-out-with-a-5xx-code", "time.reply", [Edit("session.py", 'b"421 4.4.2', 'b"521 5.4.2')]),
    Mutant(
        "time-out-without-close",
        "time.close",
        [
            headed("session.py", "still_open = []"),
            timed_out(f"{TOLD}\nstill_open.append(self._channel._connection.dup())"),
        ],
    ),
    Mutant(
        "timed-out-message-delivered",
        "time.no-trace",
        [reading_failed("ClockExpired", UNFINISHED_DELIVERED)],
    ),
    Mutant(
        "timed-out-message-takes-a-number",
        "time.no-trace",
        [reading_failed("ClockExpired", "self._mailbox._last_number += 1")],
    ),
]

MUTANTS = LIMIT + RESTARTS + TIMED_OUT
