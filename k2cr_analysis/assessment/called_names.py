"""By which Services a workload is called inside the cluster over plain HTTP.

One internal load balancer can go on answering to these names once the workload has moved. What speaks gRPC is left out:
no Application Load Balancer takes HTTP/2 from its clients without TLS.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from k2cr_analysis.assessment.result import WorkloadAssessment
from k2cr_analysis.model.workload import Exposure


def called_names(
    assessed: WorkloadAssessment, callers: Iterable[str], others: Mapping[str, WorkloadAssessment]
) -> tuple[Exposure, ...]:
    """Its Services that ``callers`` (ids) call and that lead to the container that takes the requests."""
    if assessed.fit.target != "service" or assessed.fit.h2c:
        return ()
    called = {
        call.service
        for caller in callers
        if caller in others
        for call in others[caller].fit.dependencies
        if call.target == assessed.id and call.service and call.kind != "grpc"
    }
    return tuple(
        exposure
        for exposure in assessed.workload.exposures
        if exposure.service in called
        and exposure.kind == "Service"
        and any(p.target == assessed.fit.ingress_port for p in exposure.ports)
    )
