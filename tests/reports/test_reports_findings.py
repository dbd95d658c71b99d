"""What a finding shows: lines as lines, unseen white space in words, nothing empty, and what was sent if it matters."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from reports import markdown, page, terminal
from reports.conversation import sent_before_fault, turns
from reports.escape import quotation
from reports.results import Case, Entry, Finding, Results
from reports.summary import breach_of


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", []),
        ("250 OK", ["250 OK"]),
        ("250 OK\r\n", [r"250 OK\r\n"]),
        ("250 OK\n", [r"250 OK\n"]),
        ("250 OK ", ["250 OK  [a blank at its end]"]),
        ("  250 OK\r\n", [r"  250 OK\r\n [2 blanks before it]"]),
        ("250 OK  \r\n", [r"250 OK  \r\n [2 blanks at its end]"]),
        ("250  2.1.0\tOK", [r"250  2.1.0\tOK [2 blanks in a row, \t is a tab]"]),
        ("   ", ["    [3 blanks at its end]"]),
        ("Number: 1\nFrom: a \n\nbody\n", ["Number: 1", "From: a  [a blank at its end]", "", "body"]),
        ("250 a\r\n250 b\n", [r"250 a\r\n", r"250 b\n"]),
        ("\x1b[31m\nb", [r"\x1b[31m", "b"]),
    ],
)
def test_a_quotation_is_read_at_a_glance(text: str, lines: list[str]) -> None:
    """Several lines are lines; a line end is shown where it may matter, white space in words where it hides."""
    assert quotation(text, 100) == lines


def test_a_long_quotation_is_cut_and_says_so() -> None:
    """Whatever a server sends, a quotation has so many lines of so many characters."""
    lines = quotation("\n".join("x" * 5000 for _ in range(1000)), 600)
    assert len(lines) == 13 and lines[9] == "[... 988 lines ...]"
    assert max(map(len, lines)) <= 150
    assert len(quotation("x" * 5000, 600)[0]) <= 600


def finding(expected: str = "", actual: str = "", reason: str = "why it is wrong") -> Finding:
    return Finding("mail.nested", "fail", reason, expected, actual)


def entries(*talk: str) -> tuple[Entry, ...]:
    return tuple(Entry(float(at), *one.split(" ", 1)) for at, one in enumerate(talk))


def told(results: Results, found: Finding, transcript: Sequence[Entry] = ()) -> Results:
    """The run with one case alone, which found this."""
    case = replace(results.cases[4], findings=(found,), transcript=tuple(transcript))
    return replace(results, cases=(case,))


def test_what_is_empty_is_not_shown(results: Results) -> None:
    """A reason may say all there is."""
    run = told(results, finding())
    assert "expected" not in terminal.render(run).split("FAILED")[1].split("FAIL  mail.ok")[0]
    assert "(nothing)" not in markdown.render(run).split("mail.nested")[1].split("###")[0]
    assert "<dt>came" not in page.render(run) and "<dt>expected" not in page.render(run)
    half = told(results, finding(actual="250 OK"))
    assert "  actual      250 OK" in terminal.render(half) and "  expected" not in terminal.render(half)
    assert "<dt>came" in page.render(half) and "<dt>expected" not in page.render(half)


def test_lines_are_shown_as_lines_everywhere(results: Results) -> None:
    r"""No reader has to decode a `\n`."""
    run = told(results, finding("To: a\n\nTo: b\n", "To: b"))
    assert "  expected    To: a\n\n              To: b\n  actual      To: b\n" in terminal.render(run)
    assert "expected  To: a\n          \n          To: b\nactual    To: b\n" in markdown.render(run)
    assert '<dd class="q">To: a\n\nTo: b' in page.render(run)


def case_of(results: Results, found: Finding, *talk: str) -> Case:
    return told(results, found, entries(*talk)).cases[0]


def test_of_several_clients_none_is_said_to_have_sent_what_is_wrong(results: Results) -> None:
    """Where no line is wrong by itself, the last thing that anybody sent has nothing to do with it."""
    talk = ("->7 DATA\r\n", "<-7 354 go on\r\n", "->9 body\r\n.\r\n", "<-9 250 delivered message 5\r\n")
    assert sent_before_fault(turns(case_of(results, finding("one", "another"), *talk))) is None


def test_a_lone_client_is_said_to_have_sent_what_came_before(results: Results) -> None:
    """There it is what led to it, also on a connection that is not the first."""
    turn = sent_before_fault(turns(case_of(results, finding("one", "another"), "->7 DATA\r\n", "<-7 354 go on\r\n")))
    assert turn is not None and turn.lines[0][0].text == "DATA"


def test_what_was_sent_is_that_clients(results: Results) -> None:
    """Another one may have spoken in between."""
    talk = ("->2 MAIL FROM: a\r\n", "->3 RCPT TO: b\r\n", "<-2 250 wrong\r\n")
    turn = sent_before_fault(turns(case_of(results, finding("250 OK", "250 wrong"), *talk)))
    assert turn is not None and (turn.connection, turn.lines[0][0].text) == ("2", "MAIL FROM: a")


@pytest.mark.parametrize("came", ["none", "none in 5.0 s", "no reply", "no greeting"])
def test_a_silence_is_marked_where_it_was(results: Results, came: str) -> None:
    """Not at the end, where what was printed may follow."""
    talk = ("-- connection 33 of 33; the others are not shown", "--33 connected", "--33 no reply", "-- it printed: x")
    marked = [turn.wrong for turn in turns(case_of(results, finding("a greeting", came), *talk))]
    assert marked == ["", "", "this is wrong", ""]


def test_a_client_that_closes_is_not_what_came(results: Results) -> None:
    """The server's close is marked, and not ours."""
    talk = ("--2 closed by the server", "-- closed by the client")
    marked = [turn.wrong for turn in turns(case_of(results, finding("", "the server closed the connection"), *talk))]
    assert marked == ["this is wrong", ""]


def test_a_crowd_is_shown_only_where_nobody_else_shows_it(results: Results) -> None:
    """Its transcript may be short, for most of it is left out; a few clients show it better."""
    rule = next(rule for rule in results.requirements if rule.id == "mail.nested")
    few = replace(results.cases[4], id="few", findings=(finding(),), transcript=entries(*["->4 a"] * 30))
    crowd = replace(few, id="crowd", transcript=entries("->5 a", "->31 b"))
    for cases in ((few, crowd), (crowd, few)):
        shown = breach_of(replace(results, cases=cases), rule).case
        assert shown is not None and shown.id == "few"
