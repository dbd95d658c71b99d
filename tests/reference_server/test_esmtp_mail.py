"""The server's second protocol: what becomes of a message, from DATA to the Maildir."""

import re
import signal
import socket
import struct
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from reference_server.delivery import HOPS_LIMIT
from reference_server.maildir import Maildir, Message
from reference_server.parameters import SIZE_LIMIT
from tests.reference_server.esmtp_runs import TO, Office, office, trace
from tests.reference_server.server_runs import DEADLINE

OPTIONS = ()

HEADER = b"Date: Mon, 2 Jan 2023 10:00:00 +0000\r\nFrom: a@client.example\r\nTo: user@reference.example\r\n"
TEXTS = {  # of each rule a text that is sent, and what arrives of it below the trace
    "data.eod-first": (b"", b"\r\n"),
    "data.unstuff": (b"\r\n..\r\n..x\r\n...\r\n", b"\r\n.\r\n.x\r\n..\r\n"),
    "data.unstuff-first": (b"..\r\n", b"\r\n.\r\n"),
    "data.unstuff-one": (b"\r\n.x\r\n. \r\n", b"\r\nx\r\n \r\n"),
    "data.not-commands": (b"\r\nQUIT\r\nRSET\r\nMAIL FROM:<>\r\n", b"\r\nQUIT\r\nRSET\r\nMAIL FROM:<>\r\n"),
    "data.controls": 2 * (b"\r\n%b\r\n" % bytes(set(range(1, 128)) - set(b"\r\n.")),),
    "8bit.kept": 2 * (b"\r\n%b\r\n" % bytes(range(128, 256)),),
    "data.line-1000-whole": 2 * (b"\r\n%b\r\n" % (b"x" * 998),),
    "data.line-longer": 2 * (b"\r\n%b\r\n" % (b"x" * 20_000),),
    "data.64k": 2 * (b"\r\n" + b"x" * 62 * 1_024 + b"\r\n" * 1_024,),
    "data.whole": 2 * (HEADER + b"X-Empty:\r\nX-Long: a\r\n b\r\n\tc\r\n\r\n a \t\r\n\r\n\r\n",),
    "data.odd-header": (b"no header\r\n", b"\r\nno header\r\n"),
    "data.odd-header-folded": (b" no: header\r\n\r\n", b"\r\n no: header\r\n\r\n"),
    "data.resent": 2 * (b"Resent-To: a@b.example\r\n\r\n",),
    "trace.old-kept": 2 * (b"Received: one\r\nRECEIVED : two\r\nSubject: x\r\n\r\n",),
    "trace.return-path-one": (
        b"Return-Path: <x>\r\n (old)\r\nSubject: y\r\nreturn-path : <z>\r\n\r\nReturn-Path: <w>\r\n",
        b"Subject: y\r\n\r\nReturn-Path: <w>\r\n",
    ),
    "data.hops": 2 * (b"Received: x\r\n" * HOPS_LIMIT + b"\r\nReceived: x\r\n",),
}
ENDS = [  # none of them ends the data
    *(b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r.\r\n", b"\r\n.\r", b"\n.\r", b"\r.\n"),
    *(b"\r\r\n.\r\r\n", b"\r\n\0.\r\n", b"\r\n.\0\r\n"),
]
TRICK = b"MAIL FROM:<evil@client.example>\r\n" + TO + b"\r\nDATA\r\nSubject: smuggled\r\n\r\nevil\r\n"


@pytest.mark.parametrize("rule", TEXTS)
def test_text_arrives_whole(post: Office, rule: str) -> None:
    sent, kept = TEXTS[rule]
    reply, [copy] = post.sent(sent)
    assert reply.startswith(b"250 2.0.0")
    assert copy[trace(copy).end() :] == kept


@pytest.mark.parametrize("segment", [1_009, 10**6])
def test_big_message_arrives_whole_however_it_is_cut(post: Office, segment: int) -> None:
    lines = [b"." * (number % 3 == 0) + b"x" * (number % 999) for number in range(600)]
    body = b"".join(line + b"\r\n" for line in lines)
    sent = b"\r\n" + b"".join(b"." * line.startswith(b".") + line + b"\r\n" for line in lines) + b".\r\n"
    before = post.files()
    with post.talk("recipient") as client:
        assert client.ask(b"DATA")[:3] == b"354"
        for start in range(0, len(sent), segment):
            client.socket.sendall(sent[start : start + segment])
        assert client.reply()[:3] == b"250"
    [file] = post.files() - before
    copy = file.read_bytes()
    assert copy[trace(copy).end() :] == b"\r\n" + body


@pytest.mark.parametrize("end", ENDS)
def test_only_crlf_dot_crlf_ends_the_data(post: Office, end: bytes) -> None:
    before = post.files()
    with post.talk("recipient") as client:
        assert client.ask(b"DATA")[:3] == b"354"
        client.socket.sendall(HEADER + b"\r\ntext" + end + TRICK + b"\r\n.\r\n")
        assert client.reply()[:9] == b"554 5.6.0"
        assert client.ask(TO)[:3] == b"503"
        assert client.ask(b"MAIL FROM:<>")[:3] == b"250"
        assert client.rest() == [b"221"]
    assert post.files() == before


@pytest.mark.parametrize("text", [b"a\nb\r\n", b"a\rb\r\n", b"a\0b\r\n", b"\n", b"a\r\r\n", b"Received: x\r\n" * 101])
def test_bare_ends_nul_and_loops_are_refused(post: Office, text: bytes) -> None:
    reply, copies = post.sent(text + b"\r\n")
    assert (reply[:4], copies) == (b"554 ", [])


@pytest.mark.parametrize(("length", "code"), [(SIZE_LIMIT, b"250 2.0.0"), (SIZE_LIMIT + 1, b"552 5.3.4")])
def test_size_counts_a_message_without_what_transparency_adds(post: Office, length: int, code: bytes) -> None:
    text = b"..\r\n" * (length // 3 - 1)
    text += b"x" * (length - len(text) * 3 // 4 - 2) + b"\r\n"
    reply, copies = post.sent(text)
    assert reply[:9] == code
    assert len(copies) == (code[:1] == b"2")


def test_data_without_end_are_thrown_away(post: Office) -> None:
    with post.talk("recipient") as client:
        assert client.ask(b"DATA")[:3] == b"354"
        for _ in range(20):
            client.socket.sendall(b"x" * 2**20)
        assert client.ask(b"\r\n.")[:9] == b"552 5.3.4"
        assert client.ask(b"MAIL FROM:<>")[:3] == b"250"
    assert post.server.peak_memory() < 128 * 2**20


def test_declared_size_ends_nothing(post: Office) -> None:
    with post.talk("greeted") as client:
        for line in (b"MAIL FROM:<> SIZE=10", TO, b"DATA"):
            assert client.ask(line)[:1] in b"23"
        assert client.ask(b"x" * 1_000 + b"\r\n.")[:3] == b"250"


@pytest.mark.parametrize(
    ("sender", "kept"),
    [
        (b"", b""),
        (b"MixedCase@client.example", b"MixedCase@client.example"),
        (b'"a \\"b"@client.example', b'"a \\"b"@client.example'),
        (b"@one.example:a@client.example", b"a@client.example"),
    ],
)
def test_trace_of_one_recipient(post: Office, sender: bytes, kept: bytes) -> None:
    _, [copy] = post.sent(HEADER + b"\r\n", sender)
    found = trace(copy)
    assert found.groups()[:6] == (kept, TO[9:-1], b"client.example", b"[127.0.0.1]", b"ESMTP", TO[9:-1])
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}", found["date"].decode())
    assert parsedate_to_datetime(found["date"].decode()).tzinfo is not None


def test_each_recipient_has_a_copy_and_learns_of_no_other(post: Office) -> None:
    two = [b"one@reference.example", b"Postmaster", b"one@reference.example", b'"../../x"@[127.0.0.1]']
    _, copies = post.sent(HEADER + b"\r\n", b"a@client.example", *two)
    found = [trace(copy) for copy in copies]
    assert [one["one"] for one in found] == [None] * 3
    assert {one["to"] for one in found} == {b'"../../x"@[127.0.0.1]', b"Postmaster@reference.example", two[0]}


def test_whole_transaction_after_helo(post: Office) -> None:
    before = post.files()
    with post.talk() as client:
        lines = (b"HELO [127.0.0.1]", b"MAIL FROM:<>", TO, b"DATA", b"text\r\n.")
        assert [client.ask(line)[:3] for line in lines] == [b"250", b"250", b"250", b"354", b"250"]
    [file] = post.files() - before
    assert (trace(file.read_bytes())["name"], trace(file.read_bytes())["protocol"]) == (b"[127.0.0.1]", b"SMTP")


def test_messages_follow_each_other_and_carry_nothing_over(post: Office) -> None:
    before = post.files()
    with post.talk("recipient") as client:
        assert client.ask(b"DATA")[:3] == b"354"
        assert client.ask(b"first\r\n.")[:3] == b"250"
        assert client.ask(TO)[:3] == client.ask(b"DATA")[:3] == b"503"
        group = b"MAIL FROM:<b@client.example>\r\nRCPT TO:<two@reference.example>\r\nDATA\r\nsecond\r\n.\r\n"
        client.socket.sendall(group * 2)
        assert client.rest() == [b"250", b"250", b"354", b"250"] * 2 + [b"221"]
    came = sorted(
        (trace(copy)["sender"], trace(copy)["to"]) for copy in (f.read_bytes() for f in post.files() - before)
    )
    assert came == [(b"a@client.example", TO[9:-1])] + [(b"b@client.example", b"two@reference.example")] * 2


def test_clients_keep_their_own_messages(post: Office) -> None:
    before = post.files()
    with post.talk("recipient") as one, post.talk("greeted") as two:
        assert one.ask(b"DATA")[:3] == b"354"
        one.socket.sendall(b"X-One: 1\r\n")
        for line in (b"MAIL FROM:<>", b"RCPT TO:<two@reference.example>", b"DATA", b"X-Two: 2\r\n."):
            assert two.ask(line)[:1] in b"23"
        assert one.ask(b".")[:3] == b"250"
    copies = [file.read_bytes() for file in post.files() - before]
    assert sorted((trace(copy)["to"], copy[trace(copy).end() :]) for copy in copies) == [
        (b"two@reference.example", b"X-Two: 2\r\n"),
        (b"user@reference.example", b"X-One: 1\r\n"),
    ]


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize(
    "left", [b"", b"DATA\r\n", b"DATA\r\nx\r\n", b"DATA\r\nx\r\n.", b"DATA\r\nx\r\n.\r", b"QUIT\r\n"]
)
def test_client_that_leaves_delivers_nothing(post: Office, left: bytes, reset: bool) -> None:
    before = post.files()
    with post.talk("recipient") as client:
        client.socket.sendall(left)
        if reset:
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            client.socket.shutdown(socket.SHUT_WR)
            while client.reply():
                pass
    assert len(post.sent(b"x\r\n")[1]) == 1
    assert len(post.files() - before) == 1


def test_mail_outlives_a_kill_and_a_restart(tmp_path: Path) -> None:
    with office(tmp_path) as one:
        assert one.sent(b"kept\r\n")[0][:3] == b"250"
        one.server.process.send_signal(signal.SIGKILL)
    with office(tmp_path) as one:
        assert [file.read_bytes()[-6:] for file in one.files()] == [b"kept\r\n"]
        assert one.sent(b"more\r\n")[0][:3] == b"250"
        assert len(one.files()) == 2
        assert list((tmp_path / "tmp").iterdir()) == []


def test_message_that_can_not_be_stored_is_refused_for_all(tmp_path: Path) -> None:
    with office(tmp_path) as one:
        (tmp_path / "tmp").rmdir()
        reply, copies = one.sent(b"x\r\n", b"", b"a@reference.example", b"b@reference.example")
    assert (reply[:9], copies) == (b"451 4.3.0", [])


def test_a_copy_is_on_the_disk_before_it_is_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    maildir = Maildir(tmp_path, b"reference.example")
    synced: list[int] = []
    monkeypatch.setattr("os.fsync", lambda _: synced.append(len(list((tmp_path / "new").iterdir()))))
    maildir.deliver(Message(b"c", b"[127.0.0.1]", b"SMTP", b"", [b"a@b", b"c@d"], b"x\r\n"))
    assert synced == [0, 0, 2]


def test_other_domain_is_named_and_served(tmp_path: Path) -> None:
    with office(tmp_path, "--domain", "Other.example") as one:
        client = socket.create_connection(("127.0.0.1", one.server.port), timeout=DEADLINE)
        with client, client.makefile("rb") as replies:
            client.sendall(b"HELO c\r\nMAIL FROM:<>\r\nRCPT TO:<u@other.example>\r\n" + TO + b"\r\nQUIT\r\n")
            assert replies.readline() == b"220 Other.example ESMTP ready\r\n"
            assert [line[:3] for line in replies] == [b"250", b"250", b"250", b"550", b"221"]


def test_answers_wait_for_no_further_line(post: Office) -> None:
    with post.talk("greeted") as client:
        client.socket.sendall(b"NOOP\r\nNOOP\r\nNO")
        assert [client.reply()[:3] for _ in range(2)] == [b"250"] * 2
