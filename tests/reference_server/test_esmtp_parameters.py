"""Parameters of MAIL and RCPT, and UTF-8 in them. The ids are those of the rules that a row is about."""

import itertools

import pytest

from tests.reference_server.esmtp_runs import TO, Office, trace

OPTIONS = ("--tls", "none")

MAIL = b"MAIL FROM:<a@client.example>"
NAME = "jos\u00e9".encode()
DOMAIN = "b\u00fccher.example".encode()
UTF8 = b"MAIL FROM:<%b@%b> SMTPUTF8" % (NAME, DOMAIN)
ENVID = b" ENVID=" + b"x+2B" * 50
ORCPT = b" ORCPT=rfc822;"
ALONE = [b" SIZE=100", b" BODY=8BITMIME", b" RET=HDRS", b" ENVID=QQ+3D", b" SMTPUTF8"]
ANSWERS = [  # a rule, a state, a line that is sent there, how its reply begins
    *(
        ("dsn.mail", "greeted", MAIL + b" RET=" + value, b"250 2.1.0 ")
        for value in (b"FULL", b"HDRS", b"full", b"Hdrs")
    ),
    ("dsn.mail", "greeted", MAIL + ENVID, b"250 2.1.0 "),
    ("dsn.mail", "greeted", MAIL + b" ENVID=" + b"x" * 100 + b" RET=FULL", b"250 2.1.0 "),
    ("dsn.mail", "greeted", b"MAIL FROM:<> RET=HDRS" + ENVID, b"250 2.1.0 "),
    *(
        ("dsn.rcpt", "sender", TO + b" NOTIFY=" + value, b"250 2.1.5 ")
        for value in (b"NEVER", b"never", b"SUCCESS", b"FAILURE,DELAY", b"Delay,SUCCESS,failure")
    ),
    ("dsn.rcpt", "sender", TO + ORCPT + b"user@reference.example notify=NEVER", b"250 2.1.5 "),
    ("dsn.rcpt", "sender", TO + ORCPT + b"a+2Bb+3D@c.example", b"250 2.1.5 "),
    ("dsn.rcpt", "sender", TO + ORCPT + b"x" * 500, b"250 2.1.5 "),
    ("dsn.rcpt", "sender", TO + b" ORCPT=x-odd;1+202", b"250 2.1.5 "),
    ("dsn.rcpt", "recipient", b"RCPT TO:<nobody@reference.example> NOTIFY=NEVER", b"550 5.1.1 "),
    *(
        ("dsn.mail-bad", "greeted", MAIL + b" " + value, b"501 5.5.4 ")
        for value in (b"RET=BODY", b"RET", b"RET=FULL RET=FULL", b"ENVID=a+zz", b"ENVID=+", b"ENVID=" + b"x" * 101)
    ),
    *(
        ("dsn.rcpt-bad", "recipient", TO + b" " + value, b"501 5.5.4 ")
        for value in (
            *(b"NOTIFY=NEVER,SUCCESS", b"NOTIFY=X", b"NOTIFY", b"NOTIFY=SUCCESS,", b"NOTIFY=NEVER NOTIFY=NEVER"),
            *(b"ORCPT=user@reference.example", b"ORCPT=rfc822;a+zz", b"ORCPT=;a"),
        )
    ),
    ("mail.param-unknown", "recipient", TO + b" RET=FULL", b"555 5.5.4 "),
    ("mail.param-unknown", "greeted", MAIL + b" NOTIFY=NEVER", b"555 5.5.4 "),
    ("8bit.body", "greeted", MAIL + b" body=binaryMIME", b"250 2.1.0 "),
    ("utf8.param", "greeted", MAIL + b" SMTPUTF8", b"250 2.1.0 "),
    ("utf8.param", "greeted", MAIL + b" SmtpUtf8 BODY=8BITMIME", b"250 2.1.0 "),
    ("utf8.param", "greeted", MAIL + b" SMTPUTF8 SMTPUTF8", b"501 5.5.4 "),
    ("utf8.value", "greeted", MAIL + b" SMTPUTF8=1", b"501 5.5.4 "),
    ("utf8.mailbox", "greeted", UTF8, b"250 2.1.0 "),
    ("utf8.mailbox", "greeted", b'MAIL FROM:<"%b x"@%b> SIZE=5 SMTPUTF8' % (NAME, DOMAIN), b"250 2.1.0 "),
    ("utf8.without", "greeted", UTF8.removesuffix(b" SMTPUTF8"), b"501 5.5.2 "),
    ("utf8.without", "recipient", b"RCPT TO:<%b@reference.example>" % NAME, b"501 5.5.2 "),
    ("utf8.without", "recipient", b"RCPT TO:<user@%b>" % DOMAIN, b"501 5.5.2 "),
    ("utf8.without", "greeted", b'MAIL FROM:<"%b SMTPUTF8 "@b.example>' % NAME, b"501 5.5.2 "),
    ("utf8.malformed", "greeted", b"MAIL FROM:<jos\xe9@b.example> SMTPUTF8", b"501 5.5.2 "),
    ("utf8.malformed", "greeted", b"MAIL FROM:<a@b\xc0\xaf.example> SMTPUTF8", b"501 5.5.2 "),
    ("utf8.malformed", "greeted", b"MAIL FROM:<a\xed\xa0\x80@b.example> SMTPUTF8", b"501 5.5.2 "),
    ("cmd.control", "greeted", b"MAIL FROM:<%b\0@b.example> SMTPUTF8" % NAME, b"501 5.5.2 "),
    ("cmd.8bit", "greeted", b"MAIL FROM:<a@b.example> SMTPUTF8 ENVID=%b" % NAME, b"501 5.5.4 "),
    ("cmd.8bit", "greeted", b"EHLO " + DOMAIN, b"501 5.5.2 "),
    ("cmd.8bit", "recipient", b"VRFY " + NAME, b"501 5.5.2 "),
]
GO_ON = {
    "greeted": (MAIL, b"250"),
    "recipient": (b"DATA", b"354"),
}


@pytest.mark.parametrize(("rule", "state", "line", "reply"), ANSWERS)
def test_answer(post: Office, rule: str, state: str, line: bytes, reply: bytes) -> None:
    with post.talk(state) as client:
        came = client.ask(line)
        assert came.startswith(reply) and came.isascii()
        if reply[:1] == b"5":
            further, code = GO_ON[state]
            assert client.ask(further)[:3] == code, "it changed the state"


@pytest.mark.parametrize("given", list(itertools.permutations(ALONE)), ids=lambda given: b"".join(given).decode())
def test_parameters_stand_in_any_order(post: Office, given: tuple[bytes, ...]) -> None:
    """mail.param-all"""
    with post.talk("greeted") as client:
        assert client.ask(MAIL + b"".join(given))[:3] == b"250"


def test_recipients_of_an_utf8_message(post: Office) -> None:
    """utf8.mailbox, utf8.header, utf8.replies, trace.with"""
    header = b"Subject: " + "\u00fcber".encode() + b"\r\n\r\n"
    before = post.files()
    with post.talk("greeted") as client:
        assert client.ask(UTF8)[:3] == b"250"
        assert client.ask(b"RCPT TO:<user@%b>" % DOMAIN)[:9] == b"550 5.7.1"
        assert client.ask(b"RCPT TO:<jos\xe9@reference.example>")[:9] == b"501 5.5.2"
        assert client.ask(b"RCPT TO:<%b@reference.example>" % NAME)[:3] == b"250"
        assert client.ask(b"DATA")[:3] == b"354"
        assert client.ask(header + b".")[:3] == b"250"
        assert client.ask(MAIL)[:3] == b"250"
        assert client.ask(b"RCPT TO:<%b@reference.example>" % NAME)[:9] == b"501 5.5.2", "the next one is in ASCII"
    [copy] = post.copies(before)
    found = trace(copy)
    assert (found["sender"], found["to"]) == (NAME + b"@" + DOMAIN, NAME + b"@reference.example")
    assert found["protocol"] == b"UTF8SMTP"
    assert copy[found.end() :] == header


def test_keywords_stand_as_their_documents_say(post: Office) -> None:
    """ext.no-value, size.keyword, size.64k, limits.form, utf8.8bitmime, utf8.name"""
    with post.talk() as client:
        words = client.keywords()
    bare = (b"PIPELINING", b"8BITMIME", b"ENHANCEDSTATUSCODES", b"DSN", b"SMTPUTF8", b"BINARYMIME", b"CHUNKING")
    assert [words[word] for word in bare] == [b""] * 7
    assert int(words[b"SIZE"]) >= 65_536
    assert words[b"LIMITS"] == b"RCPTMAX=1000"


def test_parameters_after_helo_are_taken_too(post: Office) -> None:
    """ext.silent"""
    with post.talk() as client:
        assert client.ask(b"HELO client.example")[:3] == b"250"
        assert client.ask(MAIL + b"".join(ALONE))[:3] == b"250"
        assert client.ask(TO + b" NOTIFY=NEVER" + ORCPT + b"x")[:3] == b"250"


def test_more_than_ten_messages_in_a_session(post: Office) -> None:
    """limits.kept: no MAILMAX is told, and there is none"""
    with post.talk("greeted") as client:
        client.socket.sendall((MAIL + b"\r\n" + TO + b"\r\nDATA\r\n.\r\n") * 12)
        assert client.rest() == [b"250", b"250", b"354", b"250"] * 12 + [b"221"]


def test_notifications_are_sent_to_nobody(post: Office) -> None:
    """dsn.null, dsn.never"""
    before = post.files()
    with post.talk("greeted") as client:
        for line in (b"MAIL FROM:<> RET=FULL", TO + b" NOTIFY=SUCCESS,FAILURE,DELAY", b"DATA", b"."):
            assert client.ask(line)[:1] in b"23"
    assert [trace(copy)["to"] for copy in post.copies(before)] == [TO[9:-1]]
