"""Starting a server: what it is given, what is said when it fails, and that nothing of it stays behind."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conformance.cs4410.kind import KIND
from conformance.harness.server import launch, leash
from conformance.harness.server.launch import Process, Unreachable, words_of
from conformance.harness.server.target import Launched
from conformance.harness.settings import UsageError
from conformance.harness.wire.manners import Manners
from tests.harness.families import DEADLINE, PYTHON, runs, wait_until

pytestmark = pytest.mark.usefixtures("temporary")
LISTEN = """
    import json, os, socket, sys, time
    from pathlib import Path
    told = {"argv": sys.argv[1:], "files": os.listdir(), "pid": os.getpid(), "stdin": sys.stdin.read()}
    Path("told.json").write_text(json.dumps(told))
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
    print("listening", flush=True)
    time.sleep(1000)
"""


def refused(command: str) -> str:
    with pytest.raises((Unreachable, UsageError)) as error:
        Process(KIND, command, 10.0).stop()
    return str(error.value)


# A server that starts


def test_a_server_gets_its_words_literally(script: Callable[[str], str], start: Callable[..., Process]) -> None:
    words = "{port} {host} {time_limit} --listen={host}:{port} {} {0} other} '$HOME *' %s {port"
    process = start(f"{script(LISTEN)} {words}", 2.5)
    port = str(process.port)
    assert told(process)["argv"] == [
        *(port, "127.0.0.1", "2.5", f"--listen=127.0.0.1:{port}", "{}", "{0}", "other}", "$HOME *", "%s", "{port"),
    ]


def told(process: Process) -> dict[str, Any]:
    found = json.loads((process.directory / "told.json").read_text())
    assert isinstance(found, dict)
    return found


def test_a_server_runs_in_a_directory_of_its_own_with_nothing_to_read(
    script: Callable[[str], str], start: Callable[..., Process], temporary: Path
) -> None:
    process = start(f"{script(LISTEN)} {{port}}")
    assert process.directory.parent == temporary
    assert set(told(process)["files"]) <= {"output.txt"}
    assert told(process)["stdin"] == ""
    assert process.status is None


def test_a_stale_mailbox_is_planted_first(script: Callable[[str], str], start: Callable[..., Process]) -> None:
    process = start(f"{script(LISTEN)} {{port}}", leftover={"mailbox": b"stale\n"})
    assert "mailbox" in told(process)["files"]
    assert (process.directory / "mailbox").read_bytes() == b"stale\n"


def test_what_one_leaves_that_is_killed_is_planted_again(
    script: Callable[[str], str], start: Callable[..., Process]
) -> None:
    process = start(f"{script(LISTEN)} {{port}}", leftover={"mail/new/1": b"kept\n"})
    (process.directory / "link").symlink_to("/etc/passwd")
    left = process.crash()
    assert process.status == 128 + signal.SIGKILL
    assert left["mail/new/1"] == b"kept\n"
    assert not {"link", launch.OUTPUT} & set(left)


def test_two_servers_have_two_ports(script: Callable[[str], str], start: Callable[..., Process]) -> None:
    command = f"{script(LISTEN)} {{port}}"
    first, second = start(command), start(command)
    assert first.port != second.port
    assert all(20000 <= process.port <= 30000 for process in (first, second))


def test_stop_ends_it_and_removes_its_directory(script: Callable[[str], str], start: Callable[..., Process]) -> None:
    process = start(f"{script(LISTEN)} {{port}}")
    pid = told(process)["pid"]
    assert isinstance(pid, int) and runs(pid)
    process.stop()
    assert wait_until(lambda: not runs(pid))
    assert not process.directory.exists()
    process.stop()


def test_its_end_is_seen(script: Callable[[str], str], start: Callable[..., Process]) -> None:
    process = start(f"{script(LISTEN)} {{port}}")
    assert not process.ends(0.0)
    pid = told(process)["pid"]
    assert isinstance(pid, int)
    os.kill(pid, signal.SIGSEGV)
    assert process.ends(DEADLINE)
    assert process.status == 128 + signal.SIGSEGV
    assert "listening" in process.printed()


def test_a_server_that_prints_a_lot_is_not_held_up(script: Callable[[str], str], start: Callable[..., Process]) -> None:
    process = start(f"{script('print(chr(120) * 3_000_000, flush=True)' + textwrap.dedent(LISTEN))} {{port}}")
    assert wait_until(lambda: "listening" in process.printed())
    assert (process.directory / "output.txt").stat().st_size <= launch.OUTPUT_LIMIT
    assert len(process.printed()) < 4096


# A server that does not


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("./no-such-server --port {port}", "--launch: ./no-such-server: no such program, or it is not executable"),
        ("no-such-program-anywhere", "--launch: no-such-program-anywhere: no such program, or it is not executable"),
        ("python3 no-such.py --port {port}", f"--launch: no-such.py is not in {os.getcwd()}"),
        ("python3 /nowhere/no-such.py {port}", "--launch: no-such.py is not in /nowhere"),
        ("java -jar no/such.jar {port}", f"--launch: no/such.jar is not in {os.getcwd()}"),
        ("true --port={prot}", "--launch: {prot} is no placeholder: {host}, {port} and {time_limit} are"),
        (
            "true {prot} {pid} {port}",
            "--launch: {prot}, {pid} are no placeholders: {host}, {port} and {time_limit} are",
        ),
        ("true {host}:{ports}", "--launch: {ports} is no placeholder: {host}, {port} and {time_limit} are"),
        ("", "--launch: the command is empty"),
        ("   ", "--launch: the command is empty"),
        ("python 'server.py", '--launch "python \'server.py": No closing quotation'),
        ("true {port}", "the server ended at once with exit status 0; it printed nothing"),
        ("false {port}", "the server ended at once with exit status 1; it printed nothing"),
    ],
)
def test_a_server_that_does_not_start_is_said_in_one_line(command: str, said: str) -> None:
    assert refused(command) == said


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("python3 server.py", False),
        ("python3 -u server.py", False),
        ("python3 server.py --mailbox x", True),
        (f"python3.12 {Path(__file__).parent}", False),
        (f"python3.12 {Path(__file__).parent} x", True),
        ("python3 -m reference_server", False),
        ("python3 -m reference_server -v", True),
        ("./server", False),
        ("./server server.conf", True),
        ("java -cp build Server", False),
        ("java -jar server.jar 1", True),
        ("ruby server.rb", False),
    ],
)
def test_arguments_are_what_follows_the_program(command: str, arguments: bool) -> None:
    assert launch.has_arguments(command) == arguments


@pytest.mark.parametrize(
    ("first", "command", "wrapped"),
    [
        ("#!/bin/sh", "FILE", True),
        ("#!/usr/bin/env bash", "FILE", True),
        ("exec python3 server.py", "sh FILE", True),
        ("#!/usr/bin/env python3", "FILE", False),
        ("#!/usr/bin/env python3", "python3 FILE", False),
        ("", "python3 -m reference_server", False),
        ("", "java -cp build Server", False),
    ],
)
def test_a_shell_may_give_the_server_what_nobody_sees(tmp_path: Path, first: str, command: str, wrapped: bool) -> None:
    (tmp_path / "run").write_text(f"{first}\n")
    (tmp_path / "run").chmod(0o755)
    assert launch.is_wrapped(command.replace("FILE", str(tmp_path / "run"))) == wrapped


@pytest.mark.parametrize("command", ["no-such-program {port}", "'open quote", "false {port}"])
def test_nothing_is_left_of_a_server_that_did_not_start(command: str, temporary: Path) -> None:
    refused(command)
    assert list(temporary.iterdir()) == []


def test_what_it_printed_is_shown_and_can_do_no_harm(script: Callable[[str], str]) -> None:
    said = refused(script("print('one'); print('\\x1b[31mtwo\\xff\\x00'); raise SystemExit(3)") + " {port}")
    head, *lines = said.split("\n")
    assert head == "the server ended at once with exit status 3; it printed:"
    assert lines == ["    one", "    \\x1b[31mtwo\\xc3\\xbf\\x00"]


@pytest.mark.parametrize("printed", ["'x' * 1_000_000", "'x\\n' * 500_000"], ids=["one-line", "many-lines"])
def test_a_server_that_prints_a_megabyte_and_ends_is_said_briefly(script: Callable[[str], str], printed: str) -> None:
    said = refused(script(f"print({printed}); raise SystemExit(1)") + " {port}")
    assert said.startswith("the server ended at once with exit status 1; it printed:\n    x")
    assert len(said) < 4096 and said.count("\n") <= 12


def test_a_server_that_never_listens_is_said_and_ended(
    script: Callable[[str], str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, temporary: Path
) -> None:
    monkeypatch.setattr(launch, "START_LIMIT", 0.5)
    pid_file = tmp_path / "pid"
    program = f"import os, time; open({str(pid_file)!r}, 'w').write(str(os.getpid())); print('deaf'); time.sleep(1000)"
    said = refused(script(program) + " {port}")
    assert said.startswith("the server does not listen on 127.0.0.1:")
    assert said.split("\n")[0].endswith(" after 0.5 s; it printed:") or said.endswith("it printed nothing")
    assert list(temporary.iterdir()) == []
    assert not pid_file.exists() or wait_until(lambda: not runs(int(pid_file.read_text())))


def test_a_taken_port_is_said(monkeypatch: pytest.MonkeyPatch, script: Callable[[str], str], temporary: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        monkeypatch.setitem(vars(KIND), "port", port)
        assert refused(script(LISTEN)) == f"port {port} is taken by another process: end it first"
    assert list(temporary.iterdir()) == []


def test_words_that_name_files_are_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "server.py").touch()
    (tmp_path / "with space.py").touch()
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    words = words_of(f"{PYTHON} server.py './with space.py' folder -m server --port {{port}} not-there.py /etc/passwd")
    assert words == [
        *(sys.executable, f"{tmp_path}/server.py", f"{tmp_path}/with space.py", "folder", "-m", "server"),
        *("--port", "{port}", "not-there.py", "/etc/passwd"),
    ]


def test_a_folder_that_python_runs_is_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "server").mkdir()
    monkeypatch.chdir(tmp_path)
    assert words_of(f"{PYTHON} server server") == [sys.executable, f"{tmp_path}/server", "server"]
    assert words_of(f"{PYTHON} -m server") == [sys.executable, "-m", "server"]


def test_a_program_in_this_directory_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "server").write_text("#!/bin/sh\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Unreachable, match="not executable"):
        words_of("./server")
    (tmp_path / "server").chmod(0o755)
    assert words_of("./server") == [f"{tmp_path}/server"]


# The leash

FAMILY = "sleep 1000 & echo $$ $! > pids.part; mv pids.part pids; wait"


def family(folder: Path) -> list[int]:
    assert wait_until((folder / "pids").exists)
    return [int(pid) for pid in (folder / "pids").read_text().split()]


@pytest.mark.parametrize("stubborn", ["", "trap '' TERM; "], ids=["polite", "ignores-SIGTERM"])
def test_the_whole_family_ends_when_the_suite_is_killed(tmp_path: Path, stubborn: str) -> None:
    command = [sys.executable, "-I", "-S", leash.__file__, "sh", "-c", stubborn + FAMILY]
    suite = f"import subprocess, time; subprocess.Popen({command!r}, stdin=subprocess.PIPE); time.sleep(1000)"
    process = subprocess.Popen([sys.executable, "-S", "-c", suite], cwd=tmp_path)
    try:
        pids = family(tmp_path)
        assert all(map(runs, pids))
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert wait_until(lambda: not any(map(runs, pids)))


def test_an_end_is_seen_though_the_leash_is_late_to_tell(
    script: Callable[[str], str], start: Callable[..., Process]
) -> None:
    process = start(f"{script(LISTEN)} {{port}}")
    server = json.loads((process.directory / "told.json").read_text())["pid"]
    os.kill(leash_of(server), signal.SIGSTOP)
    os.kill(server, signal.SIGKILL)
    threading.Timer(0.5, os.kill, (leash_of(server), signal.SIGCONT)).start()
    assert process.ends(0.01)
    assert process.status == 128 + signal.SIGKILL


def leash_of(server: int) -> int:
    return int(Path(f"/proc/{server}/stat").read_text().rpartition(")")[2].split()[1])


def test_server_ends_when_the_process_group_of_the_suite_is_killed(script: Callable[[str], str]) -> None:
    suite = """
        import sys, time
        from conformance.cs4410.kind import KIND
        from conformance.harness.server.launch import Process
        print(Process(KIND, sys.argv[1], 1.0).directory, flush=True)
        time.sleep(1000)
    """
    command = [sys.executable, "-c", textwrap.dedent(suite), script(LISTEN) + " {port}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout
        folder = Path(process.stdout.readline().strip())
        pid = json.loads((folder / "told.json").read_text())["pid"]
        assert runs(pid)
        os.killpg(process.pid, signal.SIGKILL)
    assert wait_until(lambda: not runs(pid))


def test_what_a_server_leaves_running_ends_with_it(tmp_path: Path) -> None:
    command = [sys.executable, "-I", "-S", leash.__file__, "sh", "-c", FAMILY]
    with subprocess.Popen(command, cwd=tmp_path, stdin=subprocess.PIPE) as process:
        server, child = family(tmp_path)
        os.kill(server, signal.SIGKILL)
        assert process.wait(DEADLINE) == 128 + signal.SIGKILL
    assert wait_until(lambda: not runs(child))


@pytest.mark.parametrize(
    ("command", "status"), [("exit 0", 0), ("exit 7", 7), ("kill -TERM $$", 128 + signal.SIGTERM), ("cat", 0)]
)
def test_the_leash_ends_as_the_server_does(command: str, status: int) -> None:
    run = [sys.executable, "-I", "-S", leash.__file__, "sh", "-c", command]
    with subprocess.Popen(run, stdin=subprocess.PIPE) as process:
        assert process.wait(DEADLINE) == status


def test_a_program_that_cannot_be_run_is_said(tmp_path: Path) -> None:
    (tmp_path / "server").write_bytes(b"\x7fno program")
    (tmp_path / "server").chmod(0o755)
    said = refused(f"{tmp_path}/server {{port}}")
    assert said.startswith("the server ended at once with exit status 127; it printed:\n")
    assert said.endswith(f"{tmp_path}/server: Exec format error")


def test_a_server_that_does_not_start_three_times_in_a_row_is_not_tried_again(tmp_path: Path) -> None:
    server = Launched(KIND, f'{PYTHON} -c \'open("{tmp_path}/tries", "a").write("x")\'', 1.0, Manners())
    for _ in range(5):
        with pytest.raises(Unreachable, match="ended at once"):
            server.prepare()
    assert (tmp_path / "tries").read_text() == "xxx"


def test_two_runs_do_not_choose_the_same_port(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the choice of a port and the moment when its server listens, the claim keeps others away."""
    chosen = iter([9_001, 9_001, 9_002, 9_001])
    monkeypatch.setattr(random.SystemRandom, "randint", lambda chooser, low, high: next(chosen))
    first, claim = launch._free_port()
    second, other_claim = launch._free_port()
    assert (first, second) == (9_001, 9_002)
    for one in (claim, other_claim):
        assert one
        one.close()
    assert launch._free_port()[0] == 9_001
