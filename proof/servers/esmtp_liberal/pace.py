"""Servers with a pace of their own: slow ones, small ones, and those that say goodbye in their own way."""

from __future__ import annotations

import textwrap

from proof.servers.edit import Edit, begun, headed, replaced, within
from proof.servers.esmtp_liberal.edits import COUNTING, TIME
from proof.servers.esmtp_liberal.liberty import EsmtpLiberal
from proof.servers.esmtp_mutants.common import answered, first, said

_CHANNEL_TIME = headed("channel.py", "import time")
_NOW_AND_THEN = "turn = next(_TURN)\nif turn < 3 or turn % 25 == 0:\n    "
_GREETING_BEGINS = """
self._channel.reply(b"220-%b one moment, please" % self._site.domain)
self._channel.send_replies()
time.sleep(3 if next(_TURN) % 25 == 1 else 0.05)
"""


def _pieces(size: int, pause: float) -> list[Edit]:
    return [
        _CHANNEL_TIME,
        replaced(
            "channel.py",
            "Channel._send",
            f"""
            def _send(self, data):
                data = bytes(data)
                for at in range(0, len(data), {size}):
                    self._connection.sendall(data[at : at + {size}])
                    time.sleep({pause})
            """,
        ),
    ]


def _after_goodbye(code: str) -> list[Edit]:
    sent = "self._channel.send_replies()"
    return [TIME, said("run", sent, f"{sent}\n{textwrap.dedent(code).strip()}")]


PACE = [
    EsmtpLiberal(
        "takes-300-ms-for-each-reply",
        [TIME, answered("time.sleep(0.3)")],
        "clients wait for minutes (4.5.3.2)",
        workers=8,
    ),
    EsmtpLiberal(
        "takes-two-seconds-for-a-reply-now-and-then",
        [TIME, COUNTING, answered("if next(_TURN) % 50 == 0:\n    time.sleep(2)")],
        "clients wait for minutes (4.5.3.2)",
        workers=8,
    ),
    EsmtpLiberal(
        "takes-three-seconds-for-a-message-now-and-then",
        [TIME, COUNTING, first("_deliver", f"{_NOW_AND_THEN}time.sleep(3)")],
        "clients wait for minutes after the end of data (4.5.3.2.6)",
        workers=8,
    ),
    EsmtpLiberal(
        "greets-after-three-seconds-now-and-then",
        [TIME, COUNTING, first("run", f"{_NOW_AND_THEN}time.sleep(3)")],
        "clients wait five minutes (4.5.3.2.1)",
        workers=8,
    ),
    EsmtpLiberal(
        "greets-in-lines-with-a-pause",
        [TIME, COUNTING, first("run", _GREETING_BEGINS)],
        "a reply is whole at its last line (4.2.1)",
        workers=8,
    ),
    EsmtpLiberal("sends-byte-by-byte", _pieces(1, 0), "TCP has no segments to speak of", workers=4),
    EsmtpLiberal("sends-seven-bytes-at-a-time", _pieces(7, 0.002), "TCP has no segments to speak of", workers=4),
    EsmtpLiberal(
        "looks-for-input-every-100-ms",
        [
            _CHANNEL_TIME,
            within("channel.py", "Channel._receive", "data = self._space", "time.sleep(0.1)\ndata = self._space"),
        ],
        "clients wait for minutes (4.5.3.2)",
        workers=8,
    ),
    EsmtpLiberal(
        "serves-one-client-at-a-time",
        (),
        "small servers do; that others have to wait warns (4.5.4.2)",
        warns="conn.parallel",
        may="close.serves-on",
        arguments="--threads 1",
    ),
    EsmtpLiberal(
        "serves-four-clients-at-a-time",
        (),
        "small servers do; that silent clients can fill it up warns (4.5.4.2)",
        may="close.serves-on",
        arguments="--threads 4",
    ),
    EsmtpLiberal(
        "holds-its-answer-to-quit-for-the-client-to-close",
        [
            headed("esmtp.py", "import select"),
            first("_quit", "select.select([self._channel._connection], [], [], 0.2)"),
        ],
        "Exim does; clients wait for minutes (4.5.3.2)",
        workers=4,
    ),
    EsmtpLiberal(
        "closes-three-seconds-after-quit",
        _after_goodbye("time.sleep(3)"),
        "it should close, not at once (4.1.1.10)",
        workers=4,
    ),
    EsmtpLiberal(
        "resets-after-quit",
        [
            headed("esmtp.py", "import socket\nimport struct"),
            *_after_goodbye(
                """
                time.sleep(0.02)
                linger = struct.pack("ii", 1, 0)
                self._channel._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                """
            ),
        ],
        "a reset ends a session as well as anything",
    ),
    EsmtpLiberal(
        "waits-for-the-client-to-close",
        _after_goodbye(
            """
            self._channel._connection.shutdown(1)
            time.sleep(0.05)
            """
        ),
        "the server closes its own half (4.1.1.10)",
    ),
    EsmtpLiberal(
        "says-nothing-when-it-is-stopped",
        [begun("office.py", "PostOffice.close", "return")],
        "that idle clients get no 421 warns (3.8)",
        warns="close.shutdown",
    ),
]
