"""The server's start and end, and its command line."""

import re
import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.reference_server.server_runs import DEADLINE, Server, command, environment, numbers


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_it_cleanly_with_clients_connected(start: Callable[..., Server], sent: signal.Signals) -> None:
    server = start("--threads", "4", "--time-limit", "600")
    clients = [server.connect() for _ in range(4)]
    clients[0].open_data()
    clients[1].socket.sendall(b"HEL")
    waiting = socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE)
    server.process.send_signal(sent)
    # Far below the time limit, so that none of the clients can have been waited for.
    _, errors = server.process.communicate(timeout=DEADLINE)
    assert server.process.returncode == 0
    assert errors == b""
    waiting.close()


def test_taken_port_is_said_and_leaves_the_other_mailbox_alone(start: Callable[..., Server]) -> None:
    server = start()
    server.deliver(b"text")
    second = subprocess.run(
        command("--port", str(server.port)),
        cwd=server.directory,
        env=environment(),
        capture_output=True,
        timeout=DEADLINE,
    )
    assert second.returncode == 2
    assert re.fullmatch(rb"reference_server: .*Address already in use.*\n", second.stderr)
    assert numbers(server.directory / "mailbox") == [1]


@pytest.mark.parametrize(
    "options",
    [
        ("--port", "many"),
        ("--port", "65536"),
        ("--netid", "two words"),
        ("--netid", ""),
        ("--netid", "n\u00e9tid"),
        ("--time-limit", "0"),
        ("--time-limit", "nan"),
        ("--threads", "0"),
        ("--backup-every", "0"),
        ("--host", "x" * 70),
        ("--directory", "not-there"),
        ("--directory", "a-file"),
        ("--protocol", "rfc821"),
        ("--domain", "a_b.example"),
        ("--protocol", "rfc5321", "--directory", "a-file"),
        ("--protocol", "lmtp", "--port", "25"),
        ("--protocol", "rfc5321", "--tls", "ssl3"),
        ("--protocol", "rfc5321", "--key", "a-file"),
        ("--protocol", "rfc5321", "--certificate", "a-file"),
        ("--protocol", "rfc5321", "--certificate", "not-there"),
        ("--protocol", "rfc5321", "--require-login"),
        ("--protocol", "rfc5321", "--user", "ada"),
        ("--protocol", "rfc5321", "--password-file", "a-file"),
        ("--protocol", "rfc5321", "--user", "ada", "--password-file", "a-file"),
        ("--protocol", "rfc5321", "--user", "ada", "--password-file", "not-there"),
        ("--protocol", "rfc5321", "--user", "", "--password-file", "a-word"),
        ("--unknown",),
    ],
)
def test_mistake_on_the_command_line_is_one_line_and_status_2(tmp_path: Path, options: tuple[str, ...]) -> None:
    (tmp_path / "a-file").touch()
    (tmp_path / "a-word").write_text("open")
    run = subprocess.run(command(*options), cwd=tmp_path, env=environment(), capture_output=True, timeout=DEADLINE)
    assert run.returncode == 2
    assert re.fullmatch(rb"reference_server: .+\n", run.stderr)


def test_help_names_every_option_and_its_default(tmp_path: Path) -> None:
    run = subprocess.run(command("--help"), cwd=tmp_path, env=environment(), capture_output=True, timeout=DEADLINE)
    assert run.returncode == 0
    for option in (b"--host", b"--port", b"--netid", b"--time-limit", b"--threads", b"--backup-every", b"--directory"):
        assert option in run.stdout
    for option in (b"--protocol", b"--domain", b"--tls", b"--certificate", b"--key", b"--user", b"--password-file"):
        assert option in run.stdout
    assert b"--require-login" in run.stdout
    for default in (b"starttls", b"127.0.0.1", b"8765", b"reference", b"reference.example", b"cs4410", b"10.0", b"32"):
        assert b"default: " + default in b" ".join(run.stdout.split())


def test_start_empties_a_stale_mailbox_and_keeps_backups(start: Callable[..., Server], tmp_path: Path) -> None:
    (tmp_path / "mailbox").write_bytes(b"stale")
    (tmp_path / "mailbox.1-32").write_bytes(b"an earlier run's")
    start()
    assert (tmp_path / "mailbox").read_bytes() == b""
    assert (tmp_path / "mailbox.1-32").read_bytes() == b"an earlier run's"


def test_listens_on_ipv6(start: Callable[..., Server]) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    server = start("--host", "::1")
    with socket.create_connection(("::1", server.port), timeout=DEADLINE) as client:
        assert client.recv(100) == b"220 reference SMTP CS4410MP3\r\n"


def test_options_of_the_standard_change_nothing_of_the_assignment(start: Callable[..., Server]) -> None:
    client = start("--tls", "implicit", "--certificate", "not-there", "--user", "ada", "--require-login").connect()
    assert client.ask(b"EHLO client")[:3] == client.ask(b"STARTTLS")[:3] == client.ask(b"AUTH PLAIN")[:3] == b"502"
    client.open_data()
