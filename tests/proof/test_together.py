"""Servers with several bugs: what is drawn can live together, and what is wrong with a run is said."""

from __future__ import annotations

import pytest

from proof.kind import Row, Trial
from proof.kinds.together import Several, Togethers
from proof.servers.edit import Mutant, sources
from proof.servers.together import HOW_MANY, Together, sections

ONE, OTHER = Mutant("one-bug", "mail mail.words", ()), Mutant("other-bug", "time.out", (), also="time.early", why="so")
BOTH = Together((ONE, OTHER))
TRIAL = Trial(1, 7)


def test_there_are_as_many_as_asked_for_and_each_has_bugs_of_its_own() -> None:
    for name, (bugs, count) in HOW_MANY.items():
        servers = sections()[name]
        assert len({server.name for server in servers}) == count
        assert all(len({bug.main for bug in server.bugs}) == bugs for server in servers)


def test_all_edits_of_one_are_made() -> None:
    server = sections()["five"][0]
    alone = [sources(bug) for bug in server.bugs]
    assert sources(server) not in alone


@pytest.mark.parametrize(
    ("findings", "blocked", "unjudged", "wrong"),
    [
        (["mail", "time.out"], {}, 0.0, []),
        (["mail", "time.out", "mail.words", "time.early"], {}, 0.15, []),
        (["mail"], {"time.out": ["mail"]}, 0.1, []),
        (["mail"], {}, 0.0, ["other-bug missed"]),
        (["mail"], {"time.out": ["greeting"]}, 0.0, ["other-bug missed"]),  # what is to be mended is not broken
        (["mail", "time.out", "helo"], {}, 0.0, ["blamed without a bug: helo"]),
        (["mail", "time.out"], {}, 0.16, ["16% not judged"]),
    ],
)
def test_what_is_wrong_with_a_run_is_said(
    findings: list[str], blocked: dict[str, list[str]], unjudged: float, wrong: list[str]
) -> None:
    run = Several(1, 60.0, True, {name: ["a case"] for name in findings}, "", blocked, unjudged)
    assert Togethers().wrong(BOTH, TRIAL, run) == wrong


def test_a_run_without_a_verdict_is_wrong() -> None:
    assert "no verdict, exit status 3 after 2 s" in Togethers().wrong(BOTH, TRIAL, Several(3, 2.0, True))


def test_the_table_tells_what_was_found_and_what_is_to_be_mended_first() -> None:
    run = Several(1, 60.0, True, {"mail": ["a case"]}, "", {"time.out": ["mail"]}, 0.1)
    row = Row(BOTH, {TRIAL: run})
    assert Togethers().cells(row) == ("one-bug + other-bug", "mail", "time.out", "", "", "10%", "60")
    said = "1 of 2 bugs found, of 1 more it is said what must be mended first; 0 of 1 blames for what no bug breaks"
    assert Togethers().summary([row]).startswith(said)
