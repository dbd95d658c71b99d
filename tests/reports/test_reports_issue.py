"""What one would file at a server's project: complete, escaped, and with a script that says the same again."""

import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from reports import issue
from reports.__main__ import main
from reports.results import Case, Entry, Finding, Outcome, Requirement, Results, ResultsError, Target

RULE = Requirement(
    "mail.nested",
    "MUST",
    "MAIL",
    "A second MAIL is refused with 503.",
    "fail",
    "taken",
    source="RFC 5321 4.1.4, 4.1.1.2",
    strength="MUST",
    cve="CVE-2000-0001",
    disputed="Some servers begin anew.",
)
TALK = (
    Entry(0, "--", "connected"),
    Entry(1, "<-", "220 me\r\n"),
    Entry(2, "->", "MAIL FROM:<a@b>\r\n"),
    Entry(3, "<-", "250 <b>OK</b>\r\n"),
    Entry(4, "->", "MAIL FROM:<c@\xe9>\r\n"),
    Entry(5, "<-", "250 OK\r\n"),
)
FOUND = Finding("mail.nested", "fail", "a second MAIL is taken", "503", "250 OK\r\n")
CASE = Case(
    "x/test_x.py::test_nested",
    "A second MAIL is refused.",
    ("mail.nested",),
    "MAIL",
    "MUST",
    "fail",
    FOUND.reason,
    FOUND.expected,
    FOUND.actual,
    None,
    (FOUND,),
    0.1,
    TALK,
    "python -m conformance x",
)
RUN = Results(
    "rfc5321",
    "smtp-conformance 1.0",
    Target("there", "127.0.0.1:2525", None),
    {},
    "1",
    10.0,
    False,
    {},
    "2026-01-01T00:00:00Z",
    1.0,
    Outcome(1, "does not conform", ()),
    (RULE, replace(RULE, id="mail.kept", verdict="pass")),
    (CASE,),
)


def script(text: str) -> str:
    """The script at the end of an issue."""
    return text.rpartition("```python\n")[2].rpartition("```")[0]


def test_an_issue_is_complete() -> None:
    text = issue.render(RUN, "mail.nested")
    assert text.startswith("# a second MAIL is taken (RFC 5321 4.1.4)\n")
    for part in ("CVE-2000-0001", "Some servers begin anew.", "The text itself says MUST", "503", "1.0", "220 me"):
        assert part in text, part
    assert "python -m conformance x" in text
    assert text.isascii()


def test_an_issue_shows_the_conversation_of_its_own_finding() -> None:
    other = Finding("mail.kept", "fail", "it is lost", "250", "451 later\r\n", (Entry(9, "<-", "451 later\r\n"),))
    rules = (RULE, replace(RULE, id="mail.kept"))
    run = replace(RUN, requirements=rules, cases=(replace(CASE, findings=(FOUND, other)),))
    texts = [issue.render(run, rule.id) for rule in rules]
    assert ["MAIL FROM:<c@" in text for text in texts] == [True, False]
    assert ["451 later" in text.partition("## Expected")[0] for text in texts] == [False, True]


def test_what_the_server_sent_is_no_markup() -> None:
    evil = replace(RULE, rule="<script>", disputed="[x](http://evil)")
    text = issue.render(replace(RUN, requirements=(evil,)), "mail.nested")
    assert "\\<script" in text and "](http:" not in text


def test_what_is_not_broken_is_no_issue(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="broken are mail.nested"):
        issue.render(RUN, "mail.kept")
    assert main(["issue", str(tmp_path / "none.json"), "mail.nested"]) == 4


def test_a_shortened_conversation_has_no_script() -> None:
    cut = replace(CASE, transcript=(*TALK, Entry(6, "--", "12 entries left out")))
    assert "```python" not in issue.render(replace(RUN, cases=(cut,)), "mail.nested")


class Answers(socketserver.StreamRequestHandler):
    """Greets, and answers two lines, the second in two lines."""

    heard: list[bytes] = []

    def handle(self) -> None:
        self.wfile.write(b"220 me\r\n")
        for reply in (b"250 OK\r\n", b"250-a\r\n250 b\r\n"):
            self.heard.append(self.rfile.readline())
            self.wfile.write(reply)


@pytest.fixture
def port() -> Iterator[int]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def test_the_script_says_the_same_bytes_again(port: int, tmp_path: Path) -> None:
    path = tmp_path / "replay.py"
    path.write_text(script(issue.render(RUN, "mail.nested")))
    words = [sys.executable, str(path), "127.0.0.1", str(port)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True)
    assert Answers.heard == [b"MAIL FROM:<a@b>\r\n", b"MAIL FROM:<c@\xe9>\r\n"]
    assert done.stdout.splitlines()[-1] == "1 <- b'250-a\\r\\n250 b\\r\\n'"
