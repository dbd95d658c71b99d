"""The suite from outside, as its users run it: their mistakes, and what is said of them."""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conformance.harness.verdict.outcome import INTERRUPTED, NOTHING_JUDGED, UNREACHABLE, USAGE
from tests.harness.families import wait_until
from tests.suite_runs import left_over, results_in

DEADLINE = 120.0  # seconds: for what must happen at all, on however busy a machine
PROJECT = Path(__file__).parent.parent
SUITE = str(PROJECT / "conformance")
Run = subprocess.CompletedProcess[str]


@pytest.fixture
def unused() -> Iterator[int]:
    """A port on which nobody listens, and nobody can meanwhile."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield int(held.getsockname()[1])


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        ("--target 127.0.0.1:notaport", USAGE, "--target 127.0.0.1:notaport: write host:port"),
        ("--target 127.0.0.1:70000", USAGE, "--target 127.0.0.1:70000: write host:port"),
        ("--target no-such-host.invalid:25", USAGE, "--target no-such-host.invalid:25: the name does not resolve"),
        ("--target 127.0.0.1:{unused}", UNREACHABLE, "nothing listens on 127.0.0.1:{unused}: start the server"),
        ("--target [::1]:{unused}", UNREACHABLE, "nothing listens on [::1]:{unused}: start the server"),
        ("--target 127.0.0.1:1 --launch x", USAGE, "--target and --launch: give one of them"),
        ("--target 127.0.0.1:1 --mailbox not-there", USAGE, "--mailbox not-there: no such directory"),
        ("--source not-there", USAGE, "--source not-there: no such file or directory"),
        ("--time-limit 0", USAGE, "--time-limit 0: give seconds"),
        ("--dialect cs4411", USAGE, "--dialect cs4411: no such dialect; take one of cs4410-2014, cs4410-2016"),
        ("--dialect not-there.toml", USAGE, "--dialect not-there.toml: no such dialect"),
        ("--dialect broken.toml", USAGE, "--dialect broken.toml: cannot be read: "),
        ("--dialect empty.toml", USAGE, "--dialect empty.toml: [reply.*] missing or unknown: bad_recipient"),
        ("--launch 'no-such-program {{port}}'", UNREACHABLE, "--launch: no-such-program: no such program"),
        ("--launch './not-there.py --port {{port}}'", UNREACHABLE, "--launch: ./not-there.py: no such program"),
        ("--launch 'false {{port}}'", UNREACHABLE, "the server ended at once with exit status 1; it printed nothing"),
        ("cs4410/no_such.py", USAGE, "cs4410/no_such.py: not found: `--collect-only -q` lists the cases"),
        ("no_such.py::test_it[1]", USAGE, "no_such.py::test_it[1]: not found: "),
        ("--launch 'python3 no-such.py {{port}}'", UNREACHABLE, "--launch: no-such.py is not in "),
        ("--launch 'true {{prot}}'", USAGE, "--launch: {{prot}} is no placeholder: "),
        ("--launch 'true {{port}}' --wrap no-such-program", UNREACHABLE, "--wrap: no-such-program: no such program"),
        ("--report broken.toml", USAGE, "--report broken.toml: Not a directory: name a folder that can be written"),
        ("--report /proc/below", USAGE, "--report /proc/below: /proc: "),
        (
            "--junitxml broken.toml/x.xml",
            USAGE,
            "--junitxml in broken.toml: Not a directory: name a folder that can be",
        ),
        ("--target ''", USAGE, "--target"),
        ("--launch ''", USAGE, "--launch"),
        ("--target 127.0.0.1:1 --shown-as x", USAGE, "--shown-as: give a command"),
    ],
)
def test_a_mistake_is_said_in_one_clear_line(
    suite: Callable[..., Run], tmp_path: Path, unused: int, words: str, status: int, said: str
) -> None:
    (tmp_path / "broken.toml").write_text("[reply")
    (tmp_path / "empty.toml").touch()
    run = suite("--quick", "-k", "test_greeting_is_one_line", *shlex.split(words.format(unused=unused)))
    assert run.returncode == status, run.stdout + run.stderr
    [line] = run.stderr.splitlines()
    assert line.startswith("conformance: " + said.format(unused=unused))
    assert run.stdout == ""
    assert not (tmp_path / "reports").exists()


@pytest.mark.parametrize("name", ["test_reply[nosuch]", "test_nosuch"])
@pytest.mark.parametrize("beside", [[], [SUITE]], ids=["alone", "beside-the-suite"])
def test_a_case_that_is_not_there_is_named_as_it_was_asked_for(
    suite: Callable[..., Run], beside: list[str], name: str
) -> None:
    run = suite(*beside, f"cs4410/test_commands.py::{name}")
    assert run.returncode == USAGE
    assert (
        run.stderr.strip() == f"ERROR: cs4410/test_commands.py::{name}: not found: `--collect-only -q` lists the cases"
    )


def test_cases_that_are_named_beside_the_suite_are_run_alone(suite: Callable[..., Run]) -> None:
    run = suite(SUITE, "cs4410/test_greeting.py::test_greeting_is_one_line", "--collect-only", "-q")
    [named] = [line for line in run.stdout.splitlines() if "::" in line]
    assert named.endswith("cs4410/test_greeting.py::test_greeting_is_one_line")


def test_what_a_server_printed_before_it_ended_is_shown_below_the_line(
    suite: Callable[..., Run], tmp_path: Path
) -> None:
    (tmp_path / "server.py").write_text("print('no port today'); raise SystemExit(3)")
    run = suite("--launch", f"{shlex.quote(sys.executable)} server.py {{port}}")
    assert run.returncode == UNREACHABLE
    line, *below = run.stderr.splitlines()
    assert line == "conformance: the server ended at once with exit status 3; it printed:"
    assert below == ["    no port today"]


def daemon(folder: Path, leaves_after: float) -> str:
    """The command of a reference server that leaves for the background some seconds after its start."""
    text = "import os, sys, time\nfrom reference_server.__main__ import main\n"
    text += f"if os.fork() == 0:\n    os.setsid()\n    main()\ntime.sleep({leaves_after})\n"
    (folder / "daemon.py").write_text(text)
    return f"{shlex.quote(sys.executable)} daemon.py --port {{port}}"


@pytest.mark.parametrize("leaves_after", [0.0, 0.6, 2.5], ids=["at-once", "listening", "in-the-middle"])
@pytest.mark.parametrize("workers", ["-n0", "-n2"])
def test_a_server_in_the_background_is_said_in_one_line(
    suite: Callable[..., Run], tmp_path: Path, leaves_after: float, workers: str
) -> None:
    run = suite("--time-limit", "2", workers, "--launch", daemon(tmp_path, leaves_after))
    assert run.returncode == UNREACHABLE, run.stdout + run.stderr
    assert run.stderr.splitlines() == [
        "conformance: the server put itself into the background, and was ended with its children: start it so that it "
        "stays in the foreground"
    ]
    assert "BLOCKED  " not in run.stdout and not (tmp_path / "reports").exists()
    assert wait_until(lambda: not left_over(tmp_path)), "what it was just starting, the leashes end a moment later"


@pytest.mark.parametrize("how", ["shouldstop", "shouldfail"])
@pytest.mark.parametrize("workers", ["-n0", "-n2"])
def test_what_another_plugin_ends_early_is_no_verdict(
    suite: Callable[..., Run], tmp_path: Path, environment: dict[str, str], how: str, workers: str
) -> None:
    stops = "def pytest_sessionstart(session):\n    globals()['session'] = session\n\n"
    stops += f"def pytest_runtest_logreport(report):\n    session.{how} = 'it is late'\n"
    (tmp_path / "late.py").write_text(stops)
    environment["PYTHONPATH"] = os.pathsep.join([environment["PYTHONPATH"], str(tmp_path)])
    run = suite("-p", "late", workers, "cs4410/test_commands.py")
    assert run.returncode == INTERRUPTED, run.stdout + run.stderr
    assert "\ninterrupted: 0 of " in run.stdout


@pytest.mark.parametrize("how", ["tryfirst=True, wrapper=True", "tryfirst=True", "trylast=True"])
def test_what_another_plugin_shuffles_is_run_in_the_same_order_and_a_quick_run_has_the_same_cases(
    suite: Callable[..., Run], tmp_path: Path, environment: dict[str, str], how: str
) -> None:
    quick = "--quick", "--collect-only", "-q"
    plain = suite(*quick)
    shuffles = f"import pytest, random\n\n@pytest.hookimpl({how})\ndef pytest_collection_modifyitems(items):\n"
    shuffles += "    random.shuffle(items)\n" + ("    return (yield)\n" if "wrapper" in how else "")
    (tmp_path / "shuffled.py").write_text(shuffles)
    environment["PYTHONPATH"] = os.pathsep.join([environment["PYTHONPATH"], str(tmp_path)])
    shuffled = suite("-p", "shuffled", *quick)
    assert plain.returncode == shuffled.returncode == 0, shuffled.stdout + shuffled.stderr
    cases = [line for line in plain.stdout.splitlines() if "::" in line]
    assert len(cases) > 100 and cases == [line for line in shuffled.stdout.splitlines() if "::" in line]


def test_pytest_itself_says_the_same(tmp_path: Path, environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "pytest", str(PROJECT / "conformance"), "--target", "nowhere"]
    run = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=DEADLINE)
    assert run.returncode == USAGE
    assert run.stderr == "conformance: --target nowhere: write host:port, for example 127.0.0.1:8765 or [::1]:8765\n"


def test_an_unknown_option_is_a_mistake(suite: Callable[..., Run]) -> None:
    run = suite("--no-such-option")
    assert run.returncode == USAGE
    assert "--no-such-option" in run.stderr
    assert "Traceback" not in run.stdout + run.stderr


@pytest.mark.parametrize("workers", ["-n0", "-n2"])
def test_a_run_that_matches_nothing_is_no_pass(suite: Callable[..., Run], tmp_path: Path, workers: str) -> None:
    run = suite("-k", "no_such_case", workers, "--report", "out")
    assert run.returncode == NOTHING_JUDGED, run.stdout + run.stderr
    assert "Traceback" not in run.stdout + run.stderr
    outcome = results_in(tmp_path / "out")["outcome"]
    assert (outcome["exit"], outcome["line"].split(":")[0]) == (NOTHING_JUDGED, "no verdict")
