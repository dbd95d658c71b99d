"""Which sequences other than CRLF.CRLF a server takes as end of data: observed, never judged."""

import pytest

from conformance.cs4410.case import Case

ENDS = {
    "LF.LF": b"\n.\n",
    "CR.CR": b"\r.\r",
    "LF.CRLF": b"\n.\r\n",
    "CRLF.LF": b"\r\n.\n",
    "CR.CRLF": b"\r.\r\n",
    "CRLF.CR": b"\r\n.\r",
}


@pytest.mark.judges("end.smuggling")
@pytest.mark.parametrize("end", ENDS)
def test_other_end_of_data(case: Case, end: str) -> None:
    """A body with this sequence inside: a server that ends it there lets a sender smuggle a second message in."""
    client = case.client("body")
    with case.counting():
        client.send(b"before" + ENDS[end])
        ended = client.peek()
        if not ended:
            client.send(b"after\r\n.\r\n")
            client.peek(2.0)
    if ended.startswith("2"):
        case.find_if_judged("end.smuggling", f"{end} ends the body", "250 only after CRLF.CRLF", ended)
