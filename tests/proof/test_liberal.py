"""The suite leaves liberal servers in peace, those here and all by `tox -e liberal`."""

from pathlib import Path

import pytest

from proof.choice import chosen
from proof.kinds.liberal import Liberals
from proof.trials import try_all


@pytest.mark.parametrize("name", ["listens-on-an-ipv6-address", "one-clock-for-data-and-body"])
def test_suite_leaves_it_in_peace(name: str, tmp_path: Path) -> None:
    kind = Liberals()
    servers = chosen(kind.sections(), [name], None)
    (row,) = try_all(kind, servers, tmp_path, rounds=1, jobs=1, resume=False, progress=lambda said: None)
    assert kind.faults(row) == []
