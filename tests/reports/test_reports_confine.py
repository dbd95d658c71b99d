"""The confinement of launched servers: limits, environment, what is seen, and that nothing is left behind."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reports import confine
from reports.lodging import User

Run = Callable[..., subprocess.CompletedProcess[str]]
PYTHON = sys.executable
DEADLINE = 60.0


WAYS = ("limits", "bubblewrap", "user")


@pytest.fixture
def user() -> Iterator[str]:
    """The id of a user of the test's own."""
    claimed = User()
    yield str(claimed.id)
    claimed.close()


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    """The name of a way to confine servers."""
    name: str = request.param
    return name


@pytest.fixture
def options(way: str, request: pytest.FixtureRequest) -> list[str]:
    """The options of that way, which works here; where it must work, it is no reason to skip."""
    if way == "user":
        if os.geteuid() != 0:
            pytest.skip("only root can become another user")
        found = ["--user", request.getfixturevalue("user")]
        assert confine.works(*found) == ""
        return found
    if way == "bubblewrap" and (trouble := confine.works("--bubblewrap")):
        assert not os.environ.get("CI"), trouble
        pytest.skip(f"bubblewrap: {trouble}")
    return ["--bubblewrap"] if way == "bubblewrap" else []


@pytest.fixture
def own() -> Iterator[Path]:
    """A directory such as the suite makes for each server."""
    with tempfile.TemporaryDirectory(prefix="confine-test-") as folder:
        yield Path(folder)


@pytest.fixture
def run(options: list[str], own: Path) -> Run:
    """Confine a piece of Python in a directory of its own."""

    def confined(code: str, *more: str) -> subprocess.CompletedProcess[str]:
        words = [PYTHON, "-I", "-S", confine.__file__, *options, *more]
        environment = {**os.environ, "SECRET_TOKEN": "hidden"}
        return subprocess.run(
            [*words, "--", "python3", "-c", code],
            cwd=own,
            env=environment,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )

    return confined


def test_the_exit_status_is_the_servers(run: Run) -> None:
    assert run("raise SystemExit(7)").returncode == 7


def test_the_environment_holds_no_secret(run: Run) -> None:
    done = run("import os; print(sorted(os.environ))")
    assert "SECRET" not in done.stdout and "PATH" in done.stdout
    assert "HOME" in done.stdout


def test_memory_is_limited(run: Run) -> None:
    done = run("x = bytearray(200 << 20); import time; time.sleep(60)", "--memory", "100")
    assert done.returncode != 0
    assert "MiB of 100" in done.stderr


def test_what_is_reserved_is_limited(run: Run) -> None:
    assert "MemoryError" in run("bytearray(1 << 30)", "--memory", "100").stderr


def test_the_size_of_files_is_limited(run: Run, own: Path) -> None:
    assert "File too large" in run("open('big', 'wb').write(b'x' * (2 << 20))", "--file-size", "1").stderr
    assert (own / "big").stat().st_size <= 1 << 20


FILES = {
    "many": "[open(str(n), 'wb').write(b'x' * (1 << 20)) for n in range(6)]",
    "empty": "[open(str(n), 'w').close() for n in range(2000)]",
    "below": "os.makedirs('a/b'); [open(f'a/b/{n}', 'wb').write(b'x' * (1 << 20)) for n in range(6)]",
    "hidden": "os.mkdir('a'); [open(f'a/{n}', 'wb').write(b'x' * (1 << 20)) for n in range(6)]; os.chmod('a', 0)",
    "deleted": "f = open('x', 'wb'); os.unlink('x'); f.write(b'x' * (6 << 20)); f.flush()",
    "temporary": "f = tempfile.NamedTemporaryFile(dir='/tmp'); f.write(b'x' * (6 << 20)); f.flush()",
}


@pytest.mark.parametrize("code", FILES.values(), ids=FILES)
def test_the_disk_is_limited(way: str, run: Run, code: str) -> None:
    if way == "limits" and "'/tmp'" in code:
        code = code.replace("'/tmp'", "'.'")  # nobody knows whose files are there
    done = run(f"import os, tempfile, time\n{code}\ntime.sleep(60)", "--disk", "5")
    assert done.returncode == 128 + signal.SIGKILL
    assert "confine: ended, for it used more than 5 MiB of disk" in done.stderr or "looked into" in done.stderr


def test_what_is_no_harm_is_let_be(run: Run, own: Path) -> None:
    code = "open('mailbox', 'wb').write(b'x' * (3 << 20)); f = tempfile.NamedTemporaryFile(); time.sleep(1)"
    done = run(f"import os, tempfile, time\n{code}\nos._exit(7)", "--disk", "5")
    assert (done.returncode, done.stderr) == (7, "")
    assert (own / "mailbox").stat().st_size == 3 << 20


def test_processor_time_is_limited(run: Run) -> None:
    assert run("while True: pass", "--seconds", "1").returncode == 128 + signal.SIGKILL


def test_processes_are_limited(run: Run) -> None:
    code = "import os, time\nfor _ in range(40):\n    if os.fork() == 0: time.sleep(60); os._exit(0)\ntime.sleep(60)"
    done = run(code, "--processes", "20")
    assert done.returncode != 0
    assert "more than 20 processes" in done.stderr


def test_a_server_that_forks_as_fast_as_it_can_is_ended(run: Run) -> None:
    """The look at it must not wait behind hundreds that are at work; those are bounded here for the machine's sake."""
    forks = "for _ in range(9):\n    try: os.fork()\n    except OSError: pass"  # as its user's own bound has it
    code = f"import os, time\nuntil = time.time() + 60\n{forks}\nwhile time.time() < until: pass"
    done = run(code, "--processes", "20")
    assert done.returncode == 128 + signal.SIGKILL
    assert "more than 20 processes" in done.stderr


def test_nothing_is_left_behind(run: Run, own: Path) -> None:
    """Not even what has left its session and its parent."""
    code = (
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0: time.sleep(600)\n    os._exit(0)"
    )
    run(f"{code}\nopen('pid', 'w').close()")
    until = time.monotonic() + DEADLINE
    while any(_in(process, own) for process in Path("/proc").glob("[0-9]*")):
        assert time.monotonic() < until


def _in(process: Path, folder: Path) -> bool:
    try:
        return Path(os.readlink(process / "cwd")) == folder
    except OSError:
        return False


def test_the_rest_is_not_seen(way: str, run: Run, tmp_path: Path) -> None:
    """Bubblewrap hides it; a user of its own sees what all may see; with limits alone it is seen."""
    (tmp_path / "secret").write_text("hidden")
    done = run(f"print(open({str(tmp_path / 'secret')!r}).read())")
    assert ("hidden" in done.stdout) is (way == "limits")
    if way == "bubblewrap":
        for place in ("/usr/mine", "/mine", "/dev/mine"):
            assert "Read-only file system" in run(f"open({place!r}, 'w')").stderr
        assert "3" in run("import os; print(sum(name.isdigit() for name in os.listdir('/proc')) < 4 and 3)").stdout


@pytest.mark.parametrize("way", ["user"], indirect=True)
def test_a_user_has_no_rights_and_no_way_back(run: Run, own: Path, user: str) -> None:
    (own / "mailbox").write_text("stale")
    code = """
import os, sys
print(os.getresuid(), os.getresgid(), os.getgroups(), "NoNewPrivs:\t1" in open("/proc/self/status").read())
open("mailbox", "w").write("mine")
os.rename("mailbox", "other")
for what in (lambda: os.setuid(0), lambda: os.kill(os.getppid(), 9), lambda: os.rename(os.getcwd(), "/tmp/elsewhere")):
    try:
        what()
    except PermissionError:
        print("no")
"""
    three = f"({user}, {user}, {user})"
    assert run(code).stdout.splitlines() == [f"{three} {three} [] True", "no", "no", "no"]
    assert (own / "other").read_text() == "mine"


@pytest.mark.parametrize("way", ["user"], indirect=True)
def test_a_user_cannot_fork_without_end(run: Run) -> None:
    code = "import os, time\nwhile True:\n    if os.fork() == 0: time.sleep(60)"
    assert "BlockingIOError" in run(code, "--processes", "10").stderr


def test_it_ends_when_it_is_told_to(tmp_path: Path) -> None:
    """As the suite tells it: by a signal to its process group, and the server with it."""
    words = [PYTHON, "-I", "-S", confine.__file__, "--", "python3", "-c", "print(1); import time; time.sleep(600)"]
    with subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout and process.stdout.readline()
        os.killpg(process.pid, signal.SIGTERM)
        assert process.wait(DEADLINE) == 128 + signal.SIGTERM
    assert not any(_in(other, tmp_path) for other in Path("/proc").glob("[0-9]*"))
