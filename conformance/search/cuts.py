"""Ways to cut what is sent into segments: mostly late ones, for at a line's end a server has to decide something."""

from __future__ import annotations

CUTS = ("", "-1", "-2", "-3", "-4", "half", "CR", "bytes")
"""Ways to cut: nowhere, before the last one to four bytes, in the middle, after each late CR, between late bytes."""
LONGEST_BYTEWISE = 6
MOST_CUTS = 4


def places(data: bytes, how: str) -> list[int]:
    """Where one of the `CUTS` cuts the data."""
    if how == "half":
        return [len(data) // 2]
    if how == "CR":
        return [place + 1 for place, byte in enumerate(data) if byte == 0x0D][-MOST_CUTS:]
    if how == "bytes":
        return list(range(max(1, len(data) - LONGEST_BYTEWISE), len(data)))
    return [len(data) + int(how)] if how else []


def apart(data: bytes, at: list[int]) -> list[bytes]:
    """The data in pieces.

    Args:
        data: what is sent.
        at: where it is cut, in order; places that are none inside of it do not count.
    """
    at = [place for place in at if 0 < place < len(data)]
    return [data[begin:end] for begin, end in zip([0, *at], [*at, len(data)], strict=True)]


def cut(data: bytes, how: str) -> list[bytes]:
    """The data in pieces, cut in one of the `CUTS`."""
    return apart(data, places(data, how))
