"""The mutants as such: each builds, has a name of its own, and every rule that a server can break has one."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from conformance.cs4410 import ledger
from proof.mutants import catalogue, matrix, run
from proof.mutants.__main__ import CONTROL
from proof.mutants.patch import Edit, MisfitError, Mutant, begun, build, headed, replaced, within
from proof.mutants.run import Held

LEDGER = ledger.load()
FILES = sorted((Path(__file__).parent / "mutants").glob("*.py"))


@pytest.mark.parametrize("mutant", catalogue.MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_builds(mutant: Mutant, tmp_path: Path) -> None:
    home = build(mutant, tmp_path)
    texts = {path.name: path.read_text() for path in (home / "reference_server").glob("*.py")}
    control = build(CONTROL, tmp_path) / "reference_server"
    assert texts != {path.name: path.read_text() for path in control.glob("*.py")}
    for text in texts.values():
        ast.parse(text)


def test_names_are_plain_and_unique() -> None:
    names = [mutant.name for mutant in catalogue.MUTANTS]
    assert [name for name, count in Counter(names).items() if count > 1] == []
    assert [name for name in names if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)] == []
    assert set(names) & set(catalogue.SECTIONS) == set()


@pytest.mark.parametrize("mutant", catalogue.MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_names_known_requirements(mutant: Mutant) -> None:
    ids = f"{mutant.breaks} {mutant.also}".split()
    assert mutant.breaks
    assert set(ids) <= set(LEDGER)
    assert len(set(ids)) == len(ids)
    assert bool(mutant.also) == bool(mutant.why), "what may be blamed beyond has a reason, and nothing else has"


def test_every_rule_that_a_server_can_break_is_the_main_one_of_a_mutant() -> None:
    rules = {name for name, rule in LEDGER.items() if rule.level != "NOTE"}
    assert rules - {mutant.main for mutant in catalogue.MUTANTS} == set()


def test_there_are_a_hundred() -> None:
    assert len(catalogue.MUTANTS) >= 100


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_file_is_long(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 400


# Building


@pytest.mark.parametrize("old", ["no such text", "return"])
def test_an_edit_that_does_not_fit_names_its_mutant(old: str, tmp_path: Path) -> None:
    with pytest.raises(MisfitError, match=r"odd: session\.py holds this \d+ times"):
        build(Mutant("odd", "helo", [Edit("session.py", old, "")]), tmp_path)


def test_an_edit_within_a_function_sees_no_other_and_keeps_its_indentation(tmp_path: Path) -> None:
    need = within("session.py", "Session._rcpt", "return self._out_of_order()", "print(address)\nreturn b'503'")
    text = (build(Mutant("odd", "helo", [need]), tmp_path) / "reference_server" / "session.py").read_text()
    assert "        if not self._reverse_path:\n            print(address)\n            return b'503'\n" in text
    assert text.count("return self._out_of_order()") == 2
    with pytest.raises(
        MisfitError, match=r"odd: session\.py holds this 0 times, not once:\nSession\._helo return self"
    ):
        build(Mutant("odd", "helo", [within("session.py", "Session._helo", need.old, need.new)]), tmp_path)


def test_an_edit_that_makes_no_python_names_its_mutant(tmp_path: Path) -> None:
    with pytest.raises(MisfitError, match="odd: "):
        build(Mutant("odd", "helo", [Edit("session.py", "class Session:", "class Session")]), tmp_path)


@pytest.mark.parametrize("name", ["Session.fly", "Pigeon.fly", "Session"])
def test_a_function_that_is_not_there_is_named(name: str) -> None:
    with pytest.raises(MisfitError, match=name):
        replaced("session.py", name, "def fly(self): pass")


def test_functions_are_found_by_name(tmp_path: Path) -> None:
    edits = [
        replaced("session.py", "Session._helo", "def _helo(self, host):\n    return GREETED"),
        begun("session.py", "Session._reply", "told.append(text)"),
        headed("session.py", "GREETED = b'250 hello'"),
    ]
    text = (build(Mutant("three", "helo", edits), tmp_path) / "reference_server" / "session.py").read_text()
    assert "    def _helo(self, host):\n        return GREETED\n\n    def _mail(" in text
    assert 'does not ("Timeouts")."""\n        told.append(text)\n        self._channel.reply(text)' in text
    assert "from .mailbox import Mailbox, Message\nGREETED = b'250 hello'\n" in text


def test_a_mutant_runs_from_its_own_copy(tmp_path: Path) -> None:
    mutant = Mutant("loud", "helo", [begun("__main__.py", "main", "sys.exit('I am the mutant')")])
    told = subprocess.run([sys.executable, build(mutant, tmp_path)], capture_output=True, text=True, check=False)
    assert told.stderr == "I am the mutant\n"


def test_a_result_is_remembered_for_the_same_suite_and_server_only(tmp_path: Path) -> None:
    home = build(CONTROL, tmp_path)
    held = Held(1, 2.5, True, {"helo": ["a", "b"]})
    run.remember(held, tmp_path / "results", run.fingerprint(home))
    assert run.remembered(tmp_path / "results", run.fingerprint(home)) == held
    (home / "reference_server" / "pool.py").write_text("changed")
    assert run.remembered(tmp_path / "results", run.fingerprint(home)) is None
    assert run.remembered(tmp_path / "nothing", run.fingerprint(home)) is None


@pytest.mark.parametrize("odd", [Held(2, 1.0, True), Held(1, 1.0, False), Held(3, 1.0, True)])
def test_a_run_without_a_verdict_is_not_remembered(odd: Held, tmp_path: Path) -> None:
    run.remember(odd, tmp_path, "x")
    assert run.remembered(tmp_path, "x") is None


# Choosing


def test_parts_make_the_whole() -> None:
    parts = [catalogue.chosen([], f"{number}/3") for number in (1, 2, 3)]
    assert sorted(mutant.name for part in parts for mutant in part) == sorted(
        mutant.name for mutant in catalogue.MUTANTS
    )


def test_names_and_sections_choose() -> None:
    assert catalogue.chosen(["lines"], None) == list(catalogue.SECTIONS["lines"])
    assert [mutant.name for mutant in catalogue.chosen(["replies-end-in-lf"], None)] == ["replies-end-in-lf"]


@pytest.mark.parametrize(("names", "part"), [(["nothing"], None), ([], "0/3"), ([], "4/3"), ([], "x"), ([], "1/")])
def test_what_cannot_be_chosen_is_refused(names: list[str], part: str | None) -> None:
    with pytest.raises(catalogue.ChoiceError):
        catalogue.chosen(names, part)


# The matrix


def row(breaks: str, *blamed: str, also: str = "", finished: bool = True, status: int = 1) -> matrix.Row:
    findings = {name: [f"cs4410/test_x.py::test_{name}"] for name in blamed}
    return matrix.Row(Mutant("bug", breaks, (), also, "because" if also else ""), Held(status, 9.6, finished, findings))


def test_a_mutant_caught_by_its_own_requirement_is_as_it_should_be() -> None:
    assert row("helo", "helo").faults == []
    assert row("helo", "helo", "netid", also="netid").faults == []
    assert row("", status=0).faults == []


@pytest.mark.parametrize(
    ("odd", "fault"),
    [
        (row("helo", status=0), "survived"),
        (row("helo", "mail"), "survived"),
        (row("helo", status=3), "no results, exit status 3"),
        (row("helo mail", "mail"), "caught by mail, not by helo"),
        (row("helo", "helo", finished=False), "not finished in 10 s"),
        (row("helo", "helo", "mail", "rcpt", also="rcpt"), "blamed without a reason: mail"),
        (row("", "helo"), "blamed without a bug"),
    ],
)
def test_what_is_wrong_is_said(odd: matrix.Row, fault: str) -> None:
    assert odd.faults[0] == fault


def test_the_page_shows_every_mutant_and_why_more_was_blamed() -> None:
    page = matrix.markdown([row("helo", "helo", "netid", also="netid"), row("mail", status=0)])
    assert "| bug | helo | helo | test_helo | netid | 10 |" in page
    assert "1 of 2 mutants caught, 1 by their own requirement; 0 without blame beyond it." in page
    assert "- bug (netid): because" in page
    assert "- bug: survived" in page
