"""Service time of a request from what was measured on GKE: queueing there taken off, its CPU part apart."""

from __future__ import annotations

from dataclasses import dataclass, replace

from k2cr_analysis.latency.closed_forms import ps_mean_sojourn_ratio
from k2cr_analysis.latency.load.histogram import exponential_sample_ms, sample_ms
from k2cr_analysis.latency.simulator.service import ServiceConfig
from k2cr_analysis.model.cloud_run import ServiceShape, boosted_cores
from k2cr_analysis.model.observed import FloatArray, TrafficProfile, WorkloadUsage
from k2cr_analysis.platforms.billing import SECONDS_PER_MONTH
from k2cr_analysis.platforms.cloud_run.limits import BOOST_AFTER_START_S
from k2cr_analysis.platforms.cloud_run.scaling import MIN_PENDING_S, PENDING_STARTS

BUSY_LIMIT = 0.95  # a pod busier than that is overloaded: the steady state of the formula does not exist


@dataclass(frozen=True, slots=True, eq=False)
class ServiceTime:
    """Time of a request alone on an instance.

    ``sample_ms`` float64[n]: an even sample, rising. ``samples``: requests it rests on. ``cpu_s``: mean CPU part.
    ``today_ms`` float64[n]: the same with the queueing of today in it.
    """

    sample_ms: FloatArray
    today_ms: FloatArray
    samples: int
    cpu_s: float
    assumptions: tuple[str, ...]

    @property
    def mean_s(self) -> float:
        return float(self.sample_ms.mean()) / 1000.0


def service_time(
    traffic: TrafficProfile, usage: WorkloadUsage | None, gke_pod_cpu_cores: float | None
) -> ServiceTime | None:
    """From the latency histogram, or the mean where there is none; None without either.

    CPU part: cores in use over requests a second (utilisation law). ``gke_pod_cpu_cores``: vCPUs that one pod may use
    on GKE; with it and the number of pods the CPU part is freed of its waiting there, W = Z + D (1 + C / (c - a)).
    """
    said: list[str] = []
    if (
        traffic.latency_bounds_ms is not None
        and traffic.latency_counts is not None
        and traffic.latency_counts.sum() > 0
    ):
        sample = sample_ms(traffic.latency_bounds_ms, traffic.latency_counts, traffic.latency_mean_ms)
        samples = int(traffic.latency_counts.sum())
    elif traffic.latency_mean_ms is not None:
        sample = exponential_sample_ms(traffic.latency_mean_ms)
        samples = int(traffic.requests[traffic.known].sum())
        said.append("service time: exponential with the given mean, since there is no histogram")
    else:
        return None
    measured_s = float(sample.mean()) / 1000.0
    if usage is None or not usage.containers:
        said.append("CPU time of a request is not measured: all of its service time is taken as CPU time")
        return ServiceTime(sample, sample, samples, measured_s, tuple(said))
    cores = sum(container.cpu_mean_cores for container in usage.containers.values())
    cpu_s = min(cores / (traffic.requests_per_month / float(SECONDS_PER_MONTH)), measured_s)
    alone_s = _alone_s(measured_s, cpu_s, cores, usage.mean_pods, gke_pod_cpu_cores)
    if alone_s is None:
        said.append("service time: the measured latency on GKE, its queueing there not taken off")
        return ServiceTime(sample, sample, samples, cpu_s, tuple(said))
    return ServiceTime(sample * (alone_s / measured_s), sample, samples, min(cpu_s, alone_s), tuple(said))


def scaled(service: ServiceTime, factor: float) -> ServiceTime:
    """The same requests, each as many times as long, CPU part and rest alike."""
    return replace(service, sample_ms=service.sample_ms * factor, cpu_s=service.cpu_s * factor)


def _alone_s(
    measured_s: float, cpu_s: float, cores: float, pods: float | None, pod_cpu_cores: float | None
) -> float | None:
    if not pods or not pod_cpu_cores:
        return None
    busy = min(cores / (pods * pod_cpu_cores), BUSY_LIMIT)
    vcpus = max(1, round(pod_cpu_cores))
    waiting_s = cpu_s * (ps_mean_sojourn_ratio(busy * vcpus, vcpus) - 1.0)
    return max(measured_s - waiting_s, cpu_s)


def service_on(shape: ServiceShape, service: ServiceTime, startup_s: float) -> ServiceConfig:
    """What is simulated of a shape. All containers' vCPUs serve a request, one container after the other.

    Pending requests wait as long as Cloud Run lets them, which grows with the start-up.
    """
    return ServiceConfig(
        service_s=service.mean_s,
        cpu_s=min(service.cpu_s, service.mean_s),
        service_distribution="table",
        service_table_s=service.sample_ms / 1000.0,
        cpu_cores=float(shape.cpu_cores),
        boosted_cpu_cores=float(sum(boosted_cores(c.cpu_cores) for c in shape.containers.values()))
        if shape.cpu_boost
        else None,
        boost_s=float(BOOST_AFTER_START_S),
        concurrency=shape.concurrency or 1,
        min_instances=shape.min_instances,
        max_instances=max(shape.max_instances, shape.min_instances, 1),
        startup_s=startup_s,
        pending_timeout_s=max(float(MIN_PENDING_S), PENDING_STARTS * startup_s),
    )
