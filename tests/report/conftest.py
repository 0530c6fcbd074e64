from __future__ import annotations

import pytest

from k2cr_analysis.assessment.find import find_workload
from k2cr_analysis.plan import plan, portfolio
from k2cr_analysis.report.choice import recommended
from k2cr_analysis.report.parameters import assess_many
from k2cr_analysis.resources import bundled

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
    return recommended(demo, reference)


@pytest.fixture(scope="session")
def demo_plan(demo):
    return plan([demo])


@pytest.fixture(scope="session")
def demo_portfolio(demo):
    return portfolio([demo])
