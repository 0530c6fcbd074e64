"""What latency needs to know of one workload, handed across from fit, queries and a calibration."""

from __future__ import annotations

from collections.abc import Iterator

from k2cr_analysis.assessment.measured import Measured
from k2cr_analysis.fit.result import Fit
from k2cr_analysis.latency.learning.calibration import Calibration, Corrections
from k2cr_analysis.latency.load.hops import Network
from k2cr_analysis.latency.load.service_time import service_on
from k2cr_analysis.latency.predict import Basis, Prediction, basis_of, predict
from k2cr_analysis.model.cloud_run import CloudRunProbe, ServiceShape
from k2cr_analysis.model.workload import Workload


def images_of(workload: Workload, fit: Fit) -> dict[str, str | None]:
    """Container -> image, of those that go along."""
    return {c.name: c.image for c in workload.pod.running if c.name in fit.containers}


def hints_of(workload: Workload, fit: Fit) -> dict[str, tuple[str, ...]]:
    """Container -> words beside its image that may tell its runtime: its command, its variables' names, its probes."""
    return {
        c.name: (
            " ".join([*c.command, *c.args]),
            " ".join(variable.name for variable in c.env),
            " ".join(str(probe.http_path or "") for probe in _probes(fit, c.name)),
        )
        for c in workload.pod.running
        if c.name in fit.containers
    }


def _probes(fit: Fit, name: str) -> Iterator[CloudRunProbe]:
    found = fit.probes.get(name)
    return (probe for probe in (found.startup, found.liveness) if probe) if found else iter(())


def corrections_of(workload: Workload, fit: Fit, calibration: Calibration) -> Corrections:
    return calibration.corrections(images_of(workload, fit), fit.ingress_container)


def basis_of_workload(workload: Workload, fit: Fit, measured: Measured, corrections: Corrections) -> Basis:
    """What is known of a workload's requests and starts, whatever its configuration."""
    return basis_of(
        startup=fit.startup,
        probes=fit.probes,
        images=images_of(workload, fit),
        hints=hints_of(workload, fit),
        seen=measured.starts,
        traffic=measured.traffic,
        usage=measured.usage,
        network=Network(
            external=any(r.external for e in workload.exposures for r in e.routes),
            calls_back=bool(fit.dependencies),
            http2=fit.h2c,
        ),
        gke_pod_cpu_cores=workload.pod.usable_cores,
        corrections=corrections,
    )


def predict_shape(basis: Basis, shape: ServiceShape, requests: float | None, seed: int = 1) -> Prediction:
    """Latency and instances of one configuration; ``requests``: to simulate, about; None: closed forms."""
    if requests is None or basis.service is None or basis.traffic is None:
        return predict(shape, basis, None)
    from k2cr_analysis.latency.month.requests import load_of
    from k2cr_analysis.latency.month.store import MonthStore

    load, config = load_of(basis.traffic), service_on(shape, basis.service, basis.startup_s)
    with MonthStore.of_user().opened(load, basis.service, basis.startup_s, seed) as months:
        return predict(shape, basis, months.month(config, requests))
