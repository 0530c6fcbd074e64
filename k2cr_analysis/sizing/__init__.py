"""Which CPU, memory, concurrency and scaling a workload gets on Cloud Run.

size(workload, *, target, containers, ingress, usage, traffic, config) -> Sizing(shape, basis, findings, assumptions)
legal(shape) -> what Cloud Run would refuse in it
"""

from k2cr_analysis.model.instance_limits import legal
from k2cr_analysis.sizing.size import Sizing, size

__all__ = ["Sizing", "legal", "size"]
