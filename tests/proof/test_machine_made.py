"""The mutants are what they are said to be: one small change each, all of them different, none of the server itself."""

from __future__ import annotations

import ast

import pytest

from proof.servers.edit import SERVER
from proof.servers.machine import MODULES, mutants, sections


def made_of(source: str) -> set[str]:
    return {changed for _, changed in mutants("m", source)}


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


def test_each_of_the_server_s_mutants_is_another_program_with_a_name_of_its_own() -> None:
    made = [(module, change) for module in MODULES for change in sections()[module]]
    assert len({change.name for _, change in made}) == len(made) > len(MODULES)
    plain = {
        module: ast.unparse(ast.parse((SERVER / f"{module}.py").read_text(encoding="utf-8"))) for module in MODULES
    }
    for module, change in made:
        (edit,) = change.edits
        assert (edit.file, edit.new != plain[module]) == (f"{module}.py", True)
        compile(edit.new, change.name, "exec")
