"""The profile: what it refuses to do, what it waives, and whom it takes for a server of the other one."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conformance.harness.settings import Settings, UsageError
from conformance.harness.vocabulary import Vocabulary
from conformance.rfc5321 import tester
from conformance.rfc5321.kind import Maildir, Place
from conformance.rfc5321.message import compose, stuffed
from conformance.rfc5321.profile import PROFILE
from proof.servers.edit import build
from proof.servers.esmtp_mutants.arrival import RELAY, SINK
from tests.suite_runs import results_in

Suite = Callable[..., subprocess.CompletedProcess[str]]

PLAIN = Settings(PROFILE.name, PROFILE.time_limit, 1, own=PROFILE.usual())


def with_own(target: str | None = None, **own: Any) -> Settings:
    return replace(PLAIN, target=target, own={**PLAIN.own, **own})


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (with_own("192.0.2.1:25"), "--i-may-test-this-host"),
        (with_own("192.0.2.1:25", recipient=("me@there.example",)), "go to me@there.example, 20 a minute"),
        (with_own(recipient=("<me@there.example>",)), "--recipient <me@there.example>: write user@domain"),
        (with_own(sender="me"), "--sender me"),
        (with_own(store="somewhere"), "--store somewhere"),
        (with_own(store="sink:0", final=True), "--store sink:0: what is relayed there is on its way"),
        (with_own(waive=("no.such=reason",)), "no such requirement"),
        (with_own(waive=("rcpt.100= ",)), "give the reason"),
        (with_own(waive=("rcpt.100",)), "write ID=REASON"),
        (with_own(waive=("/not/there.toml",)), "--waive /not/there.toml"),
        (with_own(messages_per_minute=0), "--messages-per-minute"),
        (with_own(role="lmtp"), "--launch 'python -m reference_server --protocol lmtp --port {port}'"),
    ],
)
def test_what_is_refused(settings: Settings, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        PROFILE.check(settings)
    assert said in str(refused.value) and "\n" not in str(refused.value)


def test_this_machine_needs_no_permission_and_another_host_has_it() -> None:
    PROFILE.check(with_own("127.0.0.1:25"))
    PROFILE.check(with_own("[::1]:25"))
    PROFILE.check(with_own("192.0.2.1:25", i_may_test_this_host=True))


def test_what_is_waived_is_only_noted(tmp_path: Path) -> None:
    table = tmp_path / "waivers.toml"
    table.write_text('"data.hops" = "our limit is 50"\n')
    rules = PROFILE.ledger({**PLAIN.own, "waive": ("rcpt.100=a small list server", str(table))})
    assert (rules["rcpt.100"].level, rules["data.hops"].level) == ("NOTE", "NOTE")
    assert rules["rcpt.100"].rule.endswith("Waived: a small list server")
    assert PROFILE.ledger(PLAIN.own)["rcpt.100"].level == "MUST"


def test_of_the_reference_server_all_is_known() -> None:
    known = tester.Tester.of(PLAIN)
    assert len(known.recipients) == 2 and known.bad_recipient and known.final and known.launched
    other = tester.Tester.of(with_own("127.0.0.1:25"))
    assert other.recipients == () and not other.final and not other.launched and other.local


def test_a_message_is_stuffed_and_ended() -> None:
    assert stuffed(b".\r\nx\r\n..y\r\n") == b"..\r\nx\r\n...y\r\n"
    message = compose(Vocabulary(1, "x"), "me@there.example", "you@here.example").with_body(b".dot\r\n")
    assert message.data.endswith(b"\r\n..dot\r\n.\r\n") and message.mark.encode() in message.body
    assert message.content.count(b"\r\n\r\n") == 1
    assert {name for name, _ in message.fields} == {"Date", "From", "To", "Subject", "Message-ID"}


def started(word: str, folder: Path) -> Iterator[str]:
    """A reference server of one protocol or the other on a free port; its address."""
    command = [sys.executable, "-m", "reference_server", "--port", "0", *word.split(), "--directory", str(folder)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr
        yield process.stderr.readline().split()[-1]
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def standard(tmp_path: Path) -> Iterator[str]:
    yield from started("--protocol rfc5321", tmp_path)


@pytest.fixture
def assignment(tmp_path: Path) -> Iterator[str]:
    yield from started("", tmp_path)


def test_the_reference_server_is_judged_and_its_mail_found(suite: Suite, tmp_path: Path) -> None:
    words = ("--profile", "rfc5321", "--seed", "1", "-n", "0", "--report", "out")
    done = suite(*words, "rfc5321/test_greeting.py", "rfc5321/test_replies.py")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "judged by   rfc5321, role mx, public no" in done.stdout
    rules = {row["id"]: row for row in results_in(tmp_path / "out")["requirements"]}
    assert rules["greet.name"]["verdict"] == "pass"
    assert rules["greet.name"]["source"].startswith("RFC 5321")


def test_a_server_that_runs_is_judged_by_its_address(suite: Suite, standard: str) -> None:
    done = suite("--profile", "rfc5321", "--target", standard, "-n", "0", "rfc5321/test_greeting.py", "--report", "out")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"testing {standard}" in done.stdout


def test_a_relay_is_judged_by_a_sink_that_all_workers_share(suite: Suite, tmp_path: Path) -> None:
    relay = next(one for one in RELAY if one.main == "data.relay-clean")
    server = shlex.join([sys.executable, str(build(relay, tmp_path / "servers")), "--protocol", "rfc5321"])
    known = ("--recipient", "postmaster@reference.example", "--store", SINK)
    words = ("--profile", "rfc5321", "--launch", f"{server} --port {{port}}", *known, "-n", "2", "--report", "out")
    done = suite(*words, "rfc5321/test_rcpt.py", "rfc5321/test_end_of_data.py")
    assert done.returncode == 1, done.stdout + done.stderr
    verdicts = {row["id"]: row["verdict"] for row in results_in(tmp_path / "out")["requirements"]}
    assert (verdicts["data.relay-clean"], verdicts["rcpt.case-kept"]) == ("fail", "pass")


def test_a_mail_server_is_not_judged_by_the_assignment(suite: Suite, standard: str) -> None:
    done = suite("--target", standard)
    assert done.returncode == 4
    assert "try --profile rfc5321" in done.stderr and done.stderr.count("\n") == 1


def test_a_server_of_the_assignment_is_not_judged_by_the_standard(suite: Suite, assignment: str) -> None:
    done = suite("--profile", "rfc5321", "--target", assignment)
    assert done.returncode == 4
    assert "try --profile cs4410" in done.stderr and done.stderr.count("\n") == 1


def test_the_requirements_are_those_of_both_files_in_their_order() -> None:
    rules = list(PROFILE.ledger(PROFILE.usual()))
    assert (rules[0], rules[-1]) == ("greet.first", "code.521")
    assert rules.index("ext.silent") == rules.index("ndn.none") + 1


def test_a_place_that_is_not_there_holds_no_mail(tmp_path: Path) -> None:
    assert not Maildir(tmp_path, 0.0).holds(b"a mark")
    spec = f"mbox:{tmp_path / 'mbox'}"
    place = Place(spec, spec)
    assert not place.holds(b"a mark") and "no such file yet" in place.trouble


@pytest.mark.parametrize(
    ("offered", "asked", "said"),
    [
        ("starttls", ("starttls", "--verify"), "--verify: the certificate is not right: self-signed certificate; "),
        ("implicit", ("implicit", "--verify"), "--verify: the certificate is not right: self-signed certificate; "),
        ("implicit", ("none",), "this server begins with TLS: add --tls implicit"),
        ("none", ("starttls",), "--tls starttls: the server does not announce it; "),
    ],
)
def test_who_is_wrong_about_tls_is_told_so_at_once(
    suite: Suite, offered: str, asked: tuple[str, ...], said: str
) -> None:
    server = shlex.join([sys.executable, "-m", "reference_server", "--protocol", "rfc5321", "--tls", offered])
    done = suite("--profile", "rfc5321", "--launch", f"{server} --port {{port}}", "--tls", *asked)
    assert done.returncode == 4, done.stdout + done.stderr
    assert said in done.stderr and done.stderr.count("\n") == 1
