"""The model row by row: what is acceptable in a state, and where the session stands afterwards."""

from __future__ import annotations

import pytest

from conformance.rfc5321.codes import Sense
from conformance.rfc5321.model import GREETED, TABLE, Phase, State, States, acceptable, plainest
from conformance.rfc5321.saying import Said, read

A, M, SYNTAX, ORDER, POLICY, LATER = (
    Sense.ACCEPTED,
    Sense.INTERMEDIATE,
    Sense.SYNTAX,
    Sense.ORDER,
    Sense.POLICY,
    Sense.TEMPORARY,
)
ANNOUNCED = frozenset({"SIZE", "8BITMIME", "DSN", "CHUNKING", "PIPELINING", "SMTPUTF8"})
READY = State(Phase.READY, extended=True)
SENDER = State(Phase.SENDER, True, "a@b.example")
RECIPIENT = State(Phase.RECIPIENT, True, "a@b.example", ("u@d.example",))
TEXT = State(Phase.TEXT, True, "a@b.example", ("u@d.example",))
CHUNKS = State(Phase.CHUNKS, True, "a@b.example", ("u@d.example",))


def due(state: State, line: str) -> dict[Sense, States]:
    return acceptable(frozenset({state}), read(line.encode(), ANNOUNCED))


def phases(states: States) -> set[Phase]:
    return {state.phase for state in states}


ROWS = {
    "a first EHLO": (State(), "EHLO a.example", {A, POLICY, LATER}),
    "a second EHLO": (READY, "EHLO a.example", {A, POLICY, LATER, ORDER, SYNTAX}),
    "EHLO without a name": (State(), "EHLO", {A, POLICY, LATER, ORDER, SYNTAX}),
    "MAIL before EHLO": (State(), "MAIL FROM:<a@b.example>", {A, POLICY, LATER, ORDER, SYNTAX}),
    "MAIL": (READY, "MAIL FROM:<a@b.example>", {A, POLICY, LATER}),
    "MAIL of nobody": (READY, "MAIL FROM:<>", {A, POLICY, LATER}),
    "MAIL with parameters": (READY, "MAIL FROM:<a@b.example> SIZE=9 body=8bitmime RET=FULL", {A, POLICY, LATER}),
    "MAIL with a parameter twice": (READY, "MAIL FROM:<> SIZE=9 SIZE=9", {A, POLICY, LATER, ORDER, SYNTAX}),
    "MAIL with an unknown one": (READY, "MAIL FROM:<> FROB=1", {A, POLICY, LATER, ORDER, SYNTAX}),
    "MAIL of a quoted name": (READY, 'MAIL FROM:<"a b"@b.example>', {A, POLICY, LATER, ORDER, SYNTAX}),
    "MAIL in a transaction": (SENDER, "MAIL FROM:<c@b.example>", {A, POLICY, LATER, ORDER, SYNTAX}),
    "RCPT without MAIL": (READY, "RCPT TO:<u@d.example>", {POLICY, LATER, ORDER, SYNTAX}),
    "RCPT": (SENDER, "RCPT TO:<u@d.example>", {A, POLICY, LATER}),
    "RCPT by a route": (RECIPIENT, "RCPT TO:<@r.example:u@d.example>", {A, POLICY, LATER}),
    "DATA without MAIL": (READY, "DATA", {M, POLICY, LATER, ORDER, SYNTAX}),
    "DATA": (RECIPIENT, "DATA", {M, POLICY, LATER}),
    "DATA after a chunk": (CHUNKS, "DATA", {POLICY, LATER, ORDER, SYNTAX}),
    "BDAT": (RECIPIENT, "BDAT 3", {A, POLICY, LATER}),
    "BDAT LAST": (CHUNKS, "bdat 3 last", {A, POLICY, LATER}),
    "BDAT without MAIL": (READY, "BDAT 3", {POLICY, LATER, ORDER, SYNTAX}),
    "RSET": (RECIPIENT, "RSET", {A, LATER}),
    "RSET x": (RECIPIENT, "RSET x", {A, POLICY, LATER, ORDER, SYNTAX}),
    "NOOP": (RECIPIENT, "NOOP", {A, LATER}),
    "VRFY": (RECIPIENT, "VRFY u", {A, POLICY, LATER, ORDER, SYNTAX}),
    "QUIT": (RECIPIENT, "QUIT", {A}),
    "an unknown verb": (READY, "XFROB", {POLICY, LATER, ORDER, SYNTAX}),
}


@pytest.mark.parametrize(("state", "line", "senses"), ROWS.values(), ids=ROWS)
def test_a_line_has_the_answers_of_its_cell(state: State, line: str, senses: set[Sense]) -> None:
    assert set(due(state, line)) == senses | {Sense.LEAVING}


def test_a_server_may_leave_whenever_it_likes() -> None:
    assert phases(due(RECIPIENT, "NOOP")[Sense.LEAVING]) == {Phase.GONE}


@pytest.mark.parametrize("verb", ["EHLO a.example", "RSET"])
def test_what_ends_a_transaction_leaves_no_recipient(verb: str) -> None:
    assert due(RECIPIENT, verb)[A] == frozenset({READY})


def test_a_refused_line_keeps_the_transaction() -> None:
    for line in ("EHLO", "RCPT TO:<nobody@d.example>", "XFROB", "VRFY"):
        refused = due(RECIPIENT, line)
        assert all(after == {RECIPIENT} for sense, after in refused.items() if sense in (SYNTAX, POLICY)), line


def test_a_nested_mail_is_either_a_new_transaction_or_nothing() -> None:
    answers = due(RECIPIENT, "MAIL FROM:<c@b.example>")
    assert answers[ORDER] == {RECIPIENT}
    assert answers[A] == {State(Phase.SENDER, True, "c@b.example")}
    assert answers[POLICY] == {RECIPIENT, READY}


def test_an_answer_leaves_the_states_that_explain_it() -> None:
    unsure = due(RECIPIENT, "MAIL FROM:<c@b.example>")[POLICY]
    rcpt = read(b"RCPT TO:<v@d.example>")
    assert phases(acceptable(unsure, rcpt)[A]) == {Phase.RECIPIENT}
    assert phases(acceptable(unsure, rcpt)[ORDER]) == {Phase.READY}


def test_a_text_without_a_recipient_is_never_taken() -> None:
    end = Said("end of data")
    without = frozenset({State(Phase.TEXT, True, "a@b.example")})
    assert A not in acceptable(without, end)
    assert phases(acceptable(without, end)[ORDER]) == {Phase.READY}
    assert acceptable(frozenset({TEXT}), end)[A] == {READY}


def test_a_refused_text_is_a_breach_unless_it_may_have_reasons() -> None:
    assert POLICY not in acceptable(frozenset({TEXT}), Said("end of data"))
    assert acceptable(frozenset({TEXT}), Said("end of data", loose=True))[POLICY] == {READY}


def test_parameters_count_only_after_ehlo() -> None:
    said = read(b"MAIL FROM:<a@b.example> SIZE=9", ANNOUNCED)
    assert said.is_right(extended=True) and not said.is_right(extended=False)
    assert not read(b"MAIL FROM:<a@b.example> SIZE=9").is_right(extended=True)


def test_the_plainest_answers_lead_to_a_message() -> None:
    state = State()
    for line in (b"EHLO a.example", b"MAIL FROM:<>", b"RCPT TO:<u@d.example>", b"DATA"):
        _, state = plainest(state, read(line))
    assert state == State(Phase.TEXT, True, "", ("u@d.example",))
    assert plainest(state, Said("end of data")) == (A, READY)


def test_each_command_has_a_cell_in_each_phase_but_the_last() -> None:
    for verb, row in TABLE.items():
        missing = set(Phase) - set(row) - {Phase.TEXT, Phase.GONE}
        assert verb == "end of data" or not missing, verb
    assert acceptable(GREETED, Said("end of data")).keys() == {Sense.LEAVING}


def test_odd_spellings_are_told_by_the_requirements_that_judge_them() -> None:
    said = read(b"mAIL from:<@r.example:a@b.example> size=1 RET=HDRS", ANNOUNCED)
    assert (said.verb, said.path, said.loose) == ("MAIL", "a@b.example", False)
    assert set(said.odd) == {"cmd.case", "mail.route", "mail.param-case"}
    assert said.parameters == ("size.mail", "dsn.mail", "mail.param-all")
