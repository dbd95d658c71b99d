"""The matrix: what it counts, how it is sorted, its names and links, and its three outputs."""

import csv
import io
import json
import os
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from reports import matrix_writers
from reports.__main__ import main
from reports.matrix import Column, column, matrix, names
from reports.results import load

GOLDENS = Path(__file__).parent / "goldens"
Class = Callable[..., list[Path]]


def mended(document: Any, *ids: str) -> Any:
    """The same run with these requirements kept."""
    document = deepcopy(document)
    for rule in document["requirements"]:
        if rule["id"] in ids:
            rule["verdict"] = "pass"
    return document


@pytest.fixture
def runs(document: Any, tmp_path: Path) -> list[Path]:
    """Three servers: one breaks four rules, one three of them, one a single one."""
    failed = [rule["id"] for rule in document["requirements"] if rule["verdict"] == "fail"]
    told = {"=cmd|' calc'!A0": (), "Zo\u00eb": failed[:1], "<b>m\u202eb": failed[:3]}
    paths: list[Path] = []
    for name, kept in told.items():
        folder = tmp_path / name
        folder.mkdir()
        (folder / "results.json").write_text(json.dumps(mended(document, *kept)))
        paths.append(folder / "results.json")
    return paths


def test_most_broken_comes_first(runs: list[Path]) -> None:
    told = matrix(column(name, load(path)) for name, path in zip("abc", reversed(runs), strict=True))
    assert [one.count("fail") for one in told.columns] == [4, 3, 1]
    assert [one.name for one in told.columns] == ["c", "b", "a"]
    for rows in told.sections.values():
        counts = [len(row.failed) for row in rows]
        assert counts == sorted(counts, reverse=True)
    kinds = [row.kind for row in told.rows]
    assert kinds.count("all") == 1 and kinds.count("one") == 1


def test_rows_are_all_rules_of_all_runs(document: Any, tmp_path: Path) -> None:
    """Of runs of different suites, too."""
    paths: list[Path] = []
    for part in (slice(0, 5), slice(3, None)):
        path = tmp_path / f"{len(paths)}.json"
        path.write_text(json.dumps({**document, "requirements": document["requirements"][part]}))
        paths.append(path)
    told = matrix(column(str(path), load(path)) for path in paths)
    assert sorted(row.rule.id for row in told.rows) == sorted(rule["id"] for rule in document["requirements"])


@pytest.mark.parametrize(
    ("paths", "told"),
    [
        (["a/results.json", "b/results.json"], ["a", "b"]),
        (["x/a/results.json", "y/a/results.json", "b/results.json"], ["x/a", "y/a", "b"]),
        (["ada.json", "ben.json"], ["ada", "ben"]),
        (["real/exim/round-1/results.json", "real/postfix/round-1/results.json"], ["exim", "postfix"]),
        (["a/results.json", "a.json"], None),
    ],
)
def test_names_are_as_short_as_tells_them_apart(paths: list[str], told: list[str] | None) -> None:
    found = names([Path(path) for path in paths])
    assert len(set(found)) == len(paths)
    assert told is None or found == told


def test_csv_is_data(runs: list[Path], tmp_path: Path) -> None:
    """Every requirement a line, every verdict a word, and no cell is a formula."""
    output = tmp_path / "matrix.csv"
    assert main(["matrix", *map(str, runs), "-o", str(output)]) == 0
    head, *rows = csv.reader(io.StringIO(output.read_text(encoding="utf-8")))
    assert head[5] == "'=cmd|' calc'!A0"
    assert "Zo\u00eb" in head
    assert {len(row) for row in rows} == {len(head)}
    assert {word for row in rows for word in row[5:]} <= {"fail", "warn", "blocked", "skip", "note", "pass"}
    assert len(rows) == len(load(runs[0]).requirements)


def test_markdown_is_the_golden_one(runs: list[Path], tmp_path: Path) -> None:
    output = tmp_path / "matrix.md"
    assert main(["matrix", *map(str, runs), "-o", str(output)]) == 0
    written = output.read_text(encoding="utf-8")
    golden = GOLDENS / "matrix.md"
    if os.environ.get("UPDATE_GOLDENS"):
        golden.write_text(written, encoding="utf-8")
    assert written == golden.read_text(encoding="utf-8")


def test_a_server_that_crashed_leads_to_its_log() -> None:
    told = matrix_writers.plain(matrix([Column("a|b", "it crashed", "a_b/log.txt", log="a_b/log.txt")]))
    assert "](a_b/log.txt): it crashed" in told


def test_another_ending_is_refused(runs: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["matrix", str(runs[0]), "-o", "matrix.pdf"])
    assert end.value.code == 4
    assert ".html or .md or .csv" in capsys.readouterr().err
