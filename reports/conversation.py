"""A transcript as a conversation of two columns: turns, line ends and segment cuts visible, what is wrong marked."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from reports.escape import cut, visible
from reports.results import Case, Entry, Finding

HEAD, TAIL = 60, 120
LONGEST = 1200
LINES_HEAD, LINES_TAIL = 8, 4
_SIDES = {"->": "client", "<-": "server", "--": "event"}
_PIECES = re.compile(r"(?P<end>\\r\\n|\\n|\\r)|(?P<byte>\\x[0-9a-f]{2}|\\t|\\\\)")
_EVENTS = (
    re.compile(r"\b(closed|reset|ended|refused)\b(?! by the client)"),
    re.compile(r"^(none\b|no (reply|greeting|421)\b)"),
)
"""What an event, and what came, are both called where that is what came."""


@dataclass(frozen=True)
class Piece:
    """A part of a line that is shown in one way.

    `kind` is `text`, `end` (a line end), `byte` (an escaped byte), or `cut` (between two segments).
    """

    kind: str
    text: str


@dataclass(frozen=True)
class Turn:
    """What one side sent at once, or something that happened.

    Attributes:
        stamp: milliseconds from the case's start, and of several segments those of the first and the last.
        side: `client`, `server`, `event`, or `gap` for what is left out here.
        connection: the connection's number, empty for the first.
        lines: its lines, each in pieces.
        wrong: what a finding says of it, or empty.
    """

    stamp: str
    side: str
    connection: str
    lines: tuple[tuple[Piece, ...], ...]
    wrong: str = ""


def turns(case: Case) -> list[Turn]:
    """Lay out the conversation of a case.

    Args:
        case: the case; a finding whose actual reply stands in its transcript marks that line, any other marks the end.

    Returns:
        The turns in their order. Of a very long conversation the head, the tail, and a gap that says how much is left
        out; all text is printable ASCII.
    """
    wrong, unplaced = _faults(case)
    entries = list(enumerate(case.transcript))
    left_out = len(entries) - HEAD - TAIL
    if left_out <= 1:
        shown = [_turn(group, wrong) for group in _grouped(entries)]
    else:
        gap = Turn("", "gap", "", ((Piece("text", f"{left_out} entries left out"),),))
        shown = [_turn(group, wrong) for group in _grouped(entries[:HEAD])]
        shown += [gap, *(_turn(group, wrong) for group in _grouped(entries[-TAIL:]))]
    return shown + [Turn("", "event", "", (_pieces(cut(told, LONGEST)),), "this is wrong") for told in unplaced]


def turn_of(stamp: str, mark: str, shown: str) -> Turn:
    """Lay out a line of a transcript that was made for reading.

    Args:
        stamp: milliseconds.
        mark: `->`, `<-` or `--`.
        shown: printable ASCII, in which line ends and other bytes are escaped.
    """
    return Turn(stamp, _SIDES[mark], "", _few(list(_lines(_pieces(shown)))))


def sent_before_fault(conversation: Sequence[Turn]) -> Turn | None:
    """Find what the client had sent before the first turn that is wrong, or None where nothing was.

    Where several clients talk and no turn shows what is wrong, it was nothing that one of them sent.
    """
    at, fault = next(((at, turn) for at, turn in enumerate(conversation) if turn.wrong), (0, None))
    talking = {turn.connection for turn in conversation if turn.side in ("client", "server")}
    if fault is None or (not fault.stamp and len(talking) > 1):
        return None
    whose = fault.connection if fault.stamp else next(iter(talking), "")
    before = (turn for turn in reversed(conversation[:at]) if turn.side == "client")
    found = next((turn for turn in before if turn.connection == whose), None)
    return replace(found, stamp="") if found else None


def _faults(case: Case) -> tuple[dict[int, str], list[str]]:
    """Which entries are wrong, and what is wrong without being an entry."""
    wrong: dict[int, str] = {}
    unplaced: list[str] = []
    for finding in case.findings:
        elsewhere = finding.transcript not in ((), case.transcript)
        if elsewhere or finding.verdict not in ("fail", "warn", "blocked"):
            continue
        place = _place(finding, case.transcript)
        if place is None:
            unplaced.append(finding.reason or finding.actual or finding.requirement)
        else:
            wrong.setdefault(place, "this is wrong" if finding.verdict != "blocked" else "this is in the way")
    return wrong, list(dict.fromkeys(unplaced))


def _place(finding: Finding, transcript: Sequence[Entry]) -> int | None:
    actual = finding.actual.strip("\r\n")
    for at in reversed(range(len(transcript))):
        entry = transcript[at]
        if entry.direction.startswith("<-") and actual and entry.text.strip("\r\n") == actual:
            return at
        if entry.direction.startswith("--") and any(one.search(actual) and one.search(entry.text) for one in _EVENTS):
            return at
    return None


def _grouped(entries: Sequence[tuple[int, Entry]]) -> Iterator[list[tuple[int, Entry]]]:
    """Put segments that are pieces of one line together."""
    group: list[tuple[int, Entry]] = []
    for at, entry in entries:
        if group:
            last = group[-1][1]
            same = entry.direction == last.direction and entry.direction.startswith("->")
            if not same or last.text.endswith("\n"):
                yield group
                group = []
        group.append((at, entry))
    if group:
        yield group


def _turn(group: Sequence[tuple[int, Entry]], wrong: dict[int, str]) -> Turn:
    first, last = group[0][1], group[-1][1]
    stamp = f"{first.milliseconds:.0f}"
    if f"{last.milliseconds:.0f}" != stamp:
        stamp += f"\N{EN DASH}{last.milliseconds:.0f}"
    pieces: list[Piece] = []
    for at, (_, entry) in enumerate(group):
        pieces += [Piece("cut", "")] if at else []
        pieces += _pieces(cut(entry.text, LONGEST) if len(entry.text) > LONGEST // 4 else visible(entry.text))
    marks = [wrong[at] for at, _ in group if at in wrong]
    side = _SIDES[first.direction[:2]]
    return Turn(stamp, side, first.direction[2:], _few(list(_lines(pieces))), marks[0] if marks else "")


def _few(lines: list[tuple[Piece, ...]]) -> tuple[tuple[Piece, ...], ...]:
    left_out = len(lines) - LINES_HEAD - LINES_TAIL
    if left_out <= 1:
        return tuple(lines)
    return (*lines[:LINES_HEAD], (Piece("byte", f"[... {left_out} lines ...]"),), *lines[-LINES_TAIL:])


def _pieces(shown: str) -> tuple[Piece, ...]:
    pieces: list[Piece] = []
    at = 0
    for match in _PIECES.finditer(shown):
        if match.start() > at:
            pieces.append(Piece("text", shown[at : match.start()]))
        pieces.append(Piece(str(match.lastgroup), match[0]))
        at = match.end()
    return (*pieces, Piece("text", shown[at:])) if at < len(shown) else tuple(pieces)


def _lines(pieces: Sequence[Piece]) -> Iterator[tuple[Piece, ...]]:
    line: list[Piece] = []
    for piece in pieces:
        line.append(piece)
        if piece.kind == "end" and piece.text.endswith("n"):
            yield tuple(line)
            line = []
    if line:
        yield tuple(line)
