"""The ledger of rfc5321, its two files, is complete in itself, and its page names only what stands in it."""

from __future__ import annotations

import re
from itertools import groupby
from pathlib import Path

import pytest

import conformance.rfc5321
from conformance.harness.verdict.ledger import Ledger, Requirement, load
from conformance.rfc5321.profile import PROFILE

ROOT = Path(__file__).parents[2]
FILES = [Path(conformance.rfc5321.__file__).with_name(f"{name}.toml") for name in ("requirements", "extensions")]
LEDGER = load(*FILES)
PAGE, PEERS = ((ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8") for name in ("rfc5321", "peers"))
SESSION = [
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
EXTENSIONS = [
    "All extensions",
    "SIZE",
    "ENHANCEDSTATUSCODES",
    "PIPELINING",
    "8BITMIME",
    "CHUNKING and BINARYMIME",
    "STARTTLS",
    "AUTH",
    "DSN",
    "SMTPUTF8",
    "LMTP",
    "Submission",
    "LIMITS and codes",
]
PLACE = r"(?:appendix [A-F](?:\.\d)?|\d(?:\.\d+)*)(?: to \d(?:\.\d+)+)?"
SOURCE = re.compile(rf"RFC \d{{4}} {PLACE}(?:, {PLACE})*(?:; RFC \d{{4}} {PLACE}(?:, {PLACE})*)*")
ID = re.compile(r"[a-z0-9]+\.[a-z0-9]+(?:-[a-z0-9]+)*")
ATTACKED = re.compile(r"data\.(?:smuggle.*|not-(?:lf|crlf|cr)\b.*)|bdat\.bytes|tls\.injection")


def mentioned(text: str) -> set[str]:
    """What stands between grave accents and looks like an id."""
    return {quoted for quoted in re.findall(r"`([^`\n]+)`", text) if ID.fullmatch(quoted)}


def unknown(text: str, ledger: Ledger) -> set[str]:
    return mentioned(text) - set(ledger)


def table(heading: str) -> list[list[str]]:
    """The cells of the table under a heading of the page, row by row."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| ")][2:]


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


@pytest.mark.parametrize(("path", "sections"), [(FILES[0], SESSION), (FILES[1], EXTENSIONS)], ids=["session", "more"])
def test_the_sections_stand_in_their_order(path: Path, sections: list[str]) -> None:
    assert [name for name, _ in groupby(requirement.section for requirement in load(path).values())] == sections


@pytest.mark.parametrize(
    "requirement",
    [row for row in LEDGER.values() if row.level == "MUST" and row.strength == "silent"],
    ids=lambda requirement: requirement.id,
)
def test_a_must_on_which_the_rfc_is_silent_says_why(requirement: Requirement) -> None:
    assert requirement.disputed


def test_vulnerabilities_stand_only_with_the_rules_that_were_attacked() -> None:
    named = {requirement.id: requirement.cve for requirement in LEDGER.values() if requirement.cve}
    assert named
    for id, cves in named.items():
        assert ATTACKED.fullmatch(id)
        assert all(re.fullmatch(r"CVE-\d{4}-\d{4,}", cve) for cve in cves.split(", "))


@pytest.mark.parametrize("page", [PAGE, PEERS], ids=["rfc5321", "peers"])
def test_a_page_names_only_requirements_that_there_are(page: str) -> None:
    assert mentioned(page) and unknown(page, LEDGER) == set()


def test_an_id_that_does_not_exist_is_seen() -> None:
    assert unknown("`reply.crlf` and `reply.clrf`, in `requirements.toml` or --recipient", LEDGER) == {
        "reply.clrf",
        "requirements.toml",
    }


def test_the_page_has_every_disputed_requirement_in_its_table() -> None:
    disputed = {requirement.id for requirement in LEDGER.values() if requirement.disputed}
    rows = table("Disputed")
    assert set().union(*(mentioned(" ".join(row)) for row in rows)) == disputed
    assert [row[0] for row in rows] == [f"D{number}" for number in range(1, len(rows) + 1)]


def test_the_page_has_every_extension_in_its_table_with_the_rfcs_that_it_is_from() -> None:
    rows = {row[0]: set(re.findall(r"\d{4}", row[1])) for row in table("Extensions")}
    assert list(rows) == EXTENSIONS
    for name in EXTENSIONS[1:]:
        own = [requirement.source for requirement in load(FILES[1]).values() if requirement.section == name]
        assert set(re.findall(r"RFC (\d{4})", " ".join(own))) - {"5321", "2920", *rows[name]} == set()


def test_what_is_not_judged_is_named() -> None:
    assert all(
        re.search(rf"\*\*Not judged\*\*[^*]*\b{word}\b", PAGE) for word in ("ETRN", "DELIVERBY", "BURL", "XCLIENT")
    )


def test_the_links_of_the_page_lead_to_its_headings_and_to_files() -> None:
    headings = {line.lstrip("# ").lower().replace(" ", "-") for line in PAGE.splitlines() if line.startswith("#")}
    links = re.findall(r"\]\(([^)]+)\)", PAGE)
    assert [link for link in links if link.startswith("#") and link[1:] not in headings] == []
    assert [link for link in links if not link.startswith("#") and not (ROOT / "docs" / link).is_file()] == []


def test_the_page_has_every_option_in_its_table_and_no_other() -> None:
    told = {flag for row in table("What you give") for flag in re.findall(r"--[a-z][a-z-]*", row[0])}
    assert told == {option.flag for option in PROFILE.options}
