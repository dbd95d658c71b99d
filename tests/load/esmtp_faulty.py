"""Faulty servers of the standard for multiclient: mutants of `proof`, and faults that many operations bring out."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from shlex import quote

from conformance.rfc5321.search.blame import BASE, TAKEN
from proof.servers.edit import Edit, Mutant, begun, build, headed, within
from proof.servers.esmtp_mutants import MUTANTS
from proof.servers.esmtp_mutants.common import ANSWER, broken_off

COUNTED = "from itertools import count\ncalls = count(1)\nbefore = [None]\n"
STORED = "maildir.deliver(message)"
TEXT = "text = self._channel.read_body(SENT_LIMIT, STUFFED)"


def stored(name: str, breaks: str, each: int, code: str, shows: str = "True") -> Mutant:
    """A server in which each so-manieth `message` that `shows` it is stored otherwise; `before` has an earlier one."""
    storing = f"if {shows} and next(calls) % {each} == 0:\n    {code}\nelse:\n    {STORED}\nbefore[0] = message"
    return Mutant(name, breaks, [headed("delivery.py", COUNTED), within("delivery.py", "deliver", STORED, storing)])


def answered(name: str, breaks: str, each: int, code: str) -> Mutant:
    """A server in which something is done with each so-manieth `reply` to a `line`; `before` has an earlier one."""
    counting = f"{ANSWER}\ncall = next(calls)\nif reply and call % {each} == 0:\n    {code}\nbefore[0] = reply"
    return Mutant(
        name, breaks, [headed("esmtp.py", COUNTED + "import time\n"), within("esmtp.py", "Esmtp.run", ANSWER, counting)]
    )


def said(name: str, breaks: str, each: int, function: str, code: str, shows: str) -> Mutant:
    """A server in which a function of the session does something else each so-manieth time that `shows` it."""
    edits: list[Edit] = [
        headed("esmtp.py", COUNTED),
        begun("esmtp.py", f"Esmtp.{function}", f"if {shows} and next(calls) % {each} == 0:\n    {code}"),
    ]
    return Mutant(name, breaks, edits)


NOW_AND_THEN = [
    stored("each-30th-message-lost", "data.delivered", 30, "pass"),
    stored("each-30th-message-twice", "data.delivered", 30, f"{STORED}; message.id += b'x'; {STORED}"),
    stored(
        "each-30th-message-has-the-text-of-another",
        "data.whole",
        30,
        f"message.text = message.text[:300] + before[0].text[300:]; {STORED}",
        "before[0] and message.text[300:] != before[0].text[300:]",
    ),
    stored(
        "each-10th-message-to-the-recipients-of-another",
        "order.no-carry",
        10,
        f"message.recipients = [*dict.fromkeys([*message.recipients, *before[0].recipients])]; {STORED}",
        "before[0] and {*before[0].recipients} - {*message.recipients}",
    ),
    stored(
        "each-5th-message-to-its-first-recipient-only",
        "data.delivered",
        5,
        f"del message.recipients[1:]; {STORED}",
        "message.recipients[1:]",
    ),
    stored(
        "each-30th-message-of-the-sender-of-another",
        "trace.return-path",
        30,
        f"message.reverse_path = before[0].reverse_path; {STORED}",
        "before[0] and message.reverse_path != before[0].reverse_path",
    ),
    stored("each-30th-message-refused-and-stored", "data.refused-gone", 30, f"{STORED}; return b'451 4.3.0 Not saved'"),
    answered("each-100th-reply-is-of-another-session", "reply.one", 100, "reply = before[0] or reply"),
    answered("each-200th-reply-lost", "reply.one", 200, "reply = None"),
    answered("each-200th-reply-twice", "reply.one", 200, "self._channel.reply(reply)"),
    answered("each-200th-reply-cut", "reply.form", 200, "reply = reply[:2]"),
    answered("hangs-up-each-300th-time", "reply.one", 300, "raise EOFError"),
    answered("mute-after-2000-lines", "close.serves-on", 1, "call > 2000 and time.sleep(3600)"),
    said("each-2nd-rset-does-nothing", "rset.clears", 2, "_rset", "return b'250 2.0.0 OK'", "self._recipients"),
    said("each-5th-chunk-forgotten", "data.whole", 5, "_bdat", "self._chunks = None", "self._chunks"),
    Mutant(
        "one-sender-for-all-sessions",
        "state.own",
        [
            headed("esmtp.py", "SHARED = {}\n"),
            Edit(
                "esmtp.py",
                "    _reverse_path: bytes | None  # empty is a sender, too: the null one\n",
                "    @property\n    def _reverse_path(self):\n        return SHARED.get('sender')\n\n"
                "    @_reverse_path.setter\n    def _reverse_path(self, path):\n        SHARED['sender'] = path\n\n",
            ),
        ],
    ),
    Mutant("text-of-a-lost-connection-delivered", "close.lost-data", [broken_off("self._end(text, None)")]),
]
ALL: Sequence[Mutant] = (*NOW_AND_THEN, *MUTANTS)
SERVERS = {server.name: server for server in ALL}
FOUND = {
    "each-30th-message-lost": {"data.delivered"},
    "each-30th-message-twice": {"data.delivered"},
    "each-30th-message-has-the-text-of-another": {"data.whole"},
    "each-10th-message-to-the-recipients-of-another": {"order.no-carry"},
    "each-5th-message-to-its-first-recipient-only": {"data.delivered"},
    "each-30th-message-of-the-sender-of-another": {"trace.return-path"},
    "each-30th-message-refused-and-stored": {"data.refused-gone"},
    "each-100th-reply-is-of-another-session": {*BASE.values(), *TAKEN.values()},
    "each-200th-reply-twice": {"reply.one"},
    "each-200th-reply-cut": {"reply.form"},
    "hangs-up-each-300th-time": {"reply.one"},
    "mute-after-2000-lines": {"close.serves-on"},
    "text-of-a-lost-connection-delivered": {"close.lost-data"},
    "each-2nd-rset-does-nothing": {"mail.250", "rcpt.before-mail"},
    "each-5th-chunk-forgotten": {"data.delivered"},
    "one-sender-for-all-sessions": {"trace.return-path"},
    "data-without-a-recipient": {"data.no-rcpt"},
    "spaces-at-line-ends-lost": {"data.whole"},
    "end-cut-in-two-missed": {"reply.one"},
    "replies-end-in-lf": {"reply.crlf"},
}
"""Faults that a load has to find, and the requirements of which one at least is said to be broken."""


def faulty(name: str, folder: Path) -> str:
    """The command of a server with a fault, which is built in the folder."""
    return f"{quote(sys.executable)} {quote(str(build(SERVERS[name], folder)))} --protocol rfc5321 --port {{port}}"
