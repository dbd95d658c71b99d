"""A message that was sent against the one that was delivered; pure.

Stores have liberties: lines end in LF or CR LF, `From ` at a line's start may stand as `>From `, an empty line may be
added at the very end, a header may be folded elsewhere, and fields may be added on top of it or below. All else is a
change.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from conformance.stores.message import Field, Stored, part, with_line_ends

AROUND = 24
"""Octets of a line that are shown before and after where it differs."""

_QUOTED_FROM = re.compile(rb"^>+From ", re.MULTILINE)
_SPACE = re.compile(r"[ \t]+")


def same_body(sent: bytes, stored: bytes) -> str:
    """Compare a delivered body with the one that was sent.

    Args:
        sent: without the doubled dots and the dot that ended it.
        stored: as a store has it.

    Returns:
        Nothing if they are the same, otherwise one line, of printable ASCII, that says where they first differ.
    """
    expected, actual = _plain(sent), _plain(stored)
    whole = expected.removesuffix(b"\r\n") + b"\r\n"  # a chunk may end within a line, which no file likes
    if actual in (expected, whole, whole + b"\r\n"):
        return ""
    at = _first_difference(expected, actual)
    line = expected.count(b"\r\n", 0, at) + 1
    begin = expected.rfind(b"\r\n", 0, at) + 2 if line > 1 else 0
    if at >= len(actual):
        return f"it ends in line {line}, octet {at - begin + 1}: expected {_around(expected, begin, at)}, and more"
    if at >= len(expected):
        return f"it goes on after its end, in line {line}: {_around(actual, begin, at)}"
    return (
        f"line {line}, octet {at - begin + 1}: "
        f"expected {_around(expected, begin, at)}, got {_around(actual, begin, at)}"
    )


@dataclass(frozen=True)
class Added:
    """What a server made of the header that it was given.

    Attributes:
        on_top: its own fields above all that were sent, from the top.
        at_end: its own fields below all that were sent.
        between: its own fields among those that were sent.
        changed: nothing if all that was sent is there in its order, otherwise one line that says what first is not.
    """

    on_top: tuple[Field, ...]
    at_end: tuple[Field, ...]
    between: tuple[Field, ...]
    changed: str

    @property
    def received(self) -> Field | None:
        """The server's own `Received:`, the lowest of the new ones: filters and later hops write above it."""
        return next((field for field in reversed(self.on_top) if field.named("Received")), None)


def added_fields(sent_header: bytes, stored: Stored) -> Added:
    """Tell the fields of the server from those that were sent.

    Args:
        sent_header: the header as it was sent, with or without the empty line after it.
        stored: the message that was delivered.
    """
    sent, found = part(with_line_ends(sent_header))[0], stored.fields
    places, missing = _places(sent, found)
    if not places:
        return Added(found, (), (), _told(missing, found))
    inside = set(places)
    return Added(
        on_top=found[: min(places)],
        at_end=found[max(places) + 1 :],
        between=tuple(found[at] for at in range(min(places), max(places)) if at not in inside),
        changed=_told(missing, found),
    )


def kept(sent: Sequence[Field], stored: Stored) -> str:
    """Say which of some fields is not in a delivered message, with its value, or not in its order.

    Returns:
        Nothing if all are, otherwise one line, of printable ASCII.
    """
    return _told(_places(sent, stored.fields)[1], stored.fields)


def _places(sent: Sequence[Field], found: Sequence[Field]) -> tuple[list[int], list[Field]]:
    """Where the fields that were sent stand, and those that do not, the first one first.

    Looked for from the bottom: what a server adds on top may be the same as what was sent.
    """
    places: list[int] = []
    missing: list[Field] = []
    keys = [_key(field) for field in found]
    end = len(keys)
    for field in reversed(sent):
        key = _key(field)
        at = next((at for at in range(end - 1, -1, -1) if keys[at] == key), None)
        if at is None:
            missing.insert(0, field)
        else:
            places.append(at)
            end = at
    return places, missing


def _told(missing: Sequence[Field], found: Sequence[Field]) -> str:
    if not missing:
        return ""
    field = missing[0]
    others = [other for other in found if other.named(field.name)]
    if not others:
        return f"{field.name}: it is not there"
    if any(_key(other) == _key(field) for other in others):
        return f"{field.name}: it stands elsewhere in the header than it was sent, or fewer times"
    value = field.value.encode("utf-8", "surrogateescape")
    nearest = max(
        (other.value.encode("utf-8", "surrogateescape") for other in others),
        key=lambda there: _first_difference(value, there),
    )
    at = _first_difference(value, nearest)
    return f"{field.name}: expected {_around(value, 0, at)}, got {_around(nearest, 0, at)}"


def _key(field: Field) -> tuple[str, str]:
    """What may not change: not the letter case of a name, and not where a value is folded."""
    return field.name.lower(), _SPACE.sub(" ", field.value)


def _plain(body: bytes) -> bytes:
    """The body as all formats write it; a line that was `>From ` when it was sent looks like `From ` then, too."""
    return _QUOTED_FROM.sub(b"From ", with_line_ends(body))


def _first_difference(one: bytes, other: bytes) -> int:
    """Where two differ first: halved, because bodies may be large."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _around(data: bytes, begin: int, at: int) -> str:
    """A few octets of the line around a place, escaped; its line end, too, for that may be what differs."""
    cut = max(begin, at - AROUND)
    shown = data[cut : at + AROUND]
    over = shown.find(b"\n", at - cut)
    shown = shown if over < 0 else shown[: over + 1]
    return ("..." if cut > begin else "") + repr(shown)[1:]
