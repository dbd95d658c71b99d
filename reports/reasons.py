"""Why a server is blamed for a requirement, as a person found who looked: a TOML file of `[[reason]]`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from reports import toml_input
from reports.checked import Checked, WrongShape
from reports.escape import typed

KINDS = {
    "breach": "The server breaks the rule.",
    "defended": "It does so on purpose, for a reason that its authors give.",
    "false": "The server keeps the rule, and the suite is to be mended.",
}
_ADVICE = "each [[reason]] has the keys server and requirement (one or a list of each), kind and text"


@dataclass(frozen=True)
class Reason:
    """What came of looking at a finding.

    Attributes:
        kind: one of KINDS.
        text: what the server does, and where its own documentation or source says so.
    """

    kind: str
    text: str


Reasons = Mapping[tuple[str, str], Reason]


def load(path: Path) -> Reasons:
    """Read a file of reasons.

    Args:
        path: the file.

    Returns:
        The reasons by the server's name and the requirement's id.

    Raises:
        ResultsError: it cannot be read, is no TOML, or a reason is doubled or lacks something.
    """
    return toml_input.read(path, "reasons", _ADVICE, lambda document: dict(_reasons(document)))


def _reasons(document: dict[str, Any]) -> Iterator[tuple[tuple[str, str], Reason]]:
    known = set()
    for one in Checked({"reason": [], **document}).objects("reason"):
        reason = Reason(one.choice("kind", tuple(KINDS)), one.text("text"))
        for about in product(one.text_or_texts("server"), one.text_or_texts("requirement")):
            if about in known:
                raise WrongShape(f"there are two reasons for {' and '.join(map(typed, about))}")
            known.add(about)
            yield about, reason
