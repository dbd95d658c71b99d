"""The folder of a report: looked at before a run, and never worse for one that can't be written."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from conformance.harness.run import folder
from conformance.harness.run.folder import NotWritten, expect_writable
from conformance.harness.settings import UsageError


def test_results_are_written_into_a_folder_that_is_made(tmp_path: Path) -> None:
    results = {"schema": 1, "text": "\x00\x1b[31m\xff</script>"}
    path = folder.write(results, tmp_path / "a" / "b", {})
    assert path == tmp_path / "a" / "b" / "results.json"
    assert json.loads(path.read_text(encoding="utf-8")) == results
    assert "\x1b" not in path.read_text(encoding="utf-8")


def test_the_run_before_is_kept_beside_it(tmp_path: Path) -> None:
    for run in range(3):
        folder.write({"run": run}, tmp_path, {f"replay-{run}.py": ""})
        (tmp_path / "report.md").write_text(f"report {run}")
    assert json.loads((tmp_path / "results.json").read_text()) == {"run": 2}
    assert json.loads((tmp_path / "results.previous.json").read_text()) == {"run": 1}
    assert (tmp_path / "report.previous.md").read_text() == "report 1"
    assert len(list(tmp_path.iterdir())) == 5, "nothing unfinished is left, nor another run's scripts"


def contents(place: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in place.iterdir() if not path.is_symlink()}


def test_what_cannot_be_written_leaves_the_run_before_as_it_was(tmp_path: Path) -> None:
    folder.write({"run": 1}, tmp_path, {"replay-1.py": "one", "before-1.txt": "two"})
    (tmp_path / "report.html").write_text("report 1")
    before = contents(tmp_path)
    with pytest.raises(NotWritten, match="File name too long; what was there before is still there"):
        folder.write({"run": 2}, tmp_path, {"replay-2.py": "", "x" * 300: ""})
    assert contents(tmp_path) == before


WRONG_PLACES = [
    "file",
    "file/below",
    "file/further/below",
    "new/" + "x" * 300,
    "x" * 5000,
    "link-to-nowhere",
    "link-to-nowhere/below",
    "/proc/below",
    "/proc/version/below",
]


@pytest.mark.parametrize("where", WRONG_PLACES)
def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path, where: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link-to-nowhere").symlink_to("/nowhere/at/all")
    with pytest.raises(UsageError, match=r"^--report .*: name a folder that can be written$") as refused:
        expect_writable(tmp_path / where)
    assert "\n" not in str(refused.value)
    assert sorted(contents(tmp_path)) == ["file"], "what was made for the trial is gone"


@pytest.mark.parametrize("where", ["", "new", "new/below"])
def test_one_that_can_be_is_left_as_it_is(tmp_path: Path, where: str) -> None:
    expect_writable(tmp_path / where)
    assert list(tmp_path.iterdir()) == []


def test_a_place_without_room_is_refused(tmp_path: Path) -> None:
    """A child process may write less than a report takes, as on a disk that is full."""
    if (child := os.fork()) == 0:
        status = 1
        try:
            import resource

            resource.setrlimit(resource.RLIMIT_FSIZE, (folder.ROOM // 2, folder.ROOM // 2))
            expect_writable(tmp_path)
        except UsageError as error:
            status = 0 if str(error) == f"--report {tmp_path}: File too large: name a folder that can be written" else 2
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_names_of_folders() -> None:
    names = [folder.name_of("127.0.0.1:8765", False), folder.name_of("../..", False), folder.name_of("a b/c", True)]
    assert names == ["127.0.0.1_8765", "server", "a_b_c-part"]
