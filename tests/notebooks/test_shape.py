"""Notebooks are thin pages: parameters in a tagged cell, calls of the package, no output kept."""

from __future__ import annotations

import ast

import nbformat
import pytest

from k2cr_analysis.resources import bundled

NOTEBOOKS = sorted(bundled("notebooks").glob("*.ipynb"))
PARAMETERS = {
    "00_portfolio.ipynb": {"snapshot", "config"},
    "01_explore.ipynb": {"snapshot", "config", "by"},
    "02_candidate.ipynb": {"snapshot", "workload", "config"},
    "03_what_if.ipynb": {"snapshot", "workload", "config"},
    "04_deploy.ipynb": {"snapshot", "workloads", "out", "config"},
    "05_waves.ipynb": {"snapshot", "config"},
    "06_verify.ipynb": {"snapshot", "workloads", "metrics", "config"},
    "07_validation.ipynb": {"requests", "seed"},
}
pytestmark = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def read(path):
    return nbformat.read(path, as_version=4)


def test_its_parameters_are_listed_here(path):
    assert path.name in PARAMETERS


def test_outputs_are_stripped(path):
    for cell in read(path).cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None
    assert "papermill" not in read(path).metadata


def test_it_runs_in_any_environments_python_kernel(path):
    assert read(path).metadata.kernelspec.name == "python3"


def test_the_parameters_are_those_listed_each_with_a_comment(path):
    (cell,) = [c for c in read(path).cells if "parameters" in c.metadata.get("tags", [])]
    assigned = [node.targets[0].id for node in ast.parse(cell.source).body]
    assert set(assigned) == PARAMETERS[path.name]
    lines = [line for line in cell.source.splitlines() if "=" in line and not line.startswith("#")]
    assert all("  # " in line for line in lines)


def test_cells_hold_no_logic(path):
    """A call, an import, an assignment of a call: what decides anything is in the package."""
    for cell in read(path).cells:
        if cell.cell_type == "code":
            tree = ast.walk(ast.parse(cell.source))
            logic = (
                ast.FunctionDef,
                ast.ClassDef,
                ast.For,
                ast.While,
                ast.If,
                ast.Lambda,
                ast.ListComp,
                ast.Try,
                ast.With,
            )
            assert not [node for node in tree if isinstance(node, logic)], cell.source
            assert len(cell.source.splitlines()) <= 8


def test_it_begins_with_the_question_that_it_answers(path):
    first = read(path).cells[0]
    assert first.cell_type == "markdown"
    assert len(first.source) > 40
