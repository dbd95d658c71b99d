"""A transcript as lines: one an entry, with aligned milliseconds and the marks -> sent, <- received, -- happened."""

from collections.abc import Sequence

from reports.escape import cut
from reports.results import Entry

HEAD = 15
TAIL = 24


def lines(transcript: Sequence[Entry], width: int) -> list[str]:
    """Show a conversation; where it is long only its head and its tail.

    Args:
        transcript: the entries of a case.
        width: how many columns a line may have; long entries are cut in their middle.

    Returns:
        At most 40 lines of printable ASCII.
    """
    left_out = len(transcript) - HEAD - TAIL
    if left_out <= 1:
        return _aligned(transcript, width)
    shown = _aligned([*transcript[:HEAD], *transcript[-TAIL:]], width)
    return [*shown[:HEAD], f"[... {left_out} entries ...]", *shown[HEAD:]]


def _aligned(entries: Sequence[Entry], width: int) -> list[str]:
    stamps = [f"{entry.milliseconds:.0f} ms" for entry in entries]
    stamp_width = max(map(len, stamps), default=0)
    mark_width = max((len(entry.direction) for entry in entries), default=0)
    room = width - stamp_width - mark_width - 4
    return [
        f"{stamp:>{stamp_width}}  {entry.direction:<{mark_width}}  {cut(entry.text, room)}"
        for stamp, entry in zip(stamps, entries, strict=True)
    ]
