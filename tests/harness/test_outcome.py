"""The exit status, the last line, and the bound of a transcript."""

from __future__ import annotations

import random
import threading

import pytest

from conformance.harness.verdict.outcome import (
    BROKEN,
    CONFORMS,
    FAULT,
    INTERRUPTED,
    NOTHING_JUDGED,
    UNREACHABLE,
    USAGE,
    exit_status,
    verdict_line,
)
from conformance.harness.verdict.result import RequirementResult
from conformance.harness.wire.transcript import LIMIT, Transcript


def row(verdict: str, reason: str = "", kept: str = "", id: str = "rule") -> RequirementResult:
    return RequirementResult(id, "MUST", "Section", "Rule.", verdict=verdict, reason=reason, kept=kept)


def rows(**verdicts: int) -> list[RequirementResult]:
    return [
        row(verdict, f"{verdict}: because" if verdict in ("skip", "blocked") else "")
        for verdict, count in verdicts.items()
        for _ in range(count)
    ]


def status(fail_on_warn: bool = False, interrupted: bool = False, fault: bool = False, **verdicts: int) -> int:
    verdicts["pass"] = verdicts.pop("kept", 0)
    return exit_status(rows(**verdicts), fail_on_warn, interrupted, fault)


# Exit status


def test_exit_statuses_are_those_that_are_written_down() -> None:
    statuses = (CONFORMS, BROKEN, INTERRUPTED, FAULT, USAGE, NOTHING_JUDGED, UNREACHABLE)
    assert statuses == tuple(range(7))


@pytest.mark.parametrize(
    ("found", "verdicts"),
    [
        (CONFORMS, {"pass": 1}),
        (CONFORMS, {"pass": 9, "skip": 90, "blocked": 3, "note": 2}),
        (CONFORMS, {"warn": 1}),
        (BROKEN, {"pass": 99, "fail": 1}),
        (BROKEN, {"fail": 1}),
        (NOTHING_JUDGED, {}),
        (NOTHING_JUDGED, {"skip": 99}),
        (NOTHING_JUDGED, {"blocked": 3, "skip": 2}),
        (NOTHING_JUDGED, {"note": 5, "skip": 2}),
    ],
)
def test_exit_status_of_verdicts(found: int, verdicts: dict[str, int]) -> None:
    assert exit_status(rows(**verdicts), False, False, False) == found


@pytest.mark.parametrize(
    ("found", "verdicts"),
    [(INTERRUPTED, {"pass": 9, "skip": 90}), (BROKEN, {"pass": 9, "fail": 1}), (NOTHING_JUDGED, {"skip": 9})],
)
def test_a_run_that_was_ended_early_says_of_nobody_that_it_conforms(found: int, verdicts: dict[str, int]) -> None:
    assert exit_status(rows(**verdicts), False, False, False, stopped=True) == found


def test_a_warning_fails_where_that_is_asked_for() -> None:
    assert status(fail_on_warn=True, warn=1) == BROKEN
    assert status(fail_on_warn=True, note=1, skip=1, kept=1) == CONFORMS


def test_an_interrupt_is_said_before_all_else() -> None:
    assert status(interrupted=True, fault=True, fail=1) == INTERRUPTED
    assert status(interrupted=True) == INTERRUPTED


def test_a_fault_of_the_suite_is_no_verdict_on_the_server() -> None:
    assert status(fault=True, fail=1) == FAULT
    assert status(fault=True, kept=100) == FAULT


# The last line


@pytest.mark.parametrize(
    ("line", "found", "verdicts"),
    [
        ("conforms in 3 of 3 requirements", CONFORMS, {"pass": 2, "note": 1}),
        ("conforms in 3 of 3 requirements, 1 warning", CONFORMS, {"pass": 2, "warn": 1}),
        ("conforms in 2 of 5 requirements, not judged: 3 (skip)", CONFORMS, {"pass": 2, "skip": 3}),
        (
            "conforms in 2 of 6 requirements, 2 warnings, not judged: 3 (blocked), 1 (skip)",
            CONFORMS,
            {"warn": 2, "skip": 1, "blocked": 3},
        ),
        ("does not conform: 1 requirement of 3 broken, 2 kept", BROKEN, {"pass": 2, "fail": 1}),
        ("does not conform: 2 requirements of 3 broken, 1 kept, 1 warning", BROKEN, {"warn": 1, "fail": 2}),
        ("interrupted: 1 of 3 requirements broken so far, 1 kept", INTERRUPTED, {"fail": 1, "pass": 1, "skip": 1}),
        ("no verdict: the suite itself went wrong", FAULT, {"pass": 1}),
        ("no verdict: nothing was judged of 2 requirements", NOTHING_JUDGED, {"skip": 2}),
    ],
)
def test_verdict_line(line: str, found: int, verdicts: dict[str, int]) -> None:
    said = verdict_line(rows(**verdicts), found)
    assert said.startswith(line)
    assert "\n" not in said
    assert ("not judged" in said) == bool(verdicts.get("skip") or verdicts.get("blocked"))


def test_reasons_are_counted_together() -> None:
    unread = row("skip", "the mailbox cannot be read: name it with --mailbox")
    rest = [row("pass"), unread, row("skip", "no case was run"), unread]
    said = verdict_line(rest, CONFORMS)
    assert said == "conforms in 1 of 4 requirements, not judged: 2 (the mailbox cannot be read), 1 (no case was run)"


def test_what_some_cases_kept_and_others_could_not_judge_is_no_loss_of_the_whole() -> None:
    part = row("skip", "kept in 61 of 62 cases", "61 of 62", "time.restart")
    said = verdict_line([part, *rows(skip=1, **{"pass": 1})], CONFORMS)
    assert said == (
        "conforms in 1 of 3 requirements, kept in part: 1 (time.restart in 61 of 62 cases), not judged: 1 (skip)"
    )
    assert exit_status([part], False, False, False) == CONFORMS


def test_a_run_that_fails_for_its_warnings_does_not_speak_of_0_broken() -> None:
    verdicts = rows(warn=2, **{"pass": 1})
    assert "0 requirements" not in verdict_line(verdicts, exit_status(verdicts, True, False, False))


# Transcripts


def test_a_short_transcript_is_whole_and_in_order() -> None:
    log = Transcript()
    log.add("->", b"HELO \xff\r\n")
    log.add("<-", "250 netid\r\n")
    log.add("--", "")
    entries = log.entries()
    assert [entry[1:] for entry in entries] == [("->", "HELO \xff\r\n"), ("<-", "250 netid\r\n"), ("--", "")]
    assert all(isinstance(entry[0], int) and entry[0] >= 0 for entry in entries)
    assert entries == sorted(entries, key=lambda entry: entry[0])


@pytest.mark.parametrize("size", [0, 1, 100, 5000, 8192, 8193, 100_000])
def test_a_long_transcript_keeps_its_head_and_its_tail_within_the_bound(size: int) -> None:
    log = Transcript()
    for number in range(3000):
        log.add("->", f"{number:06}" + "x" * size)
    entries = log.entries()
    assert sum(len(text) for _, _, text in entries) <= LIMIT + 100
    assert len(entries) < 4 * 1024
    gaps = [at for at, entry in enumerate(entries) if entry[1] == "--"]
    assert len(gaps) == 1
    numbers = [int(entry[2][:6]) for entry in entries if entry[1] == "->"]
    assert numbers[: gaps[0]] == list(range(gaps[0]))
    tail = numbers[gaps[0] :]
    assert tail == list(range(3000 - len(tail), 3000))
    assert tail and gaps[0]
    assert entries[gaps[0]][2] == f"{3000 - len(numbers)} entries left out"


def test_a_long_entry_keeps_its_head_and_its_tail() -> None:
    log = Transcript()
    log.add("->", b"begin" + b"x" * 2**20 + b"end")
    [(_, _, text)] = log.entries()
    assert text.startswith("beginx") and text.endswith("xend")
    assert len(text) < LIMIT // 4
    left_out = 2**20 + 8 - text.count("x") - 8
    assert f"[... {left_out} bytes ...]" in text


def test_a_transcript_of_any_sizes_has_its_bound() -> None:
    chooser = random.Random(1)
    log = Transcript()
    for _ in range(2000):
        log.add("<-", "x" * int(chooser.expovariate(1 / 1000)))
        assert sum(len(text) for _, _, text in log.entries()) <= LIMIT + 100


def test_threads_write_one_transcript() -> None:
    log = Transcript()

    def write(mark: str) -> None:
        for _ in range(100):
            log.add(mark, "x")

    writers = [threading.Thread(target=write, args=(f"->{number}",)) for number in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(30)
    assert len(log.entries()) == 400


def test_of_many_reasons_the_commonest_are_told() -> None:
    skipped = [row("skip", f"{name}: why", id=f"{name}{at}") for at, name in enumerate("aaaabbbccdefg")]
    said = verdict_line([row("pass"), *skipped], CONFORMS)
    assert said.endswith("not judged: 4 (a), 3 (b), 2 (c), 1 (d), 3 for other reasons")
