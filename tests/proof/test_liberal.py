"""The suite leaves liberal servers in peace, those here and all by `tox -e liberal`."""

from pathlib import Path

from proof.choice import chosen
from proof.kinds.liberal import Liberals
from proof.trials import try_all


def test_suite_leaves_it_in_peace(tmp_path: Path) -> None:
    kind = Liberals()
    servers = chosen(kind.sections(), ["one-clock-for-data-and-body"], None)
    (row,) = try_all(kind, servers, tmp_path, rounds=1, jobs=1, resume=False, progress=lambda said: None)
    assert kind.faults(row) == []
