"""The packages: what sdist and wheel hold, and that an installation of the wheel works from any folder."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import venv
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.conftest import PROJECT
from tests.project_copy import copy_of_the_project
from tests.suite_runs import results_in
from tests.test_version import git

pytestmark = pytest.mark.xdist_group("packaging")  # what is installed is installed once
DEADLINE = 400.0  # seconds: what is needed is fetched, on however busy a machine
BROUGHT = {"conformance", "multiclient.py", "reference_server", "reports"}
"""What a wheel puts into the folder that it shares with all others."""
NOT_OURS = "raise SystemExit('a file of the same name, in the folder where the suite is run')\n"


def run(*words: str | Path, cwd: Path, env: Mapping[str, str] | None = None, status: int = 0) -> str:
    command = [str(word) for word in words]
    done = subprocess.run(
        command, cwd=cwd, env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=DEADLINE
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The sdist, and the wheel that was made of it."""
    source = copy_of_the_project(tmp_path_factory.mktemp("source"))
    run(sys.executable, "-m", "build", "--outdir", "dist", cwd=source)
    [sdist], [wheel] = (source / "dist").glob("*.tar.gz"), (source / "dist").glob("*.whl")
    return sdist, wheel


@pytest.fixture(scope="module")
def installed(built: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment that holds the wheel and what it asks for."""
    home = tmp_path_factory.mktemp("environment")
    venv.create(home, with_pip=True)
    run(home / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-compile", built[1], cwd=home)
    return home / "bin"


@pytest.fixture
def anywhere(tmp_path: Path) -> Path:
    """A folder in which our modules' names mean something else."""
    for name in ("conformance", "reports", "multiclient"):
        (tmp_path / f"{name}.py").write_text(NOT_OURS)
    return tmp_path


@pytest.fixture
def outside(environment: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if not name.startswith("PYTHON")}


def test_both_pass_the_check_before_an_upload(built: tuple[Path, Path]) -> None:
    said = run(sys.executable, "-m", "twine", "--no-color", "check", "--strict", *built, cwd=built[0].parent)
    assert said.count("PASSED") == len(built)


def test_a_wheel_brings_what_runs_and_nothing_else(built: tuple[Path, Path]) -> None:
    names = set(zipfile.ZipFile(built[1]).namelist())
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == BROUGHT
    tracked = set(git(PROJECT, "ls-files", *BROUGHT).splitlines())
    read = {name for name in tracked if not name.endswith((".md", "conftest.py"))}
    assert read - names == set()


def test_an_sdist_can_be_tested(built: tuple[Path, Path]) -> None:
    with tarfile.open(built[0]) as packed:
        tops = {name.split("/")[1] for name in packed.getnames() if "/" in name}
    assert {*BROUGHT, "tests", "proof", "benchmarks", "docs", "pyproject.toml", "tox.ini"} <= tops


@pytest.mark.parametrize("profile", ["cs4410", "rfc5321"])
def test_the_suite_runs_from_any_folder(installed: Path, anywhere: Path, outside: dict[str, str], profile: str) -> None:
    words = ["--profile", profile, "--quick", "-k", "test_greeting", "--report", "out"]
    said = run(installed / "smtp-conformance", *words, cwd=anywhere, env=outside)
    assert "conforms in " in said.splitlines()[-3]
    assert (anywhere / "out" / "report.html").is_file()
    found = results_in(anywhere / "out")
    assert found["profile"] == profile
    assert any(case["verdict"] == "pass" for case in found["cases"])


def test_modules_of_the_wheel_run_as_well(installed: Path, tmp_path: Path, outside: dict[str, str]) -> None:
    python = installed / "python"
    words = ["--quick", "--report", "out", "cs4410/test_greeting.py::test_greeting"]
    assert "conforms in 1 " in run(python, "-m", "conformance", *words, cwd=tmp_path, env=outside)
    assert "conforms in 1 " in run(python, "-m", "reports", "show", "out/results.json", cwd=tmp_path, env=outside)
    for module in ("conformance", "multiclient", "reports", "reference_server"):
        assert run(python, "-m", module, "--help", cwd=tmp_path, env=outside).startswith("usage: ")
