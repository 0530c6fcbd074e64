"""Latency of one workload before and after the move, and the instances that the move needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from k2cr_analysis.latency.closed_forms import ps_mean_sojourn_ratio
from k2cr_analysis.latency.learning.calibration import Corrections
from k2cr_analysis.latency.load.histogram import quantiles_ms, supported
from k2cr_analysis.latency.load.hops import Network, hop_assumptions
from k2cr_analysis.latency.load.service_time import ServiceTime, scaled, service_time
from k2cr_analysis.latency.month.closed_form import MONTH_S, InstanceLoad, closed_form_timeline
from k2cr_analysis.latency.startup import StartupEstimate, startup_estimate
from k2cr_analysis.model.cloud_run import ContainerProbes, InstanceTimeline, Quantiles, ServiceShape, StartupOrder
from k2cr_analysis.model.cluster import SeenStart
from k2cr_analysis.model.observed import TrafficProfile, WorkloadUsage
from k2cr_analysis.platforms.cloud_run.scaling import DEFAULT_TARGET

if TYPE_CHECKING:
    from k2cr_analysis.latency.month.summary import MonthFigures


@dataclass(frozen=True, slots=True)
class Prediction:
    """None where the traffic cannot support a figure. ``method`` names the model, ``assumptions`` what it rests on."""

    gke: Quantiles | None
    cloud_run: Quantiles | None
    cold_start_ratio: float | None
    startup_ms: float | None
    timeline: InstanceTimeline | None
    method: str
    assumptions: tuple[str, ...]


Effort = Literal["quick", "coarse", "full"]
CLOSED_FORMS = "closed forms: processor sharing, Poisson arrivals at the rate of each period"


@dataclass(frozen=True, slots=True)
class Basis:
    """What a prediction rests on, whatever the configuration. ``service`` None: no requests, or no times, are known."""

    gke: Quantiles | None
    startup: StartupEstimate
    traffic: TrafficProfile | None
    service: ServiceTime | None
    assumptions: tuple[str, ...]

    @property
    def startup_s(self) -> float:
        return self.startup.ready_ms / 1000.0


def _closed_form_quantiles(
    service: ServiceTime, load: InstanceLoad, cores_in_use: float, cold_start_ratio: float
) -> Quantiles:
    """Warm requests, slowed by their neighbours, mixed with those that wait for a start.

    The vCPUs are as busy as the mean load makes one instance, at most as the autoscaler lets them be.
    """
    mean_ms = float(service.sample_ms.mean())
    cpu_share = service.cpu_s * 1000.0 / mean_ms
    cores = max(1, round(load.cpu_cores))
    crowded = load.concurrency > 1
    busy = min(DEFAULT_TARGET, cores_in_use / cores)
    stretch = ps_mean_sojourn_ratio(busy * cores, cores) if crowded else 1.0
    warm = service.sample_ms * (1.0 + cpu_share * (stretch - 1.0))
    both = np.concatenate((warm, warm + load.startup_s * 1000.0))
    weight = np.repeat([1.0 - cold_start_ratio, cold_start_ratio], len(warm)) / len(warm)
    order = np.argsort(both, kind="stable")
    reached = np.cumsum(weight[order])
    values = [
        float(both[order][min(int(np.searchsorted(reached, p)), len(both) - 1)])
        if supported(service.samples, p)
        else None
        for p in (0.5, 0.95, 0.99)
    ]
    return Quantiles(*values)


def _measured(traffic: TrafficProfile) -> Quantiles | None:
    if traffic.latency_bounds_ms is None or traffic.latency_counts is None:
        return None
    return quantiles_ms(traffic.latency_bounds_ms, traffic.latency_counts)


def _as_far_as_measured(after: Quantiles, gke: Quantiles | None) -> Quantiles:
    """None also where the measured quantile is None: what the histogram's overflow hides is not known here either."""
    if gke is None:
        return after
    return Quantiles(
        None if gke.p50_ms is None else after.p50_ms,
        None if gke.p95_ms is None else after.p95_ms,
        None if gke.p99_ms is None else after.p99_ms,
    )


def basis_of(  # noqa: PLR0913 -- what assessment hands across, each once
    *,
    startup: StartupOrder,
    probes: Mapping[str, ContainerProbes],
    images: Mapping[str, str | None],
    hints: Mapping[str, Sequence[str]] | None = None,
    seen: Sequence[SeenStart] = (),
    traffic: TrafficProfile | None,
    usage: WorkloadUsage | None,
    network: Network,
    gke_pod_cpu_cores: float | None = None,
    corrections: Corrections | None = None,
) -> Basis:
    """What was measured on GKE, as times alone on an instance and a start on Cloud Run.

    Parameters
    ----------
    startup, probes : which container waits for which, and the probes that each gets
    images, hints : container -> image, and words beside it, which tell its runtime where they do
    seen : starts of its pods on GKE
    traffic, usage : what was measured
    network : how it is reached, and what it calls: the hops that a prediction leaves out are said
    gke_pod_cpu_cores : vCPUs that one pod may use on GKE, to take the queueing there off the service time
    corrections : what a calibration learned from services that have moved; None: nothing
    """
    learned = corrections or Corrections()
    estimate = startup_estimate(startup, probes, images, learned.startup, hints, seen)
    has_requests = traffic is not None and traffic.requests[traffic.known].sum() > 0
    service = service_time(traffic, usage, gke_pod_cpu_cores) if traffic is not None and has_requests else None
    if traffic is None or service is None:
        return Basis(None, estimate, traffic, None, (*estimate.assumptions, *learned.said))
    said = (*service.assumptions, *estimate.assumptions, *learned.said, *hop_assumptions(network))
    return Basis(_measured(traffic), estimate, traffic, scaled(service, learned.service_time), said)


def predict(shape: ServiceShape, basis: Basis, month: MonthFigures | None) -> Prediction:
    """Latency and instances of the service ``shape``: of the simulated ``month``, or by closed forms where it is None.

    Quantiles are None where fewer than ten requests lie beyond. Timeline: a month of 730 h.
    """
    service, traffic, startup_ms = basis.service, basis.traffic, basis.startup.ready_ms
    if service is None or traffic is None:
        return Prediction(None, None, None, startup_ms, None, "no traffic", basis.assumptions)
    if month is not None:
        values = ((0.5, month.p50_ms), (0.95, month.p95_ms), (0.99, month.p99_ms))
        found = Quantiles(*(value if supported(service.samples, p) else None for p, value in values))
        ratio, timeline, method = month.cold_start_ratio, month.timeline, month.method
    else:
        load = _load(shape, service, basis.startup_s)
        known = traffic.requests[traffic.known] / traffic.period_s
        months = closed_form_timeline(known, float(traffic.period_s), load)
        cores_in_use = traffic.requests_per_month / MONTH_S * service.cpu_s
        found = _closed_form_quantiles(service, load, cores_in_use, months.cold_start_ratio)
        ratio, timeline, method = months.cold_start_ratio, months.month, CLOSED_FORMS
    return Prediction(
        gke=basis.gke,
        cloud_run=_as_far_as_measured(found, basis.gke),
        cold_start_ratio=ratio,
        startup_ms=startup_ms,
        timeline=timeline,
        method=method,
        assumptions=basis.assumptions,
    )


def _load(shape: ServiceShape, service: ServiceTime, startup_s: float) -> InstanceLoad:
    return InstanceLoad(
        service_s=service.mean_s,
        cpu_s=service.cpu_s,
        concurrency=shape.concurrency or 1,
        cpu_cores=float(shape.cpu_cores),
        min_instances=shape.min_instances,
        max_instances=shape.max_instances,
        startup_s=startup_s,
    )
