"""An entry that is not found is held against what lost it."""

from __future__ import annotations

from collections.abc import Iterable
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
