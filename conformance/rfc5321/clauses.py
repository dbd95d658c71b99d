"""The clauses of a `Received:` field: where its words, its comments and its date begin and end."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

LONGEST = 8_000
"""Characters of a field that are read."""
ORDER = ("from", "by", "via", "with", "id", "for")
"""The clauses of the grammar; others come after them."""

# What has no end within so many characters is none, or a long field would be read for ever.
_QUOTED = r'"(?:[^"\\]|\\.){0,600}"'
_ANGLED = rf'<(?:{_QUOTED}|[^">]){{0,600}}>'
_PIECE = re.compile(rf'{_QUOTED}|{_ANGLED}|\[[^\]]{{0,600}}\]|[^\s(;"<\[]+|["<\[]', re.DOTALL)
_PATH = re.compile(rf"(?:{_QUOTED}|{_ANGLED}|[^,\s])+", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class Clause(NamedTuple):
    """A clause of `Received:`.

    Attributes:
        name: in lower case.
        words: what follows it, as written: one word, or none, or all paths that a FOR clause lists.
        comments: those that stand before the next clause, without their parentheses.
    """

    name: str
    words: tuple[str, ...]
    comments: tuple[str, ...] = ()

    @property
    def value(self) -> str:
        """Its first word, or nothing."""
        return self.words[0] if self.words else ""


class Parts(NamedTuple):
    """A `Received:` field, taken apart.

    Attributes:
        clauses: in the order in which they stand.
        comments: all of them, wherever they stand.
        date_text: what follows the last `;`, without the comments after it; None if there is no `;`.
        problems: what the grammar does not allow, but for the clauses' order and what the date is.
        text: the field as it was read.
    """

    clauses: tuple[Clause, ...]
    comments: tuple[str, ...]
    date_text: str | None
    problems: tuple[str, ...]
    text: str = ""


class _Token(NamedTuple):
    text: str
    end: int


class _Word(_Token):
    pass


class _Comment(_Token):
    pass


class _Semicolon(_Token):
    pass


def take_apart(value: str) -> Parts:
    """Read the value of a `Received:` field, unfolded; it never raises."""
    problems: list[str] = []
    if len(value) > LONGEST:
        problems.append(f"it is longer than {LONGEST} characters")
    value = value[:LONGEST]
    if _CONTROL.search(value):
        problems.append("it has a control character")
    tokens = list(_tokens(value, problems))
    comments = tuple(token.text for token in tokens if isinstance(token, _Comment))
    ends = [at for at, token in enumerate(tokens) if isinstance(token, _Semicolon)]
    if len(ends) > 1:
        problems.append("it has more than one `;`")
    date = None
    if ends:
        after = [token.end for token in tokens[ends[-1] :] if not isinstance(token, _Comment)]
        date = value[after[0] : after[-1]].strip()
        tokens = tokens[: ends[-1]]
    return Parts(tuple(_clauses(tokens, problems)), comments, date, tuple(problems))


def _tokens(value: str, problems: list[str]) -> Iterator[_Token]:
    at = 0
    while at < len(value):
        begin = at
        if value[at].isspace():
            at += 1
        elif value[at] == ";":
            at += 1
            yield _Semicolon(";", at)
        elif value[at] == "(":
            at = _end_of_comment(value, begin)
            if at > len(value):
                problems.append("a comment has no end")
            yield _Comment(value[begin + 1 : at - 1], at)
        else:
            while at < len(value) and not value[at].isspace() and value[at] not in "(;":
                piece = _PIECE.match(value, at)
                at = piece.end() if piece else at + 1
            yield _Word(value[begin:at], at)


def _end_of_comment(value: str, begin: int) -> int:
    """Where a comment ends, the comments in it as well; beyond the value if it does not."""
    depth, at = 0, begin
    while at < len(value):
        sign = value[at]
        depth += (sign == "(") - (sign == ")")
        at += 2 if sign == "\\" else 1
        if depth == 0:
            return at
    return len(value) + 1


def _clauses(tokens: Sequence[_Token], problems: list[str]) -> Iterator[Clause]:
    places = [at for at, token in enumerate(tokens) if isinstance(token, _Word)]
    words = [tokens[at].text for at in places]
    places.append(len(tokens))
    at = 0
    while at < len(words):
        name = words[at].lower()
        end = _end_of_clause(name, words, at + 1)
        if end == at + 1:
            problems.append(f"its clause `{name}` has no value")
        value = words[at + 1 : end]
        comments = [token.text for token in tokens[places[at] : places[end]] if isinstance(token, _Comment)]
        yield Clause(name, tuple(_PATH.findall(" ".join(value)) if name == "for" else value), tuple(comments))
        at = end


def _end_of_clause(name: str, words: Sequence[str], at: int) -> int:
    """Where the clause ends whose value may begin at a place; a host may be named like a clause."""
    value, *after = words[at : at + 2] or [""]
    if not value or (value.lower() in ORDER and after and after[0].lower() not in ORDER):
        return at
    end = at + 1
    while name == "for" and end < len(words) and _goes_on(words[end - 1], words[end]):
        end += 1
    return end


def _goes_on(before: str, word: str) -> bool:
    return before.endswith(",") or word.startswith((",", "<")) or "@" in word
