"""The server's second protocol and who its clients are. The ids are those of the rules that a row is about."""

import hmac
import socket
from base64 import b64decode, b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from reference_server.auth import RESPONSE_LIMIT, Credentials
from reference_server.channel import Channel
from reference_server.esmtp import Esmtp
from reference_server.maildir import Maildir
from reference_server.site import Site
from tests.reference_server.esmtp_runs import TO, Office, Talker, office, trace
from tests.reference_server.server_runs import DEADLINE, ends, in_thread

USER, PASSWORD = b"ada", b"open, \xc3\xa9 sesame"
MAIL = b"MAIL FROM:<a@client.example>"


def said(text: bytes) -> bytes:
    return b64encode(text)


def plain(user: bytes = USER, password: bytes = PASSWORD, identity: bytes = b"") -> bytes:
    return said(b"\0".join((identity, user, password)))


NAME, SECRET, RIGHT = said(USER), said(PASSWORD), plain()
ASKED_NAME, ASKED_PASSWORD = b"334 VXNlcm5hbWU6\r\n", b"334 UGFzc3dvcmQ6\r\n"
EXCHANGES = [  # a rule, what the client says line by line, and how each line is answered
    ("auth.235", [b"AUTH PLAIN " + RIGHT], [b"235 2.7.0 "]),
    ("auth.235", [b"auth plain", RIGHT], [b"334 \r\n", b"235 2.7.0 "]),
    ("auth.235", [b"AUTH PLAIN " + plain(identity=USER)], [b"235 2.7.0 "]),
    ("auth.235", [b"AUTH LOGIN", NAME, SECRET], [ASKED_NAME, ASKED_PASSWORD, b"235 2.7.0 "]),
    ("auth.login-name", [b"Auth Login " + NAME, SECRET], [ASKED_PASSWORD, b"235 2.7.0 "]),
    ("auth.wrong", [b"AUTH PLAIN " + plain(password=b"open")], [b"535 5.7.8 "]),
    ("auth.wrong", [b"AUTH PLAIN " + plain(password=b"")], [b"535 5.7.8 "]),
    ("auth.wrong", [b"AUTH PLAIN " + plain(password=PASSWORD + b"x")], [b"535 5.7.8 "]),
    ("auth.wrong", [b"AUTH PLAIN " + plain(password=PASSWORD[:-1])], [b"535 5.7.8 "]),
    ("auth.wrong", [b"AUTH PLAIN " + plain(user=b"")], [b"535 5.7.8 "]),
    ("auth.wrong", [b"AUTH PLAIN " + plain(user=b"bob")], [b"535 5.7.8 "]),
    ("auth.wrong", [b"AUTH PLAIN " + plain(identity=b"bob")], [b"535 5.7.8 "]),
    ("auth.wrong", [b"AUTH PLAIN " + said(USER + b"\0" + PASSWORD)], [b"535 5.7.8 "]),
    ("auth.wrong", [b"AUTH PLAIN " + said(b"\0" + USER + b"\0" + PASSWORD + b"\0")], [b"535 5.7.8 "]),
    ("auth.wrong", [b"AUTH PLAIN ="], [b"535 5.7.8 "]),
    ("auth.wrong", [b"AUTH PLAIN", b""], [b"334 \r\n", b"535 5.7.8 "]),
    ("auth.wrong", [b"AUTH LOGIN", NAME, b""], [ASKED_NAME, ASKED_PASSWORD, b"535 5.7.8 "]),
    ("auth.wrong", [b"AUTH LOGIN =", SECRET], [ASKED_PASSWORD, b"535 5.7.8 "]),
    ("auth.wrong", [b"AUTH EXTERNAL ="], [b"504 5.5.4 "]),
    ("auth.unknown", [b"AUTH FROB"], [b"504 5.5.4 "]),
    ("auth.no-initial", [b"AUTH CRAM-MD5 " + NAME], [b"501 5.7.0 "]),
    ("args.missing", [b"AUTH"], [b"501 5.5.4 "]),
    ("args.surplus", [b"AUTH PLAIN " + RIGHT + b" x"], [b"501 5.5.4 "]),
    ("auth.cancel", [b"AUTH PLAIN", b"*"], [b"334 \r\n", b"501 5.7.0 "]),
    ("auth.cancel", [b"AUTH LOGIN", NAME, b"*"], [ASKED_NAME, ASKED_PASSWORD, b"501 5.7.0 "]),
    *(
        ("auth.base64", [*before, line], [*asked, b"501 5.5.2 "])
        for bad in (b"!!", b"=AAA", b"=AAAA", b"AAA=BBB", b"AAA=BBBB", b"A", b"AAAA=", b"AA=A", b"====")
        for before, line, asked in (
            ([], b"AUTH PLAIN " + bad, []),
            ([], b"AUTH LOGIN " + bad, []),
            ([b"AUTH PLAIN"], bad, [b"334 \r\n"]),
            ([b"AUTH LOGIN", NAME], bad, [ASKED_NAME, ASKED_PASSWORD]),
        )
    ),
    ("auth.base64", [b"AUTH PLAIN", RIGHT + b" "], [b"334 \r\n", b"501 5.5.2 "]),
    ("auth.base64", [b"AUTH PLAIN", b"\xff\0\n"], [b"334 \r\n", b"501 5.5.2 "]),
    ("auth.failed-out", [b"AUTH PLAIN", MAIL], [b"334 \r\n", b"501 5.5.2 "]),
    ("auth.long", [b"AUTH PLAIN", plain(b"u" * 255, b"p" * 255, b"u" * 255)], [b"334 \r\n", b"535 5.7.8 "]),
    ("auth.long", [b"AUTH PLAIN", b"A" * RESPONSE_LIMIT], [b"334 \r\n", b"501 5.5.2 "]),
    ("auth.long", [b"AUTH PLAIN", b"A" * (RESPONSE_LIMIT - 2)], [b"334 \r\n", b"535 5.7.8 "]),
    ("auth.long", [b"AUTH PLAIN", b"A" * (RESPONSE_LIMIT + 1)], [b"334 \r\n", b"500 5.5.6 "]),
]


def options(folder: Path, *more: str) -> tuple[str, ...]:
    file = folder / "password"
    file.write_bytes(PASSWORD + b"\r\nnot this\n")
    return ("--user", USER.decode(), "--password-file", str(file), *more)


@pytest.fixture(scope="module")
def post(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("maildir")
    with office(folder, *options(folder, "--require-login")) as one:
        yield one


@pytest.mark.parametrize(("rule", "lines", "replies"), EXCHANGES)
def test_exchange_ends_in_one_reply_and_only_the_right_one_lets_in(
    post: Office, rule: str, lines: list[bytes], replies: list[bytes]
) -> None:
    with post.talk("greeted") as client:
        for line, reply in zip(lines, replies, strict=True):
            assert client.ask(line).startswith(reply)
        if replies[-1].startswith(b"235"):
            assert client.ask(b"AUTH PLAIN " + RIGHT)[:9] == b"503 5.5.1"
            assert client.ask(MAIL)[:3] == b"250"
        else:
            assert client.ask(MAIL)[:9] == b"530 5.7.0"
            assert client.ask(b"AUTH PLAIN " + RIGHT)[:3] == b"235"
        assert client.rest() == [b"221"]


def test_what_needs_no_login(post: Office) -> None:
    """auth.530, sub.login"""
    with post.talk() as client:
        lines = (b"EHLO client.example", b"NOOP", b"RSET", b"VRFY x", b"HELP", b"HELO client.example", b"QUIT")
        assert [client.ask(line)[:1] for line in lines] == [b"2"] * 7


def test_keyword_and_what_it_stands_with(post: Office) -> None:
    """auth.keyword, sub.auth, sub.extensions, sub.none"""
    with post.talk() as client:
        words = client.keywords()
    assert words[b"AUTH"] == b"PLAIN LOGIN CRAM-MD5"
    assert {b"PIPELINING", b"ENHANCEDSTATUSCODES", b"DSN", b"8BITMIME"} <= set(words)
    assert not {b"ETRN", b"ATRN"} & set(words)


@pytest.mark.parametrize(
    ("user", "password", "code"), [(USER, PASSWORD, b"235"), (USER, b"x", b"535"), (b"x", PASSWORD, b"535")]
)
def test_password_is_proved_without_being_said(post: Office, user: bytes, password: bytes, code: bytes) -> None:
    """auth.235, auth.wrong"""
    with post.talk("greeted") as client:
        challenge = b64decode(client.ask(b"AUTH CRAM-MD5").split()[1])
        assert client.ask(said(user + b" " + hmac.new(password, challenge, "md5").hexdigest().encode()))[:3] == code


def test_login_lasts_and_is_told_in_the_trace(post: Office) -> None:
    """auth.rset, auth.received, sub.null"""
    before = post.files()
    with post.talk("greeted") as client:
        assert client.ask(b"AUTH PLAIN " + RIGHT)[:3] == b"235"
        for line in (b"RSET", b"EHLO again.example", b"AUTH PLAIN " + RIGHT, b"MAIL FROM:<>", TO, b"DATA", b"."):
            assert client.ask(line)[:3] in ((b"503",) if line.startswith(b"AUTH") else (b"250", b"354"))
    assert [trace(copy)["protocol"] for copy in post.copies(before)] == [b"ESMTPA"]


def test_illegal_address_is_refused_after_the_login(post: Office) -> None:
    """sub.syntax, sub.one-label"""
    with post.talk("greeted") as client:
        assert client.ask(b"AUTH PLAIN " + RIGHT)[:3] == b"235"
        assert client.ask(b"MAIL FROM:<a@@b.example>")[:3] == b"501"
        assert client.ask(b"MAIL FROM:<a@onelabel>")[:3] == b"250"


def test_login_has_its_place(tmp_path: Path) -> None:
    """auth.in-mail"""
    with office(tmp_path, *options(tmp_path)) as one:
        with one.talk("recipient") as client:
            assert client.ask(b"AUTH PLAIN " + RIGHT)[:9] == b"503 5.5.1"
            assert client.ask(b"DATA")[:3] == b"354"
        with one.talk() as client:
            assert client.ask(b"AUTH PLAIN " + RIGHT)[:9] == b"503 5.5.1"
            assert client.ask(b"HELO client.example")[:3] == b"250"
            assert client.ask(b"AUTH PLAIN " + RIGHT)[:9] == b"503 5.5.1"


def test_login_from_before_tls_is_forgotten(post: Office) -> None:
    """tls.forgets-login, auth.received"""
    before = post.files()
    with post.talk("greeted") as client:
        assert client.ask(b"AUTH PLAIN " + RIGHT)[:3] == b"235"
        assert client.ask(b"STARTTLS")[:3] == b"220"
        client.shake_hands()
        assert client.keywords()[b"AUTH"] == b"PLAIN LOGIN CRAM-MD5"
        assert client.ask(MAIL)[:9] == b"530 5.7.0"
        assert client.ask(b"AUTH PLAIN " + RIGHT)[:3] == b"235"
        assert [client.ask(line)[:3] for line in (MAIL, TO, b"DATA", b".")] == [b"250", b"250", b"354", b"250"]
    assert [trace(copy)["protocol"] for copy in post.copies(before)] == [b"ESMTPSA"]


@pytest.mark.parametrize(
    "value", [b"<>", b"a@b.example", b"a+2Bb+40c+3D@d.example", b"x" * 900, b"<>", b"%b+40d.example" % (b"+22" * 64)]
)
def test_author_of_a_message_is_taken_logged_in_or_not(tmp_path: Path, value: bytes) -> None:
    """auth.mail-param"""
    with office(tmp_path, *options(tmp_path)) as one, one.talk("greeted") as client:
        assert client.ask(MAIL + b" AUTH=" + value)[:3] == b"250"
        assert client.ask(b"RSET")[:3] == b"250"
        assert client.ask(b"AUTH PLAIN " + RIGHT)[:3] == b"235"
        assert client.ask(MAIL + b" SIZE=1 auth=" + value)[:3] == b"250"


@pytest.mark.parametrize("value", [b"a+zz@b.example", b"a+", b"a b@c.example", b"<> AUTH=<>"])
def test_author_that_is_none_is_refused(post: Office, value: bytes) -> None:
    with post.talk("greeted") as client:
        assert client.ask(b"AUTH PLAIN " + RIGHT)[:3] == b"235"
        assert client.ask(MAIL + b" AUTH=" + value)[:9] == b"501 5.5.4"
        assert client.ask(MAIL)[:3] == b"250"


def test_without_a_user_nobody_can_log_in(tmp_path: Path) -> None:
    with office(tmp_path, "--tls", "none") as one, one.talk() as client:
        assert b"AUTH" not in client.keywords()
        assert client.ask(b"AUTH PLAIN " + RIGHT)[:9] == b"502 5.5.1"
        assert client.ask(MAIL + b" AUTH=<>")[:9] == b"555 5.5.4"


def test_nobody_from_elsewhere_says_a_password_in_clear(tmp_path: Path) -> None:
    """auth.clear"""
    site = Site(Maildir(tmp_path, b"reference.example"), b"reference.example", None, Credentials(USER, PASSWORD))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = Talker.__new__(Talker)
        here = socket.create_connection(listener.getsockname(), timeout=DEADLINE)
        there, _ = listener.accept()
    with here, there, here.makefile("rb") as replies:
        client.socket, client._lines, client._hello = here, replies, b"EHLO"
        serving = in_thread(Esmtp(Channel(there, DEADLINE), site, b"[192.0.2.1]", b"[192.0.2.2]").run)
        assert client.reply()[:3] == b"220"
        assert b"AUTH" not in client.keywords()
        for line in (b"AUTH PLAIN " + RIGHT, b"AUTH LOGIN"):
            assert client.ask(line)[:10] == b"538 5.7.11"
        assert client.ask(b"QUIT")[:3] == b"221"
        assert ends(serving)


def test_password_is_shown_to_nobody() -> None:
    assert "sesame" not in repr(Credentials(USER, PASSWORD))


def test_exchange_has_the_time_of_a_line_and_ends_with_the_connection(tmp_path: Path) -> None:
    with office(tmp_path, *options(tmp_path, "--time-limit", "0.5")) as one:
        with one.talk("greeted") as client:
            assert client.ask(b"AUTH PLAIN") == b"334 \r\n"
            assert client.reply()[:9] == b"421 4.4.2"
        with one.talk("greeted") as client:
            assert client.ask(b"AUTH LOGIN")[:3] == b"334"
        with one.talk("greeted") as client:
            assert client.ask(b"NOOP")[:3] == b"250"
