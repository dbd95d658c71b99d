"""The whole outputs, compared with files.

After a wanted change: `UPDATE_GOLDENS=1 pytest tests/reports`, and read the difference.
"""

import os
from pathlib import Path

import pytest

from reports.__main__ import main

GOLDENS = Path(__file__).parent / "goldens"
COMMANDS = {
    "show.txt": ["show"],
    "show-verbose-color.txt": ["show", "--verbose", "--color", "always"],
    "report.md": ["markdown"],
    "report-verbose.md": ["markdown", "--verbose"],
    "summary.md": ["markdown", "--summary"],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_output_is_the_golden_one(
    name: str, hostile: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each command writes exactly what its golden file holds."""
    monkeypatch.setenv("COLUMNS", "100")
    status = main([*COMMANDS[name], str(hostile)])
    written = capsys.readouterr().out
    golden = GOLDENS / name
    if os.environ.get("UPDATE_GOLDENS"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(written, encoding="utf-8")
    assert status == 0
    assert written == golden.read_text(encoding="utf-8")
