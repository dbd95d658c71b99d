"""Gradescope: the form of its results.json, the zip, and submissions tested in a folder that is like its container."""

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from conformance.version import version
from reports import grading
from reports.__main__ import main
from reports.gradescope.autograde import protect
from reports.gradescope.document import document as documented
from reports.gradescope.document import without_points
from reports.results import Results
from reports.rubric import load_rubric

PROJECT = Path(__file__).parents[2]
RUBRIC = """
[[item]]
name = "Greeting"
points = 9
requirements = ["greeting"]

[[item]]
name = "Clocks"
points = 1
sections = ["Time"]
"""
WHOLE = """
visibility = "after_due_date"
[[item]]
name = "All"
points = 9
sections = ["Greeting and lines", "Commands", "Pool"]
[[item]]
name = "Time"
points = 1
sections = ["Time"]
visibility = "hidden"
"""
SCHEMA = json.loads(Path(__file__).with_name("gradescope.schema.json").read_text())
RIGHT = 'import runpy\nrunpy.run_module("reference_server", run_name="__main__")\n'
GOOD = {"server.py": RIGHT}
# Tries what nobody's server may do here, says what it could do, and ends, so that what it said is shown.
HARMFUL = """
import os, pathlib
root = pathlib.Path(__file__).resolve().parent.parent
def tried(what, act):
    try:
        act()
    except OSError:
        return []
    return [what]
def parents(act):
    process = os.getpid()
    while process > 1:
        process = int(pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
        if process > 1:
            act(process)
could = [
    *tried("read its own file", lambda: (root / "submission" / "server.py").read_text()),
    *tried("write its mailbox", lambda: pathlib.Path("mailbox").write_text("x")),
    *tried("list the suite", lambda: os.listdir(root / "source")),
    *tried("read the rubric", lambda: (root / "source" / "rubric.toml").read_text()),
    *tried("write the results", lambda: (root / "results" / "results.json").write_text("x")),
    *tried("list the results", lambda: os.listdir(root / "results")),
    *tried("make a file", lambda: (root / "x").write_text("x")),
    *tried("move the results", lambda: os.rename(root / "results", root / "mine")),
    *tried("read the metadata", lambda: (root / "submission_metadata.json").read_text()),
    *tried("change the submission", lambda: (root / "submission" / "server.py").write_text("x")),
    *tried("list the autograder's folder", lambda: os.listdir(root)),
    *tried("signal who started it", lambda: parents(lambda process: os.kill(process, 0))),
    *tried("read their environment", lambda: parents(lambda id: open(f"/proc/{id}/environ").read())),
    *tried("become root", lambda: os.setuid(0)),
]
print("it could", ", ".join(could))
"""


# In place of what setup.sh calls: each says how it was called, and does as much as the script needs.
STUBS = {
    "python3": 'case "$*" in *--version) exit $NO_PIP;; *--target*) mkdir -p $AUTOGRADER_ROOT/uv/bin; '
    'cp "$STUBS/uv" $AUTOGRADER_ROOT/uv/bin;; esac',
    "uv": 'case "$1" in venv) mkdir -p $AUTOGRADER_ROOT/venv;; esac',
    "apt-get": "",
}


@pytest.fixture(scope="module")
def zipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a zip that tests little, by a rubric of ten points that is beside it."""
    path = tmp_path_factory.mktemp("zip") / "autograder.zip"
    rubric = path.with_name("rubric.toml")
    rubric.write_text(RUBRIC)
    words = ["gradescope-zip", "-o", str(path), "--rubric", str(rubric), "--launch", "python3 server.py --port {port}"]
    assert main([*words, "--", "--quick", "-n0", "--seed", "7", "-k", "test_greeting"]) == 0
    return path


class Container:
    """A folder that is like /autograder after setup.sh, with this Python in place of its own."""

    def __init__(self, root: Path, zipped: Path) -> None:
        self.root = root
        for folder in ("source", "submission", "venv/bin"):
            (root / folder).mkdir(parents=True)
        unpacked(zipped, root / "source")
        shutil.copy(root / "source" / "run_autograder", root)
        (root / "submission_metadata.json").write_text("{}")
        python = root / "venv" / "bin" / "python"
        python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
        python.chmod(0o755)

    def set(self, **told: Any) -> None:
        """Change the settings that are in the zip."""
        path = self.root / "source" / "settings.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | told))

    def submit(self, files: dict[str, str], edit: tuple[bytes, bytes] = (b"", b"")) -> dict[str, Any]:
        """Test a submission, the reference server in it edited; returns what Gradescope would read, in its form."""
        for name, text in files.items():
            (self.root / "submission" / name).write_text(text)
        shutil.copytree(PROJECT / "reference_server", self.root / "submission" / "reference_server")
        session = self.root / "submission" / "reference_server" / "session.py"
        session.write_bytes(session.read_bytes().replace(*edit, 1))
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV"))}
        environment = {**kept, "AUTOGRADER_ROOT": str(self.root)}
        done = subprocess.run(
            [self.root / "run_autograder"], env=environment, cwd=self.root, capture_output=True, text=True, timeout=110
        )
        self.printed = done.stdout + done.stderr
        found: dict[str, Any] = json.loads((self.root / "results" / "results.json").read_text())
        jsonschema.validate(found, SCHEMA)
        return found


@pytest.fixture
def container(zipped: Path) -> Iterator[Container]:
    """Give a container's folder; other users can get to it, as they cannot to pytest's."""
    if os.geteuid() != 0:
        pytest.skip("only root can run a server as another user")
    with tempfile.TemporaryDirectory(prefix="autograder-") as folder:
        yield Container(Path(folder), zipped)


def unpacked(zipped: Path, folder: Path) -> None:
    with zipfile.ZipFile(zipped) as archive:
        for entry in archive.infolist():
            Path(archive.extract(entry, folder)).chmod(entry.external_attr >> 16)


def test_the_document_has_gradescopes_form(results: Results, tmp_path: Path) -> None:
    (tmp_path / "rubric.toml").write_text(WHOLE)
    rubric = load_rubric(tmp_path / "rubric.toml")
    told = documented(results, grading.grade(results, rubric), rubric)
    jsonschema.validate(told, SCHEMA)
    assert [test["max_score"] for test in told["tests"]] == [9, 0]
    assert "hidden" not in told["output"] and "Time" not in told["output"], "it would tell what a hidden item is worth"
    jsonschema.validate(without_points(rubric, "x", "\x1b"), SCHEMA)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"tests": [{"name": "x"}]},
        {"score": "1"},
        {"score": 1, "visibility": "never"},
        {"score": 1, "tests": [{"status": "left out"}]},
        {"score": 1, "tests": [{"maximum": 1}]},
        {"score": 1, "leaderboard": [{"name": "x"}]},
    ],
)
def test_the_schema_refuses_what_gradescope_does_not_know(wrong: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, SCHEMA)


def test_the_zip_holds_all_that_is_needed(zipped: Path, tmp_path: Path) -> None:
    """Its scripts are executable and in its root, and the suite in it runs without this clone."""
    home = tmp_path / "source"
    unpacked(zipped, home)
    assert all(os.access(home / name, os.X_OK) for name in ("setup.sh", "run_autograder"))
    assert any(line.startswith("pytest>=") for line in (home / "requirements.txt").read_text().splitlines())
    assert not [path for path in home.rglob("*") if path.name in ("__pycache__", "out") or path.suffix == ".pyc"]
    where = "import reports, conformance.version as suite; print(suite.__file__, reports.__file__, suite.version())"
    environment = {**os.environ, "PYTHONPATH": str(home / "suite")}
    told = subprocess.run(
        [sys.executable, "-c", where], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert told.stdout.count(str(home)) == 2
    assert told.stdout.split()[-1] == version()


def test_the_same_files_make_the_same_zip(zipped: Path, tmp_path: Path) -> None:
    words = ["gradescope-zip", "--rubric", str(zipped.with_name("rubric.toml")), "-o"]
    pairs = [tmp_path / "one.zip", tmp_path / "two.zip"]
    assert [main([*words, str(path)]) for path in pairs] == [0, 0]
    one, two = (path.read_bytes() for path in pairs)
    assert one == two != zipped.read_bytes()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["-o", "x.tar"], "the name must end in .zip"),
        (["-o", "x.zip", "--minutes", "0"], "give minutes, 9 for example"),
        (["-o", "x.zip", "--launch", "'"], "--launch"),
        (["-o", "x.zip", "--launch", "python3 server.py {prot}"], "--launch: {prot} is no placeholder"),
        (["-o", "x.zip", "--rubric", "none.toml"], "cannot read the rubric none.toml"),
        (["-o", "x.zip", "--rubric", "wrong.toml"], "names mial.nested"),
        (["-o", "none/x.zip"], "cannot write none/x.zip"),
        (
            ["-o", "x.zip", "--", "--quick", "--qick"],
            "the suite refuses --quick --qick: unrecognized arguments: --qick",
        ),
    ],
)
def test_wrong_usage_is_one_line(
    options: list[str],
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("rubric.toml").write_text(RUBRIC)
    Path("wrong.toml").write_text(RUBRIC.replace('["greeting"]', '["mial.nested"]'))
    try:
        status: object = main(["gradescope-zip", "--rubric", "rubric.toml", *options])
    except SystemExit as ended:
        status = ended.code
    said = capsys.readouterr().err
    assert status == 4
    assert told in said and said.count("\n") == 1
    assert not Path("x.zip").exists()


def test_a_right_server_has_the_points_of_what_was_judged(container: Container) -> None:
    graded = container.submit(GOOD)
    assert [(test["score"], test["max_score"]) for test in graded["tests"]] == [(9, 9), (0, 0)]
    assert graded["score"] == 9
    assert "9 of 9 points" in container.printed


def test_a_wrong_server_loses_points_and_reads_why(container: Container) -> None:
    graded = container.submit(GOOD, (b"220 %b SMTP CS4410MP3", b"220 %b ESMTP"))
    assert graded["score"] == 0
    output = graded["tests"][0]["output"]
    assert "-9  FAIL  greeting" in output
    assert "--launch 'python3 server.py --port {port}'" in output
    assert "--wrap" not in output and str(container.root) not in output


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"server.py": "raise SystemExit('no port is free')"}, "no port is free"),
        ({"main.py": RIGHT}, "server.py is not in the submission, so there are no points. In it: main.py"),
    ],
)
def test_a_server_that_does_not_start_has_no_points(files: dict[str, str], told: str, container: Container) -> None:
    graded = container.submit(files)
    assert graded["score"] == 0
    assert told in graded["output"]


def test_a_server_reaches_its_own_files_alone(container: Container) -> None:
    output = container.submit({"server.py": HARMFUL})["output"]
    assert "it could read its own file, write its mailbox" in output
    assert "mailbox, " not in output


def test_a_test_that_takes_too_long_is_ended(container: Container) -> None:
    container.set(minutes=0.02)
    graded = container.submit({"server.py": "import time\ntime.sleep(600)"})
    assert graded["score"] == 0
    assert "took more than 0.02 minutes" in graded["output"]


def test_what_goes_wrong_is_told_to_the_student(container: Container) -> None:
    container.set(launch=3)
    assert "went wrong (WrongShape)" in container.submit(GOOD)["output"]


def test_there_is_a_result_even_without_the_suite(container: Container) -> None:
    (container.root / "venv" / "bin" / "python").unlink()
    assert "went wrong: please tell your instructor" in container.submit(GOOD)["output"]
    assert "status 127" in container.printed


@pytest.mark.parametrize("no_pip", [0, 1])
def test_the_setup_installs_what_is_needed_out_of_reach(no_pip: int, zipped: Path, tmp_path: Path) -> None:
    root, stubs = tmp_path / "root", tmp_path / "stubs"
    unpacked(zipped, root / "source")
    stubs.mkdir()
    for name, does in STUBS.items():
        (stubs / name).write_text(f'#!/bin/sh\necho "{name} $*" >> "$STUBS/log"\n{does}\n')
        (stubs / name).chmod(0o755)
    path = os.pathsep.join([str(stubs), os.environ["PATH"]])
    environment = {"PATH": path, "AUTOGRADER_ROOT": str(root), "STUBS": str(stubs), "NO_PIP": str(no_pip)}
    subprocess.run([root / "source" / "setup.sh"], env=environment, check=True)
    called = (stubs / "log").read_text()
    assert ("apt-get install -y python3-pip" in called) == bool(no_pip)
    assert f"uv venv --quiet --clear --python >=3.11,<3.14 {root}/venv" in called
    assert f"--requirement {root}/source/requirements.txt" in called
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (root, *root.iterdir())}
    assert modes == {"root": 0o711, "source": 0o700, "venv": 0o700, "uv": 0o700, "python": 0o700}


def test_a_link_in_a_submission_opens_nothing(tmp_path: Path) -> None:
    for folder in ("source", "submission/deep"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "source" / "rubric.toml").touch(0o600)
    (tmp_path / "submission" / "server.py").symlink_to(tmp_path / "source" / "rubric.toml")
    (tmp_path / "submission" / "deep" / "own.py").touch(0o600)
    (tmp_path / "submission" / "deep" / "all").symlink_to(tmp_path / "source")
    protect(tmp_path)
    told = ("source", "source/rubric.toml", "submission/deep", "submission/deep/own.py")
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in told]
    assert modes == [0o700, 0o600, 0o755, 0o644]
