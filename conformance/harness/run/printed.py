"""Shows what a server printed of its own accidents beside what a case found."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from conformance.harness.server.complaints import kinds, times
from conformance.harness.verdict.verdict import Record


def quote(record: Record, complaints: Counter[str]) -> None:
    """Show what the server complained of during a case that did not pass beside what the case found.

    Args:
        record: of the case.
        complaints: those that were printed meanwhile, how often each.
    """
    if not complaints or record.verdict not in ("fail", "warn", "blocked"):
        return
    (text, count), *others = kinds(complaints).most_common()
    told = f"the server printed meanwhile{times(count)}: {text}" + (f", and {len(others)} others" if others else "")
    record.transcript.add("--", told)
    record.findings[:] = [
        replace(finding, reason=f"{finding.reason}; {told}")
        if finding.verdict in ("fail", "warn", "blocked") and text not in finding.reason
        else finding
        for finding in record.findings
    ]
