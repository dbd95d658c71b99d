"""The suite's version: what git says in a checkout, what was installed elsewhere, and in a run's results."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest

from conformance.version import UNKNOWN, version
from tests.suite_runs import results_in

Run = subprocess.CompletedProcess[str]


def git(folder: Path, *words: str) -> str:
    own = ["-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    return subprocess.run(["git", "-C", str(folder), *own, *words], capture_output=True, text=True, check=True).stdout


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A clean clone without tags that holds a package of this name."""
    root = tmp_path / "clone"
    (root / "conformance").mkdir(parents=True)
    (root / "conformance" / "case.py").write_text("judged = 1\n")
    (root / ".gitignore").write_text("*.pyc\n")
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "All of it")
    return root


def local(root: Path) -> str:
    return version(root).partition("+")[2]


def test_a_clean_checkout_names_its_commit(checkout: Path) -> None:
    assert local(checkout) == "g" + git(checkout, "rev-parse", "--short=9", "HEAD").strip()


def test_a_changed_suite_is_another_one_with_each_change(checkout: Path) -> None:
    clean = local(checkout)
    states = [clean]
    for text in ("judged = 2\n", "judged = 3\n"):
        (checkout / "conformance" / "case.py").write_text(text)
        states.append(local(checkout))
    (checkout / "conformance" / "new.py").write_text("judged = 4\n")
    states.append(local(checkout))
    (checkout / "conformance" / "case.py").unlink()
    states.append(local(checkout))
    assert len(set(states)) == len(states)
    assert all(re.fullmatch(rf"{clean}\.d[0-9a-f]{{8}}", state) for state in states[1:])


def test_what_is_changed_beside_the_suite_changes_no_suite(checkout: Path) -> None:
    clean = local(checkout)
    (checkout / "README.md").write_text("news\n")
    (checkout / "conformance" / "case.pyc").write_bytes(b"compiled")
    assert local(checkout) == clean


def test_the_public_part_is_that_of_the_installation(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "version", lambda name: "1.2.dev3+g0123456")
    assert version(checkout).partition("+")[0] == "1.2.dev3"
    assert version(checkout.parent) == "1.2.dev3+g0123456"


def none_is_installed(name: str) -> str:
    raise metadata.PackageNotFoundError(name)


def test_without_git_and_installation_it_is_unknown(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "version", none_is_installed)
    assert version(checkout).startswith("0+g")
    assert version(checkout.parent) == UNKNOWN
    monkeypatch.setenv("PATH", "")
    assert version(checkout) == UNKNOWN


def test_a_repository_without_a_commit_is_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "version", none_is_installed)
    git(tmp_path, "init", "-q")
    assert version(tmp_path) == UNKNOWN


def test_results_hold_it(suite: Callable[..., Run], tmp_path: Path) -> None:
    run = suite("cs4410/test_greeting.py::test_greeting", "--report", "out")
    assert run.returncode == 0, run.stdout + run.stderr
    assert results_in(tmp_path / "out")["suite"] == version()
