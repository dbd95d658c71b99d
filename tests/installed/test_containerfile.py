"""The Containerfile: its steps, run here in folders of the test's own, make what its entry point starts."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
import venv
from pathlib import Path

import pytest

from tests.conftest import PROJECT
from tests.project_copy import copy_of_the_project

DEADLINE = 400.0  # seconds: what is needed is fetched, on however busy a machine
STEPS = [
    (line.split(" ", 1)[0], line.split(" ", 1)[1])
    for line in (PROJECT / "Containerfile").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]
ENTRY_POINT = json.loads(dict(STEPS)["ENTRYPOINT"])


def test_it_begins_from_a_python_that_the_suite_runs_with_and_ends_without_root() -> None:
    asked = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    lowest = tuple(map(int, re.findall(r"\d+", asked["requires-python"])))
    bases = [image for kind, image in STEPS if kind == "FROM"]
    versions = [tuple(map(int, re.findall(r"(\d+)\.(\d+)", image)[0])) for image in bases]
    assert len(bases) == 2 and all(version >= lowest for version in versions)
    assert dict(STEPS)["USER"].split(":")[0] not in ("root", "0")
    assert ENTRY_POINT[0] in asked["scripts"]


def test_its_steps_make_what_it_starts(tmp_path: Path, environment: dict[str, str]) -> None:
    for name in ("source", "wheels"):
        (tmp_path / name).mkdir()
    copy_of_the_project(tmp_path / "source")
    venv.create(tmp_path / "python", with_pip=True)
    inside = {name: value for name, value in environment.items() if not name.startswith("PYTHON")}
    inside |= {"PIP_NO_COMPILE": "1"}
    inside["PATH"] = f"{tmp_path / 'python' / 'bin'}:{inside['PATH']}"
    for kind, text in STEPS:
        if kind == "RUN":
            here = re.sub(r"(?<![\w.*])/(source|wheels|work)\b", rf"{tmp_path}/\1", text)
            done = subprocess.run(
                ["sh", "-e", "-c", here], env=inside, cwd=tmp_path, capture_output=True, text=True, timeout=DEADLINE
            )
            assert done.returncode == 0, done.stdout + done.stderr
    words = [*ENTRY_POINT, "-n0", "--report", "out", "cs4410/test_greeting.py::test_greeting"]
    ended = subprocess.run(
        words, env=inside, cwd=tmp_path / "work", capture_output=True, text=True, timeout=DEADLINE, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert (tmp_path / "work" / "out" / "report.html").is_file()


@pytest.mark.parametrize("name", ["conformance", "reference_server", "reports", "pyproject.toml", ".git", "README.md"])
def test_what_it_needs_is_not_left_out(name: str) -> None:
    ignored = (PROJECT / ".dockerignore").read_text().splitlines()
    assert name not in ignored and f"{name}/" not in ignored
