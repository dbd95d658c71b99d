"""The engine knows no profile: none of its words stand there; and the picture of the floors is that of the imports."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.cs4410 import ledger
from docs import floors

SUITE = Path(__file__).parents[1] / "conformance"
ENGINE = [
    path
    for path in (
        *SUITE.glob("*.py"),
        *(path for room in ("harness", "search", "load") for path in (SUITE / room).rglob("*.py")),
    )
]
SAID = re.compile(r"\b(?:HELO|EHLO|LHLO|MAIL|RCPT|DATA|QUIT|RSET|NOOP|STARTTLS|AUTH|BDAT)\b|\b[245]\d\d[ -]")
"""Verbs and replies of SMTP."""
NAMED = re.compile("|".join(rf"(?<![\w.]){re.escape(id)}(?![\w.])" for id in ledger.load() if "." in id))
"""Ids of requirements that are no words of English as well."""


def strings(path: Path) -> Iterator[str]:
    """All strings of a module but its docstrings."""
    tree = ast.parse(path.read_text())
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in told and isinstance(node.value, str | bytes):
            yield node.value if isinstance(node.value, str) else node.value.decode("latin-1")


@pytest.mark.parametrize("path", ENGINE, ids=lambda path: str(path.relative_to(SUITE)))
def test_no_word_of_a_protocol_stands_in_the_engine(path: Path) -> None:
    assert [text for text in strings(path) if SAID.search(text) or NAMED.search(text)] == []


def test_such_words_are_seen_where_they_stand() -> None:
    found = list(strings(SUITE / "cs4410" / "kind.py"))
    assert any(NAMED.search(text) for text in found)
    assert any(SAID.search(text) for text in strings(SUITE / "cs4410" / "lines.py"))


def test_the_picture_of_the_floors_is_drawn_from_the_imports() -> None:
    drawn = floors.FENCED.search(floors.PAGE.read_text(encoding="utf-8"))
    assert drawn and drawn[0] == floors.picture(), "draw it anew: python -m docs.floors"
