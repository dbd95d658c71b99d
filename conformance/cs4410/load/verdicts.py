"""Whether a reply is right: the suite's model and words, with a memory, for the same lines come again and again."""

from __future__ import annotations

import re
from functools import lru_cache

from conformance.cs4410.dialect import ERROR, Dialect, Fit
from conformance.cs4410.load.words import BODY, SHAPES, after_of
from conformance.cs4410.model import Answer, State, acceptable, judge
from conformance.load.profile import Verdict

REMEMBERED = 16_384
LONGEST_REMEMBERED = 1200
"""Bytes of a reply whose verdict is remembered; the longest right one quotes an address of a 900-byte line."""
_NUMBER = re.compile(rb"(?<!\d)(\d{1,18})(?=\D*\Z)")


class Judge:
    """Judges replies by a dialect.

    Args:
        dialect: the words.
    """

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self._remembered = lru_cache(REMEMBERED)(self._judge)

    def command(self, shape: int, line: bytes, reply: bytes) -> Verdict:
        """Judge the reply to a command line.

        Args:
            shape: where the session stood.
            line: without its CRLF.
            reply: without its line end.
        """
        if len(reply) > LONGEST_REMEMBERED:
            return self._judge(shape, line, reply)
        return self._remembered(shape, line, reply)

    def owed(self, shape: int, line: bytes) -> str:
        """The kind of reply that a line is owed first of all; the shape `BODY` owes a number."""
        return "delivered" if shape == BODY else acceptable(SHAPES[shape], line)[0].kind

    def delivered(self, reply: bytes) -> tuple[Verdict, int]:
        """Judge the reply to the end of a body; the verdict, and the message's number or -1."""
        found = _NUMBER.search(reply, len("250"))
        number = int(found[1]) if found else -1
        # All numbers are alike, so that one verdict serves them all.
        alike = reply[: found.start(1)] + b"1" + reply[found.end(1) :] if found else reply
        verdict = self.command(BODY, b"", alike)
        return verdict, number if verdict.kind else -1

    def word(self, kind: str, reply: bytes) -> Verdict:
        """Judge a greeting or a time-out."""
        return self._verdict((Answer(kind, State()),), reply)

    def _judge(self, shape: int, line: bytes, reply: bytes) -> Verdict:
        if shape == BODY:
            return self._verdict((Answer("delivered", State("host")),), reply)
        answers = acceptable(SHAPES[shape], line)
        if answers[0].rule == "line.empty" and reply[:3].isdigit():
            # That an empty line gets an error is a SHOULD; that it gets one reply and does no harm is a MUST.
            return Verdict(ERROR, ERROR, shape, "line.empty", "", "", *_effect(ERROR, reply))
        return self._verdict(answers, reply)

    def _verdict(self, answers: tuple[Answer, ...], reply: bytes) -> Verdict:
        owed = answers[0].kind
        answer, fit = judge(self.dialect, reply.decode("latin-1"), answers)
        if answer is None:
            wanted = self._wanted(answers)
            return Verdict(owed, "", None, answers[0].rule, "not an acceptable reply", wanted, *_effect("", reply))
        wrong = "the wrong words" if fit == Fit.CODE else ""
        wanted = self._wanted(answers) if wrong else ""
        effect = _effect(answer.kind, reply)
        return Verdict(owed, answer.kind, after_of(answer), answer.rule, wrong, wanted, *effect)

    def _wanted(self, answers: tuple[Answer, ...]) -> str:
        dialect = self.dialect
        shown = [
            dialect.show(one.kind, one.fields) if one.exact else f"{dialect.code(one.kind)} and any text"
            for one in answers
            if one.breach is None
        ]
        return " or ".join(dict.fromkeys(shown))


def _effect(kind: str, reply: bytes) -> tuple[bool, bool, bool]:
    """Whether a reply is an error, accepts something, and starts the server's clock anew.

    Args:
        kind: what it was taken for, or nothing.
        reply: the reply.
    """
    accepted = bool(kind) and reply[:1] in (b"2", b"3")
    # Whether the time limit starts anew for a body is left to the server.
    return reply[:1] == b"5", accepted, accepted and kind != "data"
