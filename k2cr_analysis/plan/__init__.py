"""Which workloads move, in which waves, and what the bill becomes."""

from k2cr_analysis.plan.make import plan, plan_and_portfolio, portfolio
from k2cr_analysis.plan.result import Ending, Fields, Left, Plan, Portfolio, Wave
from k2cr_analysis.plan.worth import cluster_names

__all__ = [
    "Ending",
    "Fields",
    "Left",
    "Plan",
    "Portfolio",
    "Wave",
    "cluster_names",
    "plan",
    "plan_and_portfolio",
    "portfolio",
]
