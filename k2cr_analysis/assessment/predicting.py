"""What latency needs to know of one workload, handed across from fit, queries and a calibration."""

from __future__ import annotations

from k2cr_analysis.fit.result import Fit
from k2cr_analysis.latency.learning.calibration import Calibration, Corrections
from k2cr_analysis.latency.load.hops import Network
from k2cr_analysis.latency.predict import Effort, Prediction, predict
from k2cr_analysis.model.cloud_run import ServiceShape
from k2cr_analysis.model.observed import TrafficProfile, WorkloadUsage
from k2cr_analysis.model.workload import Workload


def images_of(workload: Workload, fit: Fit) -> dict[str, str | None]:
    """Container -> image, of those that go along."""
    return {c.name: c.image for c in workload.pod.running if c.name in fit.containers}


def corrections_of(workload: Workload, fit: Fit, calibration: Calibration) -> Corrections:
    return calibration.corrections(images_of(workload, fit), fit.ingress_container)


def predict_workload(
    workload: Workload,
    fit: Fit,
    shape: ServiceShape,
    *,
    traffic: TrafficProfile | None,
    usage: WorkloadUsage | None,
    corrections: Corrections,
    effort: Effort = "coarse",
) -> Prediction:
    """Latency and instances of a workload as the service ``shape``."""
    return predict(
        shape=shape,
        startup=fit.startup,
        probes=fit.probes,
        images=images_of(workload, fit),
        traffic=traffic,
        usage=usage,
        network=Network(
            external=any(r.external for e in workload.exposures for r in e.routes),
            calls_back=bool(fit.dependencies),
            http2=fit.h2c,
        ),
        gke_pod_cpu_cores=workload.pod.usable_cores,
        corrections=corrections,
        effort=effort,
    )
