"""Tests one submission in Gradescope's container, as its root: `python -m reports.gradescope.autograde /autograder`.

The server runs as a user of its own, who may read the submission and nothing else of the folder.
"""

import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from reports import confine, grading
from reports.escape import typed
from reports.gradescope import settings
from reports.gradescope.document import document, without_points
from reports.gradescope.settings import Settings
from reports.results import load
from reports.rubric import Rubric, load_rubric
from reports.summary import few

USER = 60411
"""The id of the servers' user, who needs no name, home or password."""
PRIVATE = ("source", "results", "venv", "uv", "python", "run_autograder", "setup.sh", "submission_metadata.json")
PATIENCE = 30.0
"""Seconds that the suite has to end when its time is up."""
NO_SERVER = 6
"""The suite's exit status for a server that does not start."""
NOT_STARTED = "The server could not be started, so there are no points. The suite said:"
TOO_LONG = "The test took more than {:g} minutes and was ended, so there are no points. Tell your instructor."
WENT_WRONG = "The autograder itself went wrong ({}), so there are no points yet. Please tell your instructor."


def main(root: Path) -> int:
    """Test the submission, and write results/results.json.

    Args:
        root: the folder that Gradescope calls /autograder.

    Returns:
        The exit status: 0 when the file was written.
    """
    rubric = load_rubric(root / "source" / "rubric.toml")
    try:
        told = _graded(root, rubric)
    except Exception as error:  # whatever it is, the student has to hear of it
        told = without_points(rubric, WENT_WRONG.format(type(error).__name__), "")
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
    (root / "results" / "results.json").write_text(json.dumps(told, indent=1), encoding="utf-8")
    return 0


def _graded(root: Path, rubric: Rubric) -> dict[str, Any]:
    if os.geteuid() != 0:
        raise PermissionError("only root can keep the servers away from the suite")
    how = settings.load(root / "source")
    protect(root)
    if missing := _missing(how.launch, root / "submission"):
        return without_points(rubric, missing, "")
    with tempfile.TemporaryDirectory(prefix="autograde-") as folder:
        status, log = _held(how, root / "submission", Path(folder))
        # For the instructor: what is printed here is hidden from students.
        print(log)
        if status in grading.COMPLETE:
            results = load(Path(folder, "results.json"))
            graded = grading.grade(results, rubric)
            print(grading.line(graded))
            return document(results, graded, rubric)
    if status is None:
        return without_points(rubric, TOO_LONG.format(how.minutes), "")
    if status == NO_SERVER:
        return without_points(rubric, NOT_STARTED, log)
    return without_points(rubric, WENT_WRONG.format(f"status {status}"), "")


def protect(root: Path) -> None:
    """Let other users read the submission, and nothing else of the folder."""
    root.chmod(0o711)
    for path in (root / name for name in PRIVATE):
        if path.exists():
            path.chmod(0o700)
    for folder, _, names in os.walk(root / "submission"):
        os.chmod(folder, 0o755)
        for path in (Path(folder, name) for name in names):
            # A link may lead anywhere.
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)


def wrapper(memory: int) -> list[str]:
    """The command that is put in front of a server's.

    Args:
        memory: MiB that it may use.
    """
    words = [sys.executable, "-I", "-S", str(Path(confine.__file__).resolve())]
    return [*words, "--memory", str(memory), "--user", str(USER), "--"]


def _missing(launch: str, submission: Path) -> str:
    """Say which script is not there, and what is; empty if all are."""
    for word in shlex.split(launch):
        if word.endswith(".py") and not (submission / word).is_file():
            there = sorted(path.name for path in submission.iterdir())
            told = few(there, typed) or "nothing"
            return f"{typed(word)} is not in the submission, so there are no points. In it: {told}."
    return ""


def _held(how: Settings, submission: Path, folder: Path) -> tuple[int | None, str]:
    """Hold the suite on the server; returns its exit status, or None if it took too long, and what it printed."""
    launch = [str(submission / word) if (submission / word).is_file() else word for word in shlex.split(how.launch)]
    words = [sys.executable, "-m", "conformance", "-q", "-p", "no:cacheprovider", "--report", str(folder)]
    words += ["--launch", shlex.join(launch), "--wrap", shlex.join(wrapper(how.memory))]
    # The student repeats a case with what starts the server on the student's own machine.
    words += ["--shown-as", how.launch, *how.options]
    with Path(folder, "log.txt").open("w+b") as log:
        suite = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
        status: int | None
        try:
            status = suite.wait(60 * how.minutes)
        except subprocess.TimeoutExpired:
            status = None
            os.killpg(suite.pid, signal.SIGINT)
            try:
                suite.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                os.killpg(suite.pid, signal.SIGKILL)
                suite.wait()
        log.seek(0)
        return status, log.read().decode("utf-8", "replace")


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
