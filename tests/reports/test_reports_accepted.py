"""Options of the suite in a roster: refused before the first server is tested by them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reports.__main__ import main
from reports.accepted import expect_accepted
from reports.results import ResultsError


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--quik"], "the suite refuses --quik: unrecognized arguments: --quik"),
        (["--quick", "--dialect", "nosuch"], "--dialect nosuch: no such dialect"),
        (["--time-limit", "soon"], "--time-limit"),
        (["--profile", "smtp"], "the suite refuses --profile smtp: "),
        (["conformance/cs4410/test_nowhere.py"], "not found"),
    ],
)
def test_what_the_suite_takes_for_wrong_usage_is_told(options: list[str], told: str) -> None:
    with pytest.raises(ResultsError, match=re.escape(told)) as refused:
        expect_accepted(options)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("options", [["--quick"], ["-k", "greeting", "--seed", "7"], ["--profile", "rfc5321"]])
def test_right_ones_are_accepted(options: list[str]) -> None:
    expect_accepted(options)


@pytest.mark.parametrize("whose", ["everybody", "one"])
def test_no_class_is_tested_by_wrong_ones(tmp_path: Path, capsys: pytest.CaptureFixture[str], whose: str) -> None:
    server = '[[server]]\nname = "Ada"\nlaunch = "true {port}"\n'
    options = 'options = ["--quik"]\n'
    (tmp_path / "class.toml").write_text(options + server if whose == "everybody" else server + options)
    output = tmp_path / "out"
    assert main(["class", str(tmp_path / "class.toml"), "--output", str(output), "--unconfined"]) == 4
    assert "the suite refuses --quik: unrecognized arguments: --quik" in capsys.readouterr().err
    assert not output.exists()
