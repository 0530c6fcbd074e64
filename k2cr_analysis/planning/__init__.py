"""Which workloads move, in which waves, and what the bill becomes."""

from k2cr_analysis.planning.compose import plan, plan_and_portfolio, portfolio
from k2cr_analysis.planning.result import Ending, Fields, Left, Plan, Portfolio, Wave
from k2cr_analysis.planning.worth import cluster_names

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
