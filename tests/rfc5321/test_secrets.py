"""A password is told nowhere: not in what a run prints or writes, whatever the server says, in no form that it has."""

from __future__ import annotations

import shlex
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conformance.rfc5321.login import secrets
from conformance.rfc5321.tester import PASSWORD
from tests.suite_runs import results_in

Suite = Callable[..., subprocess.CompletedProcess[str]]

USER, PLANTED = "me", "Pl4nted-Secret/77"
TALKATIVE = """
import base64, runpy
from reference_server import auth

exact = auth.log_in

def log_in(channel, credentials, mechanism, initial):
    reply = exact(channel, credentials, mechanism, initial)
    said = credentials.password + b" " + base64.b64encode(b"\\0you\\0" + credentials.password + b"x")
    return (b"250" if reply.startswith(b"235") else reply[:3]) + b" 2.0.0 You said " + said + b" " + (initial or b"")

auth.log_in = log_in
runpy.run_module("reference_server", run_name="__main__")
"""
"""A reference server that repeats what it is told in a login, and breaks rules with that."""


def fragments(secret: str) -> Iterator[str]:
    """The secret, and what must stand in base64 wherever it begins."""
    yield secret
    for before in range(3):
        whole = b64encode(b"\0" * before + secret.encode()).decode()
        yield whole[4 if before else 0 : len(whole) // 4 * 4 - 4]


def told(folder: Path, *printed: str) -> list[str]:
    """Where a part of the planted password can be read."""
    texts = {str(file): file.read_bytes().decode("latin-1") for file in folder.rglob("*") if file.is_file()}
    texts |= dict(zip(("printed", "printed as errors"), printed, strict=False))
    # Without its last letter, for it is tried so as well.
    return [f"{part} in {name}" for part in fragments(PLANTED[:-1]) for name, text in texts.items() if part in text]


@pytest.fixture
def launch(tmp_path: Path) -> str:
    server, password = tmp_path / "server.py", tmp_path / "password"
    server.write_text(TALKATIVE)
    password.write_text(f"{PLANTED}\n")
    command = [sys.executable, str(server), "--protocol", "rfc5321", "--user", USER, "--password-file", str(password)]
    return f"{shlex.join(command)} --port {{port}}"


@pytest.mark.parametrize(("place", "role"), [("file", "mx"), ("environment", "submission")])
def test_a_planted_password_is_in_nothing_that_a_run_writes(
    suite: Suite, tmp_path: Path, environment: dict[str, str], launch: str, place: str, role: str
) -> None:
    words = ["--profile", "rfc5321", "--role", role, "--launch", launch, "--user", USER, "-n", "0", "--report", "out"]
    if place == "file":
        words += ["--password-file", str(tmp_path / "password")]
    else:
        environment[PASSWORD] = PLANTED
    done = suite(*words, "rfc5321/test_auth.py", "rfc5321/test_login.py", "rfc5321/test_submission.py")
    rules = {row["id"]: row for row in results_in(tmp_path / "out")["requirements"]}
    assert rules["auth.235"]["verdict"] == "fail" and "[secret]" in (tmp_path / "out" / "results.json").read_text()
    (tmp_path / "password").unlink()
    assert told(tmp_path, done.stdout, done.stderr) == []


def test_a_planted_password_would_be_seen(tmp_path: Path) -> None:
    for at, text in enumerate((PLANTED, b64encode(PLANTED.encode()).decode(), *secrets(USER, PLANTED))):
        (tmp_path / "file").write_text(f"before {text} behind")
        assert told(tmp_path), at


@pytest.mark.parametrize("before", ["", "a", "ab", "abc", "\0me\0", "me\0"])
@pytest.mark.parametrize("behind", ["", "x", "xy"])
def test_a_secret_is_known_wherever_it_stands_in_base64(before: str, behind: str) -> None:
    said = b64encode(f"{before}{PLANTED}{behind}".encode()).decode()
    assert any(form in said for form in secrets(USER, PLANTED))


def test_of_a_short_password_no_common_text_is_hidden() -> None:
    assert min(map(len, secrets(USER, "abc"))) >= 3 and secrets(USER, "") == ()
