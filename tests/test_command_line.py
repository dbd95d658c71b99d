"""The suite from outside, as its users run it: their mistakes, its exit statuses, and what it leaves behind."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from conformance.harness import ledger
from conformance.harness.outcome import BROKEN, CONFORMS, INTERRUPTED, NOTHING_JUDGED, UNREACHABLE, USAGE

DEADLINE = 120.0  # seconds: for what must happen at all, on however busy a machine
PROJECT = Path(__file__).parent.parent
FEW = "test_greeting or test_split_message or test_entry_of_handout or test_recipients"
Run = subprocess.CompletedProcess[str]


def results_in(folder: Path) -> Any:
    return json.loads((folder / "results.json").read_text(encoding="utf-8"))


def left_over(folder: Path) -> list[str]:
    """The processes whose directory lies in a folder."""
    found = []
    for link in Path("/proc").glob("[0-9]*/cwd"):
        try:
            where = os.readlink(link)
        except OSError:
            continue
        if where.startswith(str(folder)):
            found.append(f"{link.parent.name} in {where}")
    return found


def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


# Mistakes


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
        ("--launch 'true {{prot}}'", UNREACHABLE, "--launch: {{prot}} is no placeholder: "),
        ("--report broken.toml", USAGE, "--report broken.toml: Not a directory: name a folder that can be written"),
        ("--report /proc/below", USAGE, "--report /proc/below: /proc: "),
        ("--target ''", USAGE, "--target"),
        ("--launch ''", USAGE, "--launch"),
        ("--target 127.0.0.1:1 --shown-as x", USAGE, "--shown-as: give a command"),
    ],
)
def test_a_mistake_is_said_in_one_clear_line(
    suite: Callable[..., Run], tmp_path: Path, words: str, status: int, said: str
) -> None:
    (tmp_path / "broken.toml").write_text("[reply")
    (tmp_path / "empty.toml").touch()
    unused = unused_port()
    run = suite("--quick", "-k", "test_greeting_is_one_line", *shlex.split(words.format(unused=unused)))
    assert run.returncode == status, run.stdout + run.stderr
    [line] = run.stderr.splitlines()
    assert line.startswith("conformance: " + said.format(unused=unused))
    assert run.stdout == ""
    assert not (tmp_path / "reports").exists()


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
    run = suite("--quick", "--time-limit", "2", workers, "--launch", daemon(tmp_path, leaves_after))
    assert run.returncode == UNREACHABLE, run.stdout + run.stderr
    assert run.stderr.splitlines() == [
        "conformance: the server put itself into the background, and was ended with its children: start it so that it "
        "stays in the foreground"
    ]
    assert "BLOCKED  " not in run.stdout and not (tmp_path / "reports").exists()
    assert left_over(tmp_path) == []


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


# Runs


def test_a_single_case_passes_and_is_written_down(suite: Callable[..., Run], tmp_path: Path) -> None:
    run = suite("cs4410/test_greeting.py::test_greeting", "-n0", "--seed", "7", "--report", "out")
    assert run.returncode == CONFORMS, run.stdout + run.stderr
    assert run.stderr == ""
    results = results_in(tmp_path / "out")
    check_results(results)
    assert [case["id"] for case in results["cases"]] == ["cs4410/test_greeting.py::test_greeting"]
    [case] = results["cases"]
    assert (case["verdict"], case["requirements"]) == ("pass", ["greeting"])
    assert [entry[1] for entry in case["transcript"]] == ["--", "<-"]
    assert results["outcome"]["exit"] == CONFORMS
    assert results["outcome"]["line"] in run.stdout
    assert (results["seed"], results["target"]["name"]) == (7, "reference_server")
    assert (tmp_path / "out" / "report.md").read_text().startswith("#")
    assert "<h1>Conforms</h1>" in (tmp_path / "out" / "report.html").read_text()
    assert left_over(tmp_path) == []
    assert not list((tmp_path / "temporary").glob("conformance-*[!0-9]")), "a server's directory is left"


Types = dict[str, type]
CASE: Types = {
    "id": str,
    "title": str,
    "requirements": list,
    "section": str,
    "level": str,
    "verdict": str,
    "reason": str,
}
CASE |= {"expected": str, "actual": str, "findings": list, "seconds": float, "transcript": list, "repeat": str}
CASE |= {"waits": list}
RESULTS: Types = {
    "schema": int,
    "assignment": str,
    "suite": str,
    "target": dict,
    "dialect": str,
    "course": str,
    "seed": int,
}
RESULTS |= {"time_limit": float, "quick": bool, "versions": dict, "started": str, "seconds": float, "outcome": dict}
RESULTS |= {"requirements": list, "cases": list}
VERDICTS = ("fail", "warn", "blocked", "skip", "note", "pass")


def check_results(results: Any) -> None:
    """Judge that results.json is as docs/results.md says."""
    assert {key: type(value) for key, value in results.items()} == RESULTS
    assert (results["schema"], results["assignment"]) == (1, "cs4410")
    assert set(results["target"]) == {"name", "address", "command"}
    assert re.fullmatch(r"127\.0\.0\.1:\d+", results["target"]["address"])
    assert set(results["versions"]) == {"python", "pytest", "xdist", "faker", "platform"}
    assert all(isinstance(version, str) for version in results["versions"].values())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", results["started"])
    assert {key: type(value) for key, value in results["outcome"].items()} == {
        "exit": int,
        "line": str,
        "notes": list,
        "asides": list,
    }
    known = ledger.load(results["course"])
    assert [row["id"] for row in results["requirements"]] == list(known)
    for row in results["requirements"]:
        assert set(row) == {"id", "level", "section", "rule", "verdict", "reason"}
        assert row["verdict"] in VERDICTS
        assert (row["verdict"] in ("skip", "blocked")) <= bool(row["reason"])
    for case in results["cases"]:
        check_case(case, known)


def check_case(case: Any, known: ledger.Ledger) -> None:
    blocked_by = case.pop("blocked_by")
    assert {key: type(value) for key, value in case.items()} == CASE
    assert case["title"]
    assert case["verdict"] in VERDICTS
    assert (blocked_by in known) == (case["verdict"] == "blocked")
    assert set(case["requirements"]) <= set(known)
    for finding in case["findings"]:
        assert set(finding) == {"requirement", "verdict", "reason", "expected", "actual"}
    for milliseconds, direction, text in case["transcript"]:
        assert isinstance(milliseconds, int) and isinstance(text, str)
        assert re.fullmatch(r"(->|<-|--)\d*", direction)
    for seconds, end in case["waits"]:
        assert isinstance(seconds, float) and end in ("timeout", "kept")
    assert shlex.split(case["repeat"])[:3] == ["python", "-m", "conformance"]


def conversations(folder: Path) -> dict[str, list[tuple[str, str]]]:
    """The transcripts of a run without what differs from one run to the next."""
    found = {}
    for case in results_in(folder)["cases"]:
        rows = [(mark, re.sub(r"(message |Number: )\d+", r"\1N", text)) for _, mark, text in case["transcript"]]
        assert rows
        found[case["id"]] = rows
    return found


def test_a_seed_gives_the_same_conversations_with_any_number_of_workers(
    suite: Callable[..., Run], tmp_path: Path
) -> None:
    runs = (("-n0", "11"), ("-n2", "11"), ("-n0", "12"))
    for number, (workers, seed) in enumerate(runs):
        run = suite("-k", FEW, workers, "--seed", seed, "--report", str(number))
        assert run.returncode == CONFORMS, run.stdout + run.stderr
    together = conversations(tmp_path / "0")
    assert len(together) >= 7
    assert conversations(tmp_path / "1") == together
    assert conversations(tmp_path / "2") != together


@pytest.mark.parametrize("name", ["test_recipients[3]", "test_split_message[at-random]"])
def test_the_command_that_repeats_a_case_gives_the_same_conversation(
    suite: Callable[..., Run], tmp_path: Path, name: str
) -> None:
    assert suite("-k", FEW, "-n0", "--seed", "11", "--report", "all").returncode == CONFORMS
    [case] = [case for case in results_in(tmp_path / "all")["cases"] if case["id"].endswith(f"::{name}")]
    again = suite(*shlex.split(case["repeat"])[3:], "--report", "alone")
    assert again.returncode == CONFORMS, again.stdout + again.stderr
    assert conversations(tmp_path / "alone") == {case["id"]: conversations(tmp_path / "all")[case["id"]]}


def test_no_server_is_started_without_what_it_is_wrapped_in(suite: Callable[..., Run], tmp_path: Path) -> None:
    """Not by the search either, which starts one of its own to time its clients out."""
    counting = "sh -c 'echo >> {}; exec \"$@\"' sh"
    server = f"{sys.executable} -m reference_server --port {{port}} --time-limit {{time_limit}}"
    launch = f"{counting.format(tmp_path / 'started')} {server}"
    wrap = counting.format(tmp_path / "wrapped")
    run = suite("-k", "time_outs", "-n0", "--time-limit", "2", "--launch", launch, "--wrap", wrap, "--report", "out")
    assert run.returncode == CONFORMS, run.stdout + run.stderr
    started, wrapped = ((tmp_path / name).read_text().count("\n") for name in ("started", "wrapped"))
    assert started == wrapped >= 3
    [case] = results_in(tmp_path / "out")["cases"]
    assert shlex.join(["--wrap", wrap]) in case["repeat"]


@pytest.mark.parametrize(
    "word", ["-ktest_greeting", "cs4410/test_greeting.py", "cs4410/test_greeting.py::test_greeting"]
)
def test_some_cases_do_not_replace_the_report_of_a_whole_run(
    suite: Callable[..., Run], tmp_path: Path, word: str
) -> None:
    run = suite(word, "-n0", "--quick")
    assert run.returncode == CONFORMS, run.stdout + run.stderr
    [results] = (tmp_path / "reports" / "out").glob("*/results.json")
    assert results.parent.name.endswith("-part")


def test_without_further_options_it_runs_and_reports_beside_where_it_was_started(
    suite: Callable[..., Run], tmp_path: Path
) -> None:
    run = suite("-k", "test_greeting", "--seed", "1")
    assert run.returncode == CONFORMS, run.stdout + run.stderr
    assert "Traceback" not in run.stdout + run.stderr
    [results] = (tmp_path / "reports" / "out").glob("*/results.json")
    assert results_in(results.parent)["outcome"]["exit"] == CONFORMS


def test_a_broken_server_is_broken(suite: Callable[..., Run], tmp_path: Path) -> None:
    greets = """if True:
        import socket, sys
        listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
        while True:
            client, _ = listener.accept()
            client.sendall(b"220 \\x1b[31mhello\\r\\n")
            client.close()
    """
    (tmp_path / "server.py").write_text(greets)
    command = f"{shlex.quote(sys.executable)} server.py {{port}}"
    run = suite("-k", "test_greeting", "-n0", "--launch", command, "--report", "out")
    assert run.returncode == BROKEN, run.stdout + run.stderr
    assert "Traceback" not in run.stdout + run.stderr
    assert "\x1b" not in run.stdout
    verdicts = {row["id"]: row["verdict"] for row in results_in(tmp_path / "out")["requirements"]}
    assert verdicts["greeting"] == "fail"
    check_results(results_in(tmp_path / "out"))
    assert left_over(tmp_path) == []


@pytest.mark.parametrize("end", ["ctrl-c", "kill", "timeout"])
@pytest.mark.parametrize("workers", ["-n0", "-n2"])
def test_a_run_that_is_ended_leaves_a_report_and_no_servers(
    tmp_path: Path, environment: dict[str, str], workers: str, end: str
) -> None:
    """By Ctrl-C, which the whole group gets; by a CI system that ends the process; by `timeout`, the whole group."""
    command = [sys.executable, "-u", "-m", "conformance", "--quick", workers, "--seed", "1", "--report", "out", "-v"]
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        # Whoever runs these tests in a shell's background has it ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout
    said = b""
    deadline = time.monotonic() + DEADLINE
    while said.count(b"PASS") < 20 and time.monotonic() < deadline and (line := process.stdout.readline()):
        said += line
    assert said.count(b"PASS") >= 20, said.decode()
    if end == "kill":
        process.terminate()
    else:
        os.killpg(process.pid, signal.SIGINT if end == "ctrl-c" else signal.SIGTERM)
    rest, _ = process.communicate(timeout=DEADLINE)
    assert process.returncode == INTERRUPTED, (said + rest).decode()
    results = results_in(tmp_path / "out")
    check_results(results)
    assert results["outcome"]["exit"] == INTERRUPTED
    assert results["outcome"]["line"].startswith("interrupted: ")
    assert results["outcome"]["line"].encode() in rest
    assert len(results["cases"]) >= 20
    while left_over(tmp_path / "temporary") and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left_over(tmp_path / "temporary") == []


def test_junit_names_the_requirements(suite: Callable[..., Run], tmp_path: Path) -> None:
    """As properties of each test case, also where workers hold the cases."""
    run = suite("cs4410/test_greeting.py", "-n2", "--seed", "7", "--report", "out", "--junitxml", "junit.xml")
    assert run.returncode == CONFORMS, run.stdout + run.stderr
    names: dict[str, list[str]] = {}
    for case in ElementTree.parse(tmp_path / "junit.xml").iter("testcase"):
        found = case.iter("property")
        names[case.attrib["name"]] = [one.attrib["value"] for one in found if one.attrib["name"] == "requirement"]
    held = results_in(tmp_path / "out")["cases"]
    assert names == {case["id"].partition("::")[2]: case["requirements"] for case in held}


def test_a_case_that_is_not_there_is_said_at_once(suite: Callable[..., Run], tmp_path: Path) -> None:
    run = suite("cs4410/test_greeting.py::no_such_case")
    assert run.returncode == USAGE
    assert re.search(r"not found: .*test_greeting.py::no_such_case", run.stderr)
    assert not (tmp_path / "reports").exists()


@pytest.mark.parametrize("workers", ["-n0", "-n2"])
def test_cases_are_named_as_everywhere(suite: Callable[..., Run], workers: str) -> None:
    """With -v, too, where pytest would say how one gets to the folder of an installation."""
    run = suite("-k", "test_greeting_is_one_line", "-v", workers)
    assert re.search(r"^(.* )?cs4410/test_greeting.py::test_greeting_is_one_line", run.stdout, re.MULTILINE)
    assert "../" not in run.stdout.partition("results: ")[0]


@pytest.mark.parametrize("workers", ["-n0", "-n2"])
def test_junit_tells_all_of_a_finding(suite: Callable[..., Run], tmp_path: Path, workers: str) -> None:
    """Why in the message, and in the body what was expected, what came, the transcript and how it is repeated."""
    greets = "import socket, sys\nlistener = socket.create_server(('127.0.0.1', int(sys.argv[1])))\n"
    greets += "while True:\n    client, _ = listener.accept()\n    client.sendall(b'220 hello\\x1b]]>\\r\\n')\n"
    (tmp_path / "server.py").write_text(greets)
    command = f"{shlex.quote(sys.executable)} server.py {{port}}"
    words = ("cs4410/test_greeting.py::test_greeting", workers, "--report", "out", "--junitxml", "junit.xml")
    run = suite(*words, "--launch", command)
    assert run.returncode == BROKEN, run.stdout + run.stderr
    [failure] = ElementTree.parse(tmp_path / "junit.xml").iter("failure")
    [case] = results_in(tmp_path / "out")["cases"]
    assert failure.attrib["message"] == f"greeting: {case['reason']}"
    assert failure.text
    assert [line for line in failure.text.splitlines() if line.startswith("came")] == [r"came      220 hello\x1b]]>"]
    expected, repeat = f"expected  {case['expected']}", f"repeat: {case['repeat']}"
    assert {expected, repeat, case["title"]} <= set(failure.text.splitlines())
    assert re.search(r"ms  <-1?    220 hello\\x1b\]\]>\\r\\n$", failure.text, re.MULTILINE)
