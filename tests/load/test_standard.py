"""multiclient --profile rfc5321 as a user meets it: the reference server, faulty ones, and mistakes."""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from conformance.harness.server.launch import Process, reference_command
from conformance.rfc5321.kind import KIND, REFERENCE_PASSWORD
from multiclient import main, parser
from tests.load.esmtp_faulty import FOUND, faulty
from tests.load.load_runs import PATIENCE, Ended, multiclient

DOMAIN = "reference.example"
TO = ("--recipient", f"postmaster@{DOMAIN}", "--recipient", f"other@{DOMAIN}", "--bad-recipient", f"nobody@{DOMAIN}")
SOME = ("--profile", "rfc5321", "--seed", "1", "--duration", "600", "--operations")
OPERATIONS = {"text-of-a-lost-connection-delivered": "10000"}
"""Of the faults that fewer conversations bring out: 2,500 are enough for the others, many times over."""
SCREEN = 30
"""Lines, at a width of 80."""


def ended(folder: Path, *options: str) -> Ended:
    """A run that has ended."""
    path, page = folder / "figures.json", folder / "page.html"
    process = multiclient(*options, "--json", str(path), "--html", str(page))
    output, errors = process.communicate(timeout=PATIENCE)
    figures: Any = json.loads(path.read_text()) if path.exists() else {}
    return Ended(process.returncode, output + errors, figures, page.read_text() if page.exists() else "")


def test_reference_server_is_right(tmp_path: Path) -> None:
    run = ended(tmp_path, *SOME, "3000")
    assert run.status == 0, run.output
    figures = run.figures
    assert figures["connections"] == 32 and figures["messages"] > 100 and figures["wrong"] == 0
    assert figures["mailbox"]["found"] == figures["mailbox"]["acknowledged"] >= figures["messages"]
    kinds = {"2yz EHLO", "2yz HELO", "2yz MAIL", "5yz MAIL", "2yz RCPT", "5yz RCPT", "3yz DATA", "2yz end of data"}
    kinds |= {"2yz BDAT", "2yz BDAT LAST", "2yz RSET", "2yz QUIT", "5yz unknown", "2yz STARTTLS", "TLS", "2yz AUTH"}
    assert kinds <= set(figures["kinds"])
    assert run.output.splitlines()[-1].startswith("RIGHT: ") and "time-out" not in run.output
    assert "2yz MAIL" in run.page and "TLS handshake" in run.page


def test_more_connections_than_the_assignment_has(tmp_path: Path) -> None:
    run = ended(tmp_path, *SOME, "1500", "--connections", "100", "--errors", "0", "--tls", "never")
    assert run.status == 0, run.output
    assert run.figures["connections"] == 100 and "TLS" not in run.figures["kinds"]


def test_operations_that_are_due_by_time(tmp_path: Path) -> None:
    run = ended(tmp_path, *SOME, "300", "--rate", "200")
    assert run.status == 0, run.output
    assert run.figures["rate"]["asked"] == 200


def test_server_that_wants_tls_and_a_login(tmp_path: Path) -> None:
    command = f"{reference_command(KIND)} --tls required --require-login"
    more = ("--user", "reference", "--password-file", str(REFERENCE_PASSWORD), "--arrives", "1", "--errors", "0")
    run = ended(tmp_path, *SOME, "800", "--launch", command, *TO, *more)
    assert run.status == 0 and run.figures["messages"] > 20, run.output
    assert run.figures["kinds"]["2yz AUTH"]["count"] > 5 < run.figures["kinds"]["TLS"]["count"]


def test_server_within_tls(tmp_path: Path) -> None:
    command = f"{reference_command(KIND)} --tls implicit"
    run = ended(tmp_path, *SOME, "400", "--launch", command, *TO, "--tls", "implicit", "--arrives", "1")
    assert run.status == 0 and run.figures["messages"] > 10, run.output
    assert run.figures["kinds"]["TLS"]["count"] == run.figures["kinds"]["greeting"]["count"]


def test_mail_is_looked_up_where_the_store_is(tmp_path: Path) -> None:
    server = Process(KIND, reference_command(KIND), 300.0)
    try:
        where = ("--target", f"127.0.0.1:{server.port}", "--store", f"maildir:{server.directory}", "--final")
        run = ended(tmp_path, *SOME, "500", *where, *TO)
    finally:
        server.stop()
    assert run.status == 0, run.output
    assert run.figures["mailbox"]["found"] == run.figures["mailbox"]["acknowledged"] > 20


def test_server_that_begins_with_tls_is_not_accused_of_its_silence(tmp_path: Path) -> None:
    command = f"{reference_command(KIND)} --tls implicit"
    run = ended(tmp_path, *SOME, "400", "--launch", command, *TO, "--patience", "1")
    assert run.status == 6 and not run.figures and "nobody is greeted within 1 s" in run.output


def test_nothing_taken_is_not_right(tmp_path: Path) -> None:
    where = ("--launch", reference_command(KIND), "--recipient", f"nobody@{DOMAIN}", "--arrives", "0")
    run = ended(tmp_path, *SOME, "300", *where)
    assert run.status == 6 and run.figures["wrong"] == 0
    assert run.output.splitlines()[-1].startswith("NOTHING: ") and "no message was taken" in run.output
    assert "No message was taken" in run.page


@pytest.mark.parametrize(("fault", "rules"), FOUND.items())
def test_fault_is_found(tmp_path: Path, fault: str, rules: set[str]) -> None:
    more = ("--launch", faulty(fault, tmp_path), *TO, "--final", "--arrives", "0.5", "--patience", "3")
    run = ended(tmp_path, *SOME, OPERATIONS.get(fault, "2500"), *more)
    assert run.status == 1, run.output
    assert rules & run.rules()
    assert run.output.isascii() and run.output.replace("\n", "").isprintable()


RFC5321 = ("--profile", "rfc5321")


@pytest.mark.parametrize(
    "options",
    [
        (*RFC5321, "127.0.0.1", "1"),
        (*RFC5321, "192.0.2.1", "25", "--recipient", "a@b.example"),
        (*RFC5321, "127.0.0.1", "--recipient", "a"),
        (*RFC5321, "127.0.0.1", "--recipient", "<a@b.example>"),
        (*RFC5321, "--connections", "1001"),
        (*RFC5321, "--store", "cupboard:here"),
        (*RFC5321, "--user", "me", "--password-file", "/none"),
        (*RFC5321, "--mailbox", "/tmp"),
        (*RFC5321, "--time-limit", "5"),
        ("--recipient", "a@b.example"),
        ("--i-may-load-this-host",),
        ("--profile", "rfc822"),
    ],
    ids=" ".join,
)
def test_mistake_is_told_in_one_line(
    options: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["multiclient.py", *options])
    with pytest.raises(SystemExit) as left:
        sys.exit(main())
    output, errors = capsys.readouterr()
    assert left.value.code == 4 and output == ""
    assert errors.startswith("multiclient: ") and errors.count("\n") == 1


def test_another_host_may_be_loaded_if_one_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        where = ("127.0.0.1", str(taken.getsockname()[1]), "--recipient", "a@b.example")
        monkeypatch.setattr("conformance.rfc5321.load.front.is_local", lambda _: False)
        monkeypatch.setattr(sys, "argv", ["multiclient.py", *RFC5321, *where])
        assert main() == 4
        assert "--i-may-load-this-host" in capsys.readouterr().err
        monkeypatch.setattr(sys, "argv", ["multiclient.py", *RFC5321, *where, "--i-may-load-this-host"])
        assert main() == 6
        assert "refused" in capsys.readouterr().err


def test_help_teaches_both_profiles_on_two_screens() -> None:
    lines = parser().format_help().splitlines()
    assert max(map(len, lines)) <= 80 and len(lines) <= 3 * SCREEN
    text = "\n".join(lines)
    for word in ("--profile cs4410", "--profile rfc5321", "--mailbox", "--recipient", "--store", "exit status"):
        assert word in text


def test_password_is_nowhere_shown(tmp_path: Path) -> None:
    command = faulty("each-200th-reply-cut", tmp_path) + f" --user me --password-file {tmp_path / 'secret'}"
    (tmp_path / "secret").write_text("open-sesame\n")
    login = ("--user", "me", "--password-file", str(tmp_path / "secret"), "--arrives", "0", "--errors", "0")
    run = ended(tmp_path, *SOME, "1500", "--launch", command, *TO, *login)
    assert run.status == 1 and run.figures["kinds"]["2yz AUTH"]["count"] > 5
    assert "open-sesame" not in run.output and "AG1lAG9wZW4tc2VzYW1l" not in run.output
