"""The requirements of CS 4410's assignment, and of CS 4411's edition of it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

from conformance.harness.verdict import ledger
from conformance.harness.verdict.ledger import Ledger

EXTRA_CREDIT = "backup."


@cache
def load(course: str = "4410") -> Ledger:
    """Read the ledger, in its order.

    Args:
        course: `4410`, or `4411`, for whom the backup is extra credit and so a SHOULD.
    """
    rules = ledger.load(Path(__file__).with_name("requirements.toml"))
    if course == "4411":
        return {
            id: replace(rule, level="SHOULD") if id.startswith(EXTRA_CREDIT) else rule for id, rule in rules.items()
        }
    return rules
