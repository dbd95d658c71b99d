"""What a server prints of its own accidents: the exceptions, panics and crashes that runtimes report, and no log.

A complaint begins where a line begins, so a line that merely quotes one, or a client's words, is none.
"""

from __future__ import annotations

import re
import threading
from collections import Counter, deque
from collections.abc import Mapping, Sequence

LINE = 400
"""Bytes of a line that are looked at."""
SHOWN = 200
"""Characters of a complaint that are shown."""
KEPT = 1000
"""Complaints that are remembered; of those that are not taken in time the oldest are forgotten."""
REMARKS = 5
"""Different complaints that are shown of one run."""
PATIENCE = 200
"""Lines after which a traceback that other output cut short is given up."""

_COLOUR = re.compile(rb"\x1b\[[0-9;]*m")
_TRACEBACK = re.compile(r"[\s+|]*(Exception Group )?Traceback \(most recent call last\):$")
_AFTER_OTHERS = re.compile(r".*Traceback \(most recent call last\):$")
"""Behind a logger's prefix, or behind what was printed without a line end; a frame on the next line proves it."""
_FRAME = '  File "'
_CHAINED = re.compile(r"[\s|]*(During handling of the above exception|The above exception was the direct cause)\b")
_RAISED = re.compile(r"(?:[A-Za-z_]\w*\.)*(?:(?P<class>_*[A-Z]\w*|error|timeout|herror|gaierror)|(?<=\.)\w+)(: .*)?$")
_ANOTHERS = re.compile(r" {3,}|  File |self\.\w+\(|Exception in thread|Thread-\d|Traceback \(")
"""What Python prints around an exception, which threads that raise at once mix into each other's last line."""
_THROWN = re.compile(r"(?:[\w$]+[./])*\w*(?:Error|Exception)\b(?: \[\w+\])?(: .*)?$")
_AT = re.compile(r"\s+at \S")
_GOROUTINE = re.compile(r"goroutine \d+ \[running\]:$")


def _table(*rows: tuple[str, str]) -> dict[bytes, re.Pattern[str]]:
    return {word.encode(): re.compile(pattern) for word, pattern in rows}


_SAID = _table(
    ("Fatal Python error", r"Fatal Python error: .*"),
    (" ignored", r"Exception .* in .* ignored$"),  # Python 2
    ("SyntaxError: ", r"SyntaxError: .*"),  # a script's own, before it is run, comes without "Traceback"
    ("IndentationError: ", r"IndentationError: .*"),
    ("TabError: ", r"TabError: .*"),
    ("panic: ", r"(?:thread \d+ |[\w-]+ )?(?P<said>panic: .*)"),  # Go, Zig, and programs of their own accord
    ("PANIC: ", r"(?:[\w-]+ )?(?P<said>PANIC: .*)"),
    ("http: panic serving", r"(?:\S+ \S+ )?http: panic serving \S+: (?P<said>.*)"),
    ("fatal error: ", r"fatal error: .*"),
    ("panicked at '", r"thread '[^']*' (?:\(\d+\) )?(?P<said>panicked at '.*)"),  # Rust
    ("has overflowed its stack", r"thread '[^']*' (?:\(\d+\) )?(?P<said>has overflowed its stack)"),
    ("fatal runtime error: ", r"fatal runtime error: .*"),
    ("Exception in thread \"", r'Exception in thread "[^"]*" (?P<said>.+)'),  # Java
    ("Exception in thread ", r"Exception in thread [\w-]+(?: \(\w+\))?: [A-Z]\w*(?:Error|Exception)\b.*"),  # Python
    ("Unhandled exception", r"Unhandled exception(?:\. | in spawn: )(?P<said>.+)"),  # .NET, Crystal
    ("Unhandled", r"\(node:\d+\) (?P<said>Unhandled\w+.*)|\[?UnhandledPromiseRejection\b.*"),
    ("Uncaught", r"(?:error: )?(?P<said>Uncaught\b.*)"),  # Node, Deno
    ("terminate called ", r"terminate called .*"),  # C++
    ("libc++abi: ", r"libc\+\+abi: .*"),
    *((word, rf"(?:\S+: line \d+:\s+\d+ )?(?P<said>{word}(?:\s+\(core dumped\).*)?)$") for word in (
        "Segmentation fault", "Aborted", "Bus error", "Illegal instruction", "Floating point exception", "Killed",
    )),
    ("Sanitizer: ", r"(?:==\d+==\s?ERROR|WARNING): (?P<said>\w+Sanitizer: .*)"),
    ("runtime error: ", r"\S+:\d+:\d+: (?P<said>runtime error: .*)"),
    ("== ", r"==\d+== (?P<said>Invalid (?:read|write|free).*|Process terminating with .*)"),  # Valgrind
    ("*** ", r"\*\*\* .* \*\*\*(?:: terminated)?$|\*\* \([A-Z][\w.]*\) .*"),  # glibc
    ("(): ", r"(?:free|malloc|realloc|munmap_chunk)\(\): .*"),
    ("corrupt", r"(?:double free or corruption|corrupted .* size).*"),
    ("Assertion ", r"\S+: (?P<said>\S+:\d+: .*Assertion .* failed\.)$|Assertion failed[:!( ].*"),
    ("tack overflow", r"(?:\S+: )?[Ss]tack overflow\b.*"),
    ("Fatal error: ", r"(?:PHP |\S+: )?Fatal error: .*"),  # PHP, OCaml, Swift
    (":in ", r"\S+:\d+:in [`'][^']*': (?P<said>.+ \([A-Z][\w:]*\))$"),  # Ruby
    (" line ", r"(?=.*\d\.$)(?P<said>[A-Z].* at \S+ line \d+(?:, <\$?\w+> line \d+)?\.)$"),  # Perl
    ("unhandled exception: ", r"Error: (?P<said>unhandled exception: .*)"),  # Nim
    ("** (", r"\*\* \([A-Z][\w.]*\) .*"),  # Elixir
    ("confine: ended, ", r"confine: ended, .*"),  # for what it used beyond its limits
    (" REPORT=", r"=(?:ERROR|CRASH) REPORT=.*"),  # Erlang
)  # fmt: skip
_GOES_ON = _table(
    ("panicked at ", r"thread '[^']*' (?:\(\d+\) )?(?P<said>panicked at [^']*:)$"),  # Rust
    ("Unhandled exception:", r"(?P<said>Unhandled exception:)$"),  # Dart
    ("terminate called after", r"(?P<said>terminate called after throwing an instance of .*)$"),  # C++ with libstdc++
)
"""What is said on the next line."""
_WENT_BEFORE = _table(
    ("stack traceback:", r"stack traceback:$"),  # Lua
    ("Stacktrace:", r"Stacktrace:$"),  # Julia
    ("CallStack", r"CallStack \(from HasCallStack\):$"),  # Haskell
)
"""What was said on the line before."""
_HINTS = dict.fromkeys((
    *(*_SAID, *_GOES_ON, *_WENT_BEFORE),
    *(b"Traceback (most", b"above exception", b"Error", b"Exception", b"goroutine "),
))  # fmt: skip
"""One of them is in whatever begins a complaint; to look for them first costs little where a server prints a lot."""


class Complaints:
    """Those of one server, however often it was started again; threads may use it side by side."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._texts: deque[str] = deque()
        self._dropped = 0
        self._taken = 0

    def add(self, text: str) -> None:
        """Remember one."""
        with self._lock:
            self._texts.append(text)
            if len(self._texts) > KEPT:
                self._texts.popleft()
                self._dropped += 1

    def withdraw(self) -> None:
        """Forget the latest, for another came of it; not if it has been taken."""
        with self._lock:
            if self._texts and self._dropped + len(self._texts) > self._taken:
                self._texts.pop()

    def mark(self) -> int:
        """How many there have been."""
        with self._lock:
            return self._dropped + len(self._texts)

    def since(self, mark: int) -> Counter[str]:
        """Those after a mark."""
        with self._lock:
            return self._after(mark)

    def take(self) -> Counter[str]:
        """Those that were not taken yet."""
        with self._lock:
            new = self._after(self._taken)
            self._taken = self._dropped + len(self._texts)
            return new

    def _after(self, mark: int) -> Counter[str]:
        return Counter(list(self._texts)[max(0, mark - self._dropped) :])


class Reader:
    """Reads what one process prints, as it comes, and picks the complaints.

    Args:
        complaints: where they go.
    """

    def __init__(self, complaints: Complaints) -> None:
        self._complaints = complaints
        self._line = bytearray()
        self._before = b""
        self._wanting = ""
        self._tracebacks = self._lines_left = 0
        self._quiet = KEPT
        self._thrown = False
        self._may_be_traceback = False

    def feed(self, data: bytes) -> None:
        """Take more output."""
        *ended, rest = data.split(b"\n")
        whole = self._line + data
        self._hints = [hint for hint in _HINTS if hint in whole]
        if not self._is_waiting and not self._hints:
            if ended:
                self._before = ended[-1][:LINE]
                self._quiet += len(ended)
                self._line.clear()
            ended = []
        for part in ended:
            self._line += part[:LINE]
            line = bytes(self._line[:LINE])
            hints = [hint for hint in self._hints if hint in line]
            if hints or self._is_waiting:
                self._take(_plain(line), hints)
            self._before = line
            self._quiet += 1
            self._line.clear()
        self._line += rest[: max(0, LINE - len(self._line))]

    @property
    def _is_waiting(self) -> bool:
        return bool(self._tracebacks or self._wanting or self._thrown or self._may_be_traceback)

    def _take(self, line: str, hints: Sequence[bytes]) -> None:
        begun, self._may_be_traceback = self._may_be_traceback and line.startswith(_FRAME), False
        if begun:
            self._tracebacks += 1
            self._lines_left = PATIENCE
        elif self._wanting:
            # C++ tells what() only of a standard exception.
            text = f"{self._wanting} {line.strip()}" if line[:2] == "  " or self._wanting[-1] == ":" else self._wanting
            self._wanting = ""
            self._add(text)
        elif _TRACEBACK.match(line):
            self._tracebacks += 1
            self._lines_left = PATIENCE
        elif _CHAINED.match(line):
            self._complaints.withdraw()
        elif self._tracebacks and self._raised(line):
            return
        elif _AFTER_OTHERS.match(line):
            self._may_be_traceback = True
        else:
            self._other(line, hints)

    def _raised(self, line: str) -> bool:
        """Whether a line belongs to a traceback; its last one is the complaint."""
        self._lines_left -= 1
        if not self._lines_left:
            self._tracebacks = 0
        text = re.sub(r"^\s*\| ", "", line)
        if text[:1] in ("", " ", "\t", "+"):
            return True
        # Other threads may print between its lines: then only what is named like a class is an exception.
        raised = _RAISED.match(text)
        if raised is None or not (self._before[:1] == b" " or raised["class"]):
            return False
        self._tracebacks -= 1
        self._add(_ANOTHERS.split(text)[0].rstrip(": "))
        return True

    def _other(self, line: str, hints: Sequence[bytes]) -> None:
        thrown, self._thrown = self._thrown, False
        if (thrown and _AT.match(line)) or (self._before and _found(_WENT_BEFORE, hints, line)):
            self._add(_plain(self._before))
        elif said := _found(_GOES_ON, hints, line):
            self._wanting = said
        elif said := _found(_SAID, hints, line):
            self._add(said)
        elif _GOROUTINE.match(line) and self._quiet > 10:
            self._add("goroutine [running]")
        else:
            self._thrown = bool(_THROWN.match(line))

    def _add(self, text: str) -> None:
        self._quiet = 0
        self._complaints.add(shown(text.strip())[:SHOWN])


def _plain(line: bytes) -> str:
    return _COLOUR.sub(b"", line).decode("latin-1").rstrip("\r")


def _found(table: Mapping[bytes, re.Pattern[str]], hints: Sequence[bytes], line: str) -> str:
    """What a line that holds these hints says by a table, or an empty string."""
    for hint in hints:
        if hint in table and (match := table[hint].match(line)):
            return match.groupdict().get("said") or line
    return ""


def shown(text: str) -> str:
    """Latin-1 text with everything escaped that is not printable ASCII."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if " " <= c <= "~" or c == "\t" else f"\\x{ord(c):02x}" for c in text)


def kinds(complaints: Mapping[str, int]) -> Counter[str]:
    """Which kinds were printed, an example of each, and how often.

    Args:
        complaints: how often each was printed; those that differ in numbers only are one kind, and so is one that is
            made of pieces of a more frequent one, for threads that print at once break into each other's lines.
    """
    texts: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for text, count in Counter(complaints).most_common():
        plain = re.sub(r"0x[0-9a-f]+|\d+", "#", text)
        key = next((known for known in texts if _is_made_of(plain, known)), plain)
        counts[texts.setdefault(key, text)] += count
    return counts


def _is_made_of(text: str, known: str) -> bool:
    for piece in known.split(": "):
        text = text.replace(piece, "")
    return not text.strip(": ")


def remarks(complaints: Mapping[str, int]) -> list[str]:
    """Lines for the reader of the report, the most frequent complaint first.

    Args:
        complaints: how often each was printed.
    """
    lines = [_remark(text, count) for text, count in kinds(complaints).most_common()]
    more = len(lines) - REMARKS
    return lines if more <= 0 else [*lines[:REMARKS], f"the server printed {more} more kinds of exceptions or crashes"]


def _remark(text: str, count: int) -> str:
    if text.startswith("confine: "):
        return f"{text}{times(count)}"
    return f"the server printed {_kind(text)}{times(count)}: {text}"


def _kind(text: str) -> str:
    if "panic" in text.lower():
        return "a panic"
    return "an exception" if re.match(r"(?:Uncaught )?[\w.$]+(:|$)|.*[Ee]xception", text) else "a crash"


def times(count: int) -> str:
    """How often something was printed, if more than once."""
    return f" {count} times" if count > 1 else ""
