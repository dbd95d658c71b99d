"""The words of the two editions, and what is said of a dialect that cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.cs4410 import dialect
from conformance.cs4410.dialect import DIALECTS, DialectError, Fit
from conformance.cs4410.model import WORD_RULES

NAMES = sorted(path.stem for path in DIALECTS.glob("*.toml"))
FIELDS = {"netid": ("me",), "verb": ("HELO",), "need": ("MAIL",), "address": ("a b",), "number": ("7",)}


def test_both_editions_are_there() -> None:
    assert NAMES == ["cs4410-2014", "cs4410-2016"]


@pytest.mark.parametrize("name", NAMES)
def test_a_dialect_has_every_kind_of_reply(name: str) -> None:
    words = dialect.load(name)
    assert words.name == name
    assert frozenset(words.replies) == dialect.KINDS
    assert words.edition


@pytest.mark.parametrize("kind", sorted(dialect.KINDS))
@pytest.mark.parametrize("name", NAMES)
def test_what_a_reader_is_told_to_expect_fits(name: str, kind: str) -> None:
    words = dialect.load(name)
    assert words.fit(words.show(kind, FIELDS), kind, FIELDS) is Fit.SHOULD


@pytest.mark.parametrize("kind", sorted(dialect.KINDS))
@pytest.mark.parametrize("name", NAMES)
def test_looser_words_have_a_should_that_judges_them(name: str, kind: str) -> None:
    words = dialect.load(name).replies[kind]
    assert not words.should or kind in WORD_RULES
    assert words.should or not (words.ignore_case or words.loose_space)


@pytest.mark.parametrize(
    ("text", "fit"),
    [
        ("250 OK: delivered message 12", Fit.SHOULD),
        ("250 ok: Delivered  message 12", Fit.MUST),
        ("250 OK:delivered message 12", Fit.MUST),
        ("250 OK: delivered message", Fit.CODE),
        ("250 OK: delivered message 12 ", Fit.CODE),
        ("250 OK: delivered message -1", Fit.CODE),
        ("250", Fit.CODE),
        ("2500 OK: delivered message 12", Fit.NO),
        ("354 OK: delivered message 12", Fit.NO),
        (" 250 OK: delivered message 12", Fit.NO),
        ("", Fit.NO),
    ],
)
def test_fit_of_the_reply_to_a_message(text: str, fit: Fit) -> None:
    assert dialect.load("cs4410-2016").fit(text, "delivered", {}) is fit


@pytest.mark.parametrize(
    ("text", "fits"), [("500", True), ("599 x", True), ("5000", False), ("400", False), ("", False), ("5x0", False)]
)
def test_an_error_of_any_kind(text: str, fits: bool) -> None:
    assert bool(dialect.load("cs4410-2016").fit(text, "error", {})) == fits


def test_an_address_is_quoted_to_the_letter_though_it_looks_like_a_pattern() -> None:
    words, fields = dialect.load("cs4410-2016"), {"address": (r".* {any}\d",)}
    assert words.fit(r"504 5.5.2 <.* {any}\d>: Sender address rejected", "bad_sender", fields) is Fit.SHOULD
    assert words.fit("504 5.5.2 <anything 1>: Sender address rejected", "bad_sender", fields) is Fit.CODE


@pytest.mark.parametrize("text", ["220 a\nSMTP CS4410MP3", "220 a b SMTP CS4410MP3", "220 a SMTP CS4410MP3\n", "220"])
def test_a_greeting_is_one_line_with_one_netid(text: str) -> None:
    assert dialect.load("cs4410-2016").fit(text, "greeting", {}) is Fit.CODE


# A dialect of one's own


def own(folder: Path, change: str = "", instead: str = "") -> str:
    path = folder / "own.toml"
    path.write_text((DIALECTS / "cs4410-2016.toml").read_text().replace(change, instead) if change else instead)
    return str(path)


def test_a_dialect_of_ones_own_is_read(tmp_path: Path) -> None:
    words = dialect.load(own(tmp_path, "250 2.1.0 OK", "250 fine"))
    assert words.fit("250 fine", "mail", {}) is Fit.SHOULD


@pytest.mark.parametrize(
    ("change", "instead", "said"),
    [
        ("", "", "missing"),
        ("", "[reply", "cannot be read"),
        ("", "reply = 3", "missing"),
        ("", "[reply.mail]\nmust = '250 OK'", "missing"),
        ("[reply.mail]", "[reply.post]", "mail, post"),
        ('must = "354 End', 'words = "354 End', "words"),
        ('must = "354 End', 'must = "End', "data"),
        ('must = "354 End data with <CR><LF>.<CR><LF>"', "must = 354", "data"),
        ("[reply.mail]\n", "[reply.mail]\nshould_not = 'x'\n", "should_not"),
        ("[reply.helo]\n", "[reply]\nhelo = '250 x'\n[other]\n", ""),
    ],
)
def test_a_dialect_that_cannot_be_used_is_refused_in_one_line(
    tmp_path: Path, change: str, instead: str, said: str
) -> None:
    with pytest.raises(DialectError) as refused:
        dialect.load(own(tmp_path, change, instead))
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_should_where_no_rule_judges_the_words_is_refused(tmp_path: Path) -> None:
    """A client looks up the rule that judges inexact words: where there is none, that must not be its end."""
    with pytest.raises(DialectError, match="helo"):
        dialect.load(own(tmp_path, '"250 {netid}"', '"250 {netid}"\nignore_case = true\nshould = "250 {netid} x"'))


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(DialectError, match="cannot be read"):
        dialect.load(str(path))


@pytest.mark.parametrize("name", ["cs4410", "", "../requirements", "not-there.toml", "x" * 300])
def test_an_unknown_dialect_is_refused(name: str) -> None:
    with pytest.raises(DialectError):
        dialect.load(name)


def test_an_unknown_dialect_is_told_the_known_ones() -> None:
    with pytest.raises(DialectError, match="cs4410-2014, cs4410-2016"):
        dialect.load("cs4411")
