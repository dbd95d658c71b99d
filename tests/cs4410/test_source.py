"""Which files are a server's source, and what is seen in them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import reference_server
from conformance.cs4410 import source


def write(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    return folder


def names(paths: list[Path]) -> list[str]:
    return [path.name for path in paths]


# Which files


def test_a_script_brings_the_modules_and_packages_beside_it(tmp_path: Path) -> None:
    write(
        tmp_path, server="import pool, os\nfrom mail.box import x", pool="from threads import *", threads="", other=""
    )
    write(tmp_path / "mail", __init__="", box="import queue")
    found = source.files(None, ["python3", str(tmp_path / "server.py"), "-p", "25"])
    assert names(found) == ["server.py", "pool.py", "__init__.py", "box.py", "threads.py"]


def test_a_directory_that_python_runs_brings_its_package(tmp_path: Path) -> None:
    write(tmp_path / "run", __main__="from inside.server import main")
    write(tmp_path / "run" / "inside", server="from . import pool", pool="import queue")
    found = source.files(None, [sys.executable, str(tmp_path / "run")])
    assert names(found) == ["__main__.py", "pool.py", "server.py"]
    assert source.forbidden(found) == ["pool.py: queue is a queue"]


def test_relative_imports_are_found_beside(tmp_path: Path) -> None:
    write(tmp_path, server="from . import pool\nfrom .mailbox import Mailbox", pool="", mailbox="", other="")
    assert names(source.with_imports(tmp_path / "server.py")) == ["server.py", "pool.py", "mailbox.py"]


def test_a_module_is_found_by_its_name() -> None:
    package = Path(reference_server.__file__).parent
    assert source.files(None, [sys.executable, "-m", "reference_server"]) == sorted(package.glob("*.py"))


@pytest.mark.parametrize("words", [["python"], ["./server", "-p", "25"], ["python", "server.py"], ["-m"]])
def test_what_is_not_there_is_not_found(words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert source.files(None, words) == []


def test_no_more_than_fifty_files_are_read(tmp_path: Path) -> None:
    write(tmp_path, server="import many")
    write(tmp_path / "many", **{f"part{number}": "import part1" for number in range(80)})
    assert len(source.with_imports(tmp_path / "server.py")) == source.MOST_FILES


# What is seen


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import queue", ["x.py: queue is a queue"]),
        ("from  queue import (\n  Queue,\n)", ["x.py: queue is a queue"]),
        ("import os; import Queue as q", ["x.py: Queue is a queue"]),
        ("import concurrent.futures as cf", ["x.py: concurrent.futures is an executor"]),
        ("from multiprocessing.dummy import Pool", ["x.py: multiprocessing.dummy is multiprocessing"]),
        ("try:\n  x\nexcept E, e:\n  import SocketServer", ["x.py: SocketServer is a ready-made server"]),
        ("thread.start_new_thread(f, ())", ["x.py: start_new_thread starts threads without Thread"]),
        ("# import queue\n'''\nimport queue\n'''\nprint 'import queue'", []),
        ("import queueing, threading", []),
    ],
)
def test_what_is_forbidden(text: str, found: list[str], tmp_path: Path) -> None:
    assert source.forbidden([write(tmp_path, x=text) / "x.py"]) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("from threading import Lock, Event", ["x.py: Event"]),
        ("import threading\nthreading.Timer(1, f)", ["x.py: Timer"]),
        ("import threading as t\nt . Barrier(2)", ["x.py: Barrier"]),
        ("from threading import Lock\nclass Event: pass\nEvent()", []),
        ("import threading\nthreading.Thread()", []),
    ],
)
def test_what_is_doubtful(text: str, found: list[str], tmp_path: Path) -> None:
    assert source.doubtful([write(tmp_path, x=text) / "x.py"]) == found
