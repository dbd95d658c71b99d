"""Mail that cannot be read is judged by no case, and is not looked for again and again."""

from __future__ import annotations

import time

import pytest

from conformance.harness.verdict.verdict import Skipped
from conformance.rfc5321.seen import Seen
from conformance.stores.message import Stored, stored
from conformance.stores.store import MailStore, StoreError

MARK = b"mark7x"


class Store(MailStore):
    """A store that has one message, or cannot be read."""

    def __init__(self, trouble: str = "") -> None:
        super().__init__(final=True)
        self.trouble = trouble

    def find(self, mark: bytes) -> list[Stored]:
        if self.trouble:
            raise StoreError(self.trouble)
        return [stored(b"Subject: " + mark + b"\r\n\r\n")]


def test_what_can_be_read_is_seen_as_the_store_has_it() -> None:
    told: list[str] = []
    seen = Seen(Store(), told.append)
    assert seen.final and not seen.exact
    assert [one.octets for one in seen.find(MARK)] == [b"Subject: mark7x\r\n\r\n"]
    assert len(seen.wait_for(MARK, time.monotonic())) == 1
    assert told == []


class Unsteady(Store):
    """A store that has nothing, and of which every other look fails."""

    looks = 0

    def find(self, mark: bytes) -> list[Stored]:
        self.looks += 1
        if self.looks % 2:
            raise StoreError("not now")
        return []


@pytest.mark.parametrize("looks", [0, 1])
def test_nothing_found_right_behind_a_failure_is_no_reason_to_judge(looks: int) -> None:
    store = Unsteady()
    store.looks = looks
    with pytest.raises(StoreError, match="not now"):
        store.wait_for(MARK, time.monotonic() + 0.1)


def test_what_cannot_be_read_is_a_reason_not_to_judge() -> None:
    told: list[str] = []
    seen = Seen(Store("nobody is there"), told.append)
    with pytest.raises(Skipped, match="cannot be read: nobody is there"):
        seen.find(MARK)
    with pytest.raises(Skipped, match="cannot be read: nobody is there"):
        seen.wait_for(MARK, time.monotonic())
    assert told == ["nobody is there"] * 2
