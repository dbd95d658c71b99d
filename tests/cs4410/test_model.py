"""The model against the rules page: in this state, for this line, which replies pass, warn or fail."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from conformance.cs4410 import dialect, ledger, model
from conformance.cs4410.dialect import Fit
from conformance.cs4410.model import LONGEST_LINE, State, acceptable, judge

STATES = {
    "connected": State(),
    "greeted": State("host"),
    "sender": State("host", "sender"),
    "recipient": State("host", "sender", ("one",)),
    "recipients": State("host", "sender", ("one", "two")),
}
DIALECTS = {name: dialect.load(name) for name in ("cs4410-2016", "cs4410-2014")}
FAIL = "fail"
# What each edition says; the rows below speak in these names.
REPLIES = {
    "cs4410-2016": {
        "HELO": "250 netid",
        "MAIL": "250 2.1.0 OK",
        "RCPT": "250 2.1.5 OK",
        "DATA": "354 End data with <CR><LF>.<CR><LF>",
        "UNKNOWN": "502 5.5.2 Error: command not recognized",
        "DUPLICATE": "503 Error: duplicate HELO",
        "NESTED": "503 5.5.1 Error: nested MAIL command",
        "SENDER": "504 5.5.2 <a b>: Sender address rejected",
        "RECIPIENT": "504 5.5.2 <a b>: Recipient address invalid",
    },
    "cs4410-2014": {
        "HELO": "250 netid",
        "MAIL": "250 OK",
        "RCPT": "250 OK",
        "DATA": "354 End data with <CR><LF>.<CR><LF>",
        "UNKNOWN": "500 Error: command not recognized",
        "DUPLICATE": "503 Error: duplicate HELO",
        "NESTED": "503 Error: nested MAIL command",
        "SENDER": "555 <a b>: Sender address rejected",
        "RECIPIENT": "555 <a b>: Recipient address invalid",
    },
}
EVERY_STATE = tuple(STATES)
AFTER_HELO = EVERY_STATE[1:]
AFTER_MAIL = EVERY_STATE[2:]

# States, lines, replies that pass, and replies that fail; `|` stands between several.
ROWS = [
    # HELO, its syntax, and a second one
    ("connected", "HELO host|helo host|HeLO h|  HELO   host  |HELO a.b-c.1", "HELO", "MAIL|UNKNOWN|501 Syntax: HELO"),
    ("connected", "HELO|helo|HELO   |HELO a b", "501 Syntax: HELO yourhostname", "HELO|UNKNOWN|500 no|421 x"),
    (AFTER_HELO, "HELO other|helo other", "DUPLICATE", "HELO|501 Syntax: HELO|503 Error: nested MAIL command"),
    (AFTER_HELO, "HELO|HELO a b", "DUPLICATE|501 Syntax: HELO", "HELO|UNKNOWN"),
    # MAIL, its order, nesting, syntax and bad senders
    ("greeted", "MAIL FROM: a|mail from: a|Mail  From:   a  |MAIL FROM: <a@b>", "MAIL", "HELO|UNKNOWN|354 go on|250"),
    ("greeted", "MAIL FROM:|MAIL FROM:   ", "501 Syntax: MAIL FROM: <address>", "MAIL|UNKNOWN|504 5.5.2 <>: no"),
    ("greeted", "MAIL FROM: a b|MAIL FROM:   a b  ", "SENDER", "MAIL|RECIPIENT|501 Syntax: MAIL|504 no|555 no"),
    ("connected", "MAIL FROM: a", "503 Error: need HELO command", "MAIL|UNKNOWN|501 Syntax: MAIL"),
    ("connected", "MAIL FROM:", "503 Error: need HELO command|501 Syntax: MAIL", "MAIL|UNKNOWN"),
    ("connected", "MAIL FROM: a b", "503 Error: need HELO command|SENDER", "MAIL|UNKNOWN"),
    (AFTER_MAIL, "MAIL FROM: c", "NESTED", "MAIL|503 Error: need RCPT command|501 Syntax: MAIL|SENDER"),
    (AFTER_MAIL, "MAIL FROM: a b", "NESTED|SENDER", "MAIL|UNKNOWN"),
    (AFTER_MAIL, "MAIL FROM:", "NESTED|501 Syntax: MAIL", "MAIL|UNKNOWN"),
    # RCPT, its order, syntax and bad recipients
    (AFTER_MAIL, "RCPT TO: a|rcpt to: a|Rcpt  To:  a |RCPT TO: one", "RCPT", "HELO|UNKNOWN|354 go on"),
    (AFTER_MAIL, "RCPT TO:|RCPT TO:  ", "501 Syntax: RCPT TO: <address>", "RCPT|UNKNOWN|RECIPIENT"),
    (AFTER_MAIL, "RCPT TO: a b", "RECIPIENT", "RCPT|SENDER|501 Syntax: RCPT|504 no"),
    ("greeted", "RCPT TO: a", "503 Error: need MAIL command|503 Error: need MAIL FROM command", "RCPT|UNKNOWN"),
    ("connected", "RCPT TO: a", "503 Error: need HELO command|503 Error: need MAIL command", "RCPT|UNKNOWN"),
    ("greeted", "RCPT TO: a b", "503 Error: need MAIL command|RECIPIENT", "RCPT|UNKNOWN"),
    # DATA
    (AFTER_MAIL[1:], "DATA|data|  DaTa  ", "DATA", "HELO|UNKNOWN|501 Syntax: DATA|354 go on"),
    (AFTER_MAIL[1:], "DATA now|data now please", "501 Syntax: DATA", "DATA|UNKNOWN"),
    ("sender", "DATA", "503 Error: need RCPT command|503 Error: need RCPT TO command", "DATA|UNKNOWN"),
    ("sender", "DATA now", "503 Error: need RCPT command|501 Syntax: DATA", "DATA|UNKNOWN"),
    ("connected", "DATA", "503 Error: need HELO command|503 Error: need RCPT TO command", "DATA|UNKNOWN"),
    # where a verb ends
    ("connected", "HELOx|HELOx host|HELO: host", "501 Syntax: HELO|UNKNOWN", "HELO|503 Error: need HELO command"),
    (
        "greeted",
        "MAIL|MAIL x|MAIL FROM x|MAILFROM: a|MAIL TO: a|Mailx",
        "501 Syntax: MAIL|UNKNOWN",
        "MAIL|504 no|503 x",
    ),
    ("sender", "RCPT|RCPT x|RCPT TO x|RCPTTO: a|RCPT FROM: a", "501 Syntax: RCPT|UNKNOWN", "RCPT|504 no"),
    ("recipient", "DATA:|DATA.|DATAnow", "501 Syntax: DATA|UNKNOWN", "DATA|RCPT"),
    ("connected", "MAIL x", "501 Syntax: MAIL|UNKNOWN|503 Error: need HELO command", "MAIL|504 no"),
    (AFTER_MAIL, "MAIL x", "501 Syntax: MAIL|UNKNOWN|NESTED", "MAIL|421 no"),
    # unknown commands and empty lines
    (EVERY_STATE, "mkdir|HELLO host|HEL h|x HELO host|?|.|250 OK|SEND FROM: a", "UNKNOWN", "HELO|501 Syntax: x|503 n"),
    (EVERY_STATE, "EHLO host|QUIT|NOOP|RSET|HELP|VRFY a|EXPN a|quit", "UNKNOWN", "501 Syntax: x|503 no|421 bye"),
    (EVERY_STATE, "|   ", "UNKNOWN|501 Syntax: x|500 empty", "HELO|421 x|354 x|50|5000 x"),
]

# State, line, reply, and the SHOULD that it breaks (empty: none).
LIBERTIES = [
    ("greeted", "MAIL FROM: a", "250 2.1.0 Ok", "mail.words"),
    ("sender", "RCPT TO: a", "250 2.1.5 ok", "rcpt.words"),
    ("connected", "HELO", "501 Syntax: hello, who are you?", "syntax.verb"),
    ("connected", "HELO", "501 Syntax: helo yourhostname", ""),
    ("greeted", "DATA", "503 out of order", "order.words"),
    ("greeted", "DATA", "503", "order.words"),
    ("greeted", "DATA", "503 Error: need HELO command", "order.words"),
    ("greeted", "DATA", "503 Error: need mail from command", ""),
    ("greeted", "MAIL\tFROM: a", "501 no tabs", "space.tabs"),
    ("greeted", "MAIL FROM: a\t", "504 5.5.2 <a\t>: no", "space.tabs"),
    ("connected", "HELO\thost", "250 netid", ""),
    ("greeted", "MAIL FROM:a", "250 2.1.0 OK", ""),
    ("greeted", "MAIL FROM:a", "501 Syntax: MAIL FROM: a", "space.after-colon"),
    ("greeted", "MAIL FROM : a", "250 2.1.0 OK", ""),
    ("greeted", "MAIL FROM : a", "502 what?", ""),
    ("greeted", "MAIL FROM: a b", "504 5.5.2 <a b>: Sender address rejected", ""),
    ("greeted", "MAIL FROM: a   b", "504 5.5.2 <a b>: Sender address rejected", ""),
    ("greeted", "MAIL FROM: a   b", "504 5.5.2 <a   b>: Sender address rejected", ""),
    ("greeted", "MAIL FROM: a \t b", "504 5.5.2 <a b>: Sender address rejected", ""),
    ("greeted", "MAIL FROM: <a b>", "504 5.5.2 <<a b>>: Sender address rejected", ""),
    ("greeted", "MAIL FROM: <a b>", "504 5.5.2 <a b>: Sender address rejected", ""),
    ("greeted", "MAIL FROM: A B", "504 5.5.2 <a b>: Sender address rejected", FAIL),
    ("greeted", "MAIL FROM: a b", "504 5.5.2 <a  b>: Sender address rejected", FAIL),
    ("greeted", "MAIL FROM: a b", "504 5.5.2 <a b>: sender address rejected", FAIL),
    ("greeted", "MAIL FROM: \xe9", "250 2.1.0 OK", "address.unprintable"),
    ("greeted", "MAIL FROM: \xe9", "501 Syntax: ASCII, please", ""),
    ("greeted", "MAIL FROM: \x7f", "504 5.5.2 <?>: Sender address rejected", ""),
    ("greeted", "MAIL FROM: \x7f", "502 5.5.2 Error: command not recognized", FAIL),
    ("connected", "MAIL FROM: \xe9", "250 2.1.0 OK", FAIL),
    ("sender", "RCPT TO: a\x00b", "250 2.1.5 OK", "address.unprintable"),
    ("connected", "HELO my_host", "501 Syntax: HELO host", "helo.printable"),
    ("connected", "HELO my_host", "250 netid", ""),
    ("connected", "HELO h\xf6st", "250 netid", ""),
    ("connected", "HELO h\xf6st", "501 Syntax: HELO host", ""),
    ("connected", "HELO host", "250 two words", FAIL),
    ("connected", "HELO host", "2500 netid", FAIL),
    ("greeted", "MAIL FROM: " + "a" * (LONGEST_LINE - 11), "500 too long", FAIL),
    ("greeted", "MAIL FROM: " + "a" * (LONGEST_LINE - 10), "500 too long", ""),
    ("greeted", "MAIL FROM: " + "a" * (LONGEST_LINE - 10), "250 2.1.0 OK", ""),
    ("greeted", "MAIL FROM: " + "a" * (LONGEST_LINE - 10), "421 too long", FAIL),
    ("connected", "HELO", "501 Syntax:", FAIL),
    ("connected", "HELO", "501 syntax: HELO", FAIL),
]


def finding(name: str, state: State, line: str, reply: str) -> str:
    """What a client that judges everything finds: nothing, the id of a SHOULD, or a failure."""
    answer, fit = judge(DIALECTS[name], reply, acceptable(state, line.encode("latin-1")))
    if answer is None or fit is Fit.CODE:
        return FAIL
    return answer.breach or (model.WORD_RULES[answer.kind] if fit is Fit.MUST else "")


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize(("states", "lines", "right", "wrong"), ROWS, ids=lambda value: None)
def test_row_of_the_rules(name: str, states: str | tuple[str, ...], lines: str, right: str, wrong: str) -> None:
    said = REPLIES[name]
    # The earlier edition's `250 OK` may be anybody's: its netid may be OK.
    wrongs = set(wrong.split("|")) - ({"MAIL"} if said["MAIL"] == "250 OK" and right == "HELO" else set())
    for state in [states] if isinstance(states, str) else states:
        for line in lines.split("|"):
            for reply in right.split("|"):
                assert finding(name, STATES[state], line, said.get(reply, reply)) == "", (state, line, reply)
            for reply in wrongs:
                assert finding(name, STATES[state], line, said.get(reply, reply)) == FAIL, (state, line, reply)


@pytest.mark.parametrize(("state", "line", "reply", "breaks"), LIBERTIES)
def test_liberty_of_the_rules(state: str, line: str, reply: str, breaks: str) -> None:
    assert finding("cs4410-2016", STATES[state], line, reply) == breaks


@pytest.mark.parametrize("line", ["MAIL FROM:", "MAIL FROM: a b"])
@pytest.mark.parametrize("code", ["501 Syntax: x", "503 5.5.1 Error: nested MAIL command", "504 5.5.2 <a b>: x"])
def test_a_second_bad_mail_gets_any_of_the_three_codes(line: str, code: str) -> None:
    assert finding("cs4410-2016", STATES["sender"], line, code) == ""


@pytest.mark.parametrize("reply", ["250 netid", "221 bye", "502 5.5.2 Error: command not recognized", "500 what?"])
def test_an_answer_to_too_long_a_line_leaves_the_session_open_to_both(reply: str) -> None:
    answers = acceptable(State(), b"HELO " + b"h" * LONGEST_LINE)
    answer, _ = judge(DIALECTS["cs4410-2016"], reply, answers)
    assert (answer is not None) == (reply[0] in "5" or reply.startswith("250"))


# State


@pytest.mark.parametrize(
    ("before", "line", "after"),
    [
        (State(), "HELO Host", State("Host")),
        (State("h"), "mail from:  A@B ", State("h", "A@B")),
        (State("h", "s"), "RCPT TO:<r>", State("h", "s", ("<r>",))),
        (State("h", "s", ("r",)), "RCPT TO: r", State("h", "s", ("r", "r"))),
        (State("h", "s", ("r",)), "DATA", State("h", "s", ("r",))),
        (State("h", "s", ("r",)), "MAIL FROM: other", State("h", "s", ("r",))),
        (State("h", "s"), "HELO other", State("h", "s")),
    ],
)
def test_state_after_the_plainest_answer(before: State, line: str, after: State) -> None:
    assert acceptable(before, line.encode())[0].after == after


def test_only_the_helo_carries_over() -> None:
    assert State("host", "sender", ("one", "two")).delivered() == State("host")


@pytest.mark.parametrize(
    ("state", "verb", "missing"),
    [
        ("connected", "DATA", ("HELO", "MAIL", "RCPT")),
        ("greeted", "DATA", ("MAIL", "RCPT")),
        ("sender", "DATA", ("RCPT",)),
        ("recipient", "DATA", ()),
        ("connected", "RCPT", ("HELO", "MAIL")),
        ("connected", "HELO", ()),
    ],
)
def test_missing_predecessors(state: str, verb: str, missing: tuple[str, ...]) -> None:
    assert STATES[state].missing(verb) == missing


# Any line at all

states = some.sampled_from(list(STATES.values()))
verbs = some.sampled_from([b"HELO ", b"MAIL FROM:", b"RCPT TO:", b"DATA", b"mail\tfrom ", b"QUIT", b" ", b""])
lines = some.builds(lambda verb, rest: verb + rest, verbs, some.binary(max_size=40))
LEDGER = ledger.load()


@given(states, lines)
def test_any_line_has_answers_that_can_be_judged(state: State, line: bytes) -> None:
    answers = acceptable(state, line)
    assert answers
    for answer in answers:
        assert answer.rule in LEDGER
        assert answer.breach is None or LEDGER[answer.breach].level == "SHOULD"
        for words in DIALECTS.values():
            shown = words.show(answer.kind, answer.fields)
            assert judge(words, shown.replace("5xx", "500"), answers)[0] is not None or "<" in shown


@given(states, lines)
def test_a_refused_line_changes_nothing(state: State, line: bytes) -> None:
    for answer in acceptable(state, line):
        if DIALECTS["cs4410-2016"].code(answer.kind).startswith("5"):
            assert answer.after in (state, None)


@given(states, lines)
def test_spaces_and_case_of_verbs_change_no_answer(state: State, line: bytes) -> None:
    spaced = b"  " + line + b"  "
    assert len(spaced) > LONGEST_LINE or acceptable(state, spaced) == acceptable(state, line)


@given(states, lines, some.text(max_size=30))
def test_any_reply_can_be_judged(state: State, line: bytes, reply: str) -> None:
    answer, fit = judge(DIALECTS["cs4410-2016"], reply, acceptable(state, line))
    assert (answer is None) == (fit is Fit.NO)
