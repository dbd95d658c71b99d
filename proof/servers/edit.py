"""How a server is built: mostly by named edits of the reference server, made to a copy of it."""

from __future__ import annotations

import ast
import hashlib
import re
import shutil
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol, runtime_checkable

SERVER = Path(__file__).parents[2] / "reference_server"
START = "# The reference server as changed: {name}\n\nfrom reference_server.__main__ import main\n\nmain()\n"


class MisfitError(Exception):
    """An edit does not fit the reference server; the message names the mutant and the text."""


class InstallError(Exception):
    """A server cannot be installed here; the message is one line."""


@dataclass(frozen=True)
class Edit:
    """Replaces a text that stands once in a file of the reference server, or once in a function of it.

    Args:
        file: its name, `session.py` for example.
        old: the text.
        new: what stands there afterwards.
        inside: the function, as `within` takes it; empty for the whole file.
    """

    file: str
    old: str
    new: str
    inside: str = ""


@dataclass(frozen=True)
class Mutant:
    """The reference server with one bug.

    Args:
        name: the bug in plain English, words joined by hyphens.
        breaks: the ids of the requirements that the bug truly breaks, separated by spaces, the main one first.
        edits: how it is made, in this order.
        also: ids that the suite may blame beyond them.
        why: the reason for that, for the readers of the matrix.
        workers: of the suite; some for a server whose replies or entries must be waited for, 0 costs least.
        options: of the suite, without which it could not see the bug.
    """

    name: str
    breaks: str
    edits: Sequence[Edit]
    also: str = ""
    why: str = ""
    workers: int = 0
    options: Sequence[str] = ()

    @property
    def main(self) -> str:
        """The requirement that should be its catch."""
        return self.breaks.split()[0]


class Server(Protocol):
    """A name, and the edits of the reference server that make it."""

    @property
    def name(self) -> str: ...

    @property
    def edits(self) -> Sequence[Edit]: ...


@runtime_checkable
class Script(Protocol):
    """A name, and a file that is the whole server."""

    @property
    def name(self) -> str: ...

    @property
    def script(self) -> Path: ...


@runtime_checkable
class Installable(Protocol):
    """A name, and a server that brings itself into a folder, or finds itself there."""

    @property
    def name(self) -> str: ...

    def install(self, home: Path) -> None: ...


Buildable = Server | Script | Installable


def folder_name(server: Buildable) -> str:
    """A server's name where it is plain, and something as short and its own where it is not."""
    name = server.name
    return name if re.fullmatch(r"[a-z0-9-]{1,100}", name) else hashlib.sha256(name.encode()).hexdigest()[:16]


def build(server: Buildable, folder: Path) -> Path:
    """Make a server that `python FOLDER/NAME [OPTION ...]` runs.

    Args:
        server: the server.
        folder: where its directory is made; what stood there under its name is replaced, unless it is installed.

    Returns:
        The directory.

    Raises:
        MisfitError: an edit does not fit, or what comes of it is no Python.
        InstallError: what has to be installed cannot be.
    """
    home = folder / folder_name(server)
    if isinstance(server, Installable):
        server.install(home)
        return home
    if isinstance(server, Script):
        texts = {"__main__.py": server.script.read_text(encoding="utf-8")}
    else:
        texts = {"__main__.py": START.format(name=server.name)}
        texts |= {f"{SERVER.name}/{name}": text for name, text in sources(server).items()}
    shutil.rmtree(home, ignore_errors=True)
    for name, text in texts.items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return home


def sources(server: Server) -> dict[str, str]:
    """The files of a server by name, each edit made.

    Raises:
        MisfitError: an edit does not fit, or what comes of it is no Python.
    """
    texts = {path.name: "".join(_lines_of(path.name)) for path in SERVER.glob("*.py")}
    try:
        for edit in server.edits:
            texts[edit.file] = _edited(texts[edit.file], edit)
        for name in {edit.file for edit in server.edits}:
            compile(texts[name], name, "exec")
    except (MisfitError, SyntaxError) as error:
        raise MisfitError(f"{server.name}: {error}") from None
    return texts


def within(file: str, name: str, old: str, new: str) -> Edit:
    """Replace a text that stands once in a function, wherever else it stands.

    Args:
        file: its file in the reference server.
        name: `function` or `Class.method`.
        old: the text.
        new: what stands there instead; further lines of it are indented as the one that `old` stands on.
    """
    return Edit(file, old, textwrap.dedent(new).strip("\n"), name)


def replaced(file: str, name: str, source: str) -> Edit:
    """Replace a whole function, found by its name.

    Args:
        file: its file in the reference server.
        name: `function` or `Class.method`.
        source: the function that stands there instead, indented as one likes.

    Raises:
        MisfitError: there is no such function.
    """
    lines = _lines_of(file)
    node = _function(lines, file, name)
    old = "".join(lines[node.lineno - 1 : node.end_lineno])
    return Edit(file, old, textwrap.indent(textwrap.dedent(source).strip("\n") + "\n", " " * node.col_offset))


def begun(file: str, name: str, source: str) -> Edit:
    """Put statements at the beginning of a function, before all that it does.

    Args:
        file: its file in the reference server.
        name: `function` or `Class.method`.
        source: the statements, indented as one likes.

    Raises:
        MisfitError: there is no such function.
    """
    lines = _lines_of(file)
    node = _function(lines, file, name)
    first = node.body[1] if ast.get_docstring(node) is not None else node.body[0]
    head = "".join(lines[node.lineno - 1 : first.lineno - 1])
    code = textwrap.dedent(source).strip("\n") + "\n"
    return Edit(file, head, head + textwrap.indent(code, " " * (node.col_offset + 4)))


def headed(file: str, source: str) -> Edit:
    """Put statements behind the imports of a file: further imports, and what the whole module shares.

    Args:
        file: a file of the reference server.
        source: the statements.
    """
    body = ast.parse("".join(_lines_of(file))).body
    last = [node for node in body if isinstance(node, ast.Import | ast.ImportFrom)][-1]
    line = "".join(_lines_of(file)[last.lineno - 1 : last.end_lineno])
    return Edit(file, line, line + textwrap.dedent(source).strip("\n") + "\n")


@cache
def _lines_of(file: str) -> list[str]:
    return (SERVER / file).read_text().splitlines(keepends=True)


def _edited(text: str, edit: Edit) -> str:
    lines = text.splitlines(keepends=True)
    first, last = 0, len(lines)
    if edit.inside:
        node = _function(lines, edit.file, edit.inside)
        first, last = node.lineno - 1, node.end_lineno or last
    part = "".join(lines[first:last])
    if (count := part.count(edit.old)) != 1:
        raise MisfitError(f"{edit.file} holds this {count} times, not once:\n{edit.inside} {edit.old}".rstrip())
    new = edit.new
    if edit.inside:
        line = part[part.rfind("\n", 0, part.index(edit.old)) + 1 :]
        new = new.replace("\n", "\n" + line[: len(line) - len(line.lstrip())])
    return "".join((*lines[:first], part.replace(edit.old, new), *lines[last:]))


def _function(lines: Sequence[str], file: str, name: str) -> ast.FunctionDef:
    node: ast.AST = ast.parse("".join(lines))
    for part in name.split("."):
        found = [one for one in ast.iter_child_nodes(node) if getattr(one, "name", None) == part]
        if not found:
            raise MisfitError(f"{file} has no function {name}")
        node = found[0]
    if not isinstance(node, ast.FunctionDef):
        raise MisfitError(f"{name} in {file} is no function")
    return node
