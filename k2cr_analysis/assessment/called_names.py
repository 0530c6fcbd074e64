"""By which Services a workload is called inside the cluster over plain HTTP.

One internal load balancer can go on answering to these names once the workload has moved. What speaks gRPC is left out:
no Application Load Balancer takes HTTP/2 from its clients without TLS.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from k2cr_analysis.assessment.result import WorkloadAssessment
from k2cr_analysis.model.dependency import Dependency
from k2cr_analysis.model.workload import Exposure


def calls_by_target(callers: Iterable[WorkloadAssessment]) -> Mapping[str, tuple[Dependency, ...]]:
    """Workload id -> the calls of the others to it."""
    found: defaultdict[str, list[Dependency]] = defaultdict(list)
    for caller in callers:
        for call in caller.fit.dependencies:
            if call.target != caller.id:
                found[call.target].append(call)
    return {target: tuple(calls) for target, calls in found.items()}


def called_names(assessed: WorkloadAssessment, calls: Iterable[Dependency]) -> tuple[Exposure, ...]:
    """Its Services that ``calls``, made to it, name and that lead to the container that takes the requests."""
    if assessed.fit.target != "service" or assessed.fit.h2c:
        return ()
    called = {call.service for call in calls if call.service and call.kind != "grpc"}
    return tuple(
        exposure
        for exposure in assessed.workload.exposures
        if exposure.service in called
        and exposure.kind == "Service"
        and any(p.target == assessed.fit.ingress_port for p in exposure.ports)
    )
