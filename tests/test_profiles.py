"""Profiles: one that another package brings is found, run, reported and repeated; a wrong name is refused."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

TOY = Path(__file__).with_name("toy")
SHOUTS = f"{shlex.quote(sys.executable)} -m echo_profile.server {{port}} upper"
Run = subprocess.CompletedProcess[str]


@pytest.fixture
def installed(tmp_path: Path, environment: dict[str, str]) -> dict[str, str]:
    """The profile `echo`, as pip would have installed it."""
    information = tmp_path / "site" / "echo_profile-1.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: echo-profile\nVersion: 1\n")
    points = "[smtp_conformance.profiles]\necho = echo_profile.profile:PROFILE\n"
    (information / "entry_points.txt").write_text(points)
    path = os.pathsep.join([str(TOY), str(information.parent), environment["PYTHONPATH"]])
    return {**environment, "PYTHONPATH": path}


@pytest.fixture
def run(tmp_path: Path, installed: dict[str, str]) -> Callable[..., Run]:
    def words(*given: str) -> Run:
        command = [sys.executable, "-m", *given]
        return subprocess.run(
            command, cwd=tmp_path, env=installed, capture_output=True, text=True, timeout=120, check=False
        )

    return words


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_profile_of_another_package_is_run(run: Callable[..., Run], tmp_path: Path, workers: str) -> None:
    done = run("conformance", "--profile", "echo", "--mood", "loud", "--seed", "1", "-n", workers, "--report", "out")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "conforms in 3 of 3 requirements" in done.stdout
    assert "judged by   echo, mood loud, time limit 5 s, seed 1" in done.stdout
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert results["profile"] == "echo" and [case["verdict"] for case in results["cases"]] == ["pass"] * 3


def test_what_it_finds_broken_is_blamed_shown_and_repeated(run: Callable[..., Run], tmp_path: Path) -> None:
    done = run("conformance", "--profile", "echo", "--seed", "1", "--launch", SHOUTS, "--report", "out")
    assert done.returncode == 1, done.stdout + done.stderr
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    verdicts = {rule["id"]: rule["verdict"] for rule in results["requirements"]}
    assert (verdicts["welcome"], verdicts["echo"]) == ("pass", "fail")
    assert "not what it should be" in run("reports", "show", "out/results.json").stdout
    broken = next(case for case in results["cases"] if case["verdict"] == "fail")
    _, _, *repeat = shlex.split(broken["repeat"])
    assert run(*repeat).returncode == 1


def test_its_own_option_is_checked_and_shown_in_the_help(run: Callable[..., Run]) -> None:
    assert run("conformance", "--profile", "echo", "--mood", "sad").returncode == 4
    assert "--mood" in run("conformance", "--profile", "echo", "--help").stdout


def test_a_profile_that_is_not_there_is_said_in_one_line(run: Callable[..., Run]) -> None:
    done = run("conformance", "--profile", "ecco")
    assert done.returncode == 4
    said = "conformance: --profile ecco: no such profile; there are cs4410, echo, rfc5321"
    assert done.stderr.splitlines() == [said]
