"""The table of false ends of data."""

from __future__ import annotations

from conformance.rfc5321.ends import FALSE
from proof.real import smuggling

FILE = "rfc5321/test_end_of_data.py"


def test_the_cases_tell_which_ends_are_taken() -> None:
    findings = {
        "data.not-lf-crlf": [f"{FILE}::test_lf_crlf[LF.CRLF]"],
        "data.not-cr": [f"{FILE}::test_cr[CRLF.NUL-CRLF]"],
        "data.smuggle": [f"{FILE}::test_smuggle[more-CR.CR]"],
        "mail.null": ["rfc5321/test_mail.py::test_cr[LF.LF]"],
    }
    assert smuggling.taken(findings) == {"LF.CRLF", "CRLF.NUL-CRLF", "CR.CR"}


def test_each_end_has_a_row_and_each_server_a_column() -> None:
    lines = smuggling.table({"a": {}, "b": {"data.not-lf-lf": [f"{FILE}::test_lf_lf[LF.LF]"]}})
    rows = [line for line in lines if line.startswith("| `")]
    assert [row.split("`")[1] for row in rows] == list(FALSE)
    assert [row for row in rows if "ends the data" in row] == [rows[0]]
    assert set(smuggling.PASSED_ON) <= set(FALSE)
