"""Which false ends of data servers take for the end, apart from what can be exploited of that."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from conformance.rfc5321.ends import FALSE
from proof import tables

JUDGED_BY = ("data.not-lf-lf", "data.not-lf-crlf", "data.not-crlf-lf", "data.not-cr", "data.smuggle")
PASSED_ON = {
    "LF.CRLF": "yes: large providers let it pass as text until 2023",
    "CR.CR": "yes: a mail gateway makes line ends of bare CRs by default",
}
"""Whether others let an ending pass: SEC Consult's report "SMTP Smuggling" of 2023, CERT-EU's advisory 2023-098."""
_CASE = re.compile(r"::test_(?:lf_lf|lf_crlf|crlf_lf|cr|smuggle)\[(?:more-)?([A-Z.-]+?)(?:-more)?\]")
Findings = Mapping[str, Sequence[str]]


def taken(findings: Findings) -> set[str]:
    """The false ends that a server takes.

    Args:
        findings: of each requirement that was found broken, the cases that found it.
    """
    cases = [case for rule in JUDGED_BY for case in findings.get(rule, ())]
    return {found[1] for case in cases if (found := _CASE.search(case)) and found[1] in FALSE}


def table(findings: Mapping[str, Findings]) -> list[str]:
    """The endings by servers, as lines of Markdown.

    Args:
        findings: what was found of each server, by its name.
    """
    told = {name: taken(found) for name, found in findings.items()}
    heads = ("ending", "sent on by senders", *told)
    rows = [
        (f"`{end}`", PASSED_ON.get(end, "not known"), *("ends the data" if end in one else "" for one in told.values()))
        for end in FALSE
    ]
    return [
        "## Smuggling",
        "",
        "Which bytes end the data though they are not CR LF . CR LF. Each is a breach wherever it is taken. It can be",
        "exploited only where a sender lets the same bytes pass as text: the second column has what is public of that.",
        "All servers were met from loopback, which some treat more kindly than strangers; Postfix was told not to.",
        "",
        *tables.markdown(heads, rows),
    ]
