"""The house can be taken in at a look: no folder holds many files, and no two files import each other in a circle."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "k2cr_analysis"
MOST = 16  # files of a folder, its __init__.py among them


FOLDERS = {".ci", "benchmarks", "data", "docs", "k2cr_analysis", "notebooks", "scripts", "tests"}


def test_no_folder_came_to_the_top_by_accident() -> None:
    root = PACKAGE.parent
    if not (root / ".git").exists():
        pytest.skip("not a clone of the repository")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, check=True, capture_output=True, text=True).stdout
    assert {path.partition("/")[0] for path in listed.split("\0") if "/" in path} == FOLDERS


def test_no_folder_holds_many_files() -> None:
    folders = [p for p in PACKAGE.rglob("*") if p.is_dir()]
    assert {f.relative_to(PACKAGE).as_posix(): n for f in folders if (n := len(list(f.glob("*.py")))) > MOST} == {}


def test_no_file_has_a_name_of_a_folder_beside_it() -> None:
    assert [p for p in PACKAGE.rglob("*.py") if p.with_suffix("").is_dir()] == []


def test_no_circle_of_imports_whenever_they_are_made() -> None:
    """Those inside functions and those for types alone count too."""
    names = {_name(p): p for p in PACKAGE.rglob("*.py")}
    imports = {name: _imported(path, names) - {name} for name, path in names.items()}
    faces = {n for n, p in names.items() if p.name == "__init__.py" and len(p.read_text().splitlines()) < 100}
    done: set[str] = set()

    def walk(name: str, above: tuple[str, ...]) -> None:
        assert name not in above, " -> ".join([*above[above.index(name) :], name])
        if name not in done:
            for other in sorted(imports[name] - faces):
                walk(other, (*above, name))
            done.add(name)

    for name in sorted(imports.keys() - faces):
        walk(name, ())


def _name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imported(path: Path, names: dict[str, Path]) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(a.name for a in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.update(m if (m := f"{node.module}.{a.name}") in names else node.module for a in node.names)
    return found & names.keys()
