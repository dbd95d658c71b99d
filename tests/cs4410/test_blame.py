"""Blame: each row of what a symptom is said to break."""

from __future__ import annotations

import pytest

from conformance.cs4410 import blame, ledger
from conformance.cs4410.blame import FIELDS_JUDGED_BY, Late

LIMIT = 10.0


@pytest.mark.parametrize(
    ("silent", "greets", "others", "before", "rule"),
    [
        (True, True, True, True, "pool.32"),
        (True, True, True, False, "pool.32"),
        (True, True, False, True, "pool.frees"),
        (True, True, False, False, "greeting"),
        (True, False, True, True, "greeting"),  # nobody was ever greeted
        (False, True, True, True, "greeting"),  # closed or reset, which no full pool does
    ],
)
def test_no_greeting(silent: bool, greets: bool, others: bool, before: bool, rule: str) -> None:
    assert blame.no_greeting(silent, greets, others, before) == rule


@pytest.mark.parametrize(
    ("requirement", "greeted", "before", "rule", "base"),
    [
        ("pool.32", 31, True, "pool.32", ""),
        ("pool.32", 0, False, "pool.32", ""),
        ("pool.32", 0, True, "pool.frees", "pool.frees"),
        ("pool.survives", 0, True, "pool.survives", "pool.frees"),
        ("pool.survives", 31, True, "pool.survives", "pool.32"),
        ("pool.alive", 0, False, "pool.alive", "pool.32"),
    ],
)
def test_too_few_greeted(requirement: str, greeted: int, before: bool, rule: str, base: str) -> None:
    assert blame.too_few_greeted(requirement, greeted, before) == (rule, base)


def test_a_time_out_a_whole_limit_after_the_connect_is_of_a_clock_that_was_not_restarted() -> None:
    assert blame.too_early("time.early", 9.9, LIMIT) == "time.early"
    assert blame.too_early("time.early", 10.0, LIMIT) == "time.restart"
    assert blame.too_early("time.start", 12.0, LIMIT) == "time.start"


@pytest.mark.parametrize(
    ("sent", "came", "late"),
    [
        (0.1, 3.0, Late.EARLY),
        (0.1, 9.4, Late.EARLY),
        (0.1, 9.6, Late.UNANSWERED),
        (9.6, 9.7, Late.CASE),
        (9.6, 12.0, Late.CASE),
    ],
)
def test_a_time_out_in_place_of_a_reply(sent: float, came: float, late: Late) -> None:
    assert blame.time_out(sent, came, LIMIT) is late


@pytest.mark.parametrize(
    ("code", "refusing", "rule"),
    [
        ("451", True, "reply.codes"),
        ("451", False, "mail"),
        ("250", True, "mail"),
        ("550", True, "mail"),
        ("", True, "mail"),
    ],
)
def test_a_reply_that_is_not_acceptable(code: str, refusing: bool, rule: str) -> None:
    assert blame.unfit("mail", code, refusing) == rule


@pytest.mark.parametrize(("answers", "rule"), [(True, "time.out"), (False, "reply.one")])
def test_no_time_out(answers: bool, rule: str) -> None:
    assert blame.no_time_out("time.out", answers) == rule


@pytest.mark.parametrize(
    ("wrong", "requirement", "rule"),
    [
        ({"case"}, "mailbox.entry", "case.arguments"),
        ({"case"}, "bytes", "case.arguments"),
        ({"case", "body"}, "bytes", "bytes"),
        ({"body"}, "bytes", "bytes"),
        ({"sender"}, "bytes", "mailbox.entry"),
        ({"body", "form"}, "bytes", "mailbox.entry"),
        ({"recipients"}, "rcpt.lines", "rcpt.lines"),
        ({"host"}, "rcpt.lines", "mailbox.entry"),
        ({"body"}, "numbers.first", "mailbox.entry"),
        ({"body"}, "mailbox.whole", "mailbox.whole"),  # it judges all of an entry
    ],
)
def test_an_entry_that_is_wrong(wrong: set[str], requirement: str, rule: str) -> None:
    assert blame.entry(wrong, requirement) == rule


@pytest.mark.parametrize(
    ("alike", "files", "rule"),
    [(False, 1, "numbers"), (False, 2, "numbers"), (True, 1, "mailbox.whole"), (True, 2, "backup.emptied")],
)
def test_a_number_that_stands_twice(alike: bool, files: int, rule: str) -> None:
    assert blame.number_twice(alike, files) == rule


def test_what_is_concerned_is_in_the_ledger() -> None:
    assert set(FIELDS_JUDGED_BY) <= set(ledger.load())


@pytest.mark.parametrize(
    ("stumbled", "delivered", "rule"),
    [(True, False, "recover"), (False, True, "after.forgets"), (True, True, "recover"), (False, False, "")],
)
def test_hung_up(stumbled: bool, delivered: bool, rule: str) -> None:
    assert blame.hung_up(stumbled, delivered) == rule


@pytest.mark.parametrize(("greeting", "rule"), [(True, "pool.32"), (False, "pool.no-influence")])
def test_delayed(greeting: bool, rule: str) -> None:
    assert blame.delayed(greeting) == rule
