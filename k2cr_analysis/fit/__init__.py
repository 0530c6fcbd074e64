"""Fit: can a workload move to Cloud Run, what blocks it, what has to change, and how."""

from k2cr_analysis.fit.assess import assess_cluster, assess_fit
from k2cr_analysis.fit.registry import all_rules
from k2cr_analysis.fit.result import FieldUse, Fit

__all__ = ["FieldUse", "Fit", "all_rules", "assess_cluster", "assess_fit"]
