"""Which workloads move, in which waves, and what the bill becomes."""

from k2cr_analysis.plan.make import plan, plan_and_portfolio, portfolio
from k2cr_analysis.plan.result import Fields, Left, Plan, Portfolio, Wave

__all__ = ["Fields", "Left", "Plan", "Portfolio", "Wave", "plan", "plan_and_portfolio", "portfolio"]
