"""Where the servers of a class are tested: sent to workers and back, turns, what is lost, and what is ended."""

import json
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from reports import engines, lodging
from reports.__main__ import main
from reports.engines import Capacity, Elsewhere, Engine, Lost, suite_version
from reports.isolation import Isolation
from reports.lodging import LodgingError
from reports.parcel import Parcel, pack, unpack
from reports.roster import Roster
from tests.reports.test_reports_class import Class

VERSION = suite_version()
LAUNCHED = 'submissions = "*/server.py"\nlaunch = "{}"\n'
DEADLINE = 60.0


def nothing() -> None:
    """Go on."""


class Far(Executor):
    """Workers that share neither memory nor files with who submits; what is submitted may be lost on the way."""

    def __init__(self, lost: Callable[[], BaseException | None] = lambda: None) -> None:
        self._pool = ThreadPoolExecutor(8)
        self._lost = lost
        self._lock = threading.Lock()
        self.running = self.most = 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **options: Any) -> Future[Any]:
        return self._pool.submit(self._do, pickle.dumps((fn, args)))

    def _do(self, sent: bytes) -> Any:
        fn, args = pickle.loads(sent)
        with self._lock:
            self.running += 1
            self.most = max(self.most, self.running)
            error = self._lost()
        try:
            if error:
                raise error
            return pickle.loads(pickle.dumps(fn(*args)))
        finally:
            with self._lock:
                self.running -= 1


class FarClass(Class):
    """A class whose servers are tested elsewhere."""

    far = Far()
    version = VERSION
    unconfined = True

    def engine(self, roster: Roster) -> Engine:
        return Elsewhere(self.far, lambda: Capacity(4, 2), nothing, self.version, self.unconfined)

    def submissions(self, *names: str) -> None:
        for name in names:
            (self.folder / name / "lib").mkdir(parents=True)
            (self.folder / name / "server.py").write_text(f"# {name}")
            (self.folder / name / "lib" / "tool").write_text("#!/bin/sh")
            (self.folder / name / "lib" / "tool").chmod(0o755)


@pytest.fixture
def lesson(tmp_path: Path, hostile: Path, monkeypatch: pytest.MonkeyPatch) -> FarClass:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.setattr(FarClass, "far", Far())
    return FarClass(tmp_path, hostile)


def test_files_are_sent_and_reports_come_back_whole(lesson: FarClass) -> None:
    """The command names files of another machine's directory; what the student sees is as it was."""
    lesson.submissions("ada")
    launch = f"python3 {lesson.folder}/ada/server.py -p {{port}} --tool lib/tool"
    room = lesson.run(LAUNCHED.format(launch))
    assert room.ended["ada"].status == 1 and room.ended["ada"].seconds > 0
    folder = lesson.folder / "out" / "ada"
    written = {"began", "ended", "options", "log.txt", "results.json", "report.html", "run.json"}
    assert {path.name for path in folder.iterdir()} == written
    words = json.loads((folder / "options").read_text())
    assert words[words.index("--shown-as") + 1] == launch
    command = words[words.index("--launch") + 1]
    assert "/submission-" in command and command.endswith("/lib/tool") and str(lesson.folder / "ada") not in command
    assert not list((lesson.folder / "temporary").iterdir())
    assert lesson.run(LAUNCHED.format(launch)).ended["ada"].again


def test_a_worker_that_cannot_costs_only_its_server(lesson: FarClass, monkeypatch: pytest.MonkeyPatch) -> None:
    errors = [RuntimeError("Attempted on 4 workers, but all died. See the logs\nfor more")]
    monkeypatch.setattr(FarClass, "far", Far(lambda: errors.pop() if errors else None))
    room = lesson.run(a="good", b="good", c="bad")
    told = sorted((ended.status, ended.told) for ended in room.ended.values())
    assert [status for status, _ in told[:2]] in ([0, 1], [0, 0])
    assert told[2] == (4, "no worker could test it: Attempted on 4 workers, but all died")
    assert len([ended for ended in lesson.run(a="good", b="good", c="bad").ended.values() if ended.again]) == 2


def test_what_has_ended_stays_when_the_rest_is_lost(lesson: FarClass, monkeypatch: pytest.MonkeyPatch) -> None:
    class Leaving(Far):
        def submit(self, fn: Callable[..., Any], /, *args: Any, **options: Any) -> Future[Any]:
            if args[0].entry.name != "b":
                return super().submit(fn, *args)
            gone: Future[Any] = Future()
            threading.Thread(target=self._leave, args=(gone,)).start()
            return gone

        def _leave(self, gone: Future[Any]) -> None:
            until((lesson.folder / "out" / "a" / "run.json").exists)
            gone.cancel()
            gone.set_running_or_notify_cancel()

    monkeypatch.setattr(FarClass, "far", Leaving())
    with pytest.raises(Lost, match="the scheduler is gone"):
        lesson.run(a="good", b="good")
    monkeypatch.setattr(FarClass, "far", Far())
    assert lesson.run(a="good", b="good").ended["a"].again


def test_each_machine_has_one_plain_port(lesson: FarClass) -> None:
    """Two machines of which nobody knows who is on which: two at a time, and one after the other on each."""
    lesson.submissions("ada", "ben", "eve")
    lesson.run(LAUNCHED.format("python3 server.py"))
    assert lesson.far.most == 2
    spans = sorted((lesson.moment(name, "began"), lesson.moment(name, "ended")) for name in ("ada", "ben", "eve"))
    assert all(ended <= began for (_, ended), (began, _) in zip(spans, spans[1:], strict=False))


@pytest.mark.parametrize(
    ("version", "isolation", "told"),
    [
        ("9.9", (Isolation(True), ""), f"the suite is {VERSION} there and 9.9 here: install the same on both"),
        (VERSION, (Isolation(), "neither works here; mend that"), "neither works here; mend that"),
    ],
)
def test_a_machine_that_cannot_test_says_so(
    lesson: FarClass, version: str, isolation: object, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lesson.submissions("ada")
    monkeypatch.setattr(FarClass, "version", version)
    monkeypatch.setattr(FarClass, "unconfined", False)
    monkeypatch.setattr(engines, "_isolation", lambda: isolation)
    room = lesson.run(LAUNCHED.format("python3 server.py {port}"))
    assert (room.ended["ada"].status, room.ended["ada"].told) == (4, told)
    assert (lesson.folder / "out" / "ada" / "log.txt").read_text() == f"{told}\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "--engine dask needs the address of the scheduler: --scheduler tls://HOST:PORT"),
        (["--scheduler", "tcp://127.0.0.1:1"], "servers could reach the scheduler and have the workers do what "),
        (["--scheduler", "tls://127.0.0.1:1"], " is not installed: pip install 'smtp-conformance[cluster]'"),
    ],
)
def test_what_an_engine_lacks_is_one_line(
    lesson: FarClass,
    words: list[str],
    told: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lesson.submissions("ada")
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.delitem(sys.modules, "reports.dask_engine", raising=False)
    roster = lesson.roster(LAUNCHED.format("python3 server.py {port}"))
    assert main(["class", str(roster), "-o", str(lesson.folder / "out"), "--engine", "dask", *words]) == 4
    out, err = capsys.readouterr()
    assert not out and err.startswith("reports: ") and err.count("\n") == 1 and told in err


def test_reports_without_bound_are_not_sent(lesson: FarClass, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lodging, "MOST_BYTES", 100)
    room = lesson.run(a="good")
    assert (room.ended["a"].status, room.ended["a"].told) == (4, "its reports are too large to be sent")


@pytest.mark.parametrize("name", ["../x", "/x", "a/../../x", "a\0b", "", "."])
def test_nothing_is_written_outside_of_a_folder(name: str, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("mine")
    with pytest.raises(LodgingError) as error:
        unpack({name: (b"theirs", False)}, tmp_path / "in")
    assert "\n" not in str(error.value) and "\0" not in str(error.value)
    assert (tmp_path / "x").read_text() == "mine" and not list((tmp_path / "in").iterdir())


def test_a_parcel_has_files_with_their_modes_and_no_more_than_the_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    (home / "lib").mkdir(parents=True)
    (home / "lib" / "tool").write_bytes(b"\0tool")
    (home / "lib" / "tool").chmod(0o755)
    (home / "plain").write_text("plain")
    (tmp_path / "secret").write_text("secret")
    (home / "link").symlink_to(tmp_path / "secret")
    parcel: Parcel = pack(home, [home])
    assert parcel == {"lib/tool": (b"\0tool", True), "plain": (b"plain", False)}
    unpack(parcel, tmp_path / "there")
    assert os.access(tmp_path / "there" / "lib" / "tool", os.X_OK)
    monkeypatch.setattr(lodging, "MOST_FILES", 1)
    with pytest.raises(LodgingError, match="more than 1 files"):
        pack(home, [home])
    monkeypatch.setattr("reports.parcel.MOST_BYTES", 9)
    with pytest.raises(LodgingError, match="were sent"):
        unpack(parcel, tmp_path / "elsewhere")
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_test_ends_with_who_began_it(how: signal.Signals, tmp_path: Path) -> None:
    """One that is closed, and one that is killed: the suite is interrupted, so that its server ends with it."""
    suite = tmp_path / "suite.py"
    suite.write_text(
        "import pathlib, signal, sys, time\n"
        "folder = pathlib.Path(sys.argv[sys.argv.index('--report') + 1])\n"
        "signal.signal(signal.SIGINT, lambda *_: sys.exit((folder / 'ended').write_text('')))\n"
        "(folder / 'began').write_text('')\n"
        f"time.sleep({DEADLINE})\n"
    )
    roster = tmp_path / "roster.toml"
    roster.write_text('[[server]]\nname = "a"\ntarget = "a:1"\n')
    program = (
        "import signal, sys; from pathlib import Path\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # whatever the tests themselves were started by
        "from reports.classroom import Classroom; from reports.engines import Here\n"
        "from reports.isolation import Isolation; from reports.roster import load_roster\n"
        "roster = load_roster(Path(sys.argv[1]))\n"
        "Classroom(roster, Path(sys.argv[2]), Here(Isolation(), 1), suite=(sys.argv[3],)).run()\n"
    )
    folder = tmp_path / "out" / "a"
    words = [sys.executable, "-c", program, str(roster), str(folder.parent), str(suite)]
    with subprocess.Popen(words, stderr=subprocess.DEVNULL) as process:
        until((folder / "began").exists)
        process.send_signal(how)
        assert process.wait(DEADLINE) == -how
    until((folder / "ended").exists)
    assert not (folder / "run.json").exists()


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)
