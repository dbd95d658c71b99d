"""The command line: what is chosen, tried, taken from before and shown, and how a run ends."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path

import pytest

from proof import __main__ as command
from proof import run
from proof.choice import ChoiceError, chosen
from proof.kind import Kind, Row, Trial
from proof.kinds import KINDS
from proof.run import PROJECT, Run
from proof.servers.edit import Mutant, build
from proof.servers.mutants import MUTANTS, SECTIONS

# Choosing


def test_parts_make_the_whole() -> None:
    parts = chain(*(chosen(SECTIONS, [], f"{number}/3") for number in (1, 2, 3)))
    assert sorted(mutant.name for mutant in parts) == sorted(mutant.name for mutant in MUTANTS)


def test_names_sections_and_parts_of_names_choose() -> None:
    assert chosen(SECTIONS, ["lines"], None) == list(SECTIONS["lines"])
    assert [one.name for one in chosen(SECTIONS, ["replies-end-in-lf"], None)] == ["replies-end-in-lf"]
    assert [one.name for one in chosen(SECTIONS, ["pool-of-3"], None)] == ["pool-of-31", "pool-of-33"]


@pytest.mark.parametrize(("names", "part"), [(["nowhere"], None), ([], "0/3"), ([], "4/3"), ([], "x"), ([], "1/")])
def test_what_cannot_be_chosen_is_refused(names: list[str], part: str | None) -> None:
    with pytest.raises(ChoiceError):
        chosen(SECTIONS, names, part)


# Results of before


def test_a_result_is_kept_for_the_same_suite_and_server_only(tmp_path: Path) -> None:
    home = build(Mutant("none", "", ()), tmp_path)
    came = Run(1, 2.5, True, {"helo": ["a", "b"]})
    run.keep(came, tmp_path / "results", run.fingerprint(home, 7))
    assert run.kept(tmp_path / "results", run.fingerprint(home, 7), Run) == came
    assert run.kept(tmp_path / "results", run.fingerprint(home, 8), Run) is None
    assert run.kept(tmp_path / "nothing", run.fingerprint(home, 7), Run) is None
    (home / "reference_server" / "pool.py").write_text("changed")
    assert run.kept(tmp_path / "results", run.fingerprint(home, 7), Run) is None


@pytest.mark.parametrize("odd", [Run(2, 1.0, True), Run(1, 1.0, False), Run(3, 1.0, True)])
def test_a_run_without_a_verdict_is_not_kept(odd: Run, tmp_path: Path) -> None:
    run.keep(odd, tmp_path, "x")
    assert run.kept(tmp_path, "x", Run) is None


# The command


class Counted(Kind[Mutant, Run]):
    """Servers without a suite: each run is as many requirements blamed as there were runs before."""

    name = "mutants"
    about = introduction = ""
    section_names = ("all",)
    heads = ("server", "runs")
    form = Run

    def __init__(self, fit: bool = True) -> None:
        self.tried: list[tuple[str, str]] = []
        self.fit = fit

    def sections(self) -> Mapping[str, Sequence[Mutant]]:
        return {"all": [Mutant("good", "", ()), Mutant("bad", "", ())]}

    def unfit(self, folder: Path) -> str:
        return "" if self.fit else "the server without a bug fails"

    def run(self, server: Mutant, home: Path, results: Path, trial: Trial) -> Run:
        assert (home / "__main__.py").is_file()
        self.tried.append((server.name, str(trial)))
        return Run(int(server.name == "bad"), 1.0, True)

    def wrong(self, server: Mutant, trial: Trial, run: Run) -> list[str]:
        return ["is bad"] if run.status else []

    def cells(self, row: Row[Mutant, Run]) -> Sequence[str]:
        return (row.server.name, str(len(row.runs)))

    def summary(self, rows: Sequence[Row[Mutant, Run]]) -> str:
        return f"{len(rows)} servers."


@pytest.fixture
def kind(monkeypatch: pytest.MonkeyPatch) -> Counted:
    kind = Counted()
    monkeypatch.setitem(KINDS, "mutants", kind)
    return kind


def test_what_came_out_is_shown_and_written(kind: Counted, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["mutants", "--results", str(tmp_path / "results"), "-o", str(tmp_path / "page.md")]
    assert command.main(words) == 1
    assert capsys.readouterr().out.endswith("\n\nbad: is bad\n2 servers.\n")
    assert "| bad | 1 |\n\n## Not as it should be\n\n- bad: is bad\n" in (tmp_path / "page.md").read_text()
    assert command.main([*words, "good"]) == 0


def test_only_what_is_not_known_is_tried_again(kind: Counted, tmp_path: Path) -> None:
    words = ["mutants", "good", "--results", str(tmp_path)]
    command.main(words)
    command.main([*words, "--resume", "--rounds", "2"])
    assert kind.tried == [("good", "round-1"), ("good", "round-2")]
    command.main(words)
    assert kind.tried[2:] == [("good", "round-1")]


def test_nothing_is_tried_where_the_server_without_a_bug_fails(
    kind: Counted, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kind.fit = False
    assert command.main(["mutants", "--results", str(tmp_path)]) == 3
    assert capsys.readouterr().err == "proof mutants: the server without a bug fails\n"
    assert kind.tried == []


@pytest.mark.parametrize(
    "words",
    ["", "nothing", "mutants nowhere", "mutants --jobs 0", "liberal --part x", "deep -o /none/page.md", "hostile -x"],
)
def test_a_mistake_is_told_in_one_line(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        status = command.main(words.split())
    except SystemExit as left:
        status = int(left.code or 0)
    output, errors = capsys.readouterr()
    assert (status, output) == (4, "")
    assert errors.startswith("proof") and errors.count("\n") == 1


@pytest.mark.parametrize("words", [["--help"], *([name, "--help"] for name in KINDS)])
def test_help_says_what_there_is(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="^0$"):
        command.main(words)
    assert "Exit status: 0" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_says_so(tmp_path: Path, number: signal.Signals) -> None:
    words = [sys.executable, "-m", "proof", "mutants", "replies-end-in-lf", "--results", str(tmp_path)]
    process = subprocess.Popen(words, cwd=PROJECT, stderr=subprocess.PIPE, text=True)
    while not list(tmp_path.glob("servers/replies-end-in-lf/__main__.py")):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(number)  # and not to what it has started
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 2
    assert errors == "proof mutants: interrupted; --resume takes the results that are there\n"
