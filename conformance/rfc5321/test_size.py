"""SIZE: what is announced, what is declared in MAIL, and what becomes of messages that are larger."""

from collections.abc import Iterator

import pytest

from conformance.harness.server import proc
from conformance.harness.verdict.verdict import Skipped
from conformance.rfc5321 import codes, ends
from conformance.rfc5321.case import Case
from conformance.rfc5321.client import Client
from conformance.rfc5321.message import Message

LEAST = 65_536
"""Octets of a message that every server has to take."""
MOST = 64 * 2**20
"""The largest limit that is tried out."""
LINE = b"text in a line that is as long as any line of a message may be " * 15 + b"text\r\n"
PATIENCE = 10.0
"""Seconds that a server has to take what was sent."""
PIECE = 2**20
"""Octets that are sent at a time where there are many."""


def limited(case: Case, state: str = "ehlo", needs_big: bool = False) -> Client:
    """A client to which a limit is announced.

    Args:
        case: the scene.
        state: that it has reached.
        needs_big: whether as much is to be sent, which the tester has to ask for.

    Raises:
        Skipped: no limit is announced, or one that is not tried out.
    """
    if needs_big and not case.tester.big:
        raise Skipped("not asked for: --big")
    client = case.client(state, "SIZE")
    if not client.largest:
        raise Skipped("no limit: SIZE announces none")
    if needs_big and client.largest > MOST:
        raise Skipped(f"the limit is not tried out: SIZE announces {client.largest}")
    return client


def pieces(data: bytes) -> Iterator[bytes]:
    """Cut into pieces that are taken one by one, however slow the server is."""
    return (data[at : at + PIECE] for at in range(0, len(data), PIECE))


@pytest.mark.judges("size.keyword")
def test_keyword(case: Case) -> None:
    """SIZE stands alone, or with one decimal number."""
    client = case.client("ehlo", "SIZE")
    words = client.keywords["SIZE"].split()
    if len(words) > 1 or not all(word.isascii() and word.isdigit() for word in words):
        raise client.breach("SIZE announces no number", "SIZE, or SIZE and one number", " ".join(["SIZE", *words]))


@pytest.mark.judges("size.64k")
def test_64k(case: Case) -> None:
    """An announced limit is 65,536 octets at the least."""
    client = limited(case)
    if client.largest < LEAST:
        raise client.breach("the limit is too small", f"{LEAST} at the least, or 0", f"SIZE {client.largest}")


@pytest.mark.judges("size.mail", control={"size": ""})
@pytest.mark.parametrize("size", [" SIZE=1000"], ids=["1000"])
def test_mail(case: Case, size: str) -> None:
    """A small size that MAIL declares is taken."""
    client = case.client("ehlo", "SIZE")
    client.expect_accepted(client.plain("MAIL") + size)


@pytest.mark.judges("size.over")
def test_over(case: Case) -> None:
    """A declared size above the announced limit is refused at MAIL."""
    client = limited(case)
    client.expect_refused(f"{client.plain('MAIL')} SIZE={client.largest + 1}")


def too_large(client: Client) -> int:
    """Octets that are a tenth and 64 KiB more than the limit that is announced."""
    return client.largest * 11 // 10 + LEAST


@pytest.mark.judges("size.over-data")
@pytest.mark.long
def test_over_data(case: Case) -> None:
    """A message that is a tenth and 64 KiB larger than the announced limit is not taken."""
    client = limited(case, "data", needs_big=True)
    size = too_large(client)
    client.send_content(client.message().with_body(LINE * (size // len(LINE) + 1)).data, pieces)
    if (reply := client.hear_or_end()) and not codes.refused(reply):
        why = f"a message of {size} octets is taken"
        raise client.breach(why, f"refused, for SIZE announces {client.largest}", reply.text)


@pytest.mark.judges("data.smuggle")
@pytest.mark.long
def test_false_end_beyond_the_limit(case: Case) -> None:
    """No transaction runs that stands behind a false end of data in a message that is too large already."""
    client = limited(case, "data", needs_big=True)
    first = client.message().with_body(LINE * (too_large(client) // len(LINE) + 1))
    client.send_content(ends.hidden(client, first, ends.FALSE[ends.LF_LF], client.message()), pieces)
    replies = [reply.code for reply in (client.hear_or_end(), *client.farewell()) if reply]
    if "354" in replies and replies[replies.index("354") + 1 :][:1] == ["250"]:
        why = f"a transaction behind {ends.LF_LF} in a message that is too large"
        raise client.breach(f"{why} runs", "one refusal, or a close", " ".join(replies))


@pytest.mark.judges("size.endless")
@pytest.mark.alone()
@pytest.mark.long
def test_endless(case: Case) -> None:
    """A line of text without end, twice as long as the limit, does not fill the server's memory."""
    if not case.server.processes():
        raise Skipped("not given: a server that the suite starts")
    if case.tester.big:
        case.server.restart({})  # what is measured is the highest since its start
    client = limited(case, "data", needs_big=True)
    first, rest = client.largest * 3 // 2, client.largest // 2
    client.send_content(client.message().content)
    client.send(b"x" * first, pieces)
    before = proc.settled_memory(case.server.processes(), PATIENCE)
    client.send(b"x" * rest, pieces)
    grown = proc.settled_memory(case.server.processes(), PATIENCE) - before
    client.send(ends.END)
    client.hear_or_end()
    if grown > rest // 2:  # what is kept up to the limit, and its copies, was there before
        far = f"{first} octets, with a limit of {client.largest}"
        raise client.breach(f"memory grows with a line that is longer than {far}", "as before", f"{grown} octets more")


@pytest.mark.judges("size.under")
def test_under(case: Case) -> None:
    """A message that is larger than MAIL declared is taken or refused; either is right."""
    client = declared(case, 100)
    reply = client.content(client.message().filled(2_000).data)
    case.note(codes.choice(reply), about=[client])


def declared(case: Case, size: int) -> Client:
    """A client that has declared a size, and is to send its message.

    Raises:
        Blocked, Skipped: it does not get there.
    """
    client = case.client("ehlo", "SIZE")
    client.expect_accepted(client.plain("MAIL") + (f" SIZE={size}" if size else ""), "size.mail")
    client.set_up(client.plain("RCPT"))
    client.set_up("DATA")
    return client


@pytest.mark.judges("size.not-end", control={"size": 2_000})
@pytest.mark.parametrize("size", [10])
def test_not_end(case: Case, size: int) -> None:
    """A declared size does not end the data: all up to the lone dot is one message, and gets one reply."""
    client = declared(case, size)
    content = client.message().filled(1_000).content
    ends.expect_one_message(case, client, "what a declared size leaves over", content, b".\r\n", quiet=ends.SOON)


@pytest.mark.judges("size.kept-word", control={"declare": False})
@pytest.mark.parametrize("declare", [True], ids=["declared"])
@pytest.mark.parametrize("size", [1_000, LEAST])
def test_kept_word(case: Case, size: int, declare: bool) -> None:
    """A message of the size that MAIL declared, and was taken with, is not called too large at its end."""
    client = declared(case, size if declare else 0)
    expect_not_too_large(case, client, client.message().filled(size))


@pytest.mark.judges("size.kept-word")
@pytest.mark.long
def test_kept_word_large(case: Case) -> None:
    """A message of nine tenths of the limit, declared in MAIL, is not called too large at its end."""
    size = limited(case, needs_big=True).largest * 9 // 10
    client = declared(case, size)
    message = client.message()
    lines = (size - len(message.with_body(b"").content)) // len(LINE)
    expect_not_too_large(case, client, message.with_body(LINE * lines))


def expect_not_too_large(case: Case, client: Client, message: Message) -> None:
    """Send a message after the 354, and judge that it is not refused for its size; a full mailbox is another matter."""
    client.send_content(message.data, pieces)
    reply = client.hear()
    if reply.code == "552" and codes.enhanced(reply) != "5.2.2":
        why, size = "a message is too large that was declared so", len(message.content)
        raise case.breach(case.main, why, f"2yz to {size} octets", reply.text, "data.64k", [client])


BAD = {
    "letter": "SIZE=x",
    "negative": "SIZE=-1",
    "21 digits": "SIZE=100000000000000000000",
    "twice": "SIZE=1000 SIZE=1000",
}


@pytest.mark.judges("size.bad-value")
@pytest.mark.parametrize("form", BAD)
def test_bad_value(case: Case, form: str) -> None:
    """A size that is no number, or too long a one, or given twice, is refused."""
    client = case.client("ehlo", "SIZE")
    client.expect_refused(f"{client.plain('MAIL')} {BAD[form]}")
