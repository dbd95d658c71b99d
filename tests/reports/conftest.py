"""What the tests of the reports share: a run with every verdict, sent by a server that means harm."""

import json
from pathlib import Path
from typing import Any

import pytest

from reports.results import Results, load

HOSTILE = Path(__file__).parent / "hostile.json"


@pytest.fixture
def hostile() -> Path:
    """Give the path of a results.json with every verdict and hostile text in every place."""
    return HOSTILE


@pytest.fixture
def results(hostile: Path) -> Results:
    """Give the run that is in it."""
    return load(hostile)


@pytest.fixture
def document(hostile: Path) -> Any:
    """Give the same as a JSON document of one's own, to be changed."""
    return json.loads(hostile.read_text())
