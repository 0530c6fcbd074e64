"""Which CPU, memory, concurrency and scaling a workload gets on Cloud Run.

size(workload, *, target, containers, ingress, usage, traffic, config) -> Sizing(shape, basis, findings, assumptions)
legal(shape) -> what Cloud Run would refuse in it
"""

from k2cr_analysis.model.instance_limits import legal
from k2cr_analysis.sizing.need import asked_bytes, limit_decides_cpu, shared_amounts
from k2cr_analysis.sizing.size import Sizing, size

__all__ = ["Sizing", "asked_bytes", "legal", "limit_decides_cpu", "shared_amounts", "size"]
