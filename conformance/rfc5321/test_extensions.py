"""Extensions in general: keywords that have no parameters, and parameters that nobody announced."""

import pytest

from conformance.harness.verdict.verdict import Skipped
from conformance.rfc5321.case import Case

PARAMETERS = {
    "SIZE": ("SIZE", "MAIL", "SIZE=1000"),
    "BODY": ("8BITMIME", "MAIL", "BODY=8BITMIME"),
    "SMTPUTF8": ("SMTPUTF8", "MAIL", "SMTPUTF8"),
    "RET": ("DSN", "MAIL", "RET=HDRS"),
    "ENVID": ("DSN", "MAIL", "ENVID=conformance"),
    "NOTIFY": ("DSN", "RCPT", "NOTIFY=NEVER"),
    "ORCPT": ("DSN", "RCPT", "ORCPT=rfc822;other@conformance.example"),
    "AUTH": ("AUTH", "MAIL", "AUTH=<>"),
}
"""Of each the keyword that announces it, the command that has it, and how it is written."""


@pytest.mark.judges("ext.silent")
@pytest.mark.parametrize("parameter", PARAMETERS)
def test_silent(case: Case, parameter: str) -> None:
    """A parameter that was not announced, or comes after HELO, is taken or refused; either is right."""
    keyword, verb, written = PARAMETERS[parameter]
    for hello in ("EHLO", "HELO"):
        if hello == "HELO" and case.tester.role == "lmtp":
            continue
        client = case.client(hello.lower())
        if hello == "HELO" or keyword not in client.keywords:
            if verb == "RCPT":
                client.set_up(client.plain("MAIL"))
            client.note_liberty(f"{client.plain(verb)} {written}", f"{parameter} after {hello}")
        client.quit()


BARE = ("PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES", "STARTTLS", "DSN", "SMTPUTF8", "BINARYMIME", "CHUNKING")
"""Keywords that have no parameters."""


@pytest.mark.judges("ext.no-value")
def test_no_value(case: Case) -> None:
    """A keyword that has no parameters stands alone on its line."""
    client = case.client("ehlo")
    announced = {keyword: words for keyword, words in client.keywords.items() if keyword in BARE}
    if not announced:
        raise Skipped(f"not announced: {' or '.join(BARE)}")
    if wrong := [f"{keyword} {words}" for keyword, words in announced.items() if words.strip()]:
        raise client.breach("a keyword with a parameter that it does not have", "the keyword alone", ", ".join(wrong))
