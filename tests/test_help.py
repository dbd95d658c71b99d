"""What `python -m conformance --help` shows: the suite's own options on two screens, and pytest's where asked for."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable

import pytest

from conformance.options import manual

TWO_SCREENS = 60  # lines, at a width of 80
Run = subprocess.CompletedProcess[str]


def options_in(text: str) -> set[str]:
    return set(re.findall(r"^  (--?[a-z][a-z-]*)", text, re.MULTILINE))


@pytest.mark.parametrize("word", ["--help", "-h"])
def test_help_is_ours(suite: Callable[..., Run], word: str) -> None:
    run = suite("--quick", word)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.startswith("usage: python -m conformance ")
    assert {"--target", "--launch", "--seed", "-k", "-n", "--junitxml", "--help-pytest"} <= options_in(run.stdout)
    assert "--cache-show" not in run.stdout


def test_help_fits_on_two_screens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = manual().splitlines()
    assert len(lines) <= TWO_SCREENS
    assert max(map(len, lines)) <= 80


def test_pytest_knows_all_that_is_listed_and_tells_the_rest(suite: Callable[..., Run]) -> None:
    run = suite("--help-pytest")
    assert run.returncode == 0
    all_of_them = options_in(run.stdout.replace("--junit-xml", "--junitxml"))  # it takes both spellings
    assert {"--cache-show", "--target"} <= all_of_them
    assert options_in(manual()) - all_of_them == {"--help-pytest"}
