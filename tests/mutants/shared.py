"""Edits that mutants of several sections share."""

from __future__ import annotations

import textwrap

from tests.mutants.patch import Edit, replaced

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

CLIENT_LEFT = """
        except (EOFError, OSError):
            pass  # the client is gone, and nobody is left to be told
"""


def answered(code: str) -> Edit:
    """Do something else with the `answer` to a command line than to send it.

    Args:
        code: statements of `Session.run`, indented as one likes.
    """
    answer = 'answer = b"500 5.5.2 Error: line too long" if line is None else self._answer(line)\n'
    return Edit("session.py", ANSWERED, textwrap.indent(answer + textwrap.dedent(code).strip("\n") + "\n", " " * 16))
