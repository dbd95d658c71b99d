"""Every row of the extensions is judged on the reference server, in one role or by one option or another."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.rfc5321.profile import PROFILE
from proof.servers.edit import build
from proof.servers.esmtp_liberal.extensions import EXTENSIONS
from tests.suite_runs import results_in

Suite = Callable[..., subprocess.CompletedProcess[str]]
Judge = Callable[..., set[str]]
SECTIONS = (
    "All extensions", "SIZE", "ENHANCEDSTATUSCODES", "PIPELINING", "8BITMIME", "CHUNKING and BINARYMIME", "STARTTLS",
    "AUTH", "DSN", "SMTPUTF8", "LMTP", "Submission", "LIMITS and codes",
)  # fmt: skip
ROWS = {id for id, rule in PROFILE.ledger(PROFILE.usual()).items() if rule.section in SECTIONS}
FILES = (
    "extensions", "size", "enhanced_codes", "pipelining", "8bitmime", "chunking", "starttls", "auth", "login", "dsn",
    "smtputf8", "limits",
)  # fmt: skip
"""Where the rows of all roles are judged, and by what a run has without being asked."""
OF_LMTP, OF_SUBMISSION = ({id for id in ROWS if id.startswith(role)} for role in ("lmtp.", "sub."))
OF_LOGIN, OF_TLS, OF_NOTIFYING = {"auth.failed-out", "auth.530"}, {"tls.530"}, {"dsn.null", "dsn.never"}
OF_PUBLIC, OF_BIG = {"tls.not-needed"}, {"size.over-data", "size.endless"}
ELSEWHERE = OF_LMTP | OF_SUBMISSION | OF_LOGIN | OF_TLS | OF_NOTIFYING | OF_PUBLIC | OF_BIG
SERVER = "-m reference_server --protocol rfc5321"


@pytest.fixture
def judge(suite: Suite, tmp_path: Path) -> Judge:
    """Judge a server that Python is started with, by some words of the suite and some files; the rows that were judged.

    Those of which some cases were judged, and kept, are among them.
    """

    def run(server: str, words: str, *files: str) -> set[str]:
        (tmp_path / "password").write_text("open sesame\n")
        login = ("--user", "ali", "--password-file", str(tmp_path / "password"))
        command = shlex.join([sys.executable, *shlex.split(server), *login])
        known = ("--recipient", "postmaster@reference.example", "--recipient", "other@reference.example")
        bad = ("--bad-recipient", "nobody@reference.example")
        asked = ("--profile", "rfc5321", "--launch", f"{command} --port {{port}}", *login, *known, *bad, *words.split())
        done = suite(*asked, *(f"rfc5321/test_{file}.py" for file in files), "-n", "0", "--report", "out")
        assert done.returncode == 0, done.stdout + done.stderr
        rows = results_in(tmp_path / "out")["requirements"]
        return {row["id"] for row in rows if row.get("kept") or row["verdict"] in ("pass", "note")}

    return run


def test_the_extensions_of_any_server(judge: Judge) -> None:
    assert len(ROWS) == 109
    assert ROWS - judge(SERVER, "--tls starttls --final", *FILES) == ELSEWHERE


def test_lmtp(judge: Judge) -> None:
    judged = judge("-m reference_server --protocol lmtp", "--role lmtp", "lmtp", "hello", "chunking", "login")
    assert judged >= OF_LMTP | {"ehlo.250", "bdat.last", "auth.received"}
    assert "helo.250" not in judged


def test_submission(judge: Judge) -> None:
    words = "--role submission --tls starttls"
    judged = judge(f"{SERVER} --require-login", words, "submission", "login", "auth", "starttls", "trace")
    assert judged >= OF_LOGIN | OF_SUBMISSION - {"sub.implicit"} | {"tls.forgets-login", "trace.with"}


@pytest.mark.parametrize(
    ("options", "tls", "rows"),
    [
        ("--tls implicit", "implicit", OF_SUBMISSION | {"tls.version"}),
        ("--tls required", "starttls", OF_SUBMISSION - {"sub.implicit"}),
    ],
    ids=["implicit", "required"],
)
def test_submission_by_other_ways_into_tls(judge: Judge, options: str, tls: str, rows: set[str]) -> None:
    words = f"--role submission --tls {tls}"
    assert judge(f"{SERVER} --require-login {options}", words, "submission", "starttls") >= rows


def test_a_server_that_insists_on_tls(judge: Judge) -> None:
    assert judge(f"{SERVER} --tls required", "--tls starttls", "starttls") >= OF_TLS | {"tls.injection"}


def test_a_public_server_and_large_messages(judge: Judge) -> None:
    assert judge(SERVER, "--tls starttls --public --big", "starttls", "size") >= OF_PUBLIC | OF_BIG


def test_a_server_that_notifies(judge: Judge, tmp_path: Path) -> None:
    server = next(one for one in EXTENSIONS if one.name == "notifies-as-it-is-asked-to")
    home = build(server, tmp_path / "servers")
    assert judge(f"{home} --protocol rfc5321", "--tls none --final", "dsn", "notifications") >= OF_NOTIFYING | {
        "ndn.sent"
    }
