"""``assess --explain``: every quantity of both sides multiplies out of the counts that stand beside it."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from k2cr_analysis.assessment.explained import CLOUD_RUN, GKE, explained
from k2cr_analysis.resources import bundled
from k2cr_analysis.verdicts import assess


@pytest.fixture(scope="module")
def demo():
    return assess(bundled("data", "demo"), effort="quick")


def product(text):
    """Brackets with words are remarks; what is left is numbers, x, /, + and -."""
    plain = re.sub(r"\((?=[a-zA-Z])[^)]*\)", "", text.replace(",", "").replace("shut-downs", ""))
    return eval(re.sub(r"[a-zA-Z%']+", "", plain.replace(" x ", " * ")), {"__builtins__": {}})


def test_each_line_of_each_workload_multiplies_out(demo):
    seen = {GKE: 0, CLOUD_RUN: 0}
    for one in demo.workloads:
        lines = explained(demo, one)
        for line in lines:
            if line.counts and re.search(r"\d", line.counts):
                assert product(line.counts) == pytest.approx(float(line.item.quantity), rel=1e-6), (one.id, line)
                seen[line.side] += 1
        for side, month in ((GKE, one.cost.gke_attributed_month), (CLOUD_RUN, one.cost.cloud_run_month)):
            mine = [line.item.amount for line in lines if line.side == side]
            if mine:
                assert sum(mine, Decimal(0)) == month
    assert seen[GKE] > 60 and seen[CLOUD_RUN] > 80
