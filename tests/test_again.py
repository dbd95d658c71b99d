"""The suite from outside, on servers whose faults show beside other requirements, after a past, or by chance."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conformance.harness.verdict.outcome import BROKEN, CONFORMS
from tests.conftest import Run

Suite = Callable[..., Run]
START = """
import sys
import reference_server.mailbox, reference_server.session
from reference_server.__main__ import main

Mailbox, Session = reference_server.mailbox.Mailbox, reference_server.session.Session
"""


def launched(folder: Path, fault: str) -> list[str]:
    """The options that launch the reference server with a fault."""
    (folder / "server.py").write_text(f"{START}{fault}\nmain()\n", encoding="utf-8")
    return ["--launch", f"{shlex.quote(sys.executable)} server.py --port {{port}} --time-limit {{time_limit}}"]


def results_in(folder: Path) -> Any:
    return json.loads((folder / "results.json").read_text(encoding="utf-8"))


LOSES_NUL = """
deliver = Mailbox.deliver
def lose(self, message):
    return self._last_number + 1 if b"\\0" in message.body else deliver(self, message)
Mailbox.deliver = lose
"""


def test_what_every_other_case_sees_working_is_the_fault_of_what_the_case_judges(suite: Suite, tmp_path: Path) -> None:
    few = "test_entry or test_body_is_kept and (NUL or utf-8)"
    run = suite("-n0", "--seed", "7", "--report", "out", "-k", few, *launched(tmp_path, LOSES_NUL))
    assert run.returncode == BROKEN, run.stdout + run.stderr
    rows = {row["id"]: row["verdict"] for row in results_in(tmp_path / "out")["requirements"]}
    assert (rows["bytes"], rows["mailbox.soon"]) == ("fail", "pass")
    assert "running a case again alone" in run.stdout


def test_what_no_case_of_a_run_judges_leaves_it_undecided(suite: Suite, tmp_path: Path) -> None:
    few = "test_body_is_kept and (NUL or utf-8)"
    run = suite("-n0", "--report", "out", "-k", few, *launched(tmp_path, LOSES_NUL))
    assert run.returncode == BROKEN, run.stdout + run.stderr
    assert "does not conform, for 1 MUST could not be judged (bytes)" in run.stdout


def test_reports_name_the_command_that_the_reader_has(suite: Suite, tmp_path: Path) -> None:
    """Neither the grader's paths nor the wrapper; all servers are wrapped all the same, again ones too."""
    script = shlex.join(["sh", "-c", f'echo >> {tmp_path / "wrapped"}; exec "$@"', "sh"])
    counting = f"import pathlib\npathlib.Path({str(tmp_path / 'started')!r}).open('a').write('\\n')\n{LOSES_NUL}"
    few = "test_entry or test_body_is_kept and (NUL or utf-8)"
    shown = "python3 my server.py --port {port}"
    server = [*launched(tmp_path, counting), "--wrap", script, "--shown-as", shown]
    run = suite("-n0", "--seed", "7", "--report", "out", "-k", few, *server)
    assert run.returncode == BROKEN, run.stdout + run.stderr
    assert "running a case again alone" in run.stdout
    results = results_in(tmp_path / "out")
    assert results["target"]["command"] == shown
    for case in results["cases"]:
        words = shlex.split(case["repeat"])
        assert words[words.index("--launch") + 1] == shown
        assert not {"--wrap", "--shown-as"} & set(words) and str(tmp_path) not in case["repeat"]
    started, wrapped = ((tmp_path / name).read_text().count("\n") for name in ("started", "wrapped"))
    assert started == wrapped


AFTER_A_WHILE = """
mail, run, sessions = Session._mail, Session.run, [0]
def count(self):
    sessions[0] += 1
    run(self)
def forget(self, address):
    if self._reverse_path and sessions[0] > 20:
        self._reverse_path = b""
    return mail(self, address)
Session.run, Session._mail = count, forget
"""


def test_a_finding_that_needs_what_came_before_is_repeated_with_it(suite: Suite, tmp_path: Path) -> None:
    server = launched(tmp_path, AFTER_A_WHILE)
    run = suite("-n0", "--seed", "7", "--report", "out", "-k", "test_reply and commands", *server)
    assert run.returncode == BROKEN, run.stdout + run.stderr
    [case] = [case for case in results_in(tmp_path / "out")["cases"] if case["verdict"] == "fail"][:1]
    assert case["requirements"][0] == "mail.nested"
    *words, id_ = shlex.split(case["repeat"])[3:]
    assert any(word.startswith("@") for word in words)
    repeated = suite(*words, id_, "--report", "repeated")
    assert repeated.returncode == BROKEN, repeated.stdout + repeated.stderr
    assert results_in(tmp_path / "repeated")["cases"][-1]["verdict"] == "fail"
    alone = suite(*(word for word in words if not word.startswith("@")), id_, "--report", "alone")
    assert alone.returncode == CONFORMS, alone.stdout


BY_CHANCE = """
import random
mail = Session._mail
Session._mail = lambda self, address: mail(self, address) if random.random() < 0.7 else b"500 no"
"""


def test_what_came_before_is_named_without_a_path_for_a_reader_elsewhere(suite: Suite, tmp_path: Path) -> None:
    server = [*launched(tmp_path, AFTER_A_WHILE), "--shown-as", "python3 server.py {port}"]
    suite("-n0", "--seed", "7", "--report", "out", "-k", "test_reply and commands", *server)
    [case] = [case for case in results_in(tmp_path / "out")["cases"] if case["verdict"] == "fail"][:1]
    assert "@before-1.txt" in shlex.split(case["repeat"])


@pytest.mark.parametrize(("times", "status"), [("60", BROKEN)])
def test_what_shows_now_and_then_is_found_in_many_times(suite: Suite, tmp_path: Path, times: str, status: int) -> None:
    case = "cs4410/test_commands.py::test_reply[greeted-MAIL]"
    run = suite("-n0", "--report", "out", "--times", times, case, *launched(tmp_path, BY_CHANCE))
    assert run.returncode == status, run.stdout + run.stderr
