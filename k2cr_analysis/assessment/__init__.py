"""The assessment: runs the five analyses for each workload, in order, and hands values across."""

from k2cr_analysis.assessment.recommending.recommend import recommend
from k2cr_analysis.assessment.result import Assessment, Cost, Latency, WorkloadAssessment

__all__ = ["Assessment", "Cost", "Latency", "WorkloadAssessment", "recommend"]
