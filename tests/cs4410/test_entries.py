"""An entry that is not found is held against what lost it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.cs4410 import ledger
from conformance.cs4410.case import Case
from conformance.cs4410.kind import KIND
from conformance.cs4410.mailbox import Message, wanted
from conformance.cs4410.profile import PROFILE
from conformance.harness.client.scene import Scene
from conformance.harness.server.patience import STRIKES, Patience
from conformance.harness.server.target import Addressed
from conformance.harness.verdict.verdict import Blocked, Broken, Record
from conformance.harness.wire.manners import Manners
from tests.harness.plain import PLAIN


def message(number: int) -> Message:
    return Message("a.example", "sender@example.org", ("recipient@example.org",), f"text {number}\r\n".encode(), number)


def write(path: Path, numbers: Iterable[int]) -> None:
    path.write_text("".join(wanted(message(number)).replace("<netid>", "me") + "\n" for number in numbers))


@pytest.fixture
def case(tmp_path: Path) -> Case:
    record = Record("cs4410/test_x.py::test_x", "Title.", ("mailbox.soon",), ledger.load())
    server = Addressed(KIND, ("127.0.0.1", 1), Manners(), str(tmp_path), "")
    patience = Patience(PLAIN.time_limit, KIND.rules)
    for _ in range(STRIKES):  # so that nothing is waited for
        patience.record_setup("mailbox.soon", False)
    return PROFILE.case(Scene(record, server, PLAIN, patience))


@pytest.mark.parametrize(("number", "left"), [(32, []), (20, [33])])
def test_an_entry_that_went_with_its_group_blocks(case: Case, tmp_path: Path, number: int, left: list[int]) -> None:
    write(tmp_path / "mailbox", left)
    with pytest.raises(Blocked) as blocked:
        case.inbox.entry(message(number))
    assert blocked.value.finding[0] == "backup.group"


def test_an_entry_that_its_backup_lacks_blocks(case: Case, tmp_path: Path) -> None:
    write(tmp_path / "mailbox.1-32", range(1, 32))
    write(tmp_path / "mailbox", [33])
    with pytest.raises(Blocked) as blocked:
        case.inbox.entry(message(32))
    assert blocked.value.finding[0] == "backup.whole"


def test_a_mailbox_to_which_nothing_more_is_written_is_to_blame_itself(case: Case, tmp_path: Path) -> None:
    write(tmp_path / "mailbox.1-32", range(1, 33))
    write(tmp_path / "mailbox", [])
    for number in (33, 34, 40):
        with pytest.raises(Broken) as broken:
            case.inbox.entry(message(number))
        assert broken.value.finding[0] == "mailbox.soon"


def test_an_entry_with_a_wrong_number_and_another_body_is_found_by_its_names(case: Case, tmp_path: Path) -> None:
    case.patience.known |= {"form": "", "number": "Number: 2 instead of 3"}
    sent = replace(message(3), sender="own@example.org")
    stored = wanted(replace(sent, number=2, body=b"altered\r\n")).replace("<netid>", "me")
    write(tmp_path / "mailbox", [1])
    with (tmp_path / "mailbox").open("a") as file:
        file.write(f"{stored}\n")
    assert bytes(case.inbox.entry(sent, by_number=False).body).strip() == b"altered"


@pytest.mark.parametrize("number", [34, 40, 42])
def test_an_entry_that_is_missing_in_an_unfinished_group_is_not_there_soon(
    case: Case, tmp_path: Path, number: int
) -> None:
    write(tmp_path / "mailbox.1-32", range(1, 33))
    write(tmp_path / "mailbox", set(range(33, 42)) - {number})
    with pytest.raises(Broken) as broken:
        case.inbox.entry(message(number))
    assert broken.value.finding[0] == "mailbox.soon"


def test_an_entry_in_a_backup_is_found(case: Case, tmp_path: Path) -> None:
    write(tmp_path / "mailbox.1-32", range(1, 33))
    write(tmp_path / "mailbox", range(33, 42))
    assert case.inbox.entry(message(32)).number == 32


# What is wrong with every entry


ODD = {
    "form": (b"Received: from", b"Received from"),
    "number": (b"Number: 5", b"Number: 4"),
    "case": (b"sender@", b"SENDER@"),
    "host": (b"a.example", b"a"),
    "sender": (b"sender@example.org", b"sender"),
    "recipients": (b"To: recipient@example.org", b"To: all"),
}
JUDGES = {
    "form": "mailbox.entry",
    "number": "numbers.file",
    "case": "case.arguments",
    "host": "mailbox.entry",
    "sender": "mailbox.entry",
    "recipients": "mailbox.entry",
}


@pytest.fixture(params=ODD)
def odd(request: pytest.FixtureRequest, case: Case, tmp_path: Path) -> str:
    """What is wrong with the entry of message 5."""
    right, wrong = ODD[request.param]
    write(tmp_path / "mailbox", [5])
    (tmp_path / "mailbox").write_bytes((tmp_path / "mailbox").read_bytes().replace(right, wrong))
    return str(request.param)


def test_what_is_wrong_with_a_plain_entry_is_no_news_of_another(case: Case, odd: str) -> None:
    case.inbox.learn(message(5))
    assert [what for what, wrong in case.patience.known.items() if wrong] == [odd]
    case.inbox.expect_entry(message(5), "bytes")


def test_the_case_that_judges_it_finds_it(case: Case, odd: str) -> None:
    case.inbox.learn(message(5))
    case.record.requirements = (JUDGES[odd],)
    with pytest.raises(Broken) as broken:
        case.inbox.expect_entry(message(5), JUDGES[odd])
    assert broken.value.finding[0] == JUDGES[odd]


@pytest.mark.parametrize(
    ("what", "rule"), [("host", "helo.first-stays"), ("sender", "mail.first-stays"), ("recipients", "rcpt.lines")]
)
def test_who_judges_a_field_is_not_told_that_it_is_usually_wrong(
    case: Case, tmp_path: Path, what: str, rule: str
) -> None:
    write(tmp_path / "mailbox", [5])
    (tmp_path / "mailbox").write_bytes((tmp_path / "mailbox").read_bytes().replace(*ODD[what]))
    case.inbox.learn(message(5))
    case.record.requirements = (rule,)
    with pytest.raises(Broken) as broken:
        case.inbox.expect_entry(message(5), rule)
    assert broken.value.finding[0] == rule


def test_what_plain_entries_do_not_show_blocks(case: Case, odd: str) -> None:
    case.patience.known = dict.fromkeys(JUDGES, "")
    with pytest.raises(Blocked) as blocked:
        case.inbox.expect_entry(message(5), "bytes")
    assert blocked.value.by == JUDGES[odd]


def test_of_entries_with_one_number_the_messages_own_counts(case: Case, tmp_path: Path) -> None:
    write(tmp_path / "mailbox", [4, 5])
    (tmp_path / "mailbox").write_bytes((tmp_path / "mailbox").read_bytes().replace(b"Number: 4", b"Number: 5"))
    assert bytes(case.inbox.expect_entry(message(5), "bytes").body) == b"text 5\n\n"
