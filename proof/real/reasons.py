"""Why a real server is blamed for a requirement, as somebody found who looked: kept by hand in `reasons.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path

REASONS = Path(__file__).with_name("reasons.toml")
BREACH, DEFENDED, FALSE = "breach", "defended", "false"
KINDS = (BREACH, DEFENDED, FALSE)


class ReasonError(Exception):
    """The file of reasons is wrong; the message is one line."""


@dataclass(frozen=True)
class Reason:
    """What came of looking at a finding.

    Attributes:
        server: its recipe's name.
        requirement: the id.
        kind: `breach`: the server breaks the rule. `defended`: it does so on purpose, and says why. `false`: it keeps
            the rule, and the suite is to be mended.
        text: one line, with the place in the server's own documentation or source that shows it.
    """

    server: str
    requirement: str
    kind: str
    text: str

    @property
    def about(self) -> tuple[str, str]:
        """The server and the requirement."""
        return self.server, self.requirement


Reasons = Mapping[tuple[str, str], Reason]


@cache
def load(path: Path = REASONS) -> Reasons:
    """All reasons, by server and requirement.

    Raises:
        ReasonError: a reason is doubled, of no known kind, or not of one line.
    """
    found: dict[tuple[str, str], Reason] = {}
    for number, fields in enumerate(tomllib.loads(path.read_text(encoding="utf-8")).get("reason", ()), 1):
        for server, requirement in product(_each(fields.pop("server", ())), _each(fields.pop("requirement", ()))):
            try:
                reason = Reason(server, requirement, **fields)
            except TypeError as error:
                raise ReasonError(f"reason {number}: {error}") from None
            about = f"{server}, {reason.requirement}"
            if reason.kind not in KINDS or not reason.text.strip() or "\n" in reason.text:
                raise ReasonError(f"{about}: wants one of {', '.join(KINDS)}, and one line")
            if reason.about in found:
                raise ReasonError(f"{about}: there are two reasons")
            found[reason.about] = reason
    return found


def _each(some: str | Sequence[str]) -> Sequence[str]:
    return [some] if isinstance(some, str) else some
