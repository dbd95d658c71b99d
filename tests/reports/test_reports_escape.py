"""Nothing that a server sends leaves as a control character, or breaks out of its place in Markdown."""

import json
import random
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from reports import markdown, page, terminal
from reports.escape import code, cut, fenced, sentence, typed, visible
from reports.escape import markdown as prose
from reports.results import Results, load

EVIL = [*map(chr, range(0x180)), "\u200b", "\u2028", "\u202e", "\u2066", "\ufeff", "\ud800", "\U0001f4a3"]
PRINTABLE = re.compile(r"[ -~]*")
KEPT = {"schema", "level", "verdict", "course", "id", "requirement", "requirements", "section", "blocked_by"}


def nasty(seed: int) -> Iterator[str]:
    """Give texts of every length from characters that mean something somewhere."""
    dice = random.Random(seed)
    marks = [*"`|<>[]()*_&~$#@!\\\r\n\t\x1b\x9b", "```", "<!--", "]]>", "http://", "www."]
    while True:
        yield "".join(dice.choices([*marks, *EVIL], k=dice.randrange(60)))


def poisoned(value: Any, texts: Iterator[str]) -> Any:
    """Replace every free text of a document."""
    if isinstance(value, dict):
        return {
            key: inner if key in KEPT and isinstance(inner, str) else poisoned(inner, texts)
            for key, inner in value.items()
        }
    if isinstance(value, list) and len(value) == 3 and isinstance(value[0], int | float):
        return [*value[:2], next(texts)]
    if isinstance(value, list):
        return [poisoned(inner, texts) for inner in value]
    return next(texts) if isinstance(value, str) else value


@pytest.mark.parametrize("show", [visible, typed, sentence, lambda text: cut(text, 40)])
def test_only_printable_ascii_leaves(show: Any) -> None:
    """Each character alone, and too many of it, becomes printable ASCII."""
    for character in EVIL:
        assert PRINTABLE.fullmatch(show(character)), ascii(character)
        assert PRINTABLE.fullmatch(show(character * 2000)), ascii(character)


def test_a_quotation_can_be_read_back() -> None:
    """What a server sent, all 256 bytes and what looks like an escape, is told apart."""
    text = "".join(map(chr, range(256))) + r"\r\n \x1b"
    assert visible(text).encode("ascii").decode("unicode_escape") == text


def test_a_cut_says_how_many_bytes_it_left_out() -> None:
    """Head and tail are there, and the numbers add up."""
    match = re.fullmatch(r"(A+) \[\.\.\. (\d+) bytes \.\.\.\] (A+)\\r\\n", cut("A" * 998 + "\r\n", 80))
    assert match is not None
    assert len(match[1]) + int(match[2]) + len(match[3]) == 998
    assert len(match[0]) <= 80


def test_no_code_span_is_closed_from_inside() -> None:
    """The run of backticks around a text is not in it."""
    for text in map(visible, islice(nasty(1), 1000)):
        span = re.fullmatch(r"(`+)( ?)(.*?)\2\1", code(text))
        assert code(text) == "(nothing)" if span is None else span[1] not in span[3], text


def test_no_fence_is_closed_from_inside() -> None:
    """A block has as many lines as were put in, and its fence is in none of them."""
    for text in map(visible, islice(nasty(2), 1000)):
        opening, inside, closing = fenced([text]).splitlines()
        assert (opening, inside) == (closing + "text", text)
        assert closing not in inside


def test_prose_keeps_no_markup() -> None:
    """Each character that opens something in Markdown or HTML has its backslash."""
    for text in islice(nasty(3), 1000):
        unescaped = re.sub(r"\\[!-/:-@[-`{-~]|&#64;", "", prose(sentence(text)))
        assert not re.search(r"[`*_<>\[\]|&~$#@\\]|://|www\.", unescaped, re.IGNORECASE), ascii(text)


@pytest.mark.parametrize("seed", range(5))
def test_no_control_byte_leaves_a_report(seed: int, document: Any, tmp_path: Path) -> None:
    """With hostile text in every place of results.json, both reports are printable lines."""
    path = tmp_path / "results.json"
    path.write_text(json.dumps(poisoned(document, nasty(seed))))
    results = load(path)
    for report in (terminal.render(results, verbose=True), markdown.render(results, verbose=True)):
        assert all(PRINTABLE.fullmatch(line) for line in report.split("\n"))


@pytest.mark.parametrize("seed", range(3))
def test_no_markup_leaves_a_page(seed: int, document: Any, tmp_path: Path) -> None:
    """With hostile text in every place, the page has no tag, script or byte that one with harmless text has not."""
    path = tmp_path / "results.json"
    seen = []
    for texts in (nasty(seed), iter(lambda: "harmless words", None)):
        path.write_text(json.dumps(poisoned(document, texts)))
        shown = page.render(load(path))
        assert re.fullmatch(r"[ -~\n\N{EN DASH}\N{MULTIPLICATION SIGN}]*", shown)
        body = shown.partition("<main>")[2]
        # How many turns a conversation has, and line ends in them, depends on what was sent.
        seen.append(set(re.findall(r"<([a-z0-9]+)[ >]", body)) - {"br", "i"})
    assert seen[0] == seen[1]


def test_color_is_the_only_escape_sequence(hostile: Path) -> None:
    """With colour, what remains without its sequences is the report without colour."""
    results = load(hostile)
    colored = terminal.render(results, color=True)
    assert "\x1b[31mFAIL\x1b[0m" in colored
    assert re.sub(r"\x1b\[\d+m", "", colored) == terminal.render(results)


def test_white_space_at_the_ends_of_a_quotation_stays(results: Results) -> None:
    """A reply that differs only in a blank must look different."""
    first = results.cases[4]
    spaced = replace(first, findings=(replace(first.findings[0], expected="250 OK", actual=" 250 OK "),))
    shown = terminal.render(replace(results, cases=(spaced,)))
    assert "  expected    250 OK\n  actual       250 OK  [a blank before it, a blank at its end]\n" in shown
