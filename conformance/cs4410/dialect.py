"""The words: what each kind of reply must look like in one edition of the assignment."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from pathlib import Path

DIALECTS = Path(__file__).parent / "dialects"
KINDS = frozenset({
    "greeting", "helo", "mail", "rcpt", "data", "delivered", "syntax",
    "unknown", "duplicate", "nested", "need", "bad_sender", "bad_recipient", "timeout",
})  # fmt: skip
WITH_SHOULD = ("mail", "rcpt", "delivered", "syntax", "need")
"""The kinds of reply whose words a SHOULD judges beside the MUST."""
PLACEHOLDERS = {"netid": r"\S+", "number": r"\d{1,18}", "any": ".*"}
ERROR = "error"

Fields = Mapping[str, tuple[str, ...]]


class DialectError(ValueError):
    """The dialect is not there or cannot be used; the message is one line for the user."""


class Fit(IntEnum):
    """How well a reply fits what is wanted, worst first."""

    NO = 0
    CODE = 1
    MUST = 2
    SHOULD = 3


@dataclass(frozen=True)
class Words:
    """The words of one kind of reply: what they must be, and what the handout shows to the letter."""

    must: str
    should: str = ""
    ignore_case: bool = False
    loose_space: bool = False

    @property
    def code(self) -> str:
        """The three digits of the status code."""
        return self.must[:3]


@dataclass(frozen=True)
class Dialect:
    """One edition's words for every kind of reply."""

    name: str
    edition: str
    replies: dict[str, Words]

    def code(self, kind: str) -> str:
        """The status code of a kind of reply; `5xx` for an error of any kind."""
        return "5xx" if kind == ERROR else self.replies[kind].code

    def fit(self, text: str, kind: str, fields: Fields) -> Fit:
        """How well a reply fits a kind of reply.

        Args:
            text: the reply without its line end.
            kind: a kind of the dialect, or `error` for any 5xx.
            fields: for each placeholder the values that may stand there.
        """
        if kind == ERROR:
            return Fit.SHOULD if re.match(r"5\d\d(?!\d)", text) else Fit.NO
        words = self.replies[kind]
        if not re.match(re.escape(words.code) + r"(?!\d)", text):
            return Fit.NO
        values = tuple(sorted(fields.items()))
        if not _pattern(words.must, values, words.ignore_case, words.loose_space).fullmatch(text):
            return Fit.CODE
        if words.should and not _pattern(words.should, values, False, False).fullmatch(text):
            return Fit.MUST
        return Fit.SHOULD

    def pattern(self, kind: str, fields: Fields, exact: bool = True) -> str:
        """A regular expression for a kind of reply, without its line end.

        Args:
            kind: a kind of the dialect, or `error` for any 5xx.
            fields: for each placeholder the values that may stand there.
            exact: whether the words count, or only the code.
        """
        if kind == ERROR or not exact:
            return (r"5\d\d" if kind == ERROR else re.escape(self.replies[kind].code)) + r"(?!\d).*"
        words = self.replies[kind]
        pattern = _pattern(words.must, tuple(sorted(fields.items())), words.ignore_case, words.loose_space)
        return ("(?i)" if words.ignore_case else "") + pattern.pattern

    def show(self, kind: str, fields: Fields) -> str:
        """What a reader is told to expect for a kind of reply."""
        if kind == ERROR:
            return "5xx and any text"
        words = self.replies[kind]
        shown = words.should or words.must
        for name, values in fields.items():
            shown = shown.replace("{" + name + "}", "|".join(values))
        return shown.replace("{any}", "...").replace("{netid}", "<netid>").replace("{number}", "<number>")


@lru_cache(maxsize=4096)
def _pattern(
    template: str, fields: tuple[tuple[str, tuple[str, ...]], ...], ignore_case: bool, loose_space: bool
) -> re.Pattern[str]:
    values = dict(fields)
    parts = []
    for piece in re.split(r"(\{\w+\})", template):
        name = piece[1:-1]
        if not piece.startswith("{"):
            parts.append(re.escape(piece).replace(r"\ ", r"\s*") if loose_space else re.escape(piece))
        elif name in values:
            # The verb and a missing command are words of the server's own; only an address is quoted to the letter.
            flag = "" if name == "address" else "i"
            parts.append(f"(?{flag}:" + "|".join(re.escape(value) for value in values[name]) + ")")
        else:
            parts.append(PLACEHOLDERS.get(name, ".*"))
    return re.compile("".join(parts), re.DOTALL | (re.IGNORECASE if ignore_case else re.NOFLAG))


def load(name: str) -> Dialect:
    """Read a dialect of the suite by its name, or a user's own TOML file.

    Raises:
        DialectError: there is no such dialect, the file is no TOML, or a kind of reply is missing or wrong.
    """
    path = DIALECTS / f"{name}.toml" if not name.endswith(".toml") else Path(name)
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        known = ", ".join(sorted(one.stem for one in DIALECTS.glob("*.toml")))
        raise DialectError(
            f"--dialect {name}: no such dialect; take one of {known}, or a .toml file of your own"
        ) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DialectError(f"--dialect {name}: cannot be read: {error}") from None
    replies = table.get("reply")
    if not isinstance(replies, dict) or set(replies) != KINDS:
        odd = sorted(KINDS.symmetric_difference(replies if isinstance(replies, dict) else ()))
        raise DialectError(f"--dialect {name}: [reply.*] missing or unknown: {', '.join(odd)}")
    for kind, row in replies.items():
        if not isinstance(row, dict) or not set(row) <= set(Words.__dataclass_fields__) or "must" not in row:
            known = ", ".join(Words.__dataclass_fields__)
            has = ", ".join(row) if isinstance(row, dict) else repr(row)
            raise DialectError(f"--dialect {name}: [reply.{kind}] has {has}: it needs `must` and takes {known}")
    words = {kind: Words(**row) for kind, row in replies.items()}
    for kind, one in words.items():
        if isinstance(one.should, str) and one.should and kind not in WITH_SHOULD:
            raise DialectError(f"--dialect {name}: [reply.{kind}] takes no `should`: {', '.join(WITH_SHOULD)} do")
        if not (isinstance(one.must, str) and re.match(r"\d{3}", one.must) and isinstance(one.should, str)):
            raise DialectError(f"--dialect {name}: [reply.{kind}] needs `must`, a text that begins with a status code")
    return Dialect(str(table.get("name", path.stem)), str(table.get("edition", "")), words)
