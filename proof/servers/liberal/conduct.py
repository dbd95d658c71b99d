"""Servers that take freedoms in time, in storage, and in how they serve their clients."""

from proof.servers.edit import Edit, begun, headed, replaced, within
from proof.servers.liberal.liberty import Liberal
from proof.servers.mutants.clock import restarted
from proof.servers.shared import BODY_RESTARTS_NOTHING, accepted

_TIME = headed("channel.py", "import time")
_RENAMING = replaced(
    "mailbox.py",
    "Mailbox._copy_and_empty",
    """
    def _copy_and_empty(self):
        name = f"mailbox.{self._backed_up + 1}-{self._last_number}"
        os.rename(self._directory / "mailbox", self._directory / name)
        time.sleep(0.05)
        self._file.close()
        self._file = open(self._directory / "mailbox", "a+b", buffering=0)
        self._size = 0
        self._backed_up = self._last_number
    """,
)
_TWO_SEGMENTS = replaced(
    "channel.py",
    "Channel._send_replies",
    """
    def _send_replies(self):
        if self._replies:
            self._connection.send(self._replies[:7])
            time.sleep(0.05)
            self._connection.sendall(self._replies[7:])
        self._replies.clear()
    """,
)
_LATE = "Channel(connection, options.time_limit)"


def _later(seconds: float) -> Edit:
    return Edit("__main__.py", _LATE, _LATE.replace("time_limit", f"time_limit + {seconds}"))


def _slow_backup(seconds: float) -> list[Edit]:
    return [
        headed("mailbox.py", "import time"),
        begun("mailbox.py", "Mailbox._copy_and_empty", f"time.sleep({seconds})"),
    ]


CONDUCT = [
    Liberal("the-reference-server-as-it-is"),
    Liberal("sends-each-reply-in-two-segments", [_TIME, _TWO_SEGMENTS], workers=8),
    Liberal(
        "takes-150-ms-for-each-reply", [_TIME, begun("channel.py", "Channel.reply", "time.sleep(0.15)")], workers=8
    ),
    Liberal(
        "greets-after-300-ms",
        [headed("session.py", "import time"), begun("session.py", "Session.run", "time.sleep(0.3)")],
        workers=8,
    ),
    Liberal(
        "looks-for-data-every-200-ms",
        [
            _TIME,
            within(
                "channel.py",
                "Channel._receive",
                "data = self._space",
                "time.sleep(max(0, min(0.2, remaining)))\ndata = self._space",
            ),
        ],
        workers=8,
    ),
    Liberal("times-out-a-second-late", [_later(1)]),
    Liberal("times-out-a-second-and-a-half-late", [_later(1.5)]),
    Liberal("times-out-three-seconds-late", [_later(3)], warns="time.prompt", options=["--time-limit", "4"]),
    Liberal("body-lines-do-not-restart-the-clock", [BODY_RESTARTS_NOTHING]),
    Liberal(
        "one-clock-for-data-and-body",
        [BODY_RESTARTS_NOTHING, restarted('text < b"3"')],
        warns="time.body",
    ),
    Liberal(
        "resets-after-the-421",
        [
            begun(
                "channel.py",
                "Channel.last_reply",
                'self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))',
            )
        ],
    ),
    Liberal(
        "accepts-one-connection-ahead",
        accepted("connection = _accept(listener)", "connection"),
        warns="pool.ahead",
    ),
    Liberal("accept-backlog-of-5", [Edit("__main__.py", "ACCEPT_BACKLOG = 128", "ACCEPT_BACKLOG = 5")]),
    Liberal("accept-backlog-of-1024", [Edit("__main__.py", "ACCEPT_BACKLOG = 128", "ACCEPT_BACKLOG = 1024")]),
    Liberal(
        "sees-only-at-the-time-limit-that-a-client-has-left",
        [
            _TIME,
            within("channel.py", "Channel._receive", "raise EOFError", "time.sleep(0.05)\ncontinue"),
        ],
        warns="pool.frees-at-once",
    ),
    Liberal(
        "ends-a-session-after-25-errors",
        [
            within(
                "session.py",
                "Session._reply",
                "self._channel.reply(text)",
                """
                self._channel.reply(text)
                self._errors = getattr(self, "_errors", 0) + (text[:1] == b"5")
                if self._errors > 25:
                    self._channel._send_replies()
                    raise EOFError
                """,
            ),
        ],
    ),
    Liberal(
        "prints-a-lot",
        [begun("session.py", "Session._answer", "print('x' * 2_000, line, flush=True)")],
    ),
    Liberal(
        "waits-for-the-disk-at-each-delivery",
        [headed("mailbox.py", "import time"), begun("mailbox.py", "Mailbox._append", "time.sleep(0.02)")],
    ),
    Liberal(
        "opens-the-mailbox-for-each-delivery",
        [
            begun(
                "mailbox.py",
                "Mailbox._append",
                """
                self._file.close()
                self._file = open(self._directory / "mailbox", "a+b", buffering=0)
                """,
            )
        ],
    ),
    Liberal(
        "writes-an-entry-in-pieces-before-the-reply",
        [
            headed("mailbox.py", "import time"),
            within(
                "mailbox.py",
                "Mailbox._append",
                "while rest:",
                """
                while len(rest) > 40:
                    rest = rest[self._file.write(rest[: len(rest) // 2]) :]
                    time.sleep(0.005)
                while rest:
                """,
            ),
        ],
    ),
    Liberal("backs-up-by-renaming-the-mailbox", [headed("mailbox.py", "import time"), _RENAMING]),
    Liberal("takes-1500-ms-for-a-backup", _slow_backup(1.5), workers=4),
    Liberal("takes-3500-ms-for-a-backup", _slow_backup(3.5), workers=4),
    Liberal("listens-on-an-ipv6-address", host="::1"),
    Liberal("was-started-by-somebody-else", host="127.0.0.1"),
    Liberal("takes-no-port", arguments="--time-limit {time_limit}"),
]
