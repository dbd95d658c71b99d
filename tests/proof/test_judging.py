"""What each kind makes of a run: what is as it should be, what is not, and how its page shows it."""

from __future__ import annotations

import pytest

from proof import run
from proof.kind import Row, Trial
from proof.kinds.deep import Deep, Search
from proof.kinds.hostile import LAUNCHED, MULTICLIENT, Hostiles, Shown
from proof.kinds.liberal import Liberals
from proof.kinds.machine_made import MachineMade, explained
from proof.kinds.mutants import Mutants
from proof.run import Run
from proof.servers.edit import Mutant
from proof.servers.hostile import Hostile
from proof.servers.liberal.liberty import Liberal
from proof.servers.machine import Change

FIRST = Trial(1, 7)


def row(breaks: str, *blamed: str, also: str = "", finished: bool = True, status: int = 1) -> Row[Mutant, Run]:
    findings = {name: [f"cs4410/test_x.py::test_{name}"] for name in blamed}
    mutant = Mutant("bug", breaks, (), also, "because" if also else "")
    return Row(mutant, {FIRST: Run(status, 9.6, finished, findings)})


def test_a_mutant_caught_by_its_own_requirement_is_as_it_should_be() -> None:
    for right in (row("helo", "helo"), row("helo", "helo", "netid", also="netid"), row("", status=0)):
        assert Mutants().faults(right) == []


@pytest.mark.parametrize(
    ("odd", "fault"),
    [
        (row("helo", status=0), "survived"),
        (row("helo", "mail"), "survived"),
        (row("helo", status=3), "no results, exit status 3"),
        (row("helo mail", "mail"), "caught by mail, not by helo"),
        (row("helo", "helo", finished=False), "not finished in 10 s"),
        (row("helo", "helo", "mail", "rcpt", also="rcpt"), "blamed without a reason: mail"),
        (row("", "helo"), "blamed without a bug"),
    ],
)
def test_what_is_wrong_with_a_mutant_is_said(odd: Row[Mutant, Run], fault: str) -> None:
    assert Mutants().faults(odd)[0] == fault


def test_the_matrix_shows_every_mutant_and_why_more_was_blamed() -> None:
    page = Mutants().page([row("helo", "helo", "netid", also="netid"), row("mail", status=0)])
    assert "| bug | helo | helo | test_helo | netid | 10 |" in page
    assert "1 of 2 mutants caught, 1 by their own requirement; 0 without blame beyond it." in page
    assert "- bug (netid): because" in page
    assert "- bug: survived" in page


def test_a_false_accusation_is_told_with_its_round() -> None:
    runs = {FIRST: Run(1, 2.0, True, {"mail": ["a case"]}), Trial(2, 8): Run(0, 4.0, True, {"mail.words": ["a case"]})}
    accused = Row(Liberal("some", warns="mail.words"), runs)
    assert Liberals().faults(accused) == [
        "round-1: accused of mail",
        "round-1: not warned of mail.words",
        "round-1: exit status 1 after 2 s",
    ]
    assert Liberals().cells(accused) == ("some", "2", "1", "mail, mail.words", "3")


def test_a_hostile_server_is_to_be_blamed_for_what_it_breaks_only() -> None:
    server = Hostile("bad", "Is bad", "greeting", ())
    good = Shown(1, 2.0, True, {"greeting": []}, mebibytes=50.0, blocked=600)
    bad = Shown(0, 180.0, False, {"mail": []}, mebibytes=400.0, live=["report.md contains a live pwned"])
    assert Hostiles().wrong(server, Trial(1, 7, LAUNCHED), good) == []
    assert Hostiles().wrong(server, Trial(1, 7, MULTICLIENT), Shown(6, 2.0, True)) == []
    assert Hostiles().wrong(server, Trial(1, 7, LAUNCHED), bad) == [
        "exit status 0",
        "180 s",
        "400 MiB",
        "report.md contains a live pwned",
        "blamed mail, not greeting",
    ]
    cells = Hostiles().cells(Row(server, {Trial(1, 7, way): good for way in Hostiles.ways}))
    assert cells[3:] == (*["2 s, 50 MiB, exit 1, 600 blocked"] * 2, "2 s, 50 MiB, exit 1, 600 blocked: `greeting`")


def test_a_deep_fault_may_be_missed_once_in_ten_rounds() -> None:
    def searches(*steps: int) -> Row[Mutant, Search]:
        found = [Search(int(one > 0), 3.0, True, {"helo": []}, "", 30, one, 3 * (one > 0)) for one in steps]
        return Row(Mutant("deep", "helo", ()), {Trial(number, number): one for number, one in enumerate(found, 1)})

    assert Deep().faults(searches(*[4] * 9, 0)) == []
    assert Deep().faults(searches(*[4] * 8, 7, 0)) == ["round-9: shrunk to 7 steps only", "round-10: not found"]
    assert Deep().cells(searches(4, 2, 0)) == ("deep", "2 of 3", "30", "3, at most 4", "3", "helo")


def test_a_survivor_needs_a_reason() -> None:
    why, (name, *_) = next(iter(explained().items()))
    lives, dies = Run(0, 50.0, True), Run(1, 5.0, True, {"helo": ["a case"]})
    kind = MachineMade()
    assert kind.wrong(Change("new", ()), FIRST, lives) == ["lives, and is not explained"]
    assert kind.wrong(Change("new", ()), FIRST, dies) == kind.wrong(Change(name, ()), FIRST, lives) == []
    page = kind.page(
        [Row(Change(one, ()), {FIRST: came}) for one, came in ((name, lives), ("new", lives), ("x", dies))]
    )
    assert f"3 mutants, 2 live, 1 of them unexplained.\n\n{why}\n\n- {name}\n\n**Not explained.**\n\n- new\n" in page


def test_what_was_blamed_is_read_back() -> None:
    verdicts = {"helo": "fail", "mail": "warn", "rcpt": "pass"}
    results = {
        "requirements": [{"id": one, "verdict": verdict} for one, verdict in verdicts.items()],
        "cases": [
            {"id": "one", "findings": [{"requirement": "helo", "verdict": "fail"}] * 2},
            {"id": "two", "findings": [{"requirement": name, "verdict": "warn"} for name in ("helo", "mail")]},
        ],
    }
    assert run.blamed(results) == {"helo": ["one", "two"], "mail": ["two"]}
    assert run.blamed(results, ("fail",)) == {"helo": ["one"]}
