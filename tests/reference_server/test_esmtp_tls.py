"""The server's second protocol inside TLS. The ids are those of the rules that a row is about."""

import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from reference_server import tls
from tests.reference_server.esmtp_runs import STATES, TO, Office, office, trace
from tests.reference_server.server_runs import DEADLINE, command, environment

OPTIONS = ()

MAIL = b"MAIL FROM:<a@client.example>"
ENVELOPE = MAIL + b"\r\n" + TO + b"\r\n"
INJECTED = [
    b"NOOP\r\n",
    b"EHLO evil.example\r\n",
    b"EHLO evil.example\r\n" + ENVELOPE,
    b"QUIT\r\n",
    b"NO",
    b"x" * 3_000,
]


@pytest.fixture(scope="module")
def implicit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with office(tmp_path_factory.mktemp("maildir"), "--tls", "implicit") as one:
        yield one


@pytest.mark.parametrize("state", STATES)
def test_tls_begins_anew_from_every_state(post: Office, state: str) -> None:
    """tls.220, tls.reset, tls.forgets-name"""
    with post.talk(state) as client:
        assert client.ask(b"STARTTLS") == b"220 2.0.0 Go on in TLS\r\n"
        client.shake_hands()
        assert client.ask(TO)[:9] == client.ask(b"DATA")[:9] == client.ask(MAIL)[:9] == b"503 5.5.1"
        assert b"STARTTLS" not in client.keywords()
        assert client.ask(MAIL)[:3] == b"250"
        assert client.rest() == [b"221"]


def test_whole_message_inside_tls(post: Office) -> None:
    before = post.files()
    with post.talk() as client:
        assert client.keywords()[b"STARTTLS"] == b""
        assert client.ask(b"STARTTLS")[:3] == b"220"
        client.shake_hands()
        lines = (
            b"EHLO inside.example",
            MAIL,
            TO,
            b"DATA",
            b"\r\n" + b"x" * 900 + (b"\r\n" + b"y" * 900) * 300 + b"\r\n.",
        )
        assert [client.ask(line)[:3] for line in lines] == [b"250", b"250", b"250", b"354", b"250"]
    [copy] = post.copies(before)
    assert (trace(copy)["name"], trace(copy)["protocol"]) == (b"inside.example", b"ESMTPS")
    assert copy.endswith(b"y" * 900 + b"\r\n")


@pytest.mark.parametrize("injected", INJECTED)
def test_what_comes_in_clear_behind_starttls_is_thrown_away(post: Office, injected: bytes) -> None:
    """tls.injection"""
    with post.talk("greeted") as client:
        client.socket.sendall(b"STARTTLS\r\n" + injected)
        assert client.reply()[:3] == b"220"
        client.shake_hands()
        assert client.ask(TO)[:3] == b"503"
        assert client.ask(MAIL)[:3] == b"503"
        assert client.ask(b"EHLO client.example")[:3] == b"250"
        assert client.rest() == [b"221"]


@pytest.mark.parametrize("garbage", [b"EHLO client.example\r\n" + ENVELOPE, b"\x16\x03\x01\xff\xff" * 50, b"\0" * 99])
def test_failed_handshake_ends_the_connection_and_nothing_else(post: Office, garbage: bytes) -> None:
    """tls.failed, and an injection that comes late"""
    with post.talk("greeted") as client:
        assert client.ask(b"STARTTLS")[:3] == b"220"
        client.socket.sendall(garbage)
        came = b""
        try:
            while data := client.socket.recv(1_000):
                came += data
        except ConnectionResetError:
            pass
        assert b"250" not in came and b"503" not in came
    with post.talk("greeted", "starttls") as client:
        assert client.ask(b"NOOP")[:3] == b"250"


@pytest.mark.parametrize("half", [b"", b"\x16\x03\x01"])
def test_client_that_leaves_in_the_handshake_costs_nothing(post: Office, half: bytes) -> None:
    with post.talk() as client:
        assert client.ask(b"STARTTLS")[:3] == b"220"
        client.socket.sendall(half)
    with post.talk("greeted") as client:
        assert client.ask(b"NOOP")[:3] == b"250"


def test_silent_handshake_ends_without_a_word(post: Office) -> None:
    with office(post.server.directory, "--time-limit", "0.5") as short, short.talk() as client:
        assert client.ask(b"STARTTLS")[:3] == b"220"
        assert client.reply() == b""


@pytest.mark.parametrize(
    ("rule", "inside", "line", "reply"),
    [
        ("tls.argument", False, b"STARTTLS x", b"501 5.5.4 "),
        ("tls.twice", True, b"STARTTLS", b"503 5.5.1 "),
        ("tls.argument", True, b"STARTTLS x", b"501 5.5.4 "),
    ],
)
def test_refused_starttls_changes_nothing(post: Office, rule: str, inside: bool, line: bytes, reply: bytes) -> None:
    with post.talk("recipient", "starttls" if inside else "") as client:
        assert client.ask(line).startswith(reply)
        assert client.ask(b"DATA")[:3] == b"354"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_both_versions_can_be_had(post: Office, version: ssl.TLSVersion) -> None:
    """tls.version"""
    with post.talk("greeted") as client:
        assert client.ask(b"starttls")[:3] == b"220"
        client.shake_hands(version)
        assert isinstance(client.socket, ssl.SSLSocket)
        assert client.socket.version() == version.name.replace("_", ".")
        assert client.rest() == [b"221"]


@pytest.mark.parametrize("tls_at", ["starttls", "implicit"])
@pytest.mark.parametrize("size", [1, 100, 100_000])
def test_group_inside_tls_is_answered_however_it_is_cut(post: Office, implicit: Office, tls_at: str, size: int) -> None:
    sent = ENVELOPE + b"DATA\r\ntext\r\n.\r\n" + ENVELOPE
    with (implicit if tls_at == "implicit" else post).talk("greeted", tls_at) as client:
        for start in range(0, len(sent), size):
            client.socket.sendall(sent[start : start + size])
        assert client.rest() == [b"250", b"250", b"354", b"250", b"250", b"250", b"221"]


def test_implicit_tls_greets_inside_and_offers_no_other(implicit: Office) -> None:
    """sub.implicit"""
    before = implicit.files()
    with implicit.talk(tls="implicit") as client:
        assert b"STARTTLS" not in client.keywords()
        assert client.ask(b"STARTTLS")[:9] == b"503 5.5.1"
        assert [client.ask(line)[:3] for line in (MAIL, TO, b"DATA", b".")] == [b"250", b"250", b"354", b"250"]
    assert [trace(copy)["protocol"] for copy in implicit.copies(before)] == [b"ESMTPS"]
    with socket.create_connection(("127.0.0.1", implicit.server.port), timeout=DEADLINE) as plain:
        plain.sendall(b"EHLO client.example\r\n")
        assert b"220" not in plain.recv(1_000)


@pytest.mark.parametrize("tls_at", ["starttls", "implicit"])
def test_end_of_the_server_is_told_inside_tls(tmp_path: Path, tls_at: str) -> None:
    with office(tmp_path, "--tls", tls_at) as one, one.talk("recipient", tls_at) as client:
        one.server.process.terminate()
        assert client.reply() == b"421 4.3.2 reference.example Shutting down\r\n"
        assert client.reply() == b""
        assert one.server.process.wait() == 0


def test_end_of_the_server_in_a_handshake_is_told_to_nobody(tmp_path: Path) -> None:
    with office(tmp_path) as one, one.talk() as client:
        assert client.ask(b"STARTTLS")[:3] == b"220"
        one.server.process.terminate()
        assert client.reply() == b""
        assert one.server.process.wait() == 0


def test_silence_inside_tls_ends_with_a_421(tmp_path: Path) -> None:
    with office(tmp_path, "--time-limit", "0.5") as one, one.talk("sender", "starttls") as client:
        assert client.reply() == b"421 4.4.2 reference.example Silent for too long\r\n"
        assert client.reply() == b""


def test_client_that_ends_tls_is_gone(post: Office) -> None:
    with post.talk("greeted", "starttls") as client:
        assert isinstance(client.socket, ssl.SSLSocket)
        client.socket.unwrap().close()
    with post.talk("greeted") as client:
        assert client.ask(b"NOOP")[:3] == b"250"


def test_without_tls_none_is_offered(tmp_path: Path) -> None:
    with office(tmp_path, "--tls", "none") as one, one.talk("recipient") as client:
        assert client.ask(b"STARTTLS")[:9] == b"502 5.5.1"
        assert client.ask(b"DATA")[:3] == b"354"


def test_server_that_insists_on_tls(tmp_path: Path) -> None:
    """tls.530"""
    with office(tmp_path, "--tls", "required") as one:
        with one.talk() as client:
            assert b"STARTTLS" in client.keywords()
            for line in (b"HELO client.example", MAIL, TO, b"DATA", b"RSET", b"VRFY x", b"HELP", b"AUTH PLAIN"):
                assert client.ask(line)[:9] == b"530 5.7.0"
            assert client.ask(b"NOOP")[:3] == b"250"
            assert client.ask(b"FROB")[:3] == b"530"
            client.socket.sendall(b"BDAT 6 LAST\r\nNOOP\r\n")
            assert client.reply()[:9] == b"530 5.7.0"
            assert client.reply() == b""
        with one.talk("recipient", "starttls") as client:
            assert client.ask(b"DATA")[:3] == b"354"
        with one.talk() as client:
            assert client.rest() == [b"221"]


def test_nothing_is_made_where_nothing_can_make_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_cryptography(*_: object) -> None:
        raise ImportError

    monkeypatch.setattr(tls, "_by_cryptography", no_cryptography)
    monkeypatch.setenv("PATH", "")
    assert tls.self_made("reference.example") is None


@pytest.mark.parametrize("by", ["cryptography", "openssl"])
def test_certificate_of_ours_names_the_domain(tmp_path: Path, by: str) -> None:
    if by == "cryptography":
        tls._by_cryptography("Long-name.example", tmp_path / "c.pem", tmp_path / "k.pem")
    else:
        pem(tmp_path, "Long-name.example")
    assert tls.loaded(tmp_path / "c.pem", tmp_path / "k.pem").get_ca_certs() == []
    assert b"Long-name.example" in ssl.PEM_cert_to_DER_cert((tmp_path / "c.pem").read_text())


def pem(folder: Path, domain: str = "given.example") -> tuple[Path, Path]:
    certificate, key = folder / "c.pem", folder / "k.pem"
    if not tls._by_openssl(domain, certificate, key):
        pytest.skip("no openssl here")
    return certificate, key


@pytest.mark.parametrize("in_one_file", [False, True])
def test_certificate_that_is_given_is_shown(tmp_path: Path, in_one_file: bool) -> None:
    certificate, key = pem(tmp_path)
    shown = certificate.read_text()
    if in_one_file:
        certificate.write_text(shown + key.read_text())
    options = ("--certificate", str(certificate), *(() if in_one_file else ("--key", str(key))))
    with office(tmp_path, *options) as one, one.talk(tls="starttls") as client:
        assert isinstance(client.socket, ssl.SSLSocket)
        came = client.socket.getpeercert(binary_form=True)
        assert came and ssl.PEM_cert_to_DER_cert(shown) == came


@pytest.mark.parametrize("wrong", ["swapped", "missing", "no-key", "locked"])
def test_certificate_that_is_none_is_said_in_one_line(tmp_path: Path, wrong: str) -> None:
    certificate, key = pem(tmp_path)
    if wrong == "locked":
        locked = tmp_path / "locked.pem"
        done = subprocess.run(
            ["openssl", "ec", "-aes256", "-passout", "pass:x", "-in", key, "-out", locked], timeout=60
        )
        assert done.returncode == 0
        key = locked
    options = {
        "swapped": ("--certificate", str(key), "--key", str(certificate)),
        "missing": ("--certificate", str(certificate), "--key", str(tmp_path / "not-there.pem")),
        "no-key": ("--certificate", str(certificate)),
        "locked": ("--certificate", str(certificate), "--key", str(key)),
    }[wrong]
    run = subprocess.run(
        command("--protocol", "rfc5321", *options),
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        timeout=DEADLINE,
    )
    assert run.returncode == 2
    assert (
        run.stderr.startswith(b"reference_server: can't use " + str(tmp_path).encode()) and run.stderr.count(b"\n") == 1
    )


def test_certificate_of_ours_stays_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert tls.self_made("reference.example")
    assert list(tmp_path.iterdir()) == []
