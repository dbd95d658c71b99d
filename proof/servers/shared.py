"""Edits that mutants of several sections share."""

from __future__ import annotations

import textwrap

from proof.servers.edit import Edit, replaced

ANSWERED = """\
                self._channel.reply(b"500 5.5.2 Error: line too long" if line is None else self._answer(line))
"""
UNPROTECTED_WORKER = replaced(
    "pool.py",
    "_work",
    """
    def _work(hand_over: HandOver, serve: Callable[[socket], None]) -> None:
        while True:
            with hand_over.take() as connection:
                serve(connection)
    """,
)
"""A worker ends with the first exception of a session."""


BODY_RESTARTS_NOTHING = Edit("session.py", "            if not too_long:\n                self._restart_clock()\n", "")
"""The lines of a body restart no clock."""


def answered(code: str) -> Edit:
    """Do something else with the `answer` to a command line than to send it.

    Args:
        code: statements of `Session.run`, indented as one likes.
    """
    answer = 'answer = b"500 5.5.2 Error: line too long" if line is None else self._answer(line)\n'
    return Edit("session.py", ANSWERED, textwrap.indent(answer + textwrap.dedent(code).strip("\n") + "\n", " " * 16))


def accepted(code: str, given: str) -> Edit:
    """Accept a connection before a worker is reserved for it.

    Args:
        code: a statement that accepts it.
        given: an expression for what is handed over then.
    """
    old = "            hand_over.reserve_worker()\n            hand_over.give(_accept(listener))\n"
    new = f"            {code}\n            hand_over.reserve_worker()\n            hand_over.give({given})\n"
    return Edit("__main__.py", old, new)
