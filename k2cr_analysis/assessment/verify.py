"""After the move: what Cloud Run measures against what was predicted, and what the difference teaches.

The prediction is made anew for the requests that the service really had, so that more or fewer of them than before do
not count as an error of the model. Latency is compared without starts, since Cloud Run's ``request_latencies`` has
none in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from k2cr_analysis.assessment.find import find_workload
from k2cr_analysis.assessment.measured import Measured
from k2cr_analysis.assessment.recommending.predicting import (
    basis_of_workload,
    corrections_of,
    hints_of,
    images_of,
    predict_shape,
)
from k2cr_analysis.assessment.recommending.recommend import service_of
from k2cr_analysis.assessment.result import Assessment, WorkloadAssessment
from k2cr_analysis.latency.learning.calibration import (
    Calibration,
    Corrections,
    Factor,
    Learned,
    image_name,
    runtime_of,
)
from k2cr_analysis.latency.learning.run_metrics import Distribution, RunMetrics
from k2cr_analysis.latency.load.histogram import quantiles_ms
from k2cr_analysis.latency.predict import Prediction
from k2cr_analysis.latency.startup import startup_estimate
from k2cr_analysis.model.cloud_run import InstanceTimeline, ServiceShape
from k2cr_analysis.model.observed import TrafficProfile

TOLERANCE = 0.25
LEAST_SAMPLES = 10  # fewer starts or requests than that teach nothing
_REQUESTS = 600_000.0  # simulated, about
_ROUNDS = 20
_REFINEMENTS = 4


@dataclass(frozen=True, slots=True)
class Comparison:
    """One quantity. None: not predicted, or not measured. ``low`` to ``high``: where it was expected."""

    quantity: str
    unit: str
    predicted: float | None
    low: float | None
    high: float | None
    measured: float | None

    @property
    def ratio(self) -> float | None:
        """Measured over predicted."""
        if self.measured is None or not self.predicted:
            return None
        return self.measured / self.predicted

    @property
    def inside(self) -> bool | None:
        if self.measured is None or self.low is None or self.high is None:
            return None
        return self.low <= self.measured <= self.high


@dataclass(frozen=True, slots=True)
class Verification:
    """``learned``: what a calibration may keep; its factors are against the uncalibrated model."""

    workload: str
    service: str
    tolerance: float
    comparisons: tuple[Comparison, ...]
    learned: Learned
    assumptions: tuple[str, ...]

    @property
    def outside(self) -> tuple[Comparison, ...]:
        return tuple(one for one in self.comparisons if one.inside is False)


def verify(
    assessment: Assessment,
    workload_id: str,
    measured: RunMetrics,
    *,
    calibration: Calibration | None = None,
    tolerance: float = TOLERANCE,
) -> Verification:
    """Compare a service's own metrics with the prediction for its workload.

    ``calibration``: what earlier services taught; the prediction has it in it. ``tolerance``: share of the predicted
    value by which the measured one may differ; a start-up may also be anywhere in the range of its priors.
    UsageError for an unknown workload, InputError for one that does not become a service.
    """
    one = find_workload([assessment], workload_id)
    shape = service_of(one)
    known = corrections_of(one.workload, one.fit, calibration or Calibration())
    traffic = _as_measured(one.measured.traffic, measured)
    whole = _predicted(one, shape, traffic, known)
    running = _predicted(one, shape, traffic, _without_starts(one, known))

    def median_ms_at(factor: float) -> float | None:
        alone = _predicted(one, shape, traffic, _without_starts(one, Corrections(service_time=factor)))
        return alone.cloud_run.p50_ms if alone.cloud_run else None

    rows = (
        _startup(one, known, measured.startup, tolerance),
        *_latencies(running, measured.latency, tolerance),
        *_instances(shape, whole.timeline, measured, tolerance),
    )
    return Verification(
        workload=one.id,
        service=measured.service,
        tolerance=tolerance,
        comparisons=rows,
        learned=Learned(
            workload=one.id,
            service=measured.service,
            startup=_learned_startup(one, measured),
            service_time=_learned_time(one, median_ms_at, measured),
        ),
        assumptions=(
            f"predicted for the {int(measured.requests.sum())} requests that {measured.service} had in "
            f"{measured.span_s / 86400:.1f} days; a period without a row had none",
            "billable time with request-based billing: starts and active requests; idle min instances apart",
            *whole.assumptions,
        ),
    )


def _as_measured(before: TrafficProfile | None, measured: RunMetrics) -> TrafficProfile | None:
    """The work of a request as it was on GKE, the requests as Cloud Run counted them."""
    if before is None or measured.requests.sum() == 0:
        return before
    known = np.ones(len(measured.requests), np.bool_)
    return replace(before, start=measured.start, period_s=measured.period_s, requests=measured.requests, known=known)


def _without_starts(one: WorkloadAssessment, corrections: Corrections) -> Corrections:
    return replace(corrections, startup=dict.fromkeys(one.fit.startup.order, 0.0))


def _predicted(
    one: WorkloadAssessment,
    shape: ServiceShape,
    traffic: TrafficProfile | None,
    corrections: Corrections,
) -> Prediction:
    # The CPU of a request rests on usage and requests of the same window: those of GKE.
    usage, before = one.measured.usage, one.measured.traffic
    if usage is not None and before is not None and traffic is not None and before.requests_per_month > 0:
        share = traffic.requests_per_month / before.requests_per_month
        usage = replace(
            usage,
            containers={
                name: replace(used, cpu_mean_cores=used.cpu_mean_cores * share)
                for name, used in usage.containers.items()
            },
            mean_pods=None if usage.mean_pods is None else usage.mean_pods * share,
        )
    basis = basis_of_workload(one.workload, one.fit, Measured(usage, traffic, starts=one.measured.starts), corrections)
    return predict_shape(basis, shape, _REQUESTS)


def _startup(
    one: WorkloadAssessment, known: Corrections, measured: Distribution | None, tolerance: float
) -> Comparison:
    found = startup_estimate(
        one.fit.startup,
        one.fit.probes,
        images_of(one.workload, one.fit),
        known.startup,
        hints_of(one.workload, one.fit),
        one.measured.starts,
    )
    return Comparison(
        quantity="start-up, mean",
        unit="ms",
        predicted=found.ready_ms,
        low=min(found.low_ms, found.ready_ms * (1 - tolerance)),
        high=max(found.high_ms, found.ready_ms * (1 + tolerance)),
        measured=measured.mean_ms if measured else None,
    )


def _latencies(running: Prediction, measured: Distribution | None, tolerance: float) -> Iterator[Comparison]:
    found = quantiles_ms(measured.bounds_ms, measured.counts) if measured else None
    for name in ("p50", "p95", "p99"):
        predicted = getattr(running.cloud_run, f"{name}_ms") if running.cloud_run else None
        value = getattr(found, f"{name}_ms") if found else None
        yield _near(f"request latency, {name}", "ms", predicted, value, tolerance)


def _instances(
    shape: ServiceShape, month: InstanceTimeline | None, measured: RunMetrics, tolerance: float
) -> Iterator[Comparison]:
    mean = float(month.mean_instances) if month else None
    yield _near("instances, mean", "instance", mean, measured.mean_instances, tolerance)
    billable = None
    if month is not None:
        by_request = month.active_instance_s + month.starting_instance_s
        billable = float(by_request if shape.billing == "request" else month.running_instance_s)
    yield _near("billable instance time a month", "s", billable, measured.billable_s_month, tolerance)


def _near(quantity: str, unit: str, predicted: float | None, measured: float | None, tolerance: float) -> Comparison:
    low = None if predicted is None else predicted * (1 - tolerance)
    high = None if predicted is None else predicted * (1 + tolerance)
    return Comparison(quantity, unit, predicted, low, high, measured)


def _learned_startup(one: WorkloadAssessment, measured: RunMetrics) -> tuple[Factor, ...]:
    """A factor for each container whose start counts, so that the critical path takes what was measured.

    Shortening one path can leave another as the longest; its containers then were faster than thought too.
    """
    if measured.startup is None or measured.startup.samples < LEAST_SAMPLES or measured.startup.mean_ms <= 0.0:
        return ()
    images = images_of(one.workload, one.fit)
    factors: dict[str, float] = {}
    for _ in range(_ROUNDS):
        found = startup_estimate(one.fit.startup, one.fit.probes, images, factors, hints_of(one.workload, one.fit))
        if found.ready_ms <= 0.0:
            return ()
        ratio = measured.startup.mean_ms / found.ready_ms
        if factors and abs(ratio - 1.0) < 1e-9:
            break
        for name in found.critical_path:
            factors[name] = factors.get(name, 1.0) * ratio
    return tuple(
        Factor(image_name(images[name]), runtime_of(images[name]), factor, measured.startup.samples)
        for name, factor in sorted(factors.items())
        if images.get(name)
    )


def _learned_time(
    one: WorkloadAssessment, median_ms_at: Callable[[float], float | None], measured: RunMetrics
) -> Factor | None:
    """The factor on the service time with which the predicted median is the measured one.

    Longer requests also crowd each other, so that the ratio of the medians is only where the search begins.
    """
    image = images_of(one.workload, one.fit).get(one.fit.ingress_container or "")
    if not image or measured.latency is None or measured.latency.samples < LEAST_SAMPLES:
        return None
    median_ms = quantiles_ms(measured.latency.bounds_ms, measured.latency.counts).p50_ms
    if not median_ms:
        return None
    factor = 1.0
    for _ in range(_REFINEMENTS):
        predicted_ms = median_ms_at(factor)
        if not predicted_ms:
            return None
        factor *= median_ms / predicted_ms
    return Factor(image_name(image), runtime_of(image), factor, measured.latency.samples)
