"""The deep faults as such: each builds, has a name of its own, and breaks known requirements."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.cs4410 import ledger
from proof.mutants import catalogue, deep
from proof.mutants.patch import SERVER, Mutant, build


@pytest.mark.parametrize("mutant", deep.MUTANTS, ids=lambda mutant: mutant.name)
def test_a_deep_fault_builds(mutant: Mutant, tmp_path: Path) -> None:
    home = build(mutant, tmp_path)
    assert any(path.read_text() != (SERVER / path.name).read_text() for path in (home / SERVER.name).glob("*.py"))
    assert set(f"{mutant.breaks} {mutant.also}".split()) <= set(ledger.load())


def test_there_are_fifteen_at_least_and_no_name_stands_twice() -> None:
    names = [mutant.name for mutant in (*deep.MUTANTS, *catalogue.MUTANTS)]
    assert len(set(names)) == len(names) and len(deep.MUTANTS) >= 15
