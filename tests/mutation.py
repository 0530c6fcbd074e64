"""Code with one place flipped: a comparison, a sign, a constant, a minimum. Tests have to notice each.

A function's code is exchanged in place, so that whoever holds the function runs the flipped one.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

_NEGATED: dict[type, type] = {
    ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
}  # fmt: skip
_BOUNDARY: dict[type, type] = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}
_SIGNS: dict[type, type] = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult}
_SWAPPED = {"min": "max", "max": "min"}


def flips(node: ast.AST, boundaries: bool) -> Iterator[Callable[[Any], None]]:
    """What can be flipped at a node, each as a change of a copy of it; ``boundaries``: < to <= and back too."""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in _NEGATED:
        yield lambda n: n.ops.__setitem__(0, _NEGATED[type(n.ops[0])]())
    if boundaries and isinstance(node, ast.Compare) and type(node.ops[0]) in _BOUNDARY:
        yield lambda n: n.ops.__setitem__(0, _BOUNDARY[type(n.ops[0])]())
    if isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in _SIGNS:
        yield lambda n: setattr(n, "op", _SIGNS[type(n.op)]())
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _SWAPPED:
        yield lambda n: setattr(n.func, "id", _SWAPPED[n.func.id])
    if isinstance(node, ast.BoolOp):
        yield lambda n: setattr(n, "op", ast.Or() if isinstance(n.op, ast.And) else ast.And())
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield lambda n: setattr(n, "value", n.value + 1 if isinstance(n.value, int) else n.value * 2.0 + 0.5)


def mutants_of(
    module: ModuleType, boundaries: bool = False, entries: tuple[str, ...] = (), leave_out: tuple[str, ...] = ()
) -> Iterator[tuple[str, str, CodeType]]:
    """(what is flipped, the function as ``name`` or ``Class.name``, its code) for each place in a module's functions.

    ``entries``: functions that make the function which is meant, in the statement before their last.
    """
    file = Path(str(module.__file__))
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for function_name in _functions(tree):
        if function_name in leave_out:
            continue
        inner = function_name in entries
        body = _body(tree, function_name, inner)
        body.returns = None
        parents = {child: parent for parent in ast.walk(body) for child in ast.iter_child_nodes(parent)}
        nodes = [n for statement in body.body for n in ast.walk(statement)]
        for place, node in enumerate(nodes):
            for flip_number, _ in enumerate(flips(node, boundaries)):
                changed = copy.deepcopy(tree)
                twin = _body(changed, function_name, inner)
                target = [n for statement in twin.body for n in ast.walk(statement)][place]
                list(flips(target, boundaries))[flip_number](target)
                code = compile(changed, str(file), "exec")
                around = ast.unparse(parents.get(node, node)).partition("\n")[0]
                name = f"{file.stem}.{function_name}: {ast.unparse(node)} -> {ast.unparse(target)} in {around}"
                path = [*function_name.split("."), *([twin.name] if inner else [])]
                yield name, function_name, _code_of(code, path)


@contextmanager
def flipped(module: ModuleType, function_name: str, code: CodeType) -> Iterator[None]:
    """The module with this code in place of the function's."""
    found: Any = module
    for part in function_name.split("."):
        found = vars(found)[part]
    for wrapper in ("py_func", "fget", "func", "__func__", "__wrapped__"):  # numba's, properties', methods', caches'
        found = getattr(found, wrapper, found)
    original = found.__code__
    found.__code__ = code
    try:
        yield
    finally:
        found.__code__ = original


def _functions(tree: ast.Module) -> list[str]:
    found = [f.name for f in tree.body if isinstance(f, ast.FunctionDef)]
    for one in tree.body:
        if isinstance(one, ast.ClassDef):
            found += [f"{one.name}.{f.name}" for f in one.body if isinstance(f, ast.FunctionDef)]
    return found


def _body(tree: ast.Module, function_name: str, inner: bool) -> ast.FunctionDef:
    found: Any = tree
    for part in function_name.split("."):
        found = next(n for n in found.body if isinstance(n, ast.FunctionDef | ast.ClassDef) and n.name == part)
    found = found.body[-2] if inner else found
    assert isinstance(found, ast.FunctionDef)
    return found


def _code_of(code: CodeType, path: list[str]) -> CodeType:
    for name in path:
        code = next(c for c in code.co_consts if isinstance(c, CodeType) and c.co_name == name)
    return code
