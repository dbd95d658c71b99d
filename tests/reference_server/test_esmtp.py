"""The server's second protocol: what it answers, line by line. The ids are those of the rules that a row is about."""

import socket
from pathlib import Path

import pytest

from reference_server.channel import Channel
from reference_server.esmtp import LINE_LIMIT, Esmtp
from reference_server.maildir import Maildir
from reference_server.parameters import RECIPIENTS_LIMIT, SIZE_LIMIT
from reference_server.site import Site
from tests.reference_server.esmtp_runs import STATES, TO, Office, office
from tests.reference_server.server_runs import DEADLINE, ends, in_thread

OPTIONS = ("--tls", "none")

MAIL = b"MAIL FROM:<a@client.example>"
LONG = b"MAIL FROM:<%b@%b>" % (b"l" * 64, b".".join((b"a" * 62, b"b" * 62, b"c" * 63)))
EHLO = (
    b"250-reference.example\r\n250-SIZE 10485760\r\n250-8BITMIME\r\n250-PIPELINING\r\n"
    b"250-ENHANCEDSTATUSCODES\r\n250-CHUNKING\r\n250-BINARYMIME\r\n250-SMTPUTF8\r\n250-DSN\r\n"
    b"250-LIMITS RCPTMAX=1000\r\n250-VRFY\r\n250 HELP\r\n"
)
ANSWERS = [  # a rule, a state, a line that is sent there, how its reply begins
    ("ehlo.250", "connected", b"EHLO client.example", EHLO),
    ("ehlo.again", "recipient", b"eHLo other.example", EHLO),
    ("ehlo.literal", "connected", b"EHLO [127.0.0.1]", EHLO),
    ("ehlo.literal-v6", "connected", b"EHLO [IPv6:::1]", EHLO),
    ("ehlo.literal-v6", "connected", b"EHLO [ipv6:2001:DB8::a]", EHLO),
    ("ehlo.long-name", "connected", b"EHLO " + b".".join([b"a" * 62] * 4), EHLO),
    ("ehlo.bad-name", "connected", b"EHLO a_b", b"501 5.5.4 "),
    ("ehlo.more-words", "connected", b"EHLO client.example x", b"501 5.5.4 "),
    ("ehlo.refused-keeps", "recipient", b"EHLO", b"501 5.5.4 "),
    ("helo.plain", "connected", b"HELO client.example", b"250 reference.example\r\n"),
    ("helo.plain", "recipient", b"helo client.example", b"250 reference.example\r\n"),
    ("args.missing", "connected", b"HELO", b"501 5.5.4 "),
    ("args.missing", "greeted", b"MAIL", b"501 5.5.4 "),
    ("args.missing", "greeted", b"MAIL TO:<a@b.example>", b"501 5.5.4 "),
    ("args.missing", "sender", b"RCPT", b"501 5.5.4 "),
    ("args.missing", "recipient", b"VRFY", b"501 5.5.4 "),
    ("args.data", "recipient", b"DATA x", b"501 5.5.4 "),
    ("args.surplus", "recipient", b"RSET x", b"501 5.5.4 "),
    ("args.surplus", "recipient", b"QUIT x", b"501 5.5.4 "),
    ("line.512", "recipient", b"NOOP " + b"x" * 505, b"250 2.0.0 "),
    ("line.longer", "recipient", b"NOOP ".ljust(LINE_LIMIT, b"x"), b"250 2.0.0 "),
    ("line.long-tail", "recipient", b"NOOP " * 400 + b"x", b"500 5.5.2 "),
    ("line.long-tail", "recipient", b"NOOP\0" * 400, b"501 5.5.2 "),
    ("line.bare-lf", "recipient", b"NOOP\nNOOP", b"501 5.5.2 "),
    ("line.bare-cr", "recipient", b"NOOP\rNOOP\r", b"501 5.5.2 "),
    ("cmd.trailing-space", "connected", b"EHLO client.example  ", EHLO),
    ("cmd.trailing-space", "greeted", MAIL + b" ", b"250 2.1.0 "),
    ("cmd.trailing-space", "sender", TO + b"   ", b"250 2.1.5 "),
    ("cmd.trailing-space", "recipient", b"DATA ", b"354 "),
    ("cmd.trailing-space", "recipient", b"RSET ", b"250 2.0.0 "),
    ("cmd.case", "greeted", b"mAiL fRoM:<a@b.example> sIzE=1 bOdY=8bItMiMe", b"250 2.1.0 "),
    ("cmd.case", "sender", b"rcpt to:<user@reference.example>", b"250 2.1.5 "),
    ("cmd.white", "recipient", b" NOOP", b"500 5.5.2 "),
    ("cmd.white", "recipient", b"NOOP\tx", b"501 5.5.2 "),
    ("cmd.unknown-500", "connected", b"XFROB", b"500 5.5.2 "),
    ("cmd.unknown-500", "recipient", b"FROB x", b"500 5.5.2 "),
    ("cmd.empty", "recipient", b"", b"500 5.5.2 "),
    ("cmd.8bit", "connected", b"EHLO cli\xe9nt.example", b"501 5.5.2 "),
    ("cmd.8bit", "greeted", b"MAIL FROM:<\xc3\xa9@client.example>", b"501 5.5.2 "),
    ("cmd.8bit", "recipient", b"N\xd6\xd6P", b"501 5.5.2 "),
    ("cmd.control", "sender", b"RCPT TO:<us\0er@reference.example>", b"501 5.5.2 "),
    ("cmd.control", "greeted", b'MAIL FROM:<"a\tb"@client.example>', b"501 5.5.2 "),
    ("mail.null", "greeted", b"MAIL FROM:<>", b"250 2.1.0 "),
    ("mail.nested", "recipient", b"MAIL FROM:<b@client.example>", b"503 5.5.1 "),
    ("mail.before-ehlo", "connected", MAIL, b"503 5.5.1 "),
    ("mail.loose", "greeted", b"MAIL FROM: <a@b.example>", b"501 5.5.4 "),
    ("mail.loose", "greeted", b"MAIL FROM:a@b.example", b"501 5.5.4 "),
    ("mail.malformed", "greeted", b"MAIL FROM:<a@b", b"501 5.5.4 "),
    ("mail.malformed", "greeted", b"MAIL FROM:<a@@b.example>", b"501 5.5.4 "),
    ("mail.malformed", "greeted", b"MAIL FROM:<@b.example>", b"501 5.5.4 "),
    ("mail.malformed", "greeted", b"MAIL FROM:<a b@c.example>", b"501 5.5.4 "),
    ("mail.atext", "greeted", b"MAIL FROM:<a.b+c-d_e=f@c.example>", b"250 2.1.0 "),
    ("mail.atext-rare", "greeted", b"MAIL FROM:<!#$%&'*/?^{}~`|@c.example>", b"250 2.1.0 "),
    ("mail.quoted", "greeted", b'MAIL FROM:<"a b"@c.example>', b"250 2.1.0 "),
    ("mail.quoted", "greeted", b'MAIL FROM:<"a@b>\\"\\\\"@c.example> SIZE=5', b"250 2.1.0 "),
    ("mail.odd-local", "greeted", b"MAIL FROM:<a..b@c.example>", b"501 5.5.4 "),
    ("mail.literal", "greeted", b"MAIL FROM:<a@[192.0.2.1]>", b"250 2.1.0 "),
    ("mail.literal", "greeted", b"MAIL FROM:<a@[IPv6:2001:db8::1]>", b"250 2.1.0 "),
    ("mail.odd-domain", "greeted", b"MAIL FROM:<a@onelabel>", b"250 2.1.0 "),
    ("mail.odd-domain", "greeted", b"MAIL FROM:<a@b-.example>", b"501 5.5.4 "),
    ("mail.route", "greeted", b"MAIL FROM:<@one.example,@two.example:a@b.example>", b"250 2.1.0 "),
    ("mail.length-path", "greeted", LONG, b"250 2.1.0 "),
    ("mail.param-unknown", "greeted", MAIL + b" FROB=1", b"555 5.5.4 "),
    ("mail.param-unknown", "greeted", MAIL + b" FROB", b"555 5.5.4 "),
    ("mail.param-all", "greeted", MAIL + b" SIZE=1 BODY=7BIT", b"250 2.1.0 "),
    ("mail.param-all", "greeted", MAIL + b" BODY=7BIT SIZE=1", b"250 2.1.0 "),
    ("mail.no-shell", "sender", b"RCPT TO:<../../etc/x@reference.example>", b"501 5.5.4 "),
    ("mail.no-shell", "sender", b'RCPT TO:<"../../`id`;$(id)"@reference.example>', b"250 2.1.5 "),
    ("size.mail", "greeted", MAIL + b" SIZE=%d" % SIZE_LIMIT, b"250 2.1.0 "),
    ("size.over", "greeted", MAIL + b" SIZE=%d" % (SIZE_LIMIT + 1), b"552 5.3.4 "),
    ("size.bad-value", "greeted", MAIL + b" SIZE=x", b"501 5.5.4 "),
    ("size.bad-value", "greeted", MAIL + b" SIZE=-1", b"501 5.5.4 "),
    ("size.bad-value", "greeted", MAIL + b" SIZE=000000000000000000001", b"501 5.5.4 "),
    ("size.bad-value", "greeted", MAIL + b" SIZE=1 SIZE=1", b"501 5.5.4 "),
    ("8bit.bad-value", "greeted", MAIL + b" BODY=9BIT", b"501 5.5.4 "),
    ("8bit.bad-value", "greeted", MAIL + b" BODY", b"501 5.5.4 "),
    ("8bit.bad-value", "greeted", MAIL + b" BODY=7BIT body=7BIT", b"501 5.5.4 "),
    ("rcpt.250", "sender", TO, b"250 2.1.5 "),
    ("rcpt.before-mail", "connected", TO, b"503 5.5.1 "),
    ("rcpt.before-mail", "greeted", TO, b"503 5.5.1 "),
    ("rcpt.postmaster", "sender", b"RCPT TO:<Postmaster>", b"250 2.1.5 "),
    ("rcpt.postmaster-any", "sender", b"RCPT TO:<pOSTmaster>", b"250 2.1.5 "),
    ("rcpt.postmaster-any", "sender", b"RCPT TO:<postmaster@reference.example>", b"250 2.1.5 "),
    ("rcpt.domain-case", "sender", b"RCPT TO:<user@REFerence.eXample>", b"250 2.1.5 "),
    ("rcpt.route", "sender", b"RCPT TO:<@one.example,@two.example:user@reference.example>", b"250 2.1.5 "),
    ("rcpt.route", "recipient", b"RCPT TO:<@reference.example:user@two.example>", b"550 5.7.1 "),
    ("rcpt.literal", "sender", b"RCPT TO:<user@[127.0.0.1]>", b"250 2.1.5 "),
    ("rcpt.literal", "recipient", b"RCPT TO:<user@[192.0.2.1]>", b"550 5.7.1 "),
    ("rcpt.quoted-equal", "sender", b'RCPT TO:<"user"@reference.example>', b"250 2.1.5 "),
    ("rcpt.quoted-equal", "recipient", b'RCPT TO:<"n\\obody"@reference.example>', b"550 5.1.1 "),
    ("rcpt.null", "recipient", b"RCPT TO:<>", b"501 5.5.4 "),
    ("rcpt.malformed", "recipient", b"RCPT TO:<u@@reference.example>", b"501 5.5.4 "),
    ("rcpt.malformed", "recipient", b"RCPT TO:<u@reference.example", b"501 5.5.4 "),
    ("rcpt.malformed", "recipient", b"RCPT TO:<@reference.example>", b"501 5.5.4 "),
    ("rcpt.loose", "recipient", b"RCPT TO:user@reference.example", b"501 5.5.4 "),
    ("rcpt.param-unknown", "recipient", TO + b" FROB=1", b"555 5.5.4 "),
    ("rcpt.unknown-user", "recipient", b"RCPT TO:<nobody@reference.example>", b"550 5.1.1 "),
    ("rcpt.relay", "recipient", b"RCPT TO:<user@other.example>", b"550 5.7.1 "),
    ("data.354", "recipient", b"data", b"354 "),
    ("data.no-rcpt", "connected", b"DATA", b"503 5.5.1 "),
    ("data.no-rcpt", "greeted", b"DATA", b"503 5.5.1 "),
    ("data.refused-goes-on", "sender", b"DATA", b"503 5.5.1 "),
    *(("rset.250", state, b"RSET", b"250 2.0.0 ") for state in STATES),
    *(("noop.250", state, b"NOOP", b"250 2.0.0 ") for state in STATES),
    *(("vrfy.known", state, b"VRFY <user@reference.example>", b"252 2.0.0 ") for state in STATES),
    *(("help.211", state, b"HELP", b"214 2.0.0 ") for state in STATES),
    *(("quit.221", state, b"QUIT", b"221 2.0.0 reference.example ") for state in STATES),
    ("noop.word", "recipient", b"NOOP <word> word", b"250 2.0.0 "),
    ("help.211", "recipient", b"HELP me", b"214 2.0.0 "),
    ("vrfy.honest", "recipient", b"VRFY x@other.example", b"252 2.0.0 "),
    ("expn.off", "recipient", b"EXPN list", b"502 5.5.1 "),
    ("old.send", "recipient", b"SEND FROM:<a@client.example>", b"500 5.5.2 "),
    ("old.turn", "recipient", b"TURN", b"500 5.5.2 "),
]
CLEARS = (b"EHLO", b"HELO", b"RSET")
OTHERS_GO_ON = (b"NOOP", b"VRFY", b"HELP")


@pytest.mark.parametrize(("rule", "state", "line", "reply"), ANSWERS)
def test_answer(post: Office, rule: str, state: str, line: bytes, reply: bytes) -> None:
    with post.talk(state) as client:
        assert client.ask(line).startswith(reply)
        if reply[:1] in b"45" or line.startswith(OTHERS_GO_ON):
            _, accepted, code = STATES[state]
            assert client.ask(accepted)[:3] == code, "it changed the state"
            assert code == b"354" or client.rest() == [b"221"]
        elif line[:4].upper().startswith(CLEARS) and state != "connected":
            assert client.ask(TO)[:3] == client.ask(b"DATA")[:3] == b"503"
            assert client.ask(MAIL)[:3] == b"250"
        elif line.startswith(b"QUIT"):
            assert client.reply() == b""


def test_path_of_256_octets_is_one() -> None:
    assert len(LONG.partition(b":")[2]) == 256


def test_line_cut_anywhere_is_one_line_and_waits_for_its_end(post: Office) -> None:
    with post.talk() as client:
        for octet in b"EHLO client.example\r\nNOOP\r":
            client.socket.sendall(bytes([octet]))
        assert client.reply() == EHLO
        client.socket.sendall(b"\nNOOP\nNOOP")
        assert client.reply().startswith(b"250 2.0.0")
        assert client.ask(b"")[:3] == b"501"
        assert client.rest() == [b"221"]


@pytest.mark.parametrize("segment", [1, 3, 17, 1_000])
def test_pipelined_group_is_answered_in_order_however_it_is_cut(post: Office, segment: int) -> None:
    sent = b"\r\n".join((MAIL, b"RCPT TO:<nobody@reference.example>", TO, b"DATA", b""))
    sent += b"text\r\n.\r\n" + sent + b"text\r\n.\r\n"
    with post.talk("greeted") as client:
        for start in range(0, len(sent), segment):
            client.socket.sendall(sent[start : start + segment])
        assert client.rest() == [b"250", b"550", b"250", b"354", b"250"] * 2 + [b"221"]


def test_group_without_a_recipient_is_refused_and_its_dot_is_no_command(post: Office) -> None:
    with post.talk("greeted") as client:
        client.socket.sendall(MAIL + b"\r\nRCPT TO:<nobody@reference.example>\r\nDATA\r\n")
        assert client.rest() == [b"250", b"550", b"503", b"221"]


def test_a_thousand_recipients_are_taken_and_no_more(post: Office) -> None:
    with post.talk("sender") as client:
        client.socket.sendall((TO + b"\r\n") * (RECIPIENTS_LIMIT + 2))
        assert [client.reply()[:9] for _ in range(RECIPIENTS_LIMIT)] == [b"250 2.1.5"] * RECIPIENTS_LIMIT
        assert [client.reply()[:9] for _ in range(2)] == [b"452 4.5.3"] * 2
        assert client.ask(b"DATA")[:3] == b"354"


def test_line_without_an_end_is_swallowed(post: Office) -> None:
    before = post.server.peak_memory()
    with post.talk("recipient") as client:
        for _ in range(64):
            client.socket.sendall(b"NOOP " * 200_000)
        assert client.ask(b"")[:9] == b"500 5.5.2"
        assert client.rest() == [b"221"]
    assert post.server.peak_memory() - before < 4 * 2**20


def test_every_line_gives_the_time_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("reference_server.channel.monotonic", lambda: now)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        here = socket.create_connection(listener.getsockname(), timeout=DEADLINE)
        there, _ = listener.accept()
    with here, there, here.makefile("rb") as replies:
        channel = Channel(there, 10.0)
        session = Esmtp(channel, Site(Maildir(tmp_path, b"x"), b"x"), b"[192.0.2.1]", b"[192.0.2.2]")
        serving = in_thread(session.run)
        assert replies.readline() == b"220 x ESMTP ready\r\n"
        for line in (b"NOOP", b"frob", b"NOOP"):
            now += 9.0
            here.sendall(line + b"\r\n")
            assert replies.readline()[:3] in (b"250", b"500")
        now += 11.0
        here.sendall(b"NO")
        assert replies.readline()[:9] == b"421 4.4.2"
        assert ends(serving)


@pytest.mark.parametrize("state", STATES)
def test_silence_ends_with_a_421(post: Office, state: str) -> None:
    with office(post.server.directory, "--time-limit", "0.5") as short, short.talk(state) as client:
        assert client.reply() == b"421 4.4.2 reference.example Silent for too long\r\n"
        assert client.reply() == b""


@pytest.mark.parametrize("state", STATES)
def test_end_of_the_server_is_told_to_its_clients(post: Office, state: str) -> None:
    with office(post.server.directory) as other, other.talk(state) as client:
        other.server.process.terminate()
        assert client.reply() == b"421 4.3.2 reference.example Shutting down\r\n"
        assert client.reply() == b""
        assert other.server.process.wait() == 0
