"""Edits that mutants of several sections share."""

from __future__ import annotations

import textwrap

from proof.servers.edit import Edit, replaced, within

ANSWERED = 'self._reply(b"500 5.5.2 Error: line too long" if line is None else self._answer(line))'
READ_BODY = "body = self._channel.read_body(BODY_LIMIT, STUFFED)"
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


BODY_RESTARTS_NOTHING = within("channel.py", "Channel.read_body", "self.restart_clock()", "pass")
"""The lines of a body restart no clock."""
UNFINISHED_DELIVERED = """
body = bytes(self._channel._received[2:]) + b"\\r\\n"
self._mailbox.deliver(Message(self._host, self._reverse_path, self._recipients, body))
"""
"""Statements of `Session._data`: what came of a body is delivered."""


def answered(code: str) -> Edit:
    """Do something else with the `answer` to a command line than to send it.

    Args:
        code: statements of `Session.run`, indented as one likes.
    """
    answer = 'answer = b"500 5.5.2 Error: line too long" if line is None else self._answer(line)\n'
    return within("session.py", "Session.run", ANSWERED, answer + textwrap.dedent(code).strip("\n"))


def read(code: str) -> Edit:
    """Do something with a body, or without one, when it was read.

    Args:
        code: statements of `Session._data`, indented as one likes.
    """
    return within("session.py", "Session._data", READ_BODY, f"{READ_BODY}\n{textwrap.dedent(code).strip(chr(10))}")


def reading_failed(errors: str, code: str) -> Edit:
    """Do something when the client does not send its body to the end.

    Args:
        errors: what is caught, and then raised again.
        code: statements of `Session._data`, indented as one likes.
    """
    caught = textwrap.indent(textwrap.dedent(code).strip("\n") + "\nraise", " " * 4)
    tried = f"try:\n    {READ_BODY}\nexcept {errors}:\n{caught}"
    return within("session.py", "Session._data", READ_BODY, tried)


def accepted(code: str, given: str) -> list[Edit]:
    """Accept a connection before a worker is reserved for it.

    Args:
        code: statements that accept it.
        given: an expression for what is handed over then.
    """
    return [
        within("__main__.py", "main", "hand_over.reserve_worker()", f"{code}\nhand_over.reserve_worker()"),
        within("__main__.py", "main", "hand_over.give(_accept(listener))", f"hand_over.give({given})"),
    ]
