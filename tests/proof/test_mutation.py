"""The mutants are what they are said to be: one small change each, all of them different, none of the server itself."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from proof.mutation import __main__ as command
from proof.mutation.__main__ import MODULES, SERVER, all_mutants
from proof.mutation.mutate import Mutant, mutants


def made_of(source: str) -> set[str]:
    return {mutant.source for mutant in mutants("m", source)}


@pytest.mark.parametrize(
    ("source", "changed"),
    [
        ("def f():\n    g()", "def f():\n    pass"),
        ("def f(a):\n    a += 1", "def f(a):\n    pass"),
        ("def f(a):\n    return a", "def f(a):\n    pass"),
        ("if a:\n    pass", "if not a:\n    pass"),
        ("while a:\n    b()", "if a:\n    b()"),
        ("x = a < b", "x = a <= b"),
        ("x = a and b", "x = a or b"),
        ("x = a + b", "x = a - b"),
        ("x = not a", "x = a"),
        ("x = 3", "x = 4"),
        ("x = True", "x = False"),
        ("x = b'421'", "x = b'421x'"),
    ],
)
def test_each_operator_changes_one_thing(source: str, changed: str) -> None:
    assert changed in made_of(source)


def test_words_for_people_and_annotations_are_left_alone() -> None:
    source = "def f(a: 'b') -> 'c':\n    'Text.'\n    raise E('text')"
    assert made_of(source) == {'def f(a: \'b\') -> \'c\':\n    """Text."""\n    pass'}


def test_the_server_s_mutants_are_many_and_each_is_another_program() -> None:
    made = list(all_mutants())
    assert len(made) > 300
    assert len({mutant.name for _, mutant in made}) == len(made)
    plain = {
        module: ast.unparse(ast.parse((SERVER / f"{module}.py").read_text(encoding="utf-8"))) for module in MODULES
    }
    for module, mutant in made:
        assert mutant.source != plain[module]
        compile(mutant.source, mutant.name, "exec")


@pytest.mark.parametrize(("resume", "caught"), [(False, "now"), (True, "before")])
def test_only_what_is_wanted_is_held_anew(
    resume: bool, caught: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = tmp_path / "mutation.json"
    known.write_text('{"wanted": "before", "other": "before"}')
    monkeypatch.setattr(command, "KNOWN", known)
    monkeypatch.setattr(command, "caught_by", lambda module, mutant: "now")
    assert command.hold_all([("m", Mutant("wanted", ""))], 1, resume) == {"wanted": caught}
    assert json.loads(known.read_text()) == {"wanted": caught, "other": "before"}
