"""The example of a workflow: its commands do here what they are to do on GitHub."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

from conformance.harness.verdict.outcome import BROKEN, CONFORMS

EXAMPLE = Path(__file__).parent.parent / "docs" / "github-actions.yml"
DEADLINE = 240.0  # seconds: on however busy a machine
RIGHT = "from reference_server.__main__ import main\nmain()\n"
WRONG = """import socket, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[2])))
while True:
    listener.accept()[0].sendall(b"220 hello\\r\\n")
"""


@pytest.mark.parametrize(
    ("server", "status", "failures", "said"),
    [(RIGHT, CONFORMS, 0, "conforms in "), (WRONG, BROKEN, 1, "does not conform")],
    ids=["right", "wrong"],
)
def test_the_example_tells_what_came_of_a_server(
    tmp_path: Path, environment: dict[str, str], server: str, status: int, failures: int, said: str
) -> None:
    (tmp_path / "server.py").write_text(server)
    steps = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))["jobs"]["conformance"]["steps"]
    commands = [step["run"] for step in steps if step.get("run", "").startswith("python ")]
    on_github = {
        **environment,
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])),
        "GITHUB_STEP_SUMMARY": "summary.md",
        "PYTEST_ADDOPTS": "-k 'test_greeting and not crlf'",
    }
    ended = [
        subprocess.run(["bash", "-e", "-c", one], cwd=tmp_path, env=on_github, timeout=DEADLINE, check=False).returncode
        for one in commands
    ]
    assert ended == [status, 0]
    assert said in (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert len(list(ElementTree.parse(tmp_path / "junit.xml").iter("failure"))) >= failures
    assert (tmp_path / "report" / "report.html").is_file()
