"""`.raw` is read where objects become typed (`model/parse`) and by fit's field rules; the rest of the house reads types.

What an analysis needs gets a name in `model/`; what compares or shows whole objects asks `model.parse.access` for them.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "k2cr_analysis"
ALLOWED = ("model/parse/", "fit/fields/")


def _reads(file: Path) -> int:
    return _reads_in(file.read_text(encoding="utf-8"))


def _reads_in(source: str) -> int:
    return sum(_is_read(node) for node in ast.walk(ast.parse(source)))


def _is_read(node: ast.AST) -> bool:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "getattr":
        return any(isinstance(a, ast.Constant) and a.value == "raw" for a in node.args)
    return isinstance(node, ast.Attribute) and node.attr == "raw"


def test_raw_objects_are_read_nowhere_else() -> None:
    found = {p.relative_to(PACKAGE).as_posix(): _reads(p) for p in PACKAGE.rglob("*.py")}
    elsewhere = {name: n for name, n in found.items() if n and not name.startswith(ALLOWED)}
    assert elsewhere == {}, "give what you need a name in model/workload.py and fill it in model/parse/"


@pytest.mark.parametrize("text", ["pod.raw", "workload.pod.raw['x']", "getattr(pod, 'raw')"])
def test_the_lint_sees_a_read(text: str) -> None:
    assert _reads_in(text) == 1
