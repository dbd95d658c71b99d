"""The parts of the load that need no server."""

import random
from pathlib import Path

import pytest

from conformance.cs4410 import dialect
from conformance.cs4410.load.envelope import fingerprint
from conformance.cs4410.load.script import TOUR, Script
from conformance.cs4410.load.verdicts import Judge
from conformance.cs4410.load.words import BODY, SHAPES, Words, canonical
from conformance.load.findings import Findings, shown
from conformance.load.profile import Move
from conformance.load.spool import WINDOW, Spool
from conformance.load.tally import MOST_MOMENTS, Histogram, Tally

WORDS = Words(1)
JUDGE = Judge(dialect.load("cs4410-2016"))


def test_histogram_is_exact_within_five_percent() -> None:
    histogram = Histogram()
    times = [random.Random(1).uniform(1e-5, 2.0) for _ in range(1000)]
    for seconds in [0.0, *times, 1e9]:
        histogram.add(seconds)
    assert histogram.quantile(0.5) == pytest.approx(sorted(times)[500], rel=0.06)
    assert histogram.quantile(1.0) > 1000 and histogram.longest == 1e9


def test_merged_histogram_is_that_of_all_times() -> None:
    drawn = random.Random(2)
    whole, merged = Histogram(), Histogram()
    for _ in range(4):
        part = Histogram()
        for seconds in (drawn.expovariate(50) for _ in range(500)):
            whole.add(seconds)
            part.add(seconds)
        merged.merge(part.counts, part.longest)
    assert (merged.counts, merged.count, merged.longest) == (whole.counts, 2000, whole.longest)
    assert [merged.quantile(share) for share in (0.5, 0.99, 1.0)] == [whole.quantile(n) for n in (0.5, 0.99, 1.0)]


@pytest.mark.parametrize("counts", [{-1: 1}, {10**6: 1}, {5: -1}])
def test_what_is_no_histogram_is_not_merged(counts: dict[int, int]) -> None:
    histogram = Histogram()
    with pytest.raises(ValueError):
        histogram.merge({3: 2, **counts}, 1.0)
    assert histogram.count == 0 and histogram.longest == 0.0 and histogram.counts == {}


def test_time_series_stays_short() -> None:
    tally = Tally()
    for second in range(100_000):
        tally.add("mail", 0.001, True)
        tally.tick(float(second))
    assert MOST_MOMENTS / 2 <= len(tally.moments) < MOST_MOMENTS
    assert tally.moments[-1].operations_per_second == pytest.approx(1.0, 0.1)


def walk(script: Script, moves: int) -> list[Move]:
    shape, taken = 0, []
    for _ in range(moves):
        move = script.next(shape)
        taken.append(move)
        for step in move.steps:
            shape = step.after if isinstance(step.after, int) else 0
        if move.leave or not move.steps:
            shape = 0
    return taken


def script(seed: int, client: int, errors: float = 0.2) -> Script:
    return Script(WORDS, seed, client, 28, errors, "run")


def test_same_seed_same_conversation() -> None:
    assert walk(script(1, 3), 3000) == walk(script(1, 3), 3000)
    assert walk(script(1, 3), 100) != walk(script(2, 3), 100)
    assert walk(script(1, 3), 100) != walk(script(1, 4), 100)


def test_every_way_of_sending_and_leaving_occurs() -> None:
    moves = walk(script(1, 0), 20_000)
    assert {1, 2, 3, 4} <= {len(move.pieces) for move in moves}
    assert any(len(move.pieces) == len(move.steps[0].data) for move in moves if move.steps)
    assert {move.leave for move in moves} == {"", "close", "reset", "half-close"}
    assert any(len(move.steps) > 1 for move in moves) and any(not move.steps for move in moves)


def test_pieces_make_the_whole() -> None:
    for move in walk(script(1, 0), 5000):
        if not move.leave:
            assert b"".join(move.pieces) == b"".join(step.data for step in move.steps)


def test_without_errors_only_right_lines() -> None:
    right = {step for kinds in WORDS.right for steps in kinds.values() for step in steps}
    for move in walk(script(1, 0, errors=0), 5000):
        assert all(step in right for step in move.steps if step.line)


def test_tour_holds_every_error_of_the_assignment() -> None:
    assert {kind for _, kind in TOUR} == {
        "need", "syntax", "unknown", "duplicate", "nested", "bad_sender", "bad_recipient",
    }  # fmt: skip
    assert all(kind in WORDS.wrong[shape] for shape, kind in TOUR)


def test_one_client_alone_makes_the_whole_tour() -> None:
    alone = Script(WORDS, 1, 0, 1, 0.2, "run")
    walk(alone, 400)
    assert not alone._tour


def test_verdicts_are_those_of_the_model() -> None:
    assert JUDGE.command(1, b"MAIL FROM: a@b", b"250 2.1.0 OK").after == 2
    assert JUDGE.command(1, b"MAIL FROM: a@b", b"250 OK").wrong == "the wrong words"
    assert JUDGE.command(1, b"MAIL FROM: a@b", b"354 OK").after is None
    assert JUDGE.command(0, b"", b"250 anything").wrong == ""
    assert JUDGE.command(0, b"", b"anything").wrong
    verdict, number = JUDGE.delivered(b"250 OK: delivered message 77")
    assert (verdict.wrong, verdict.after, number) == ("", 1, 77)
    assert JUDGE.delivered(b"250 OK: delivered message")[0].wrong == "the wrong words"
    assert JUDGE.delivered(b"250 OK: delivered message " + b"9" * 30)[0].wrong
    assert JUDGE.delivered(b"554 no")[1] == -1


def test_long_replies_are_not_remembered() -> None:
    before = JUDGE._remembered.cache_info().currsize
    for number in range(100):
        JUDGE.command(1, b"DATA", b"x" * 10_000 + b"%d" % number)
    assert JUDGE._remembered.cache_info().currsize == before


def test_every_line_has_its_shape() -> None:
    assert len(SHAPES) == len(WORDS.right) == len(WORDS.wrong) == BODY
    assert [sorted(kinds) for kinds in WORDS.right] == [["helo"], ["mail"], ["rcpt"], ["data", "rcpt"]]


def test_fingerprint_leaves_what_is_free() -> None:
    body = b"one\r\n..two\r\n.three\r\n"
    same = fingerprint(b"h", b"<a@b>", [b"<c>", b"d", b"c"], canonical(body))
    assert same == fingerprint(b"h", b"a@b", [b"d", b"c"], canonical(b"one\n.two\nthree\n\n\n"))
    assert same != fingerprint(b"h", b"a@b", [b"d"], canonical(body))
    assert same != fingerprint(b"h", b"a@b", [b"d", b"c"], canonical(b"one\n.two\n"))


def test_spool_finds_what_it_keeps(tmp_path: Path) -> None:
    with (tmp_path / "spool").open("w+b") as file:
        spool = Spool(file)
        for number in (1000, 1, 7, 1000 + 2 * WINDOW):
            spool.keep(number, number * 3)
        assert [spool.get(number) for number in (1000, 1, 7, 8, -5)] == [3000, 3, 21, None, None]
        assert list(spool) == [1, 7, 1000] and len(spool) == 3
        assert spool.outside == 1


def test_findings_are_bounded_and_escaped() -> None:
    findings = Findings()
    for number in range(1000):
        findings.add("rule", f"what {number}", "", "\x1b[31m" + "x" * 100_000, [(0.0, "<-", b"\xff\r\n")])
    kept = list(findings)
    assert len(kept) <= 40 and findings.total == 1000
    assert len(kept[0].actual) < 1000 and kept[0].actual.startswith(r"\x1b[31m")
    assert kept[0].transcript[0].endswith(r"\xff\r\n")
    assert shown("ünïcode ☃").isascii()
