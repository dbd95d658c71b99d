"""Trace fields as many servers write them are read, each question has its answer, and no input does harm."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.rfc5321 import clauses
from conformance.rfc5321.trace import received, return_path, senders
from conformance.stores.message import stored

DATE = "; Mon, 1 Jan 2024 12:00:00 +0100"
PLAIN = "from me.test (rdns.test [192.0.2.1])\t by mx.test (Some MTA) with ESMTPS id 4Sx for <u@mx.test>" + DATE

REAL = {
    "comments": PLAIN + " (CET)",
    "relay": "from me.test (localhost [IPv6:::1])  by mx.test (MTA) with ESMTP id A1 for <u@d>; 1 Jan 2024 12:00 -0000",
    "literal": "from [192.0.2.1] (helo=me.test) by mx.test with esmtp (Exim 4.96) (envelope-from <a@b>) id 1q-0 for u@d"
    + DATE,
    "TLS": "from me.test (rdns [192.0.2.1]) (using TLSv1.3 with cipher X (256/256 bits) (No client certificate))"
    " by mx.test (Postfix) with ESMTPS id 9 for <u@d>" + DATE,
    "no options": "from me.test by mx.test" + DATE,
    "via": "FROM me.test BY mx.test VIA TCP WITH SMTP ID <1@mx.test> FOR <@a,@b:u@d> X-Tag value" + DATE,
    "odd signs in comments": r"from a (b; \) (c\() from) by d (by; with)" + DATE,
    "quoted": 'from a by b for <"x; y > (z"@d>' + DATE,
    "a name like a keyword": "from by by with with SMTP" + DATE,
    "zone": "from a by b; 1 Jan 2024 12:00:00 GMT",
}


@pytest.mark.parametrize("value", REAL.values(), ids=REAL)
def test_what_servers_write_has_nothing_wrong(value: str) -> None:
    read = received(value)
    assert (read.problems, read.grammar_problem, read.places_problem, read.date.problem) == ((), "", "", "")
    assert len(read.paths) <= 1


def test_clauses_words_and_comments_are_told_apart() -> None:
    read = received(PLAIN + " (CET (winter))")
    assert [(clause.name, clause.value) for clause in read.clauses] == [
        ("from", "me.test"),
        ("by", "mx.test"),
        ("with", "ESMTPS"),
        ("id", "4Sx"),
        ("for", "<u@mx.test>"),
    ]
    assert read.clauses[0].comments == ("rdns.test [192.0.2.1]",)
    assert read.comments == ("rdns.test [192.0.2.1]", "Some MTA", "CET (winter)")
    assert read.date_text == "Mon, 1 Jan 2024 12:00:00 +0100"
    assert read.clause("via") is None


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("by b" + DATE, "no FROM clause"),
        ("from a with SMTP" + DATE, "no BY clause"),
        ("by b from a" + DATE, "BY clause stands before FROM"),
        ("from (a [192.0.2.1]) by b" + DATE, "FROM clause has no domain"),
        ("from a by (b) with SMTP" + DATE, "BY clause has no domain"),
        ("from -a by b" + DATE, "FROM clause has no domain"),
        ("from a..b by b" + DATE, "FROM clause has no domain"),
        ("from [] by b" + DATE, "FROM clause has no domain"),
        ("from a_b by [192.0.2.2]" + DATE, ""),
        ("from b\xfccher.test by b" + DATE, ""),
        ("", "no FROM clause"),
    ],
)
def test_from_and_by_are_asked_for(value: str, told: str) -> None:
    answer = received(value).places_problem
    assert told in answer and bool(told) == bool(answer)


@pytest.mark.parametrize(
    ("begin", "told"),
    [
        ("from me.test (rdns [192.0.2.1])", ""),
        ("from ME.test (a) ([192.0.2.1])", ""),
        ("from me.test ([IPv6:::ffff:192.0.2.1])", ""),
        ("from me.test (192.0.2.1)", "has not the address"),
        ("from me.test", "has not the address"),
        ("from me.test ([192.0.2.2])", "has not the address"),
        ("from me.test by x ([192.0.2.1])", "has not the address"),
        ("from rdns ([192.0.2.1] helo=me.test)", "says `rdns`, not `me.test`"),
        ("by x", "no FROM"),
    ],
)
def test_from_tells_the_name_and_the_address(begin: str, told: str) -> None:
    answer = received(begin + DATE).client_problem("me.test", "192.0.2.1")
    assert told in answer and bool(told) == bool(answer)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("from a by b with SMTP via TCP" + DATE, "`via` stands after one"),
        ("from a by b id 1 with SMTP" + DATE, "`with` stands after one"),
        ("from a by b with Big SMTP Server id 1" + DATE, "`id` stands after one"),
        ("from a by b id 1 id 2" + DATE, "`id` twice"),
        ("from a by b with" + DATE, "`with` has no value"),
        ("from by host with SMTP" + DATE, "`from` has no value"),
        ("from a by b stray" + DATE, "`stray` has no value"),
        ("from a by b (never ended; 1 Jan 2024 12:00:00 +0000", "comment has no end"),
        ("from a by b; id 1" + DATE, "more than one `;`"),
        ("from a by b\rX: y" + DATE, "control character"),
        ("from a by b\x00" + DATE, "control character"),
        ("from a by b " + "x y " * 5_000 + DATE, "longer than"),
    ],
)
def test_what_the_grammar_does_not_allow_is_told(value: str, told: str) -> None:
    assert told in received(value).grammar_problem


@pytest.mark.parametrize(
    ("end", "problem", "numeric"),
    [
        ("; 1 Jan 2024 12:00:00 +0000", "", True),
        ("; 1 Jan 2024 12:00:00 +0000 (a; b)", "", True),
        ("; 1 Jan 2024 12:00:00 EST (-0500)", "", False),
        ("; 1 Jan 24 12:00:00 +0000", "digits", True),
        ("; 1 Jan 2024 (noon) 12:00:00 +0000", "form", False),
        (" (; 1 Jan 2024 12:00:00 +0000)", "no date follows", False),
        (";", "form", False),
        ("; (now)", "form", False),
    ],
)
def test_the_date_follows_the_last_semicolon(end: str, problem: str, numeric: bool) -> None:
    date = received("from a by b" + end).date
    assert problem in date.problem and bool(problem) == bool(date.problem)
    assert date.numeric_zone == numeric


@pytest.mark.parametrize(
    ("said", "extended", "tls", "auth", "told"),
    [
        ("SMTP", False, False, False, ""),
        ("esmtp", True, False, False, ""),
        ("ESMTPS", True, True, False, ""),
        ("ESMTPA", True, False, True, ""),
        ("UTF8SMTPSA", True, True, True, ""),
        ("SMTP", False, True, False, ""),
        ("SMTP", True, False, False, "says `SMTP`, and ESMTP was spoken"),
        ("ESMTP", False, False, False, "says `ESMTP`, and SMTP was spoken"),
        ("ESMTP", True, True, False, "and ESMTPS was spoken"),
        ("ESMTPS", True, False, False, "and ESMTP was spoken"),
        ("ESMTPAS", True, True, True, "`ESMTPAS` is no registered protocol"),
        ("LMTP", True, False, False, "and ESMTP was spoken"),
    ],
)
def test_with_is_registered_and_true(said: str, extended: bool, tls: bool, auth: bool, told: str) -> None:
    answer = received(f"from a by b with {said}{DATE}").with_problem(extended=extended, tls=tls, auth=auth)
    assert told in answer and bool(told) == bool(answer)


def test_a_field_without_with_says_nothing_false_and_lmtp_is_true_of_lmtp() -> None:
    assert received("from a by b" + DATE).with_problem(extended=True) == ""
    assert received("from a by b with LMTP" + DATE).with_problem(extended=True, lmtp=True) == ""


@pytest.mark.parametrize(
    ("end", "paths"),
    [
        ("", ()),
        (" for <a@b>", ("<a@b>",)),
        (" for a@b", ("a@b",)),
        (" for <a@b> (more)", ("<a@b>",)),
        (" for <@x,@y:a@b>", ("<@x,@y:a@b>",)),
        (' for <"c, d"@b>', ('<"c, d"@b>',)),
        (" for <a@b> x-tag value", ("<a@b>",)),
        (" for <a@b>,<c@d>", ("<a@b>", "<c@d>")),
        (" for <a@b>, <c@d>", ("<a@b>", "<c@d>")),
        (" for <a@b> <c@d>", ("<a@b>", "<c@d>")),
        (" for a@b c@d e@f", ("a@b", "c@d", "e@f")),
        (" for <a@b> for <c@d>", ("<a@b>", "<c@d>")),
        (" for", ()),
    ],
)
def test_all_paths_of_for_are_counted(end: str, paths: tuple[str, ...]) -> None:
    assert received(f"from a by b{end}{DATE}").paths == paths


@pytest.mark.parametrize(
    ("value", "mailbox", "route"),
    [
        ("<>", "", ""),
        ("<a@b>", "a@b", ""),
        (" <A.b@[192.0.2.1]> ", "A.b@[192.0.2.1]", ""),
        ("<@x,@y:a@b>", "a@b", "@x,@y:"),
        (r'<"a \"b\" @c"@d>', r'"a \"b\" @c"@d', ""),
        ("<Postmaster>", "Postmaster", ""),
        ("<b\xfc@d>", "b\xfc@d", ""),
    ],
)
def test_a_return_path_is_read(value: str, mailbox: str, route: str) -> None:
    path = return_path(value)
    assert (path.mailbox, path.route, path.problem) == (mailbox, route, "")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("", "`<` and `>`"),
        ("a@b", "`<` and `>`"),
        ("<a@b", "`<` and `>`"),
        ("<a b@c>", "lacks quotes"),
        ("<a..b@c>", "lacks quotes"),
        ('<"a@b>', "lacks quotes"),
        ("<a@-b>", "no domain and no address literal"),
        ("<a>", "no domain"),
        ("<a@b\r\nX: y>", "not the form"),
    ],
)
def test_what_is_no_return_path_is_told_why(value: str, told: str) -> None:
    assert told in return_path(value).problem


@pytest.mark.parametrize(
    ("value", "mailbox", "same"),
    [
        ("<a@b>", "a@B", True),
        ("<A@b>", "a@b", False),
        ('<"a"@b>', "a@b", True),
        (r'<"\a b"@b>', '"a b"@b', True),
        ('<"a b"@b>', '"ab"@b', False),
        ("<@x:a@b>", "a@b", True),
        ("<a@b>", "a@c", False),
        ("<>", "", True),
        ("<Postmaster>", "Postmaster", True),
    ],
)
def test_a_return_path_means_a_mailbox(value: str, mailbox: str, same: bool) -> None:
    assert return_path(value).same_as(mailbox) == same


def test_the_local_part_keeps_its_letters_and_quotes() -> None:
    assert (return_path('<"A b@c"@D.e>').local, return_path('<"A b@c"@D.e>').domain) == ('"A b@c"', "D.e")


def answers(value: str) -> list[str]:
    read = received(value)
    return [
        *read.problems,
        read.places_problem,
        read.grammar_problem,
        read.date.problem,
        read.client_problem("a", "::1"),
        read.with_problem(extended=True),
        return_path(value).problem,
        return_path(value).local,
    ]


PIECES = [
    "from ",
    "by ",
    "for ",
    "with ",
    "id ",
    "a@b",
    "<",
    ">",
    "(",
    ")",
    '"',
    "\\",
    "[",
    "]",
    ";",
    ",",
    " ",
    "\x00",
    "\xff",
]


@settings(deadline=None)
@given(st.one_of(st.text(max_size=200), st.lists(st.sampled_from(PIECES), max_size=60).map("".join)))
def test_every_text_has_its_answers(value: str) -> None:
    assert all(isinstance(answer, str) for answer in answers(value))


@pytest.mark.parametrize("piece", [*PIECES, '"\\', '<"', "for <", "a,", "@", "\udcff", "for a@b,", "from from "])
def test_long_texts_are_read_in_no_time(piece: str) -> None:
    assert len(answers(piece * 20_000)) >= 7
    assert clauses.LONGEST <= 10_000


def test_a_client_that_calls_itself_by_its_address_is_told_by_that() -> None:
    field = received("from [192.0.2.1] by x.test" + DATE)
    assert not field.client_problem("[192.0.2.1]", "192.0.2.1")
    assert field.client_problem("[192.0.2.1]", "192.0.2.2")


def test_senders_of_a_message() -> None:
    assert senders(stored(b"Return-Path: <a@b.test>\r\nSubject: x\r\n\r\n")) == ["a@b.test"]
    assert senders(stored(b"Return-Path: <>\r\n\r\n")) == [""]
    assert senders(stored(b"Subject: x\r\n\r\n")) == []
