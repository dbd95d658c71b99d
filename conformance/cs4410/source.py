"""Reads a server's source, Python 2 or 3, for the primitives that it is built from.

A lexer takes strings and comments away, so that a name in them is no finding; what is left need not parse.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterable
from pathlib import Path

from pygments.lexers.python import PythonLexer
from pygments.token import Comment, String, _TokenType

MODULES = {
    "queue": "a queue",
    "Queue": "a queue",
    "multiprocessing": "multiprocessing",
    "concurrent": "an executor",
    "socketserver": "a ready-made server",
    "SocketServer": "a ready-made server",
    "asyncio": "an event loop",
    "asyncore": "an event loop",
    "asynchat": "an event loop",
    "smtpd": "a ready-made server",
    "aiosmtpd": "a ready-made server",
    "twisted": "a ready-made server",
    "gevent": "threads of another kind",
    "eventlet": "threads of another kind",
    "trio": "an event loop",
}
DOUBTFUL = ("Event", "Timer", "Barrier")
MOST_FILES = 50
LARGEST = 1024 * 1024

_IMPORT = re.compile(r"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import[ \t]+(.+)|import[ \t]+(.+))$", re.MULTILINE)


def files(given: str | None, words: list[str]) -> list[Path]:
    """The files of a server's source.

    Args:
        given: a file or directory, or None.
        words: the command line that starts the server, from which they follow otherwise; may be empty.

    Returns:
        The server's own modules; empty where they are not known.
    """
    if given is not None:
        path = Path(given)
        return with_imports(path) if path.is_file() else _of_directory(path)
    if "-m" in words[:-1]:
        spec = importlib.util.find_spec(words[words.index("-m") + 1])
        if spec and spec.submodule_search_locations:
            return sorted(Path(next(iter(spec.submodule_search_locations))).glob("*.py"))
        return [Path(spec.origin)] if spec and spec.origin else []
    script = next((script for word in words if (script := _script(Path(word)))), None)
    return with_imports(script) if script else []


def _script(path: Path) -> Path | None:
    """The script that Python runs for this word of a command line, if it names one."""
    if path.suffix == ".py" and path.is_file():
        return path
    return path / "__main__.py" if (path / "__main__.py").is_file() else None


def _of_directory(folder: Path) -> list[Path]:
    server = folder / "server.py"
    if server.is_file():
        return with_imports(server)
    found = sorted(folder.rglob("*.py"))[:MOST_FILES]
    return [path for path in found if "client" not in path.stem and not path.stem.startswith("test")]


def with_imports(script: Path) -> list[Path]:
    """A script and the modules and packages beside it that it imports, directly or not."""
    found = [script]
    for path in found:
        for module, name in _imports(code_of(path)):
            beside = path.parent / (module.lstrip(".").split(".")[0] or name)
            modules = [beside.with_suffix(".py"), *sorted(beside.glob("*.py"))]
            new = [one for one in modules if one.is_file() and one not in found]
            found += new[: MOST_FILES - len(found)]
    return found


def code_of(path: Path) -> str:
    """A file's code without its strings and comments."""
    text = path.read_bytes()[:LARGEST].decode("latin-1")
    kept = [
        "\n" * value.count("\n") if _said(kind) else value
        for _, kind, value in PythonLexer(stripnl=False).get_tokens_unprocessed(text)
    ]
    return re.sub(r"\\\n", " ", "".join(kept).replace("\r\n", "\n"))


def _said(kind: _TokenType) -> bool:
    return kind[:1] == Comment[:1] or kind[:2] == String[:2]


def _imports(code: str) -> list[tuple[str, str]]:
    """Every import as module and imported name, `from a import b` as (a, b) and `import a as c` as (a, c)."""
    code = re.sub(r"\(([^()]*)\)", lambda match: " ".join(match[1].split()), code).replace(";", "\n")
    found = []
    for module, names, modules in _IMPORT.findall(code):
        if module:
            found += [(module, name.split(" as ")[0].strip()) for name in names.split(",")]
        else:
            for one in modules.split(","):
                name, _, alias = (part.strip() for part in one.partition(" as "))
                found.append((name, alias or name))
    return found


def forbidden(paths: Iterable[Path]) -> list[str]:
    """What the assignment forbids, a line each: file, name, and what it is."""
    found = []
    for path in paths:
        code = code_of(path)
        for module, _ in _imports(code):
            if what := MODULES.get(module.split(".")[0]):
                found.append(f"{path.name}: {module} is {what}")
        if re.search(r"\bstart_new_thread\b", code):
            found.append(f"{path.name}: start_new_thread starts threads without Thread")
    return list(dict.fromkeys(found))


def doubtful(paths: Iterable[Path]) -> list[str]:
    """Primitives of `threading` that the handout does not name, a line each."""
    found = []
    for path in paths:
        code = code_of(path)
        imports = _imports(code)
        aliases = [alias for module, alias in imports if module == "threading" and alias not in DOUBTFUL]
        direct = {name for module, name in imports if module == "threading"}
        for name in DOUBTFUL:
            used = any(re.search(rf"\b{re.escape(alias)}\s*\.\s*{name}\b", code) for alias in aliases)
            if used or name in direct:
                found.append(f"{path.name}: {name}")
    return found
