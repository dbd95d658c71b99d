"""The confinement of launched servers: limits, environment, what is seen, and that nothing is left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from reports import confine

Run = Callable[..., subprocess.CompletedProcess[str]]
PYTHON = sys.executable
DEADLINE = 60.0


@pytest.fixture(params=[False, True], ids=["limits", "bubblewrap"])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Run:
    """Confine a piece of Python in a directory of its own."""
    own = tmp_path / "own"
    own.mkdir()
    if request.param and (trouble := confine.works([])):
        assert not os.environ.get("CI"), trouble
        pytest.skip(trouble)

    def confined(code: str, *options: str) -> subprocess.CompletedProcess[str]:
        words = [PYTHON, "-I", "-S", confine.__file__, *options, *(["--bubblewrap"] if request.param else [])]
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

    confined.__dict__["sandboxed"] = request.param
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


def test_the_size_of_files_is_limited(run: Run, tmp_path: Path) -> None:
    assert "File too large" in run("open('big', 'wb').write(b'x' * (2 << 20))", "--file-size", "1").stderr
    assert (tmp_path / "own" / "big").stat().st_size <= 1 << 20


def test_processor_time_is_limited(run: Run) -> None:
    assert run("while True: pass", "--seconds", "1").returncode == 128 + signal.SIGKILL


def test_processes_are_limited(run: Run) -> None:
    code = "import os, time\nfor _ in range(40):\n    if os.fork() == 0: time.sleep(60); os._exit(0)\ntime.sleep(60)"
    done = run(code, "--processes", "20")
    assert done.returncode != 0
    assert "processes of 20" in done.stderr


def test_nothing_is_left_behind(run: Run, tmp_path: Path) -> None:
    """Not even what has left its session and its parent."""
    code = (
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0: time.sleep(600)\n    os._exit(0)"
    )
    run(f"{code}\nopen('pid', 'w').close()")
    until = time.monotonic() + DEADLINE
    while any(_in(process, tmp_path / "own") for process in Path("/proc").glob("[0-9]*")):
        assert time.monotonic() < until


def _in(process: Path, folder: Path) -> bool:
    try:
        return Path(os.readlink(process / "cwd")) == folder
    except OSError:
        return False


def test_the_rest_is_not_seen(run: Run, tmp_path: Path) -> None:
    """Bubblewrap hides it; without it, only what the user may not read is hidden."""
    (tmp_path / "secret").write_text("hidden")
    done = run(f"print(open({str(tmp_path / 'secret')!r}).read())")
    assert ("hidden" in done.stdout) is not run.__dict__["sandboxed"]
    if run.__dict__["sandboxed"]:
        assert "Read-only file system" in run("open('/usr/mine', 'w')").stderr
        assert "3" in run("import os; print(sum(name.isdigit() for name in os.listdir('/proc')) < 4 and 3)").stdout


def test_it_ends_when_it_is_told_to(tmp_path: Path) -> None:
    """As the suite tells it: by a signal to its process group, and the server with it."""
    words = [PYTHON, "-I", "-S", confine.__file__, "--", "python3", "-c", "print(1); import time; time.sleep(600)"]
    with subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout and process.stdout.readline()
        os.killpg(process.pid, signal.SIGTERM)
        assert process.wait(DEADLINE) == 128 + signal.SIGTERM
    assert not any(_in(other, tmp_path) for other in Path("/proc").glob("[0-9]*"))
