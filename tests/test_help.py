"""What `python -m conformance --help` shows: the suite's own options on two screens, and pytest's where asked for."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable

import pytest

from conformance.options import manual

SCREEN = 30  # lines, at a width of 80
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


@pytest.mark.parametrize(("profile", "screens"), [("cs4410", 2), ("rfc5321", 4)])
def test_help_fits_on_few_screens(monkeypatch: pytest.MonkeyPatch, profile: str, screens: int) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = manual(profile).splitlines()
    assert len(lines) <= screens * SCREEN
    assert max(map(len, lines)) <= 80


def test_help_tells_the_options_of_the_profile_that_is_named(suite: Callable[..., Run]) -> None:
    usual, other = suite("--help").stdout, suite("--profile", "rfc5321", "--help").stdout
    assert {"--mailbox"} <= options_in(usual) and "--store" not in options_in(usual)
    assert {"--store", "--recipient"} <= options_in(other) and "--mailbox" not in options_in(other)
    assert "--profile rfc5321 --help" in " ".join(usual.split())


def test_pytest_knows_all_that_is_listed_and_tells_the_rest(suite: Callable[..., Run]) -> None:
    run = suite("--help-pytest")
    assert run.returncode == 0
    all_of_them = options_in(run.stdout.replace("--junit-xml", "--junitxml"))  # it takes both spellings
    assert {"--cache-show", "--target"} <= all_of_them
    assert options_in(manual()) - all_of_them == {"--help-pytest"}
