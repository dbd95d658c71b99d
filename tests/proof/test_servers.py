"""The servers as such: each is another server, has a name of its own, and breaks what there is to break."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import pytest

from conformance.cs4410 import ledger
from proof.servers import deep, hostile, liberal, mutants
from proof.servers.edit import (
    SERVER,
    Edit,
    MisfitError,
    Mutant,
    Server,
    begun,
    build,
    folder_name,
    headed,
    replaced,
    within,
)
from tests.load import faulty

LEDGER = ledger.load()
HOSTILE = list(chain(*hostile.SECTIONS.values()))
LIBERAL = list(chain(*liberal.SECTIONS.values()))
MUTANTS = [*mutants.MUTANTS, *deep.MUTANTS, *faulty.COUNTING]


def source(package: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in package.glob("*.py")}


@pytest.mark.parametrize("servers", [mutants.MUTANTS, deep.MUTANTS, faulty.COUNTING, HOSTILE, LIBERAL])
def test_each_edit_fits_and_makes_another_server(servers: Sequence[Server], tmp_path: Path) -> None:
    right = source(SERVER)
    built = {server.name: source(build(server, tmp_path) / "reference_server") for server in servers if server.edits}
    assert [name for name, found in built.items() if found == right] == []


def test_names_are_plain_and_unique() -> None:
    servers: Sequence[Server] = (*MUTANTS, *HOSTILE, *LIBERAL)
    names = [server.name for server in servers] + list(mutants.SECTIONS)
    assert [name for name, count in Counter(names).items() if count > 1] == []
    assert [name for name in names if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)] == []


def test_requirements_are_known_and_named_once() -> None:
    ids = {one.name: f"{one.breaks} {one.also}".split() for one in MUTANTS}
    ids |= {one.name: one.breaks.split() for one in HOSTILE} | {one.name: one.warns.split() for one in LIBERAL}
    assert [name for name, own in ids.items() if set(own) - set(LEDGER) or len(set(own)) < len(own)] == []
    assert [one.name for one in MUTANTS if not one.breaks] == []


def test_what_may_be_blamed_beyond_has_a_reason_and_nothing_else_has() -> None:
    assert [one.name for one in MUTANTS if bool(one.also) != bool(one.why)] == []


def test_every_rule_that_a_server_can_break_is_the_main_one_of_a_mutant() -> None:
    rules = {name for name, rule in LEDGER.items() if rule.level != "NOTE"}
    assert rules - {mutant.main for mutant in mutants.MUTANTS} == set()


def test_a_liberal_server_breaks_no_must() -> None:
    assert [one.name for one in LIBERAL if any(LEDGER[name].level != "SHOULD" for name in one.warns.split())] == []


def test_a_hostile_server_breaks_musts_only_and_says_what_it_does() -> None:
    assert [one.name for one in HOSTILE if any(LEDGER[name].level != "MUST" for name in one.breaks.split())] == []
    assert [one.name for one in HOSTILE if not one.does or one.does.endswith(".")] == []


# Building


@pytest.mark.parametrize("old", ["no such text", "return"])
def test_an_edit_that_does_not_fit_names_its_mutant(old: str, tmp_path: Path) -> None:
    with pytest.raises(MisfitError, match=r"odd: session\.py holds this \d+ times"):
        build(Mutant("odd", "helo", [Edit("session.py", old, "")]), tmp_path)


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
        begun("session.py", "Session._mail", "told.append(address)"),
        headed("session.py", "GREETED = b'250 hello'"),
    ]
    text = (build(Mutant("three", "helo", edits), tmp_path) / "reference_server" / "session.py").read_text()
    assert "    def _helo(self, host):\n        return GREETED\n\n    def _mail(" in text
    assert "-> bytes:\n        told.append(address)\n        if not self._host:" in text
    assert "from .mailbox import Mailbox, Message\nGREETED = b'250 hello'\n" in text


def test_an_edit_within_a_function_sees_no_other_and_keeps_its_indentation(tmp_path: Path) -> None:
    need = within("session.py", "Session._rcpt", "return self._out_of_order()", "print(address)\nreturn b'503'")
    text = (build(Mutant("odd", "helo", [need]), tmp_path) / "reference_server" / "session.py").read_text()
    assert "        if not self._reverse_path:\n            print(address)\n            return b'503'\n" in text
    assert text.count("return self._out_of_order()") == 2
    with pytest.raises(
        MisfitError, match=r"odd: session\.py holds this 0 times, not once:\nSession\._helo return self"
    ):
        build(Mutant("odd", "helo", [within("session.py", "Session._helo", need.old, need.new)]), tmp_path)


def test_a_mutant_runs_from_its_own_copy(tmp_path: Path) -> None:
    mutant = Mutant("loud", "helo", [begun("__main__.py", "main", "sys.exit('I am the mutant')")])
    told = subprocess.run([sys.executable, build(mutant, tmp_path)], capture_output=True, text=True, check=False)
    assert told.stderr == "I am the mutant\n"


def test_a_name_that_is_a_sentence_has_a_folder_of_its_own(tmp_path: Path) -> None:
    one, other = (Mutant(f'pool: "a" becomes b"{end}\\r\\n"', "helo", ()) for end in "xy")
    homes = {build(mutant, tmp_path) for mutant in (one, other)}
    assert {home.name for home in homes} == {folder_name(one), folder_name(other)}
    assert len(homes) == 2 and all((home / "__main__.py").is_file() for home in homes)
