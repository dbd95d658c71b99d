"""What looks like an end of data and is none, and how it shows that a server took it for one."""

from __future__ import annotations

import re

from conformance.harness.verdict.verdict import Skipped
from conformance.harness.wire.reply import Reply
from conformance.rfc5321 import codes
from conformance.rfc5321.case import Case
from conformance.rfc5321.client import Client
from conformance.rfc5321.message import Message

END = b"\r\n.\r\n"
LF_LF, LF_CRLF, CRLF_LF = "LF.LF", "LF.CRLF", "CRLF.LF"
OF_CR = {
    "CR.CR": b"\r.\r",
    "CR.CRLF": b"\r.\r\n",
    "CRLF.CR": b"\r\n.\r",
    "LF.CR": b"\n.\r",
    "CR.LF": b"\r.\n",
    "CRCRLF.CRCRLF": b"\r\r\n.\r\r\n",
    "CRLF-NUL.CRLF": b"\r\n\0.\r\n",
    "CRLF.NUL-CRLF": b"\r\n.\0\r\n",
}
FALSE = {LF_LF: b"\n.\n", LF_CRLF: b"\n.\r\n", CRLF_LF: b"\r\n.\n", **OF_CR}
"""False ends of data by their names."""
ROWS = {LF_LF: "data.not-lf-lf", LF_CRLF: "data.not-lf-crlf", CRLF_LF: "data.not-crlf-lf"}
"""The requirement that judges each of them by itself; the others are `data.not-cr`."""
QUIET = 3.0
"""Seconds of silence after which bytes have ended nothing."""
SOON = 0.1
"""Seconds after which a server has read a piece by itself; where not, the replies are counted all the same."""
_BARE_AT_DOT = re.compile(rb"(?:(?<!\r)\n|\r(?!\n))\.|\.(?:\n|\r(?!\n))")


def bare_at_dot(octets: bytes) -> bytes:
    """The first bare CR or LF beside a dot, with the dot; empty if there is none."""
    found = _BARE_AT_DOT.search(octets)
    return found[0] if found else b""


def expect_one_message(case: Case, client: Client, what: str, *pieces: bytes, quiet: float = QUIET) -> None:
    """Send, after the 354, a message with something in it that ends no data, and judge that it was one message.

    Replies come in order, so the one to QUIT proves how many came before it, however late the server is.

    Args:
        case, client: the scene, and who sends.
        what: the thing, for the report.
        pieces: the message, cut behind the thing; the last one has the true end of data.
        quiet: seconds that pass between them.

    Raises:
        Broken: it was taken for the end, or run as a command. A refusal or a close is right, wherever it comes.
    """
    client.send_content(pieces[0])
    for piece in pieces[1:]:
        early = client.hear_within(quiet)
        if early and not codes.refused(early):
            raise client.breach(f"{what} ends the data{_unseen(case)}", "no reply before the true end", early.text)
        if early or client.ended:
            return
        client.send(piece)
    expect_one_reply(case, client, what)


def expect_one_reply(case: Case, client: Client, what: str) -> None:
    """Judge that what was sent was one message.

    Args:
        case, client: the scene, and who has sent it.
        what: what it had in it that might have ended it.

    Raises:
        Broken: there are more replies than to one message, none of which refuses it.
    """
    first = client.hear_or_end()
    if first is None or codes.refused(first):
        return
    more = [reply for reply in client.farewell() if reply.code not in ("221", "421")]
    if first.code == "221" or more:
        came = " ".join(reply.code for reply in (first, *more))
        raise client.breach(f"{what} is not taken for text{_unseen(case)}", "one reply", came)


def expect_end(case: Case, client: Client, what: str, base: str = "") -> Reply:
    """Judge that an end of data that was sent is answered; where it is not, a second one tells whether it was seen.

    Args:
        case, client: the scene, and who has sent it.
        what: the end, for the report.
        base: the requirement that judges an end in its plainest form.

    Returns:
        The reply to it.

    Raises:
        Broken: it was not seen.
        Skipped: nothing was answered at all, or the server closes.
    """
    if reply := client.hear_within(QUIET):
        return reply
    client.send(END)
    reply = client.hear_within(case.patient)  # before QUIT is said: what follows too closely may cost the reply
    if reply is None:
        raise Skipped(f"no reply to {what}")
    if [one.code for one in client.farewell()] == ["221"]:
        why = f"{what} does not end the data"
        raise case.breach(case.main, why, "a reply to it", "one to a second end of data alone", base, [client])
    return reply


def hidden(client: Client, first: Message, end: bytes, second: Message) -> bytes:
    """A message with another transaction behind a false end of data, and a true end at last."""
    envelope = b"".join(client.plain(verb).encode("latin-1") + b"\r\n" for verb in ("MAIL", "RCPT", "DATA"))
    return first.content + b"text" + end + envelope + second.data


def _unseen(case: Case) -> str:
    """What a finding leaves open where this client is treated better than others (a network of the server's own)."""
    return "" if case.tester.stranger else " (what strangers can do was not seen)"
