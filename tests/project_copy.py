"""A copy of the project, as a fresh clone of it would be: what is built in it leaves nothing in the project itself."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.conftest import PROJECT
from tests.test_version import git


def copy_of_the_project(folder: Path) -> Path:
    """Fill a folder with what belongs to the project, changed or new files included, as one commit."""
    if not (PROJECT / ".git").exists():
        pytest.skip("what belongs to the project is told by git")
    for name in git(PROJECT, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0"):
        if name and (PROJECT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(PROJECT / name, folder / name)
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "All of it")
    return folder
