"""A delivered message, and where its header ends: bytes that nobody has decoded or repaired."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property

MOST_FIELDS = 10_000
"""Fields of a header that are told apart; what comes after them is still no body."""

_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:")
_FOLD = re.compile(r"\r\n(?=[ \t])")
_POSTMARK = re.compile(rb">?From [^\n]*\n(?=[!-9;-~]+[ \t]*:)")
_LINE_END = re.compile(rb"\r?\n")


@dataclass(frozen=True)
class Field:
    """A field of a header.

    Attributes:
        name: as it was written.
        raw: what follows the colon, with its folds, without the last line end.
    """

    name: str
    raw: bytes

    @property
    def value(self) -> str:
        """The value unfolded and without space around it; bytes that are no UTF-8 are kept as lone surrogates."""
        return _FOLD.sub("", self.raw.decode("utf-8", "surrogateescape")).strip(" \t")

    def named(self, name: str) -> bool:
        """Whether it has this name, in upper or lower case."""
        return self.name.lower() == name.lower()


@dataclass(frozen=True)
class Stored:
    """One delivered message.

    Attributes:
        octets: as the store has it; a sink's are those that came, with their dots still doubled.
        raw: the message, each LF and CR LF made CR LF, and lone CRs left alone.
        envelope_from: the reverse-path, without its brackets, where the store is a sink.
        envelope_to: the forward-paths likewise.
    """

    octets: bytes = field(repr=False)
    raw: bytes = field(repr=False)
    envelope_from: str | None = None
    envelope_to: tuple[str, ...] | None = None

    @property
    def fields(self) -> tuple[Field, ...]:
        """The fields of the header, from the top."""
        return self._parted[0]

    @property
    def body(self) -> bytes:
        """What follows the empty line after the header; what is no field ends the header as well."""
        return self.raw[self._parted[1] :]

    @property
    def header(self) -> bytes:
        """All before the body, with the empty line."""
        return self.raw[: self._parted[1]]

    def all(self, name: str) -> list[Field]:
        """The fields of this name, from the top."""
        return [one for one in self.fields if one.named(name)]

    @cached_property
    def _parted(self) -> tuple[tuple[Field, ...], int]:
        return part(self.raw)


def stored(octets: bytes) -> Stored:
    """A message as a file has it, with or without the line of a mailbox format on top."""
    postmark = _POSTMARK.match(octets)
    return Stored(octets, with_line_ends(octets[postmark.end() :] if postmark else octets))


def with_line_ends(data: bytes) -> bytes:
    """The data with each LF and each CR LF made CR LF."""
    return _LINE_END.sub(b"\r\n", data)


def part(raw: bytes) -> tuple[tuple[Field, ...], int]:
    """Part a message whose lines end in CR LF.

    Returns:
        The fields of its header, and where its body begins.
    """
    fields: list[Field] = []
    begin = 0
    while begin < len(raw):
        end = _end_of_line(raw, begin)
        if raw[begin:end] == b"\r\n":
            return tuple(fields), end
        match = _FIELD.match(raw, begin, end)
        if not match:
            break
        while raw[end : end + 1] in (b" ", b"\t"):
            end = _end_of_line(raw, end)
        if len(fields) < MOST_FIELDS:
            value = raw[match.end() : end].removesuffix(b"\r\n")
            fields.append(Field(match[1].decode("ascii"), value))
        begin = end
    return tuple(fields), begin


def _end_of_line(raw: bytes, begin: int) -> int:
    at = raw.find(b"\r\n", begin)
    return len(raw) if at < 0 else at + 2
