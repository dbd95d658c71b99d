"""Profiles: one that another package brings is found, run, reported and repeated; a wrong name is refused."""

from __future__ import annotations

import json
import os
import shlex
import shutil
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


@pytest.mark.parametrize("greeting", ["HI", ""], ids=["another", "none"])
def test_what_is_broken_before_a_case_says_anything_is_a_finding(
    run: Callable[..., Run], tmp_path: Path, greeting: str
) -> None:
    server = (TOY / "echo_profile" / "server.py").read_text()
    said = f"{greeting}\\r\\n" if greeting else ""
    (tmp_path / "mute.py").write_text(server.replace("HELLO\\r\\n", said))
    launch = f"{shlex.quote(sys.executable)} mute.py {{port}}"
    done = run("conformance", "--profile", "echo", "--time-limit", "1", "--launch", launch, "--report", "out")
    assert done.returncode == 1 and "Traceback" not in done.stdout, done.stdout + done.stderr
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert {rule["id"]: rule["verdict"] for rule in results["requirements"]}["welcome"] == "fail"


def test_its_own_option_is_checked_and_shown_in_the_help(run: Callable[..., Run]) -> None:
    assert run("conformance", "--profile", "echo", "--mood", "sad").returncode == 4
    assert "--mood" in run("conformance", "--profile", "echo", "--help").stdout


def test_a_profile_that_is_not_there_is_said_in_one_line(run: Callable[..., Run]) -> None:
    done = run("conformance", "--profile", "ecco")
    assert done.returncode == 4
    (said,) = done.stderr.splitlines()
    assert said.startswith("conformance: --profile ecco: no such profile; there are ")
    assert {"cs4410", "echo", "rfc5321"} <= {*said.partition("there are ")[2].split(", ")}


@pytest.fixture
def spoiled(tmp_path: Path, installed: dict[str, str]) -> Callable[[str, str, str], None]:
    """Spoil a copy of the profile, which then is the one that is found."""

    def spoil(file: str, old: str, new: str) -> None:
        shutil.copytree(TOY, tmp_path / "toy", dirs_exist_ok=True)
        path = tmp_path / "toy" / "echo_profile" / file
        path.write_text(path.read_text().replace(old, new))
        installed["PYTHONPATH"] = os.pathsep.join([str(tmp_path / "toy"), installed["PYTHONPATH"]])

    return spoil


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("test_echo.py", '"echo", "alive"', '"ecko"', "test_lines names ecko: no such requirement; did you mean echo?"),
        (
            "profile.py",
            'Rules("alive"',
            'Rules("alve"',
            "the profile echo names alve: no such requirement; did you mean alive?",
        ),
        ("profile.py", "PROFILE = ", "OTHER = ", "--profile echo: cannot be imported: AttributeError: "),
        ("profile.py", "import time", "import no_such_module", "--profile echo: cannot be imported: "),
    ],
)
def test_a_mistake_of_its_author_is_said_in_one_line(
    run: Callable[..., Run], spoiled: Callable[[str, str, str], None], file: str, old: str, new: str, said: str
) -> None:
    spoiled(file, old, new)
    done = run("conformance", "--profile", "echo", "-n", "0", "-k", "lines")
    assert done.returncode == 4 and said in done.stdout + done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_fault_in_a_case_is_none_of_the_server(
    run: Callable[..., Run], spoiled: Callable[[str, str, str], None], workers: str
) -> None:
    spoiled("test_echo.py", 'case.say("x")', "1 / 0")
    done = run("conformance", "--profile", "echo", "-n", workers)
    assert done.returncode == 3, done.stdout + done.stderr
    assert "ZeroDivisionError" in done.stdout and "INTERNALERROR" not in done.stdout
    assert "echo_profile/test_echo.py::test_welcome" in done.stdout


def test_a_profile_that_cannot_be_imported_keeps_no_other_from_its_work(
    run: Callable[..., Run], spoiled: Callable[[str, str, str], None]
) -> None:
    spoiled("profile.py", "import time", "import no_such_module")
    done = run("conformance", "cs4410/test_greeting.py", "-n", "0")
    assert done.returncode == 0, done.stdout + done.stderr
