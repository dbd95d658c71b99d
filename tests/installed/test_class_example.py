"""The example of a workflow for a class: its commands do here what they are to do on GitHub; half a minute."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

from tests.conftest import PROJECT

CLASS = PROJECT / "docs" / "github-class.yml"
DEADLINE = 240.0  # seconds: on however busy a machine


def test_the_example_of_a_class_puts_its_parts_together(tmp_path: Path, environment: dict[str, str]) -> None:
    """Machines are folders with a copy of the class, artifacts what is copied from one to the other; one is lost."""
    jobs = yaml.safe_load(CLASS.read_text(encoding="utf-8"))["jobs"]
    [test], [put_together] = (
        [step["run"] for step in jobs[name]["steps"] if step.get("run", "").startswith("python ")]
        for name in ("test", "scores")
    )
    steps = [step for job in jobs.values() for step in job["steps"]]
    assert {step["with"]["path"] for step in steps if "artifact" in step.get("uses", "")} == {"class"}
    parts = jobs["test"]["strategy"]["matrix"]["part"]
    on_github = {**environment, "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))}

    def run(machine: Path, command: str) -> subprocess.CompletedProcess[str]:
        for name in "abcdef":
            (machine / name).mkdir(parents=True)
            (machine / name / "server.py").write_text("raise SystemExit(9)")
        (machine / "class.toml").write_text('submissions = "?/server.py"\nlaunch = "python3 server.py {port}"\n')
        (machine / "rubric.toml").write_text('[[item]]\nname = "x"\npoints = 9\nrequirements = ["greeting"]\n')
        words = ["bash", "-e", "-c", command.replace(" -o ", " --unconfined -o ")]
        return subprocess.run(
            words, cwd=machine, env=on_github, timeout=DEADLINE, check=True, capture_output=True, text=True
        )

    last = tmp_path / "scores"
    for part in parts:
        machine = tmp_path / str(part)
        command = test.replace("${{ matrix.part }}", str(part)).replace("${{ strategy.job-total }}", str(len(parts)))
        assert "${{" not in command
        run(machine, command)
        if part != parts[-1]:
            shutil.copytree(machine / "class", last / "class", dirs_exist_ok=True)
    done = run(last, put_together)
    assert "testing 1 of 6 servers" in done.stderr and "0 of 6 servers conform, 6 without a verdict" in done.stdout
    _, *rows = csv.reader((last / "class" / "scores.csv").open(encoding="utf-8"))
    assert sorted(row[0] for row in rows) == list("abcdef")
