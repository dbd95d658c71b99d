"""Escaping: untrusted text as printable ASCII on one line, and as Markdown that stays text."""

import re
from collections.abc import Callable, Iterable, Sequence
from unicodedata import category

_UNPRINTABLE = re.compile(r"[^ -~]")
_UNPRINTABLE_OR_BACKSLASH = re.compile(r"[^ -\[\]-~]")
_LONGEST_SENTENCE = 1000
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_FIRST, _LAST = 9, 3
"""Lines of a long quotation that are shown."""
_NAMED = {"\r": r"\r", "\n": r"\n", "\t": r"\t", "\\": r"\\"}
# The last three need no bracket to become a link.
_MARKDOWN = re.compile(r"[\\`*_\[\]<>&|~$#]|:(?=//)|(?<=www)\.|@", re.IGNORECASE)


def visible(text: str) -> str:
    r"""Quote text byte for byte: a CR is `\r`, an escape `\x1b`, a backslash `\\`.

    Args:
        text: what a server sent, or any other text.

    Returns:
        Printable ASCII from which the text could be read back.
    """
    return _UNPRINTABLE_OR_BACKSLASH.sub(_escaped, text)


def typed(text: str) -> str:
    """Show what a reader may copy, a command or an id: like `visible`, but a backslash stays single.

    Args:
        text: the command or the id.

    Returns:
        Printable ASCII.
    """
    return _UNPRINTABLE.sub(_escaped, text)


def sentence(text: str) -> str:
    """Show prose that was written over several lines as one line, and of very long prose only both ends.

    Args:
        text: a rule, a docstring, a reason.

    Returns:
        Printable ASCII, with every run of white space as one space.
    """
    return _cut(re.sub(r"[ \t\r\n]+", " ", text).strip(), _LONGEST_SENTENCE, typed)


def named(text: str) -> str:
    """Show a name that a person gave, in whatever script it is: like `sentence`, but letters stay letters.

    Args:
        text: the name of a student or a file; not for what a server sent.

    Returns:
        One line without control, format, private or unassigned characters.
    """
    one_line = re.sub(r"[ \t\r\n]+", " ", text).strip()
    return "".join(c if c == " " or category(c)[0] in "LMNPS" else typed(c) for c in one_line[:_LONGEST_SENTENCE])


def cut(text: str, room: int) -> str:
    """Quote text like `visible`, and where it is too long leave its middle out and say how much that was.

    Args:
        text: what a server sent, or any other text.
        room: how many columns there are; with fewer than 40 the result may be longer than that.

    Returns:
        Printable ASCII.
    """
    return _cut(text, room, visible)


def quotation(text: str, room: int) -> list[str]:
    r"""Quote what was expected or came, for a person: several lines as lines, white space that one can't see in words.

    Args:
        text: what a server sent, or any other text.
        room: how many characters a text of one line may have; each of several lines has a quarter of them.

    Returns:
        Lines of printable ASCII, none for an empty text; of many only the first and the last. Line ends are shown where
        they may matter: that of a single line, and where not all are LF.
    """
    lines = _LINE.findall(text)
    if len(lines) < 2:
        return [_with_blanks(line, room, alone=True) for line in lines]
    if "\r" not in text:
        lines = [line.removesuffix("\n") for line in lines]
    left_out = len(lines) - _FIRST - _LAST
    if left_out <= 1:
        return [_with_blanks(line, room // 4) for line in lines]
    shown = [_with_blanks(line, room // 4) for line in (*lines[:_FIRST], *lines[-_LAST:])]
    return [*shown[:_FIRST], f"[... {left_out} lines ...]", *shown[_FIRST:]]


def markdown(shown: str) -> str:
    """Escape a line of prose, so that Markdown and HTML take it for text, in a table cell too.

    It must not begin its line in the document: there, a number or a hyphen has a meaning of its own.

    Args:
        shown: printable ASCII, from one of the functions above.

    Returns:
        Markdown that renders as that text.
    """
    return _MARKDOWN.sub(lambda match: "&#64;" if match[0] == "@" else "\\" + match[0], shown)


def code(shown: str) -> str:
    """Put a line into a code span that nothing in it can close.

    Args:
        shown: printable ASCII, from one of the functions above.

    Returns:
        A code span; not for table cells, where a `|` would end it.
    """
    if not shown.strip():
        return "(nothing)"
    ticks = "`" * (_longest_run(shown) + 1)
    pad = " " if shown[0] in "` " or shown[-1] in "` " else ""
    return f"{ticks}{pad}{shown}{pad}{ticks}"


def fenced(lines: Sequence[str], language: str = "text") -> str:
    """Put lines into a fenced code block that nothing in them can close.

    Args:
        lines: each printable ASCII, from one of the functions above.
        language: what the block holds.

    Returns:
        The block, without a line end after it.
    """
    fence = "`" * max(3, max(map(_longest_run, lines), default=0) + 1)
    return "\n".join([fence + language, *lines, fence])


def _cut(text: str, room: int, show: Callable[[str], str]) -> str:
    whole = show(text)
    if len(whole) <= room:
        return whole
    half = max(room - len(f" [... {len(text)} bytes ...] "), 16) // 2
    head = _fitting(text, half, show)
    tail = _fitting(reversed(text), half, show)
    left_out = len(text) - head - tail
    return f"{show(text[:head])} [... {left_out} bytes ...] {show(text[len(text) - tail :])}"


def _with_blanks(line: str, room: int, alone: bool = False) -> str:
    """Quote a line and say in words what of its white space can't be seen."""
    bare = line.rstrip("\r\n")
    inner = bare.strip(" ")
    told = [_blanks(len(bare) - len(bare.lstrip(" ")), "before it")] if inner and alone else []
    told.append(_blanks(len(bare) - len(bare.rstrip(" ")), "at its end"))
    if alone and (run := max(map(len, re.findall("  +", inner)), default=0)):
        told.append(_blanks(run, "in a row"))
    if alone and (tabs := bare.count("\t")):
        told.append(r"\t is a tab" if tabs == 1 else r"each \t is a tab")
    notes = ", ".join(filter(None, told))
    return cut(line, room) + (f" [{notes}]" if notes else "")


def _blanks(count: int, where: str) -> str:
    return f"{'a blank' if count == 1 else f'{count} blanks'} {where}" if count else ""


def _escaped(match: re.Match[str]) -> str:
    character = match[0]
    number = ord(character)
    if character in _NAMED:
        return _NAMED[character]
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def _fitting(characters: Iterable[str], room: int, show: Callable[[str], str]) -> int:
    count = used = 0
    for character in characters:
        used += len(show(character))
        if used > room:
            break
        count += 1
    return count


def _longest_run(shown: str) -> int:
    return max(map(len, re.findall("`+", shown)), default=0)
