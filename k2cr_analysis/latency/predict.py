"""Latency of one workload before and after the move, and the instances that the move needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from k2cr_analysis.latency.closed_forms import ps_mean_sojourn_ratio
from k2cr_analysis.latency.histogram import exponential_sample_ms, quantiles_ms, sample_ms, supported
from k2cr_analysis.latency.hops import hop_assumptions
from k2cr_analysis.latency.startup import startup_estimate
from k2cr_analysis.latency.timeline import TARGET_UTILISATION, InstanceLoad, closed_form_timeline
from k2cr_analysis.model.cloud_run import ContainerProbes, InstanceTimeline, Quantiles, ServiceShape, StartupOrder
from k2cr_analysis.model.observed import FloatArray, TrafficProfile, WorkloadUsage


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


CLOSED_FORMS = "closed forms: processor sharing, Poisson arrivals at the rate of each period"


class _Service(NamedTuple):
    """Time of a request alone on an instance: an even sample [ms], how many requests it rests on, the CPU part [s]."""

    sample_ms: FloatArray
    samples: int
    cpu_s: float
    assumptions: tuple[str, ...]


def _cpu_s_per_request(
    traffic: TrafficProfile, usage: WorkloadUsage | None, service_s: float
) -> tuple[float, str | None]:
    """CPU time of a request, by the utilisation law: cores in use over requests a second. [s]"""
    rate_per_s = traffic.requests_per_month / (730 * 3600)
    if usage is None or not usage.containers:
        return service_s, "CPU time of a request is not measured: all of its service time is taken as CPU time"
    cores = sum(container.cpu_mean_cores for container in usage.containers.values())
    return min(cores / rate_per_s, service_s), None


def _service(traffic: TrafficProfile, usage: WorkloadUsage | None) -> _Service | None:
    said: list[str] = []
    if (
        traffic.latency_bounds_ms is not None
        and traffic.latency_counts is not None
        and traffic.latency_counts.sum() > 0
    ):
        sample = sample_ms(traffic.latency_bounds_ms, traffic.latency_counts, traffic.latency_mean_ms)
        samples = int(traffic.latency_counts.sum())
        said.append("service time: the measured latency on GKE, its queueing there not taken off")
    elif traffic.latency_mean_ms is not None:
        sample = exponential_sample_ms(traffic.latency_mean_ms)
        samples = int(traffic.requests[traffic.known].sum())
        said.append("service time: exponential with the given mean, since there is no histogram")
    else:
        return None
    cpu_s, cpu_said = _cpu_s_per_request(traffic, usage, float(sample.mean()) / 1000.0)
    return _Service(sample, samples, cpu_s, (*said, cpu_said) if cpu_said else tuple(said))


def _after_move(service: _Service, load: InstanceLoad, cold_start_ratio: float) -> Quantiles:
    """Warm requests, slowed by their neighbours at the CPU target, mixed with those that wait for a start."""
    mean_ms = float(service.sample_ms.mean())
    cpu_share = service.cpu_s * 1000.0 / mean_ms
    cores = max(1, round(load.cpu_cores))
    crowded = load.concurrency > 1
    stretch = ps_mean_sojourn_ratio(TARGET_UTILISATION * cores, cores) if crowded else 1.0
    warm = service.sample_ms * (1.0 + cpu_share * (stretch - 1.0))
    both = np.concatenate((warm, warm + load.startup_s * 1000.0))
    weight = np.concatenate((np.full(len(warm), 1.0 - cold_start_ratio), np.full(len(warm), cold_start_ratio))) / len(
        warm
    )
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


def _known_rates_per_s(traffic: TrafficProfile) -> FloatArray:
    return np.asarray(traffic.requests[traffic.known] / traffic.period_s, dtype=np.float64)


def predict(  # noqa: PLR0913 -- what assessment hands across, each once
    *,
    shape: ServiceShape,
    startup: StartupOrder,
    probes: Mapping[str, ContainerProbes],
    images: Mapping[str, str | None],
    traffic: TrafficProfile | None,
    usage: WorkloadUsage | None,
    exposure_external: bool,
    seed: int = 1,
) -> Prediction:
    """Predict a service's latency on Cloud Run from its measured traffic on GKE.

    Parameters
    ----------
    shape : the recommended configuration, a service's
    startup, probes : which container waits for which, and the probes that each gets
    images : container -> image, which tells its runtime where its name does
    traffic, usage : what was measured; without traffic every figure but ``startup_ms`` is None
    exposure_external : callers come through an external load balancer
    seed : of the simulation; the closed forms draw nothing

    Returns
    -------
    Prediction  Quantiles are None where fewer than ten requests lie beyond. Timeline: a month of 730 h.
    """
    estimate = startup_estimate(startup, probes, images)
    rates_per_s = _known_rates_per_s(traffic) if traffic is not None else np.zeros(0)
    service = _service(traffic, usage) if traffic is not None and rates_per_s.sum() > 0.0 else None
    if traffic is None or service is None:
        return Prediction(None, None, None, estimate.ready_ms, None, CLOSED_FORMS, estimate.assumptions)

    load = InstanceLoad(
        service_s=float(service.sample_ms.mean()) / 1000.0,
        cpu_s=service.cpu_s,
        concurrency=shape.concurrency or 1,
        cpu_cores=float(shape.cpu_cores),
        min_instances=shape.min_instances,
        max_instances=shape.max_instances,
        startup_s=estimate.ready_ms / 1000.0,
    )
    months = closed_form_timeline(rates_per_s, float(traffic.period_s), load)
    return Prediction(
        gke=_measured(traffic),
        cloud_run=_after_move(service, load, months.cold_start_ratio),
        cold_start_ratio=months.cold_start_ratio,
        startup_ms=estimate.ready_ms,
        timeline=months.month,
        method=CLOSED_FORMS,
        assumptions=(*service.assumptions, *estimate.assumptions, *hop_assumptions(exposure_external)),
    )
