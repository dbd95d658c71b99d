"""PIPELINING: commands in one go get their replies, all of them, in order, and without waiting for more."""

from collections.abc import Iterable

import pytest

from conformance.harness.verdict.verdict import Skipped
from conformance.harness.wire.reply import Reply
from conformance.rfc5321 import codes, ends
from conformance.rfc5321.case import Case
from conformance.rfc5321.client import Client
from conformance.rfc5321.hearing import PROOF, QUIET
from conformance.rfc5321.link import CRLF, as_bytes, bytewise, whole
from conformance.rfc5321.scene import shown
from conformance.rfc5321.sent import told
from conformance.rfc5321.session import JUDGED_BY

MANY = 100
"""Recipients that are given in one go."""
ALONE = "one by one"
CUTS = {
    "whole": whole,
    "between CR and LF": lambda data: data.replace(b"\r\n", b"\r\0\n").split(b"\0"),
    "in odd pieces": lambda data: [data[at : at + 7] for at in range(0, len(data), 7)],
    "byte by byte": bytewise,
}


def pipeliner(case: Case, state: str = "ehlo") -> Client:
    """A client that may say several commands in one go.

    Raises:
        Skipped: PIPELINING is not announced.
    """
    client = case.client(state, "PIPELINING")
    return client


def refused_recipient(case: Case) -> str:
    """A RCPT that is to be refused: for the bad recipient where one is known, else for its syntax."""
    return f"RCPT TO:<{case.tester.bad_recipient or 'a@b'}" + (">" if case.tester.bad_recipient else "")


def say_all(client: Client, lines: list[str], cut: str, requirement: str = "") -> list[Reply]:
    """Say commands in one go, or one by one, and judge that each gets its reply.

    Raises:
        Broken: replies are missing.
    """
    if cut == ALONE:
        return [client.say(line) for line in lines]
    replies = client.say_together(*lines, cut=CUTS[cut])
    if len(replies) < len(lines):
        why = "commands that were sent in one go are lost"
        raise client.breach(why, f"{len(lines)} replies", told_codes(replies), requirement)
    return replies


def told_codes(replies: Iterable[Reply]) -> str:
    """The codes of replies, for the report."""
    return " ".join(reply.code for reply in replies) or "none"


def expect_all_accepted(case: Case, client: Client, lines: Iterable[str], replies: Iterable[Reply]) -> None:
    """Judge that no command of a group is refused for its syntax or its order."""
    for line, reply in zip(lines, replies, strict=True):
        base = JUDGED_BY.get(line[:4].upper(), "")
        case.expect_accepted(reply, f"{told(as_bytes(line))} in a group", [client], base=base)


@pytest.mark.judges("pipe.group", control={"cut": ALONE})
@pytest.mark.parametrize("cut", CUTS)
def test_group(case: Case, cut: str) -> None:
    """MAIL, RCPT, RCPT and DATA get four replies in that order, wherever what was sent in one go is cut."""
    expect_group(case, ("MAIL", "RCPT", "RCPT", "DATA"), cut)


@pytest.mark.judges("pipe.group", control={"cut": ALONE})
@pytest.mark.parametrize("cut", ["whole"])
@pytest.mark.parametrize("begin", [("RSET",), ("MAIL", "RCPT", "RSET")], ids=" ".join)
def test_group_with_reset(case: Case, begin: tuple[str, ...], cut: str) -> None:
    """RSET stands anywhere in a group: what comes with it is answered, and begins a message anew."""
    expect_group(case, (*begin, "MAIL", "RCPT", "DATA"), cut)


def expect_group(case: Case, verbs: Iterable[str], cut: str) -> None:
    """Judge that plain commands, DATA the last of them, get their replies in order, and that a message can follow."""
    client = pipeliner(case)
    lines = [client.plain(verb) for verb in verbs]
    replies = say_all(client, lines, cut)
    expect_all_accepted(case, client, lines, replies)
    if [reply.code[:1] for reply in replies] != [*"2" * (len(lines) - 1), "3"]:
        raise client.breach("the replies are in another order", f"{'2yz ' * (len(lines) - 1)}354", told_codes(replies))
    client.content(client.message().data)


REFUSED = {"a sender": 0, "a recipient": 1, "the last recipient": 2}
"""What is refused, by its place in the group."""


@pytest.mark.judges("pipe.refused", control={"refused": "nothing"})
@pytest.mark.parametrize("refused", REFUSED)
def test_refused(case: Case, refused: str) -> None:
    """Behind a command that is refused the others of the group are not lost: each gets its reply."""
    client = pipeliner(case)
    bad = "MAIL FROM:<a@b" if refused == "a sender" else refused_recipient(case)
    lines = [client.plain(verb) for verb in ("MAIL", "RCPT", "DATA")]
    if refused in REFUSED:
        lines.insert(REFUSED[refused], bad)
    replies = say_all(client, lines, "whole", "" if refused in REFUSED else "pipe.group")
    if replies[-1].code.startswith("3"):
        client.content(client.message().data)
    if refused in REFUSED and not codes.refused(replies[REFUSED[refused]]):
        raise Skipped(f"not refused: {bad}")


@pytest.mark.judges("pipe.after-data", control={"together": False})
@pytest.mark.parametrize("together", [True], ids=["together"])
@pytest.mark.parametrize("verbs", ["MAIL RCPT DATA", "RSET MAIL RCPT DATA", "MAIL"], ids=["MAIL", "RSET", "MAIL-alone"])
def test_after_data(case: Case, verbs: str, together: bool) -> None:
    """MAIL of the next message, RCPT and DATA or RSET with it too, are served that come with the end of data."""
    client = pipeliner(case, "data")
    data, lines = client.message().data, [client.plain(verb) for verb in verbs.split()]
    if together:
        client.send_content(data + b"".join(as_bytes(line) + CRLF for line in lines))
        taken, replies = client.hear(), client.hear_all(len(lines))
    else:
        taken, replies = client.content(data), say_all(client, lines, "whole", "pipe.group")
    if not taken.code.startswith("2"):
        raise Skipped(f"content: a plain message is answered {shown(taken)}")
    if len(replies) < len(lines):
        wanted = " ".join("354" if verb == "DATA" else "2yz" for verb in verbs.split())
        raise client.breach("commands behind the end of data are lost", wanted, told_codes(replies))
    expect_all_accepted(case, client, lines, replies)
    if "DATA" in verbs:
        client.content(client.message().data)


@pytest.mark.judges("pipe.after-data")
def test_quit_after_data(case: Case) -> None:
    """QUIT is served that comes in one go with the end of data."""
    client = pipeliner(case, "data")
    client.send_content(client.message().data + b"QUIT\r\n")
    client.hear()
    reply = client.hear_within(QUIET)
    if reply is None and not client.ended:
        client.send(b"NOOP\r\n")  # of which a server knows nothing that has seen the QUIT
        reply = client.hear_or_end()
    if reply and reply.code != "221":
        raise client.breach("QUIT behind the end of data is not served", "221", reply.text)


@pytest.mark.judges("pipe.many", control={"recipients": 1})
@pytest.mark.parametrize("recipients", [MANY])
def test_many(case: Case, recipients: int) -> None:
    """RSET, MAIL and a hundred RCPT that come in one go are all answered."""
    client = pipeliner(case)
    lines = ["RSET", client.plain("MAIL"), *recipients * [client.plain("RCPT")]]
    say_all(client, lines, "whole", "" if recipients > 1 else "pipe.group")


@pytest.mark.judges("pipe.prompt")
@pytest.mark.parametrize("last", ["RCPT", "DATA"])
def test_prompt(case: Case, last: str) -> None:
    """The last reply to a group comes without anything being sent after it."""
    client = pipeliner(case)
    lines = [client.plain(verb) for verb in ("MAIL", "RCPT", "DATA")[: 3 if last == "DATA" else 2]]
    client.send(b"".join(as_bytes(line) + CRLF for line in lines))
    came = hear_some(client, len(lines), case.patient)
    missing = len(lines) - len(came)
    after = client.message().data if last == "DATA" else b"NOOP\r\n"
    if not missing and not came[-1].code.startswith("3"):
        return
    client.send_content(after)
    late = hear_some(client, missing + 1, PROOF)
    if missing and len(late) <= missing:
        raise Skipped(f"no reply to {missing} of {len(lines)} commands in one go within {case.patient:g} s")
    if missing:
        why = f"{missing} of {len(lines)} replies to a group came only after more was sent"
        raise client.breach(why, "all that the server owes, at once", told_codes(came))


def hear_some(client: Client, count: int, seconds: float) -> list[Reply]:
    """So many replies at the most, each of which comes within some seconds."""
    replies: list[Reply] = []
    while len(replies) < count and (reply := client.hear_within(seconds)):
        replies.append(reply)
    return replies


@pytest.mark.judges("pipe.data-iff", control={"cut": ALONE})
@pytest.mark.parametrize("cut", ["whole"])
@pytest.mark.parametrize("accepted", [True, False], ids=["with a recipient", "without"])
def test_data_iff(case: Case, accepted: bool, cut: str) -> None:
    """DATA at the end of a group is taken if a recipient before it was, and refused if none was."""
    client, bad = pipeliner(case), refused_recipient(case)
    lines = [client.plain("MAIL"), bad, *([client.plain("RCPT")] if accepted else []), "DATA"]
    replies = say_all(client, lines, cut, "pipe.refused")
    if not codes.refused(replies[1]) or not all(reply.code.startswith("2") for reply in (replies[0], *replies[2:-1])):
        raise Skipped(f"not the recipients for it: the group is answered {told_codes(replies)}")
    if replies[-1].code.startswith("3"):
        client.content(client.message().data if accepted else b".\r\n")
    if accepted:
        case.expect_accepted(replies[-1], "DATA behind a recipient that was taken", [client], base="data.354")
    elif cut != ALONE:  # one by one it is taken by other rules, which data.no-rcpt judges
        case.expect_refused(replies[-1], "DATA behind a recipient that was refused", [client])


@pytest.mark.judges("pipe.no-rcpt")
@pytest.mark.parametrize("text", ["a lone dot", "a message"])
def test_no_recipient(case: Case, text: str) -> None:
    """Where DATA is taken though all recipients were refused, its end is refused, and nothing is delivered."""
    client, bad = pipeliner(case), refused_recipient(case)
    replies = say_all(client, [client.plain("MAIL"), bad, "DATA"], "whole", "pipe.refused")
    if not codes.refused(replies[1]):
        raise Skipped(f"not refused: {bad}")
    if not replies[-1].code.startswith("3"):
        return
    message = client.message()
    client.send_content(b".\r\n" if text == "a lone dot" else message.data)
    reply = ends.expect_end(case, client, text)
    if reply.code.startswith("2"):
        why = "a message without a recipient is taken, in a group of commands"
        raise case.beside("data.no-rcpt", why, "4yz or 5yz", reply.text, [client])
    if text == "a message" and not case.never_arrives(message):
        raise client.breach("a message without a recipient is delivered", "nothing", "the message")
