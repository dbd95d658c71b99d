"""The ledger of rfc5321 is complete in itself, and its page names only what stands in it."""

from __future__ import annotations

import re
from itertools import groupby
from pathlib import Path

import pytest

import conformance.rfc5321
from conformance.harness.verdict.ledger import Ledger, Requirement, load

ROOT = Path(__file__).parents[2]
LEDGER = load(Path(conformance.rfc5321.__file__).with_name("requirements.toml"))
PAGE = (ROOT / "docs" / "rfc5321.md").read_text(encoding="utf-8")
SECTIONS = [
    "Connection and greeting",
    "Replies",
    "Command lines",
    "EHLO and HELO",
    "MAIL",
    "RCPT",
    "DATA and transparency",
    "Other commands",
    "Order and state",
    "Closing",
    "Time-outs",
    "Trace header",
    "Notifications",
]
PLACE = r"(?:appendix [A-F](?:\.\d)?|\d(?:\.\d+)+)(?: to \d(?:\.\d+)+)?"
SOURCE = re.compile(rf"RFC \d{{4}} {PLACE}(?:, {PLACE})*(?:; RFC \d{{4}} {PLACE}(?:, {PLACE})*)*")
ID = re.compile(r"[a-z0-9]+\.[a-z0-9]+(?:-[a-z0-9]+)*")
SMUGGLING = re.compile(r"data\.(?:smuggle.*|not-(?:lf|crlf|cr)\b.*)")


def mentioned(text: str) -> set[str]:
    """What stands between grave accents and looks like an id."""
    return {quoted for quoted in re.findall(r"`([^`\n]+)`", text) if ID.fullmatch(quoted)}


def unknown(text: str, ledger: Ledger) -> set[str]:
    return mentioned(text) - set(ledger)


@pytest.mark.parametrize("requirement", LEDGER.values(), ids=LEDGER)
def test_a_requirement_is_complete(requirement: Requirement) -> None:
    assert ID.fullmatch(requirement.id)
    assert requirement.strength in ("MUST", "SHOULD", "MAY", "grammar", "silent")
    assert SOURCE.fullmatch(requirement.source)
    for text in (requirement.rule, requirement.disputed or "None."):
        assert text.endswith(".") and "\n" not in text and text == text.strip()
        assert unknown(text, LEDGER) == set()


def test_no_rule_stands_twice() -> None:
    rules = [requirement.rule for requirement in LEDGER.values()]
    assert len(set(rules)) == len(rules)


def test_the_sections_stand_in_the_order_of_a_session() -> None:
    assert [name for name, _ in groupby(requirement.section for requirement in LEDGER.values())] == SECTIONS


@pytest.mark.parametrize(
    "requirement",
    [row for row in LEDGER.values() if row.level == "MUST" and row.strength == "silent"],
    ids=lambda requirement: requirement.id,
)
def test_a_must_on_which_the_rfc_is_silent_says_why(requirement: Requirement) -> None:
    assert requirement.disputed


def test_vulnerabilities_stand_only_with_the_rules_about_smuggling() -> None:
    named = {requirement.id: requirement.cve for requirement in LEDGER.values() if requirement.cve}
    assert named
    for id, cves in named.items():
        assert SMUGGLING.fullmatch(id)
        assert all(re.fullmatch(r"CVE-\d{4}-\d{4,}", cve) for cve in cves.split(", "))


def test_the_page_names_only_requirements_that_there_are() -> None:
    assert mentioned(PAGE) and unknown(PAGE, LEDGER) == set()


def test_an_id_that_does_not_exist_is_seen() -> None:
    assert unknown("`reply.crlf` and `reply.clrf`, in `requirements.toml` or --recipient", LEDGER) == {
        "reply.clrf",
        "requirements.toml",
    }


def test_the_page_has_every_disputed_requirement_in_its_table() -> None:
    table = PAGE.partition("\n## Disputed\n")[2].partition("\n## ")[0]
    disputed = {requirement.id for requirement in LEDGER.values() if requirement.disputed}
    assert mentioned(table) == disputed
