from __future__ import annotations

import pytest

from k2cr_analysis.assessment.find import find_workload
from k2cr_analysis.comparison import diff
from k2cr_analysis.planning import plan, portfolio
from k2cr_analysis.report.pages.parameters import assess_many
from k2cr_analysis.resources import bundled
from k2cr_analysis.snapshot import open_snapshot
from tests.comparison.copies import copy_of, dearer

REFERENCE = "portal/Deployment/frontend"


@pytest.fixture(scope="session")
def demo():
    """The assessment of the bundled snapshot."""
    (assessed,) = assess_many([bundled("data", "demo")], None)
    return assessed


@pytest.fixture(scope="session")
def reference(demo):
    return find_workload([demo], REFERENCE)


@pytest.fixture(scope="session")
def reference_choice(demo, reference):
    """The grid of the reference workload, searched as its page does."""
    return reference.choice


@pytest.fixture(scope="session")
def demo_plan(demo):
    return plan([demo])


@pytest.fixture(scope="session")
def demo_portfolio(demo):
    return portfolio([demo])


@pytest.fixture(scope="session")
def demo_diff(tmp_path_factory):
    """The bundled snapshot against a copy with dearer prices."""
    before = open_snapshot(bundled("data", "demo"))
    prices = dearer(before.tables["prices"], "run.", "1.1")
    return diff(before, copy_of(before, tmp_path_factory.mktemp("diff") / "later", tables={"prices": prices}))
