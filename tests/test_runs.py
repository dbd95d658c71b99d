"""The suite from outside, as its users run it: its exit statuses, and what a run leaves behind."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from conformance.controller import show_by_lines
from conformance.cs4410 import ledger
from conformance.harness.verdict.ledger import Ledger
from conformance.harness.verdict.outcome import BROKEN, CONFORMS, FAULT, INTERRUPTED
from tests.suite_runs import left_over, results_in

DEADLINE = 120.0  # seconds: for what must happen at all, on however busy a machine
FEW = "test_greeting or test_split_message or test_entry_of_handout or test_recipients"
Run = subprocess.CompletedProcess[str]


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
    "profile": str,
    "assignment": str,
    "facts": dict,
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
    assert (results["schema"], results["profile"], results["assignment"]) == (1, "cs4410", "cs4410")
    assert results["facts"] == {"dialect": results["dialect"], "course": results["course"]}
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
        assert set(row) - {"rests_on"} == {"id", "level", "section", "rule", "verdict", "reason"}
        assert row["verdict"] in VERDICTS
        assert (row["verdict"] in ("skip", "blocked")) <= bool(row["reason"])
    for case in results["cases"]:
        check_case(case, known)


def check_case(case: Any, known: Ledger) -> None:
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


def test_an_interrupt_between_two_lines_can_be_shown() -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    interrupted.__code__ = interrupted.__code__.replace(co_linetable=b"")
    with pytest.raises(KeyboardInterrupt) as caught:
        interrupted()
    show_by_lines(caught)
    assert "KeyboardInterrupt" in str(caught.getrepr(funcargs=True))


def ignores_termination(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status").read_text()
    ignored = next(line for line in status.splitlines() if line.startswith("SigIgn:"))
    return bool(int(ignored.split()[1], 16) & 1 << signal.SIGTERM - 1)


@pytest.mark.parametrize("end", ["ctrl-c", "kill", "timeout", "cancel"])
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
        os.killpg(process.pid, signal.SIGTERM if end == "timeout" else signal.SIGINT)
    if end == "cancel":  # as a job on GitHub is: both, the second while the report is made
        while not ignores_termination(process.pid) and time.monotonic() < deadline:
            time.sleep(0.01)
        process.terminate()
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


def test_what_another_plugin_cannot_write_costs_no_report(suite: Callable[..., Run], tmp_path: Path) -> None:
    (tmp_path / "full.py").write_text(
        "def pytest_sessionfinish():\n    raise OSError(28, 'No space left on device', 'junit.xml')\n"
    )
    run = suite("-k", "test_greeting_is_one_line", "-p", "full", "--report", "out")
    assert run.returncode == FAULT, run.stdout + run.stderr
    assert "conformance: cannot write to junit.xml: No space left on device" in run.stderr
    assert "conforms in 1 of 104 requirements" in run.stdout and "Traceback" not in run.stdout + run.stderr
    assert (tmp_path / "out" / "report.html").is_file()


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
