"""The transcript of a case with many connections tells of those that a finding is about."""

from __future__ import annotations

import pytest

from conformance.cs4410 import ledger
from conformance.harness.verdict.verdict import Broken, Record
from conformance.harness.wire.transcript import FEW, KEPT, LIMIT, Transcript


def talked(connections: int) -> Transcript:
    log = Transcript()
    for number in range(1, connections + 1):
        log.connections += 1
        log.add("->", f"I am {number}", number)
    log.add("--", "all are there")
    return log


def record(connections: int) -> Record:
    return Record("cs4410/test_x.py::test_x", "Title.", ("pool.32", "pool.ahead"), ledger.load(), talked(connections))


def told(made: Record) -> list[tuple[str, str]]:
    return [(entry[1], entry[2]) for entry in made.told()]


def test_only_the_connections_asked_for_are_told_and_how_many_there_were() -> None:
    assert [entry[1:] for entry in talked(32).entries([7, 1])] == [
        ("--", "connections 1 and 7 of 32; the others are not shown"),
        ("->", "I am 1"),
        ("->7", "I am 7"),
        ("--", "all are there"),
    ]


def test_a_finding_of_a_crowd_shows_what_it_is_about() -> None:
    made = record(32)
    made.find("pool.32", "reason", about=[9, 0, 9, 20, 21])
    assert told(made) == [
        ("--", "connections 9 and 20 of 32; the others are not shown"),
        ("->9", "I am 9"),
        ("->20", "I am 20"),
        ("--", "all are there"),
    ]
    assert [entry[2] for entry in made.result("repeat").transcript] == [text for _, text in told(made)]


def test_what_a_case_was_blocked_by_is_shown_as_well() -> None:
    made = record(32)
    made.set_aside("blocked", "reason", "pool.frees")
    made.about.append(3)
    assert ("->3", "I am 3") in told(made) and ("->4", "I am 4") not in told(made)


@pytest.mark.parametrize("verdict", ["", "skip"])
def test_where_nothing_is_found_all_are_told(verdict: str) -> None:
    made = record(32)
    if verdict:
        made.set_aside(verdict, "reason")
        made.about.append(3)
    assert len(told(made)) == 33


def test_few_connections_are_all_told() -> None:
    made = record(FEW)
    made.find("pool.32", "reason", about=[2])
    assert len(told(made)) == FEW + 1


def test_a_connection_that_showed_nothing_is_hidden_and_not_counted() -> None:
    log = talked(32)
    log.hide(32)
    entries = log.entries([31, 32])
    assert entries[0][2] == "connections 31 and 32 of 31; the others are not shown"
    assert not any("I am 32" in text for _, _, text in entries)


def test_those_on_which_something_happened_last_are_known() -> None:
    assert talked(32).latest(2) == [32, 31]


def test_one_of_many_connections_is_whole_though_all_of_them_say_more_than_is_told() -> None:
    log = Transcript()
    log.connections = 32
    for at in range(40):
        for number in range(1, 33):
            log.add("<-", f"{at} to {number} " + "x" * 500, number)
    assert 4 * LIMIT < 40 * 32 * 500
    assert [text.split(" ")[0] for _, _, text in log.entries([5])[1:]] == [str(at) for at in range(40)]


@pytest.mark.parametrize(("connections", "bound"), [(1, LIMIT), (FEW, LIMIT), (FEW + 1, KEPT)])
def test_what_is_kept_has_its_bound(connections: int, bound: int) -> None:
    log = Transcript()
    log.connections = connections
    for _ in range(1000):
        log.add("<-", "x" * 8000, 1)
    assert bound // 2 < sum(len(moment.entry[2]) for moment in log._kept) <= bound
    assert sum(len(text) for _, _, text in log.entries()) <= LIMIT + 100
    assert any("entries left out" in text for _, _, text in log.entries())


@pytest.mark.parametrize("sizes", [(100, 40_000, 100), (30_000, 9000, 10), (8000, 8000, 8000)])
@pytest.mark.parametrize("connections", [1, 32])
def test_what_is_left_out_is_said_where_it_was(connections: int, sizes: tuple[int, ...]) -> None:
    """Also where what was too long for the head is followed by what is not."""
    log = Transcript()
    log.connections = connections
    for at in range(1000):
        log.add("<-", f"{at} " + "x" * min(sizes[at % 3], 8000), 1)
    entries = log.entries()
    [gap] = [at for at, entry in enumerate(entries) if "left out" in entry[2]]
    numbers = [int(text.split(" ")[0]) for _, direction, text in entries if direction == "<-"]
    assert numbers[:gap] == list(range(gap)) and numbers[gap:] == list(range(1000 - len(numbers) + gap, 1000))
    assert entries[gap][2] == f"{1000 - len(numbers)} entries left out"


def test_what_several_clients_met_is_told_once_with_their_count() -> None:
    met = [Broken("pool.32", "no reply", "220", "none", about=[number]) for number in (3, 4, 5)] + [
        Broken("pool.32", "closed", "220", "none")
    ]
    met[0].count(met, 32)
    assert met[0].finding[:2] == ("pool.32", "no reply, for 3 of 32 clients at once")
    assert met[0].about == (3, 4, 5)


def test_secrets_are_told_by_nobody() -> None:
    transcript = Transcript()
    transcript.secrets = ("hunter2", "aHVudGVyMg==")
    transcript.add("<-", b"535 hunter2 is wrong, and aHVudGVyMg== too\r\n", 1)
    record = Record("x::y", "Title.", ("mail",), ledger.load(), transcript)
    record.find("mail", "hunter2 was refused", actual="535 hunter2")
    record.conceal()
    assert "hunter2" not in repr(record.result("")) and "aHVudGVyMg" not in repr(record.result(""))
    assert record.worst.reason == "[secret] was refused"
