"""The GitHub Action: its steps do here what they are to do on a runner."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from conformance.harness.verdict.outcome import BROKEN, CONFORMS, USAGE
from tests.conftest import PROJECT
from tests.project_copy import copy_of_the_project
from tests.test_github_actions import RIGHT, WRONG

pytestmark = pytest.mark.xdist_group("action")  # what is installed is installed once
ACTION: Any = yaml.safe_load((PROJECT / "action.yml").read_text(encoding="utf-8"))
STEPS: Any = ACTION["runs"]["steps"]
EXPRESSION = re.compile(r"\$\{\{ *([\w.-]+) *\}\}")
DEADLINE = 400.0  # seconds: the suite is installed, on however busy a machine
WRITTEN = {"results.json", "report.html", "report.md", "junit.xml", "results.sarif", "results.tap", "badge.svg"}


def filled_in(text: str, values: Mapping[str, str]) -> str:
    return EXPRESSION.sub(lambda match: values[match[1]], text)


def run(step: Any, folder: Path, env: Mapping[str, str], values: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    own = {name: filled_in(str(value), values) for name, value in step.get("env", {}).items()}
    command = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step["run"]]  # as a runner calls it
    return subprocess.run(command, cwd=folder, env={**env, **own}, capture_output=True, text=True, timeout=DEADLINE)


class Runner:
    """A machine on which the suite was installed by the action's first step."""

    def __init__(self, home: Path) -> None:
        self.temporary = home / "temporary"
        self.temporary.mkdir()
        self.values = {"github.action_path": str(copy_of_the_project(home / "action"))}
        env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST", "COV"))}
        self.env = {
            **env,
            "RUNNER_TEMP": str(self.temporary),
            "PIP_NO_COMPILE": "1",
            "PYTEST_ADDOPTS": "-k 'test_greeting and not crlf'",
        }
        done = run(STEPS[0], home, self.env, {**self.values, "inputs.python": sys.executable})
        assert done.returncode == 0, done.stdout + done.stderr

    def use(self, folder: Path, **inputs: str) -> tuple[int, dict[str, str]]:
        """Run the other steps as a job of a folder; gives what the second exits with, and what it puts out."""
        given = {name: str(told.get("default", "")) for name, told in ACTION["inputs"].items()} | inputs
        values = {**self.values, **{f"inputs.{name}": value for name, value in given.items()}}
        env = {**self.env, "GITHUB_OUTPUT": str(folder / "output"), "GITHUB_STEP_SUMMARY": str(folder / "summary")}
        judged = run(STEPS[1], folder, env, values)
        output = dict(line.split("=", 1) for line in (folder / "output").read_text().splitlines())
        values |= {f"steps.judge.outputs.{name}": value for name, value in output.items()}
        told = run(STEPS[2], folder, env, values)
        assert told.returncode == 0, told.stdout + told.stderr
        return judged.returncode, output


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    home = tmp_path_factory.mktemp("runner")
    (home / "action").mkdir()
    return Runner(home)


def test_inputs_reach_a_shell_by_its_environment_alone() -> None:
    for step in STEPS:
        assert step["shell"] == "bash" and "${{" not in step["run"]
    assert ACTION["runs"]["using"] == "composite"


def test_each_input_is_used_and_each_that_is_used_is_declared() -> None:
    used = {name.removeprefix("inputs.") for name in EXPRESSION.findall(json.dumps(ACTION)) if "inputs." in name}
    assert used == set(ACTION["inputs"])
    assert all(name in ACTION["outputs"]["report"]["description"] for name in WRITTEN)


@pytest.mark.parametrize(
    ("server", "known", "status", "said"),
    [
        (RIGHT, "", CONFORMS, "conforms in "),
        (WRONG, "", BROKEN, "does not conform"),
        (WRONG, "greeting\nnetid\n", CONFORMS, "as expected: "),
    ],
    ids=["right", "wrong", "known"],
)
def test_a_job_is_told_what_came_of_a_server(
    runner: Runner, tmp_path: Path, server: str, known: str, status: int, said: str
) -> None:
    (tmp_path / "my server.py").write_text(server)
    (tmp_path / "known.txt").write_text(known)
    python = runner.temporary / "smtp-conformance" / "bin" / "python"
    options = "--seed 7\n--shown-as 'my \"own\" server'"
    launch = f'{python} "my server.py" --port {{port}}'
    given = {"launch": launch, "expected": "known.txt" if known else "", "options": options}
    code, output = runner.use(tmp_path, **given, report="told here", file="my server.py")
    assert (code, output) == (status, {"status": str(status)})
    assert said in (tmp_path / "summary").read_text(encoding="utf-8")
    folder = tmp_path / "told here"
    assert {path.name for path in folder.iterdir()} >= WRITTEN
    results = json.loads((folder / "results.json").read_text())
    assert (results["seed"], results["target"]["command"]) == (7, 'my "own" server')
    log = json.loads((folder / "results.sarif").read_text())["runs"][0]
    assert bool(log["results"]) == (server == WRONG)
    assert all("my%20server.py" in json.dumps(one["locations"]) for one in log["results"])
    points = [line for line in (folder / "results.tap").read_text().splitlines() if re.match("(not )?ok ", line)]
    assert points[-1].startswith("ok " if status == CONFORMS else "not ok ")
    assert list(ElementTree.parse(folder / "junit.xml").iter("testcase"))


def test_a_mistake_leaves_no_report_behind(runner: Runner, tmp_path: Path) -> None:
    code, output = runner.use(tmp_path, target="nowhere")
    assert (code, output) == (USAGE, {"status": str(USAGE)})
    assert not (tmp_path / "summary").exists()
