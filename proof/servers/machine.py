"""Makes mutants: every small change that some operator knows, one at a time, to a module's syntax tree.

The tools that there are do not fit a server: mutmut switches mutants inside the process that runs the tests, and the
server is another one; cosmic-ray changes the working tree itself, one mutant after the other, and most of its mutants
are arithmetic on bytes, which every reply meets. Neither removes a statement, which is what authors do.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import count
from typing import Any

from proof.servers.edit import SERVER, Edit

MODULES = ("session", "mailbox", "pool", "__main__")
USAGE = frozenset({"_OneLineParser", "_checked", "_parser"})
"""The command line of the server, which its own tests judge."""

SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And, ast.Add: ast.Sub, ast.Sub: ast.Add,
}  # fmt: skip


@dataclass(frozen=True)
class Change:
    """A mutant of one small change.

    Attributes:
        name: the module, the line, and what was changed there; it stays the same while that line does.
        edits: of the whole module.
    """

    name: str
    edits: Sequence[Edit]


@cache
def sections() -> Mapping[str, Sequence[Change]]:
    """All mutants by their modules; of those with one name each further one gets a number."""
    seen: dict[str, Iterator[int]] = {}
    found: dict[str, list[Change]] = {module: [] for module in MODULES}
    for module in MODULES:
        source = (SERVER / f"{module}.py").read_text(encoding="utf-8")
        for name, changed in mutants(module, source, USAGE):
            number = next(seen.setdefault(name, count(1)))
            own = name + (f" ({number})" if number > 1 else "")
            found[module].append(Change(own, [Edit(f"{module}.py", source, changed)]))
    return found


def mutants(module: str, source: str, skipped: frozenset[str] = frozenset()) -> Iterator[tuple[str, str]]:
    """All mutants of a module.

    Args:
        module: its name, for the names of the mutants.
        source: its text.
        skipped: functions and classes that are left as they are.

    Yields:
        The name and the changed text of each; some may have one name.
    """
    tree = ast.parse(source)
    for node in list(_places(tree, skipped)):
        for new in _changes(node):
            before, after = (ast.unparse(one).split("\n")[0] for one in (node, new))
            line = source.splitlines()[node.lineno - 1].strip()
            where = f"{module}: `{line}`" if before not in line or before == line else f"{module}: in `{line}`"
            _replace(tree, node, new)
            text = ast.unparse(tree)
            _replace(tree, new, node)
            yield f"{where}: `{before}` becomes `{after}`", text


def _places(tree: ast.AST, skipped: frozenset[str]) -> Iterator[ast.stmt | ast.expr]:
    """Every statement and expression but docstrings, annotations, imports and what is skipped, in a fixed order."""
    for name, value in ast.iter_fields(tree):
        if name in ("annotation", "returns", "decorator_list"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or getattr(child, "name", None) in skipped:
                continue
            if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
                continue
            # A constant of the module that is not there is no mutant, but a server that cannot run.
            constant = isinstance(tree, ast.Module) and isinstance(child, ast.Assign)
            if isinstance(child, ast.stmt | ast.expr) and not constant:
                yield child
            yield from _places(child, skipped)


def _changes(node: ast.stmt | ast.expr) -> list[ast.stmt | ast.expr]:
    """What an operator makes of a node, each a new node."""
    match node:
        case ast.Constant(value=bool(value)):
            return [ast.Constant(not value)]
        case ast.Constant(value=int(value) | float(value)):
            return [ast.Constant(value + 1)]
        case ast.Constant(value=bytes(value)) if value:
            return [ast.Constant(value + b"x")]
        case ast.Compare(left=left, ops=[op], comparators=comparators) if type(op) in SWAPPED:
            return [ast.Compare(left, [_swapped(op)], comparators)]
        case ast.BoolOp(op=op, values=values):
            return [ast.BoolOp(_swapped(op), values)]
        case ast.BinOp(left=left, op=op, right=right) if type(op) in SWAPPED:
            return [ast.BinOp(left, _swapped(op), right)]
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return [operand]
        case ast.If(test=test, body=body, orelse=orelse):
            return [ast.If(ast.UnaryOp(ast.Not(), test), body, orelse)]
        case ast.While(test=test, body=body) if not isinstance(test, ast.Constant) and len(body) == 1:
            return [ast.If(test, body, [])]
        case ast.Expr() | ast.Assign() | ast.AugAssign() | ast.Delete() | ast.Raise() | ast.Return():
            return [ast.Pass()]
    return []


def _swapped(op: ast.AST) -> Any:
    return SWAPPED[type(op)]()


def _replace(tree: ast.AST, old: ast.AST, new: ast.AST) -> None:
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, name, new)
            elif isinstance(value, list) and any(child is old for child in value):
                setattr(parent, name, [new if child is old else child for child in value])
