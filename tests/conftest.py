"""What all tests share: the project can be imported whether or not it is installed, and the suite can be run."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent
collect_ignore = ["toy"]  # its cases are run by the suite
DEADLINE = 120.0  # seconds: for a run of the suite, on however busy a machine

if str(PROJECT) not in sys.path:
    sys.path.insert(0, str(PROJECT))
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(PROJECT), os.environ.get("PYTHONPATH"))))

Run = subprocess.CompletedProcess[str]


def pytest_configure(config: pytest.Config) -> None:
    """Know the markers of the suite, whose cases are looked at here as well."""
    from conformance.plugin import MARKERS  # not before the project can be imported

    for marker in MARKERS:
        config.addinivalue_line("markers", marker)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Servers and locks go into a directory of the test's own, and no option comes from outside."""
    (tmp_path / "temporary").mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV"))}
    return {**kept, "TMPDIR": str(tmp_path / "temporary"), "COLUMNS": "100"}


@pytest.fixture
def suite(tmp_path: Path, environment: dict[str, str]) -> Callable[..., Run]:
    """Run `python -m conformance` in an empty directory."""

    def run(*words: str) -> Run:
        command = [sys.executable, "-m", "conformance", *words]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=DEADLINE, check=False
        )

    return run
