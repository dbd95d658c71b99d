"""ENHANCEDSTATUSCODES: where it is announced, each reply begins with an enhanced code, and with the right one."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import pytest

from conformance.harness.verdict.verdict import Skipped
from conformance.harness.wire.reply import Reply
from conformance.rfc5321 import enhanced
from conformance.rfc5321.case import Case
from conformance.rfc5321.client import Client

TOURS = (
    ("MAIL", "RCPT", "DATA", "a message", "RSET", "NOOP", "QUIT"),
    ("HELP", "VRFY", "NOOP word", "QUIT"),
    ("XFROB", "RCPT", "QUIT"),
    ("MAIL FROM:<a@b", "EXPN staff", "QUIT"),
    ("MAIL", "RCPT TO:<someone@elsewhere.example>", "QUIT"),
)
"""What is said in sessions, each of which has two errors at the most: verbs in their plainest form, or lines."""
EARLY_TOURS = (("NOOP", "MAIL", "QUIT"), ("RSET", "XFROB", "QUIT"))
"""Likewise after HELO, or before any greeting."""


class Heard(NamedTuple):
    """What was said, what was replied, and to whom."""

    said: str
    reply: Reply
    client: Client


def hear(case: Case, state: str, tours: Iterable[tuple[str, ...]]) -> Iterator[Heard]:
    """What a server that announces enhanced codes replies in some sessions.

    Raises:
        Skipped: it does not announce them.
    """
    case.client("ehlo", "ENHANCEDSTATUSCODES").quit()
    for tour in tours:
        client = case.client(state)
        said = ""
        for said in tour:
            if (reply := answer(case, client, said)) is None:
                break
            yield Heard(said, reply, client)
            if reply.code == "421" or (said == "DATA" and not reply.code.startswith("3")):
                break
        client.quit()


def answer(case: Case, client: Client, said: str) -> Reply | None:
    """The reply to what stands in a tour; None where the server closes the connection instead."""
    if said == "a message":
        client.send_content(client.message().data)
    else:
        line = f"VRFY {case.recipient}" if said == "VRFY" else client.plain(said)
        client.send(line.encode("latin-1") + b"\r\n")
    return client.hear_or_end()


def is_free(heard: Heard) -> bool:
    """Whether a fault only warns: a 421 speaks of load, and HELP's text is free."""
    return heard.reply.code == "421" or heard.said == "HELP"


def judge(case: Case, found: list[tuple[Heard, str]], reason: str, expected: str, base: str = "") -> None:
    """Judge what was found wrong in replies, as a single finding.

    Args:
        case: the scene.
        found: the replies, each with what is wrong in it.
        reason, expected: for the report.
        base: the requirement that judges the same in its plainest form.

    Raises:
        Broken: there is anything that does not only warn.
    """
    if grave := [one for one in found if not is_free(one[0])]:
        said = ", ".join(dict.fromkeys(heard.said for heard, _ in grave))
        raise case.breach(case.main, f"{reason}: {said}", expected, grave[0][1], base, [grave[0][0].client])
    for heard, wrong in found:
        case.warn(f"{reason}: {heard.said}", expected, wrong, about=[heard.client])


@pytest.mark.judges("esc.all")
def test_all(case: Case) -> None:
    """The text of each reply but to EHLO and HELO begins with an enhanced code."""
    found = [(one, one.reply.text) for one in hear(case, "ehlo", TOURS) if enhanced.is_missing(one.reply)]
    judge(case, found, "no enhanced code", "a code as 2.1.0 before the text")


@pytest.mark.judges("esc.class")
def test_class(case: Case) -> None:
    """An enhanced code begins as the reply's own code, and its other parts have three digits at the most."""
    heard = (*hear(case, "ehlo", TOURS), *hear(case, "greeted", EARLY_TOURS))
    found = [(one, one.reply.text) for one in heard if enhanced.misshapen(one.reply)]
    judge(case, found, "a bad enhanced code", "the reply's first digit, and two numbers of up to three digits")


@pytest.mark.judges("esc.lines")
def test_lines(case: Case) -> None:
    """The enhanced code of a reply's first line stands on all its lines."""
    found = [(one, line) for one in hear(case, "ehlo", TOURS) if (line := enhanced.uneven(one.reply))]
    judge(case, found, "a line without the enhanced code of the first", "the same code on each line")


@pytest.mark.judges("esc.without-ehlo", control={"state": "ehlo"})
@pytest.mark.parametrize("state", ["helo", "greeted"])
def test_without_ehlo(case: Case, state: str) -> None:
    """A server that has enhanced codes in its replies has them after HELO too, and before it was greeted."""
    if state == "helo" and case.tester.role == "lmtp":
        raise Skipped("not of LMTP: HELO")
    found = [(one, one.reply.text) for one in hear(case, state, EARLY_TOURS) if enhanced.is_missing(one.reply)]
    judge(case, found, "no enhanced code", "a code as 2.1.0 before the text", "esc.all")
