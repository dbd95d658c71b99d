"""A server that puts itself into the background: it is told so, wherever that is seen, and nothing of it stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.cs4410.kind import KIND
from conformance.cs4410.profile import PROFILE
from conformance.harness.run import probe
from conformance.harness.server import launch, leash
from conformance.harness.server.launch import Background, Process
from conformance.harness.server.target import Launched, Unreachable
from conformance.harness.wire.manners import Manners
from tests.harness.families import DEADLINE, runs, wait_until
from tests.harness.plain import PLAIN

pytestmark = pytest.mark.usefixtures("temporary")
WORDS = "put itself into the background, and was ended with its children: start it so that it stays in the foreground"
DAEMON = """
    import os, socket, sys, time
    port, listens_after, leaves_after = int(sys.argv[1]), eval(sys.argv[2]), eval(sys.argv[3])
    def serve(listener):
        open(PIDS, "a").write(f"{os.getpid()}\\n")
        while True:
            with listener.accept()[0] as client:
                client.sendall(b"220 me SMTP CS4410MP3\\r\\n")
    def bind():
        time.sleep(listens_after)
        return socket.create_server(("127.0.0.1", port))
    HOW
    time.sleep(leaves_after or 0.0)
    while leaves_after is None and not os.path.exists(PIDS + ".go"):
        time.sleep(0.01)
    os._exit(0)
"""
WAYS = {
    "fork": "os.fork() or serve(bind())",
    "setsid": "os.fork() or (os.setsid(), serve(bind()))",
    "double-fork": "os.fork() or (os.setsid(), os.fork() and os._exit(0), serve(bind()))",
    "bound-before": "listener = bind(); os.fork() or serve(listener)",
}


@pytest.fixture
def daemon(script: Callable[[str], str], tmp_path: Path) -> Callable[..., str]:
    """Give the command of a server that leaves for the background after some seconds, or when it is told to."""

    def command(how: str, listens_after: float, leaves_after: float | None) -> str:
        text = DAEMON.replace("HOW", WAYS[how]).replace("PIDS", repr(str(tmp_path / "pids")))
        return f"{script(text)} {{port}} {listens_after} {leaves_after}"

    return command


def ended(folder: Path) -> bool:
    """Whether all that served have ended."""
    path = folder / "pids"
    return not path.exists() or not any(runs(int(word)) for word in path.read_text().split())


@pytest.mark.parametrize(
    ("listens_after", "leaves_after"),
    [(0, 0), (0.5, 0), (1.5, 0), (0, 0.5), (0, 0.9)],
    ids=lambda seconds: f"{seconds}",
)
@pytest.mark.parametrize("how", WAYS)
def test_the_first_look_says_so(
    daemon: Callable[..., str], tmp_path: Path, how: str, listens_after: float, leaves_after: float
) -> None:
    settings = replace(PLAIN, launch=daemon(how, listens_after, leaves_after), time_limit=1.0)
    with pytest.raises(Background) as error:
        probe.look(settings, PROFILE)
    assert str(error.value) == f"the server {WORDS}"
    assert wait_until(lambda: ended(tmp_path))


@pytest.mark.parametrize(
    "command",
    ["sh -c '{} & exit 0' sh", "sh -c '(setsid {} &) ; sleep 0.3' sh", "sh -c 'nohup {} </dev/null & sleep 0.2'"],
    ids=["ampersand", "setsid", "nohup"],
)
def test_a_shell_that_leaves_the_server_behind_is_the_same(
    script: Callable[[str], str], tmp_path: Path, command: str
) -> None:
    listens = f"import os, socket, sys, time; open({str(tmp_path / 'pids')!r}, 'w').write(str(os.getpid()))\n"
    listens += "listener = socket.create_server(('127.0.0.1', int(sys.argv[1]))); time.sleep(1000)"
    with pytest.raises(Background):
        Process(KIND, command.format(f"{script(listens)} {{port}}"), 1.0).expect_foreground()
    assert wait_until(lambda: ended(tmp_path))


def test_one_that_leaves_in_the_middle_of_a_run_is_told_the_same(daemon: Callable[..., str], tmp_path: Path) -> None:
    server = Launched(KIND, daemon("setsid", 0, None), 1.0, Manners())
    server.prepare()
    assert not server.refusal
    (tmp_path / "pids.go").touch()
    assert server.ended(DEADLINE) == server.refusal == f"the server {WORDS}"
    with pytest.raises(Unreachable, match=WORDS):
        server.prepare()
    assert wait_until(lambda: ended(tmp_path))


SERVE = "import os, socket, sys, time; kept = socket.create_server(('127.0.0.1', int(sys.argv[1])))"
UNTIL_TOLD = """
while not os.path.exists(sys.argv[0] + ".go"):
    time.sleep(0.01)
"""


def tell(folder: Path) -> None:
    """Tell a server that is to end to do so."""
    (folder / "server.py.go").touch()


@pytest.mark.parametrize("status", [0, 7])
def test_one_that_ends_and_leaves_a_helper_has_only_ended(
    script: Callable[[str], str], start: Callable[..., Process], tmp_path: Path, status: int
) -> None:
    helper = "import subprocess; subprocess.Popen(['sleep', '1000'])"
    process = start(f"{script(f'{helper}; {SERVE}{UNTIL_TOLD}raise SystemExit({status})')} {{port}}")
    tell(tmp_path)
    assert process.ends(DEADLINE)
    assert (process.in_background, process.status) == (False, status)


def test_one_that_fails_and_leaves_its_workers_has_ended(
    script: Callable[[str], str], start: Callable[..., Process], tmp_path: Path
) -> None:
    text = f"{SERVE}; os.fork() or time.sleep(1000){UNTIL_TOLD}os._exit(3)"
    process = start(f"{script(text)} {{port}}")
    tell(tmp_path)
    assert process.ends(DEADLINE)
    assert (process.in_background, process.status) == (False, 3)


@pytest.mark.parametrize("number", [leash.LISTENS_ON, leash.LIVES_ON, signal.SIGKILL])
def test_no_end_of_a_server_looks_like_it(
    script: Callable[[str], str], start: Callable[..., Process], tmp_path: Path, number: int
) -> None:
    text = f"{SERVE}{UNTIL_TOLD}os.kill(os.getpid(), {int(number)})"
    process = start(f"{script(text)} {{port}}")
    tell(tmp_path)
    assert process.ends(DEADLINE)
    assert (process.in_background, process.status) == (False, 128 + number)


@pytest.mark.parametrize("wrapper", ["", "env A=b ", "sh -c '\"$@\"; true' sh "])
def test_one_that_stays_is_not_held_up_at_every_start(
    script: Callable[[str], str], start: Callable[..., Process], wrapper: str
) -> None:
    process = start(f"{wrapper}{script(SERVE + '; time.sleep(1000)')} {{port}}")
    began = time.monotonic()
    process.expect_foreground()
    assert time.monotonic() - began < launch.DETACHES + 1.0
    assert process.status is None
    assert process._serves_itself() == (not wrapper.startswith("sh"))


# What nobody escapes

ESCAPES = {
    "setsid": "setsid sleep 1000 & echo $! > pids.part",
    "double-fork": "(setsid sh -c 'sleep 1000 & echo $! > pids.part; exit' &)",
    "stopped": "setsid sh -c 'echo $$ > pids.part; kill -STOP $$' &",
}


@pytest.mark.parametrize("way", ESCAPES)
@pytest.mark.parametrize("end", ["suite-killed", "server-killed", "let-go", "leash-terminated"])
def test_nothing_stays_behind(tmp_path: Path, way: str, end: str) -> None:
    server = f"echo $$ > server; {ESCAPES[way]}\nwhile [ ! -s pids.part ]; do sleep 0.01; done; mv pids.part pids; wait"
    command = [sys.executable, "-I", "-S", leash.__file__, "sh", "-c", f"{server}; sleep 1000"]
    process = subprocess.Popen(command, cwd=tmp_path, stdin=subprocess.PIPE)
    assert process.stdin
    try:
        assert wait_until((tmp_path / "pids").exists)
        [escaped] = map(int, (tmp_path / "pids").read_text().split())
        assert runs(escaped)
        if end == "suite-killed" or end == "let-go":
            process.stdin.close()
        elif end == "leash-terminated":
            process.terminate()
        else:
            os.kill(int((tmp_path / "server").read_text()), signal.SIGKILL)
        process.wait(DEADLINE)
        assert not runs(escaped)
    finally:
        process.stdin.close()
        process.wait(DEADLINE)


def test_one_that_forks_and_ends_for_ever_is_caught(tmp_path: Path) -> None:
    """Its process is another one by the time that its id is read, but its group is the same."""
    text = """
import os, sys, time
os.setsid()
end = time.monotonic() + 60
while time.monotonic() < end:
    if os.fork():
        os._exit(0)
    os.utime(sys.argv[1])
"""
    beat = tmp_path / "beat"
    beat.touch()
    command = [sys.executable, "-c", f"import os, time; os.fork() or exec({text!r}); time.sleep(1000)", str(beat)]
    with subprocess.Popen([sys.executable, "-I", "-S", leash.__file__, *command], stdin=subprocess.PIPE) as process:
        first = beat.stat().st_mtime_ns
        assert wait_until(lambda: beat.stat().st_mtime_ns != first)
        assert process.stdin
        process.stdin.close()
        process.wait(DEADLINE)
        last = beat.stat().st_mtime_ns
        time.sleep(0.2)
        assert beat.stat().st_mtime_ns == last
